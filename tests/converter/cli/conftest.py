"""The command line as the console script runs it."""

import sys

import pytest

from coldpress.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs a command line and gives exit code, output and errors."""

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["coldpress", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run_command


@pytest.fixture
def published(run, tmp_path, churn_bundle):
    """A store with one model on the channel live."""
    code, _, err = run("publish", churn_bundle.path, tmp_path / "store", "--channel", "live")
    assert (code, err) == (0, "")
    return tmp_path / "store"
