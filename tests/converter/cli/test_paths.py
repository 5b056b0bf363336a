"""Paths on the command line."""

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("init", ""), id="init"),
        pytest.param(("events", "model", "-o", ""), id="events"),
        pytest.param(("export", "model.onnx", "--sample", "rows.npy", "-o", " "), id="export"),
        pytest.param(("build", "-o", ""), id="build"),
        pytest.param(("publish", "", "store"), id="publish"),
        pytest.param(("deploy", "model", "--project", ""), id="deploy"),
    ],
)
def test_a_path_without_a_name(run, tmp_path, monkeypatch, arguments):
    """An empty variable's is not taken for the working directory, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*arguments)
    assert code == 2
    assert "the path has no name; write . for this folder" in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_working_directory_has_a_name(run, tmp_path, monkeypatch, make_bundle):
    """It is called by a dot."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("events", make_bundle().path, "-o", ".")
    assert code == 0
    assert "http-infer.json" in out
