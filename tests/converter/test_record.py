"""The record of how a bundle was made."""

import json

import pytest

from coldpress.errors import BundleError
from coldpress.record import CandidateRecord, Latency, Record, SizeStep

RECORD = Record(
    made="2026-01-02T03:04:05+00:00",
    command=("coldpress", "export", "m.onnx"),
    sizes=(SizeStep(step="model file", bytes=10), SizeStep(step="stored", bytes=5)),
    latency=Latency(original_ms=1.5, export_ms=0.5, calls=3, machine="x86_64, 2 cores"),
    candidates=(
        CandidateRecord(
            name="int8 dynamic", technique="int8", accepted=True, chosen=True, bytes=5,
            agreement=0.999, metric_drop=-0.001, latency_ratio=0.8,
        ),
        CandidateRecord(name="fp16", technique="fp16", accepted=False, reason="slower"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("record", [RECORD, Record(made="")], ids=["full", "empty"])
def test_round_trip(record):
    """A record comes back from its file as it was."""
    assert Record.from_bytes(record.to_bytes()) == record


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"sizes": [{"step": "x"}]}, r"sizes\[0\].bytes", id="missing"),
        pytest.param({"command": "coldpress"}, "command", id="type"),
        pytest.param({"schema_version": 2}, "upgrade coldpress", id="newer"),
    ],
)
def test_bad_files_are_explained(change, said):
    """A file that is no record is refused by the field at fault."""
    fields = json.loads(RECORD.to_bytes()) | change
    with pytest.raises(BundleError, match=said):
        Record.from_bytes(json.dumps(fields).encode())
