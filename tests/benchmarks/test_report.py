"""The report, from results that are kept beside this file."""

import copy
import json
from pathlib import Path

import pytest

from benchmarks.environments import TITLES
from benchmarks.profile_init import import_times
from benchmarks.report import render, verdicts, write
from benchmarks.targets import loading_figures, targets

RESULTS = json.loads(Path(__file__).with_name("results.json").read_text("utf-8"))
GROUPS = {
    "cold": "Cold start",
    "warm": "Warm latency",
    "sizes": "Package size",
    "loading": "Loading large models",
    "sklearn": "Beside scikit-learn itself",
    "profile": "Where INIT goes",
}


@pytest.mark.parametrize(
    ("promise", "measured", "met"),
    [
        ("cold start under the emulator: at most 1.25 × the limit", "1.20 ×", True),
        ("cold start as a bare process: at most 1.25 × the limit", "1.30 ×", False),
        ("cold start under the emulator: at least 3.5 × faster than the text", "2.50 ×", False),
        ("cold start as a bare process: at least 3.5 × faster than the text", "4.00 ×", True),
        ("package: at most 36 MB zipped", "36.5 MB", False),
        ("package: at most 105 MB unpacked", "104.0 MB", True),
        ("warm, one row", "80 µs", True),
        ("warm, 1,000 rows", "2.25 ×", False),
        ("loading 1,000 MB at full speed", "1.20 ×", True),
        ("loading 1,000 MB at 75 MB/s", "1.50 ×", False),
        ("loading 1,000 MB: peak memory", "1.40 ×", False),
    ],
)
def test_holds_results_against_targets(promise, measured, met):
    """A target is met or missed by the figure that stands beside it."""
    (target,) = [each for each in targets(RESULTS) if each.promise.startswith(promise)]
    assert target.measured.startswith(measured)
    assert target.met is met


def test_limit_of_loading():
    """The limit is the longest of what runs side by side, then the session, each at its fastest."""
    entry = RESULTS["loading"][0]
    assert loading_figures(entry, "full").limit == 60.0 + 10.0
    assert loading_figures(entry, "75").limit == 1190.0 + 10.0


@pytest.mark.parametrize(
    "row",
    [
        f"| {TITLES['limit']} | 100 [95, 105] | 1.00 | 90 | 100 [100, 100] | 1.00 |",
        "| MLflow pyfunc, ONNX flavour; with bytecode | does not run here |  |  |  |  |",
        "- not run: MLflow pyfunc, ONNX flavour; with bytecode, since it ended | without a word",
        "- not measured: loading, since no space is left",
        "| Coldpress, as `coldpress build` makes it | 104.0 | 36.5 |",
        "| 1,000 MB | 75 MB/s | 1,190 | 60 | 10 | 1,200 | 1,800 | 1.50 | 1,900 | 1.40 |",
        "| 10,000 | 9.000 | 18.000 | 0.50 × |",
        "| `numpy` | 1.5 | 60.0 |",
        "- measured: cold 2026-01-02, sizes 2026-01-01",
    ],
)
def test_shows_what_was_measured(row):
    """The page has the figures, what could not run, and when they are from."""
    assert row in render(RESULTS).splitlines()


def test_tables_are_whole():
    """Every row of a table has as many cells as its head."""
    widths = []
    for line in [*render(RESULTS).splitlines(), ""]:
        if line.startswith("|"):
            widths.append(line.replace(r"\|", "").count("|"))
        else:
            assert len(set(widths)) <= 1
            widths = []


@pytest.mark.parametrize("group", GROUPS)
def test_shows_only_what_was_measured(group):
    """A group that was not measured has no section and no figure."""
    alone = {name: RESULTS[name] for name in ("machine", group)}
    page = render(alone)
    assert f"## {GROUPS[group]}" in page
    assert not [title for name, title in GROUPS.items() if name != group and f"## {title}" in page]


def test_a_part_replaces_only_itself(tmp_path):
    """Measuring one group again keeps the others, on the same machine."""
    write(RESULTS, tmp_path)
    again = {name: copy.deepcopy(RESULTS[name]) for name in ("machine", "rounds", "sizes")}
    again["machine"]["date"] = "2026-02-03"
    again["sizes"]["coldpress"]["zipped"] = 30_000_000
    write(again, tmp_path)
    joined = json.loads((tmp_path / "results.json").read_bytes())
    assert joined["cold"] == RESULTS["cold"]
    assert joined["measured"]["sizes"] == "2026-02-03"
    assert joined["measured"]["cold"] == "2026-01-02"
    assert "30.0 MB" in (tmp_path / "README.md").read_text("utf-8")


def test_another_machine_replaces_everything(tmp_path):
    """Figures of two machines never stand on one page."""
    write(RESULTS, tmp_path)
    machine = {**RESULTS["machine"], "processor": "Another processor"}
    write({"machine": machine, "rounds": {}, "sizes": RESULTS["sizes"]}, tmp_path)
    assert "cold" not in json.loads((tmp_path / "results.json").read_bytes())


def test_says_the_verdicts():
    """The terminal gets one line a target, which says whether it was missed."""
    lines = verdicts(json.dumps(RESULTS).encode()).splitlines()
    assert len(lines) == len(targets(RESULTS))
    assert "MISSED  package: at most 36 MB zipped: 36.5 MB" in lines


def test_page_is_current(root):
    """docs/benchmarks/README.md is what the report makes of the results beside it."""
    folder = root / "docs" / "benchmarks"
    path = folder / "results.json"
    results = json.loads(path.read_bytes()) if path.is_file() else {}
    assert (folder / "README.md").read_text("utf-8") == render(results)


def test_reads_import_times():
    """Modules are sorted by their own time; other lines of the log are passed over."""
    printed = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |   inner\n"
        "a warning\n"
        "import time:        50 |        150 | outer.part\n"
        "import time:       300 |        300 | other\n"
    )
    assert import_times(printed) == [
        {"module": "other", "self": 300, "cumulative": 300},
        {"module": "inner", "self": 100, "cumulative": 100},
        {"module": "outer.part", "self": 50, "cumulative": 150},
    ]
