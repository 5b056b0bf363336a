"""The certificate's file, and what it says of the machine."""

import dataclasses
import json
from pathlib import Path

import pytest

from coldpress.certification import (
    BatchCheck,
    Certificate,
    Metric,
    OutputCheck,
    ProbeCheck,
    Rung,
    Tolerance,
    read_certificate,
)
from coldpress.certification._machine import cpu_flags, versions_of
from coldpress.errors import BundleError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "certificates"
CHECK = OutputCheck(
    name="y", datatype="FP32", rows=3, max_abs_diff=1e-7, p99_abs_diff=1e-7, mean_abs_diff=1e-8,
    max_rel_diff=1e-6, p99_rel_diff=1e-6, mean_rel_diff=1e-7, rows_beyond=0,
    nan_equal=True, inf_equal=True, kind_equal=True, shape_equal=True,
)  # fmt: skip
CERTIFICATE = Certificate(
    passed=True,
    rows=3,
    original="a function",
    tolerance=Tolerance(rtol=1e-4, atol=1e-5),
    outputs=(CHECK, dataclasses.replace(CHECK, name="label", label_agreement=0.9, ties=1)),
    batches=(BatchCheck(size=1, outputs=(CHECK,)),),
    versions={"numpy": "2.0"},
    machine="x86_64",
    cpu_flags=("avx2",),
    rungs=(Rung(name="float64", held=False, reason="no"), Rung(name="float32", held=True)),
    probes=(
        ProbeCheck(name="thresholds", rows=3, binding=True, outputs=(CHECK,)),
        ProbeCheck(name="extremes", rows=1, binding=False, accepted=False, problem="too large"),
    ),
    metric=Metric(
        name="accuracy",
        original=1.0,
        export=0.5,
        classes=("a", "b"),
        confusion_original=(1, 0, 0, 1),
        confusion_export=(1, 0, 1, 0),
    ),
)


def test_round_trip():
    """A certificate comes back from its file as it was."""
    assert read_certificate(CERTIFICATE.to_bytes()) == CERTIFICATE


def test_old_files_are_readable():
    """A certificate of schema version 1, which had neither probes nor metric, is read as exact."""
    found = read_certificate((FIXTURES / "v1.json").read_bytes())
    assert (found.schema_version, found.passed, found.probes, found.metric) == (1, True, (), None)
    assert found.tolerance == Tolerance(kind="exact", rtol=1e-4, atol=1e-5)
    assert found.outputs[0].histogram == ()


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
        pytest.param({"schema_version": 3}, "upgrade coldpress", id="newer"),
    ],
)
def test_bad_files_are_explained(change, said):
    """A file that is no certificate is refused by the field at fault."""
    fields = json.loads(CERTIFICATE.to_bytes()) | change
    with pytest.raises(BundleError, match=said):
        read_certificate(json.dumps(fields).encode())


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
