"""The certificate's file, and what it says of the machine."""

import dataclasses
import json

import pytest

from coldpress.certification import BatchCheck, Certificate, OutputCheck, Rung
from coldpress.certification._machine import cpu_flags, versions_of
from coldpress.errors import BundleError

CHECK = OutputCheck(
    name="y", datatype="FP32", rows=3, max_abs_diff=1e-7, p99_abs_diff=1e-7, mean_abs_diff=1e-8,
    max_rel_diff=1e-6, p99_rel_diff=1e-6, mean_rel_diff=1e-7, rows_beyond=0,
    nan_equal=True, inf_equal=True, kind_equal=True, shape_equal=True,
)  # fmt: skip
CERTIFICATE = Certificate(
    passed=True,
    rows=3,
    original="a function",
    rtol=1e-4,
    atol=1e-5,
    outputs=(CHECK, dataclasses.replace(CHECK, name="label", label_agreement=0.9, ties=1)),
    batches=(BatchCheck(size=1, outputs=(CHECK,)),),
    versions={"numpy": "2.0"},
    machine="x86_64",
    cpu_flags=("avx2",),
    rungs=(Rung(name="float64", held=False, reason="no"), Rung(name="float32", held=True)),
)


def test_round_trip():
    """A certificate comes back from its file as it was."""
    assert Certificate.from_bytes(CERTIFICATE.to_bytes()) == CERTIFICATE


def test_failure_is_the_first_failed_check():
    """The first failed check is told, of the whole sample before that of small batches."""
    assert CERTIFICATE.failure() is None
    late = dataclasses.replace(CHECK, problem="is late")
    batches = (BatchCheck(size=1, outputs=(late,)),)
    failed = dataclasses.replace(CERTIFICATE, passed=False, batches=batches)
    assert str(failed.failure()).endswith("output 'y' is late")
    wrong = dataclasses.replace(CHECK, name="z", problem="is wrong", wrong_rows=(2,), hard_flips=7)
    failure = dataclasses.replace(failed, outputs=(CHECK, wrong)).failure()
    assert str(failure).endswith("output 'z' is wrong")
    assert (failure.output, failure.rows, failure.difference) == ("z", [2], 7)


def test_summary_is_the_worst():
    """In brief, the largest difference and the lowest agreement count."""
    summary = CERTIFICATE.summary
    assert (summary.max_abs_diff, summary.label_agreement) == (1e-7, 0.9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"rows": "3"}, "rows", id="type"),
        pytest.param({"outputs": [{}]}, r"outputs\[0\]", id="missing"),
        pytest.param({"schema_version": 2}, "upgrade coldpress", id="newer"),
    ],
)
def test_bad_files_are_explained(change, said):
    """A file that is no certificate is refused by the field at fault."""
    fields = json.loads(CERTIFICATE.to_bytes()) | change
    with pytest.raises(BundleError, match=said):
        Certificate.from_bytes(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("cpuinfo", "flags"),
    [
        pytest.param("flags\t\t: fpu avx2 avx512_vnni\n", ("avx2", "avx512_vnni"), id="x86"),
        pytest.param("Features\t: fp asimd asimddp\n", ("asimd", "asimddp"), id="arm"),
        pytest.param("model name\t: any\n", (), id="none"),
    ],
)
def test_flags_are_read(tmp_path, cpuinfo, flags):
    """The extensions that decide about arithmetic are picked from Linux's list."""
    path = tmp_path / "cpuinfo"
    path.write_text(cpuinfo, encoding="utf-8")
    assert cpu_flags(path) == flags


def test_flags_are_empty_elsewhere(tmp_path):
    """Where there is no such list, no flags are claimed."""
    assert cpu_flags(tmp_path / "gone") == ()


def test_versions_leave_out_what_is_missing():
    """Only what is installed has a version."""
    assert set(versions_of(("numpy", "no-such-package"))) == {"numpy"}
