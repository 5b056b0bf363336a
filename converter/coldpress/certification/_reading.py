"""A certificate back from its file, of this or an earlier format."""

from __future__ import annotations

from typing import Any

from coldpress.errors import BundleError
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.fields import Fields

from ._certificate import SCHEMA_VERSION, Certificate
from ._checks import (
    BatchCheck,
    Metric,
    OutputCheck,
    ProbeCheck,
    Rung,
)
from ._tolerance import Tolerance

__all__ = ["read_certificate"]


def read_certificate(data: bytes) -> Certificate:
    """Read a certificate's file.

    Raises:
        BundleError: It is none, or of a newer format.
    """
    try:
        return _certificate(Fields.from_json(data, "the file"))
    except ArtifactError as error:
        raise BundleError(f"the certificate can't be read: {error}") from error


def _certificate(fields: Fields) -> Certificate:
    version = fields.schema_version("certificate", SCHEMA_VERSION)
    return Certificate(
        schema_version=version,
        passed=fields.boolean("passed"),
        rows=fields.integer("rows", least=0),
        original=fields.text("original"),
        tolerance=_tolerance(fields, version),
        outputs=tuple(_output(output, version) for output in fields.children("outputs")),
        batches=tuple(_batch(batch, version) for batch in fields.children("batches")),
        versions=fields.mapping("versions", str),
        machine=fields.text("machine"),
        cpu_flags=fields.values("cpu_flags", (str,)),
        rungs=tuple(_rung(rung) for rung in fields.children("rungs")),
        **(_since_second(fields, version) if version > 1 else {}),
    )


def _since_second(fields: Fields, version: int) -> dict[str, Any]:
    """What schema version 1 had not."""
    metric = fields.optional_child("metric")
    return {
        "probes": tuple(_probe(probe, version) for probe in fields.children("probes")),
        "seed": fields.integer("seed", least=0),
        "metric": _metric(metric) if metric else None,
    }


def _tolerance(fields: Fields, version: int) -> Tolerance:
    if version == 1:
        return Tolerance(rtol=fields.number("rtol"), atol=fields.number("atol"))
    found = fields.child("tolerance")
    return Tolerance(
        kind=found.choice("kind", ("exact", "lossy")),
        rtol=found.number("rtol"),
        atol=found.number("atol"),
        min_agreement=found.number("min_agreement"),
        max_metric_drop=found.number("max_metric_drop"),
    )


def _probe(fields: Fields, version: int) -> ProbeCheck:
    return ProbeCheck(
        name=fields.text("name"),
        rows=fields.integer("rows", least=0),
        binding=fields.boolean("binding"),
        accepted=fields.boolean("accepted"),
        outputs=tuple(_output(output, version) for output in fields.children("outputs")),
        problem=fields.text("problem"),
    )


def _metric(fields: Fields) -> Metric:
    return Metric(
        name=fields.text("name"),
        original=fields.number("original"),
        export=fields.number("export"),
        classes=fields.values("classes", (str,)),
        confusion_original=fields.integers("confusion_original", least=0),
        confusion_export=fields.integers("confusion_export", least=0),
    )


def _output(fields: Fields, version: int) -> OutputCheck:
    return OutputCheck(
        name=fields.text("name"),
        datatype=fields.text("datatype"),
        rows=fields.integer("rows", least=0),
        max_abs_diff=fields.number("max_abs_diff"),
        p99_abs_diff=fields.number("p99_abs_diff"),
        mean_abs_diff=fields.number("mean_abs_diff"),
        max_rel_diff=fields.number("max_rel_diff"),
        p99_rel_diff=fields.number("p99_rel_diff"),
        mean_rel_diff=fields.number("mean_rel_diff"),
        rows_beyond=fields.integer("rows_beyond", least=0),
        nan_equal=fields.boolean("nan_equal"),
        inf_equal=fields.boolean("inf_equal"),
        kind_equal=fields.boolean("kind_equal"),
        shape_equal=fields.boolean("shape_equal"),
        label_agreement=fields.optional_number("label_agreement"),
        ties=fields.integer("ties", least=0),
        hard_flips=fields.integer("hard_flips", least=0),
        wrong_rows=fields.integers("wrong_rows", least=0),
        problem=fields.text("problem"),
        **(_figures(fields) if version > 1 else {}),
    )


def _figures(fields: Fields) -> dict[str, Any]:
    return {
        "histogram": fields.integers("histogram", least=0),
        "fidelity": fields.optional_number("fidelity"),
        "winner_agreement": fields.optional_number("winner_agreement"),
    }


def _batch(fields: Fields, version: int) -> BatchCheck:
    return BatchCheck(
        size=fields.integer("size", least=1),
        outputs=tuple(_output(output, version) for output in fields.children("outputs")),
    )


def _rung(fields: Fields) -> Rung:
    return Rung(name=fields.text("name"), held=fields.boolean("held"), reason=fields.text("reason"))
