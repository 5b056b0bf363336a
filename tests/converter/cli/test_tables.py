"""Tables on the screen: what was measured, what was tried, and texts as they are."""

import io

import pytest
from rich.console import Console

from coldpress.certification import BatchCheck, ProbeCheck
from coldpress.cli.tables import candidates_table, certificate_table
from coldpress.record import CandidateRecord
from tests.converter.conftest import certificate_of, output_check

CHOSEN = CandidateRecord(
    name="int8 dynamic", technique="int8", accepted=True, chosen=True, bytes=12_345,
    agreement=0.9987, metric_drop=-0.002, latency_ratio=0.7,
)  # fmt: skip
PASSED = CandidateRecord(name="lossless", technique="lossless", accepted=True, bytes=20_000)
REFUSED = CandidateRecord(
    name="int8 [static]", technique="int8", accepted=False, reason="[no] convolution in it"
)


def shown(table):
    """The cells of each row, as a terminal without colours shows them."""
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False)
    console.print(table)
    lines = [line for line in console.file.getvalue().splitlines() if "│" in line]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_candidates():
    """What was measured has its unit, what was not is empty, and a refusal has its reason."""
    assert shown(candidates_table([CHOSEN, PASSED, REFUSED])) == [
        ["●", "int8 dynamic", "12.3 kB", "99.87%", "+0.0020", "0.70 ×", ""],
        ["○", "lossless", "20.0 kB", "", "", "", ""],
        ["×", "int8 [static]", "", "", "", "", "[no] convolution in it"],
    ]


def test_certificate():
    """Each output has a line for the sample, small batches and probes, with its verdict."""
    label = output_check(
        name="label", label_agreement=0.9, ties=2, hard_flips=1, problem="is another label"
    )
    certificate = certificate_of(
        passed=False,
        outputs=(output_check(name="y[0]", max_abs_diff=0.25), label),
        batches=(BatchCheck(size=2, outputs=(output_check(),)),),
        probes=(
            ProbeCheck(name="infinities", rows=1234, binding=False, outputs=(label,)),
            ProbeCheck(name="text", rows=4, binding=True, accepted=False),
            ProbeCheck(name="odd", rows=4, binding=True, problem="it raises [sic]"),
        ),
    )
    assert shown(certificate_table(certificate)) == [
        ["10 rows", "y[0]", "0.25", "0", "", "alike"],
        ["10 rows", "label", "", "1, 2 ties", "90.00%", "not alike"],
        ["batches of 2", "y", "0", "0", "", "alike"],
        ["infinities (1,234)", "label", "", "1, 2 ties", "90.00%", "differs"],
        ["text (4)", "", "", "", "", "the original refuses them"],
        ["odd (4)", "", "", "", "", "not alike: it raises [sic]"],
    ]


@pytest.mark.parametrize("name", ["a[/]b", "[bold]", ":bug:", "x\\[y]"])
def test_names_are_no_markup(name):
    """A name stands in a table as it is, whatever rich would make of it."""
    table = certificate_table(certificate_of(outputs=(output_check(name=name),)))
    assert shown(table)[0][1] == name
