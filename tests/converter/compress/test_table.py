"""The candidates as texts."""

from coldpress.compress.table import COLUMNS, rows
from coldpress.record import CandidateRecord

CHOSEN = CandidateRecord(
    name="int8 dynamic", technique="int8", accepted=True, chosen=True, bytes=12_345,
    agreement=0.9987, metric_drop=-0.002, latency_ratio=0.7,
)  # fmt: skip
REFUSED = CandidateRecord(
    name="int8 static", technique="int8", accepted=False, reason="there is no convolution in it"
)


def test_figures_are_for_people():
    """What was measured has its unit, what was not has a dash, a refusal its reason."""
    assert rows([CHOSEN, REFUSED]) == [
        ("→", "int8 dynamic", "12,345 B", "99.87%", "-0.0020", "0.70 ×", "passed"),
        ("", "int8 static", "-", "-", "-", "-", "there is no convolution in it"),
    ]
    assert {len(row) for row in rows([CHOSEN, REFUSED])} == {len(COLUMNS)}
