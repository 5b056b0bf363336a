"""The steps from a trained model to a bundle, in one process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coldpress.bundle import Bundle, plain_blob, write_bundle, writing
from coldpress.certification import versions_of
from coldpress.companions import write_companions
from coldpress.compress import Pressed, press
from coldpress.golden import golden_examples
from coldpress.latency import compare_latency
from coldpress.load import TrainedModel
from coldpress.onnx_file import OnnxFile
from coldpress.packing import Packed, pack_blob
from coldpress.proving import Progress, Proven, packages_of, prove
from coldpress.record import RECORD_NAME, Record, SizeStep
from coldpress.sample import Sample
from coldpress.wanted import Wanted
from coldpress_runtime.artifact import Manifest, RuntimeNeeds, Source

__all__ = ["Plan", "assemble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make of a model.

    Attributes:
        name: The model's name, already checked.
        wanted: How small, at what cost.
        keep_failed: Whether to make a bundle even if the certificate fails; publishing refuses it.
        command: The command line that asked for it, for the record; empty from Python.
    """

    name: str
    wanted: Wanted
    keep_failed: bool = False
    command: tuple[str, ...] = ()


def assemble(
    trained: TrainedModel, sample: Sample, *, plan: Plan, path: Path, progress: Progress
) -> None:
    """Export, certify, compress and write a model's bundle.

    Args:
        trained: The model.
        sample: Rows that give types and are compared.
        plan: What to make of it.
        path: Directory to make.
        progress: Called with what is about to be done.

    Raises:
        ColdpressError: A step failed; see each step.
    """
    # Beside the bundle: on a disk that shall hold it anyway, and gone with the staging directory.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="parts-") as name_of_folder:
        folder = Path(name_of_folder)
        proven = prove(trained, sample, folder, progress, keep_failed=plan.keep_failed)
        pressed = press(
            proven.model,
            proven.reference,
            proven.certificate,
            wanted=plan.wanted,
            folder=folder,
            progress=progress,
        )
        parts = [*_packed(pressed.model, folder, progress)]
        golden = golden_examples(proven.reference, proven.signature)
        proof = pressed.certificate.to_bytes()
        blobs = (
            *(part.blob for part in parts),
            plain_blob("golden", "golden.json", golden),
            plain_blob("certificate", "certificate.json", proof),
        )
        manifest = Manifest(
            name=plan.name,
            source=_source(trained),
            signature=proven.signature,
            blobs=blobs,
            compression=pressed.technique,
            certificate=pressed.certificate.summary,
            runtime=_needs(pressed.model),
        )
        progress("Writing the bundle")
        contents = (*(part.stored for part in parts), golden, proof)
        files = {blob.path: data for blob, data in zip(blobs, contents, strict=True)}
        record = _record(trained, plan, proven, pressed, parts)
        write_bundle(path, manifest, files, companions={RECORD_NAME: record.to_bytes()})
        write_companions(Bundle(path=path, manifest=manifest, digest=manifest.digest))


def _packed(model: OnnxFile, folder: Path, progress: Progress) -> Iterator[Packed]:
    progress("Packing")
    with writing():
        yield pack_blob(model.graph, folder, role="model", progress=_percent("model", progress))
        if model.weights:
            report = _percent("weights", progress)
            yield pack_blob(model.weights, folder, role="weights", progress=report)


def _percent(what: str, progress: Progress) -> Callable[[float], None]:
    return lambda done: progress(f"Packing the {what}: {done:.0%}")


def _record(
    trained: TrainedModel, plan: Plan, proven: Proven, pressed: Pressed, parts: list[Packed]
) -> Record:
    steps = [SizeStep(step="model file", bytes=trained.size)] if trained.size else []
    steps += [
        SizeStep(step="exported to ONNX", bytes=proven.exported.size),
        SizeStep(step="simplified", bytes=proven.model.size),
    ]
    if pressed.technique != "lossless":
        steps.append(SizeStep(step=pressed.technique, bytes=pressed.model.size))
    steps.append(SizeStep(step="stored", bytes=sum(part.blob.size for part in parts)))
    return Record(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        command=plan.command,
        sizes=tuple(steps),
        latency=compare_latency(proven.reference, pressed.model.open()),
        candidates=pressed.candidates,
    )


def _source(trained: TrainedModel) -> Source:
    return Source(
        framework=trained.framework,
        format=trained.format,
        sha256=trained.sha256,
        versions=versions_of(packages_of(trained)),
    )


def _needs(model: OnnxFile) -> RuntimeNeeds:
    proto = model.proto()
    return RuntimeNeeds(
        ir_version=proto.ir_version,
        opsets={opset.domain: opset.version for opset in proto.opset_import},
        onnxruntime=versions_of(("onnxruntime",))["onnxruntime"],
    )
