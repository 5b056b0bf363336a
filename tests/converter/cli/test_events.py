"""`coldpress events` on the command line."""

import json


def test_names_each_file(run, make_bundle, tmp_path):
    """One line a file, in the folder that was asked for."""
    code, out, err = run("events", make_bundle().path, "-o", tmp_path / "events")
    assert (code, err) == (0, "")
    assert out.splitlines() == sorted(map(str, (tmp_path / "events").iterdir()))


def test_tells_machines_too(run, make_bundle, tmp_path):
    """With `--json` the files are a list."""
    code, out, _ = run("events", make_bundle().path, "-o", tmp_path, "--json")
    assert code == 0
    assert len(json.loads(out)["files"]) == 6


def test_misuse_is_one_sentence(run, tmp_path):
    """A model that is none exits 2."""
    code, _, err = run("events", "nothing", "-o", tmp_path)
    assert code == 2
    assert len(err.splitlines()) == 1
