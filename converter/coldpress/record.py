"""How a bundle was made: sizes on the way, times, what was tried. No part of its version.

All of it differs from one machine, or one minute, to the next. So it lies beside the bundle's blobs
as a companion, and the same model still gives the same version.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from coldpress.errors import BundleError
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.fields import Fields

__all__ = ["RECORD_NAME", "CandidateRecord", "Latency", "Record", "SizeStep"]

RECORD_NAME = "record.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeStep:
    """The model's size after a step.

    Attributes:
        step: What was done, such as ``exported to ONNX``.
        bytes: The size in bytes.
    """

    step: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long one row takes, by turns on the same machine.

    Attributes:
        original_ms: Median of the original's calls, in milliseconds.
        export_ms: Median of the session's, in milliseconds.
        calls: How many of each.
        machine: Where it was measured, such as ``x86_64, 2 cores``.
    """

    original_ms: float
    export_ms: float
    calls: int
    machine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """One way to make the model smaller that was tried.

    Attributes:
        name: What sets it apart, such as ``int8 dynamic, per channel``.
        technique: ``lossless``, ``int8``, ``int4`` or ``fp16``.
        accepted: Whether it passed every gate.
        chosen: Whether it is in the bundle.
        reason: Which gate it did not pass, and by how much; empty if it passed.
        bytes: Its size as it would be stored, in bytes; None if it could not be made.
        agreement: Least agreement over the outputs, 0 to 1; None if it was not measured.
        metric_drop: How much worse the metric is; None without labels.
        latency_ratio: Time of one row relative to the lossless model; None if not measured.
    """

    name: str
    technique: str
    accepted: bool
    chosen: bool = False
    reason: str = ""
    bytes: int | None = None
    agreement: float | None = None
    metric_drop: float | None = None
    latency_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How a bundle was made.

    Attributes:
        made: When, in UTC, as ISO 8601.
        command: The command line; empty if it was made from Python.
        sizes: The model's size, step by step.
        latency: One row's time, if it was measured.
        candidates: What was tried to make it smaller, ranked; empty if nothing was.
    """

    made: str
    command: tuple[str, ...] = ()
    sizes: tuple[SizeStep, ...] = ()
    latency: Latency | None = None
    candidates: tuple[CandidateRecord, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def to_bytes(self) -> bytes:
        """The record's file: JSON, indented for people."""
        return f"{json.dumps(asdict(self), indent=2, allow_nan=False)}\n".encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Read a record's file.

        Raises:
            BundleError: It is none, or of a newer format.
        """
        try:
            return _record(Fields.from_json(data, "the file"))
        except ArtifactError as error:
            raise BundleError(f"{RECORD_NAME} can't be read: {error}") from error


def _record(fields: Fields) -> Record:
    version = fields.schema_version("record", SCHEMA_VERSION)
    latency = fields.optional_child("latency")
    return Record(
        schema_version=version,
        made=fields.text("made"),
        command=fields.values("command", (str,)),
        sizes=tuple(_size(step) for step in fields.children("sizes")),
        latency=_latency(latency) if latency else None,
        candidates=tuple(_candidate(found) for found in fields.children("candidates")),
    )


def _size(fields: Fields) -> SizeStep:
    return SizeStep(step=fields.text("step"), bytes=fields.integer("bytes", least=0))


def _latency(fields: Fields) -> Latency:
    return Latency(
        original_ms=fields.number("original_ms"),
        export_ms=fields.number("export_ms"),
        calls=fields.integer("calls", least=1),
        machine=fields.text("machine"),
    )


def _candidate(fields: Fields) -> CandidateRecord:
    size = fields.optional_number("bytes")
    return CandidateRecord(
        name=fields.text("name"),
        technique=fields.text("technique"),
        accepted=fields.boolean("accepted"),
        chosen=fields.boolean("chosen"),
        reason=fields.text("reason"),
        bytes=None if size is None else int(size),
        agreement=fields.optional_number("agreement"),
        metric_drop=fields.optional_number("metric_drop"),
        latency_ratio=fields.optional_number("latency_ratio"),
    )
