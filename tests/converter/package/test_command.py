"""`coldpress build` from the command line, with a small function."""

import json
import re
import sys

import pytest

from coldpress.cli import main
from coldpress.package import _build


@pytest.fixture
def run(monkeypatch, capsys, small_function, tmp_path):
    """A function that builds and gives exit code, output and errors."""
    small_function.exclude("bin", "**/*.pyi", "thing/[!_t]*")

    def run_command(*options):
        target = ("-o", tmp_path / "out", "--python", small_function.python)
        command = ["coldpress", "build", *map(str, (*target, *options))]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run_command


def test_says_what_was_built(run, small_function):
    """People read sizes, places, and that nobody tried it."""
    code, out, err = run("--no-bytecode")
    assert (code, err) == (0, "")
    assert f"Built for Python {small_function.python} on x86_64: " in out
    assert "function.zip" in out
    assert "bytecode none" in out
    assert f"not tried: there is no Python {small_function.python} on this machine" in out
    assert "Left out" not in out


def test_machines_read_the_same(run):
    """With --json there is one object, which says that it was not tried and why."""
    code, out, _ = run("--no-bytecode", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["trial"] == {
        "tried": False,
        "reason": document["trial"]["reason"],
        "statuses": {},
    }
    assert "on this machine" in document["trial"]["reason"]
    assert document["bytecode"] == {"compiled": False, "unpacked_bytes": 0, "zipped_bytes": 0}
    assert document["warnings"] == []
    assert not {"parts", "left_out"} & set(document)


def test_the_report_shows_where_the_bytes_go(run):
    """Each part has its sizes, share and bar; each pattern what it kept out."""
    code, out, _ = run("--no-bytecode", "--report")
    assert code == 0
    lines = out.splitlines()
    (largest,) = [line for line in lines if line.startswith("coldpress_runtime")]
    assert largest.endswith(("█" * 28, "#" * 28))
    assert " B  " in next(line for line in lines if line.startswith("*.dist-info"))
    total = re.compile(r"^Left out: [\d.]+ k?B, 3 files \(functions/excluded\.txt\)$", re.MULTILINE)
    assert total.search(out)
    assert "      600 B      1  thing/[!_t]*" in lines


def test_the_report_for_machines(run):
    """With --json the report is of numbers: bytes, and shares that add up to one."""
    _, out, _ = run("--no-bytecode", "--report", "--json")
    document = json.loads(out)
    parts = document["parts"]
    assert {"coldpress_runtime", "predict.py", "thing", "*.dist-info"} <= {p["name"] for p in parts}
    assert sum(part["unpacked_bytes"] for part in parts) == document["unpacked_bytes"]
    assert sum(part["share"] for part in parts) == pytest.approx(1, abs=0.01)
    left_out = {each.pop("pattern"): each for each in document["left_out"]}
    assert left_out["thing/[!_t]*"] == {"files": 1, "unpacked_bytes": 600}
    assert document["left_out_bytes"] == sum(each["unpacked_bytes"] for each in left_out.values())


@pytest.mark.parametrize("report", [(), ("--report",)], ids=["plain", "with --report"])
def test_a_limit_fails_the_build(run, small_function, tmp_path, report):
    """Above --max-mb nothing is built, whether or not a report is asked for."""
    (small_function.folder / "predict.py").write_bytes(b"#" * 1_000_000)
    code, _, err = run("--no-bytecode", "--max-mb", 1, *report)
    assert code == 1
    assert "your limit is 1,000,000 (predict.py 1.0 MB, " in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wish", ["0", "-1", "nan", "many"])
def test_a_limit_is_a_number_of_mb(run, wish):
    """What is no size exits 2."""
    code, _, err = run("--max-mb", wish)
    assert code == 2
    assert "--max-mb" in err


@pytest.mark.parametrize("as_json", [False, True], ids=["people", "machines"])
def test_warns_of_a_large_zip(run, monkeypatch, as_json):
    """The warning is on standard error, or in the object; the exit code is 0."""
    monkeypatch.setattr(_build, "DIRECT_BYTES", 10)
    code, out, err = run("--no-bytecode", *(["--json"] if as_json else []))
    assert code == 0
    warnings = "".join(json.loads(out)["warnings"]) if as_json else err
    assert "AWS Lambda takes it through S3 only" in warnings


def test_bytecode_is_the_default(run, small_function):
    """Without the target's Python one sentence says how to get it, or to go without."""
    code, _, err = run()
    assert code == 1
    assert f"uv python install {small_function.python}" in err
    assert "--no-bytecode" in err
    assert "Traceback" not in err
