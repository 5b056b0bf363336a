"""The steps from a trained model to a bundle, in one process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import onnx

from coldpress.bundle import plain_blob, write_bundle, writing
from coldpress.certification import Certificate, Rung, certify, versions_of
from coldpress.compress import Compressed, compress
from coldpress.errors import CertificationError, ExportError
from coldpress.exporters import Attempt, Exported, attempts
from coldpress.golden import golden_examples
from coldpress.layout import Layout, lay_out
from coldpress.load import TrainedModel
from coldpress.sample import Sample
from coldpress_runtime.artifact import Manifest, RuntimeNeeds, Signature, Source, TensorSpec
from coldpress_runtime.errors import RuntimeFault
from coldpress_runtime.session import ModelSession

__all__ = ["Progress", "assemble"]

Progress: TypeAlias = Callable[[str], None]

_EVERYWHERE = ("coldpress", "onnxruntime")


def assemble(
    trained: TrainedModel, sample: Sample, *, name: str, path: Path, progress: Progress
) -> None:
    """Export, certify, compress and write a model's bundle.

    Args:
        trained: The model.
        sample: Rows that give types and are compared.
        name: The model's name, already checked.
        path: Directory to make.
        progress: Called with what is about to be done.

    Raises:
        ColdpressError: A step failed; see each step.
    """
    # Beside the bundle: on a disk that shall hold it anyway, and gone with the staging directory.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="parts-") as name_of_folder:
        folder = Path(name_of_folder)
        proven = _proven(trained, sample, folder, progress)
        parts = [*_compressed(proven.layout, folder, progress)]
        golden = golden_examples(proven.exported, proven.signature)
        proof = proven.certificate.to_bytes()
        blobs = (
            *(part.blob for part in parts),
            plain_blob("golden", "golden.json", golden),
            plain_blob("certificate", "certificate.json", proof),
        )
        manifest = Manifest(
            name=name,
            source=_source(trained),
            signature=proven.signature,
            blobs=blobs,
            compression=parts[0].technique,
            certificate=proven.certificate.summary,
            runtime=_needs(proven.layout.graph),
        )
        progress("Writing the bundle")
        contents = (*(part.stored for part in parts), golden, proof)
        files = {blob.path: data for blob, data in zip(blobs, contents, strict=True)}
        write_bundle(path, manifest, files)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Proven:
    """An export that answers like its original, in the layout in which it did so.

    Attributes:
        exported: The export.
        layout: What the session was opened on.
        signature: What it takes and gives.
        certificate: The proof.
    """

    exported: Exported
    layout: Layout
    signature: Signature
    certificate: Certificate


def _proven(trained: TrainedModel, sample: Sample, folder: Path, progress: Progress) -> _Proven:
    """The first export that is proven; the last one's error if none is."""
    rungs: list[Rung] = []
    failure: Exception = ExportError("there is no way to export this model")
    for attempt in attempts(trained, sample):
        try:
            proven = _prove(trained, attempt, folder, progress)
        except (ExportError, CertificationError, RuntimeFault) as error:
            rungs.append(Rung(name=attempt.name, held=False, reason=str(error)))
            failure = error
        else:
            rungs.append(Rung(name=attempt.name, held=True))
            return replace(proven, certificate=proven.certificate.with_rungs(tuple(rungs)))
    if isinstance(failure, RuntimeFault):
        raise ExportError(f"the export can't be served: {failure}") from failure
    raise failure


def _prove(trained: TrainedModel, attempt: Attempt, folder: Path, progress: Progress) -> _Proven:
    progress(f"Exporting to ONNX ({attempt.name})")
    exported = attempt.export()
    with writing():
        # A folder of its own: a session of an attempt before may still map its weights.
        layout = lay_out(exported.model, Path(tempfile.mkdtemp(dir=folder)))
    session = ModelSession(layout.graph, weights=layout.weights)
    rows = len(next(iter(exported.tensors.values())))
    progress(f"Comparing with the original on {rows:,} rows")
    certificate = certify(exported, session, packages=_packages(trained))
    if failure := certificate.failure():
        raise failure
    return _Proven(
        exported=exported,
        layout=layout,
        signature=_signature(exported, session),
        certificate=certificate,
    )


def _compressed(layout: Layout, folder: Path, progress: Progress) -> Iterator[Compressed]:
    progress("Compressing")
    with writing():
        yield compress(layout.graph, folder, role="model", progress=_percent("model", progress))
        if layout.weights:
            report = _percent("weights", progress)
            yield compress(layout.weights, folder, role="weights", progress=report)


def _percent(what: str, progress: Progress) -> Callable[[float], None]:
    return lambda done: progress(f"Compressing the {what}: {done:.0%}")


def _signature(exported: Exported, session: ModelSession) -> Signature:
    outputs = tuple(
        TensorSpec(
            name=spec.name,
            datatype=spec.datatype,
            shape=spec.shape,
            labels=exported.labels.get(spec.name, ()),
        )
        for spec in session.outputs
    )
    return Signature(inputs=session.inputs, outputs=outputs, features=exported.features)


def _source(trained: TrainedModel) -> Source:
    return Source(
        framework=trained.framework,
        format=trained.format,
        sha256=trained.sha256,
        versions=versions_of(_packages(trained)),
    )


def _packages(trained: TrainedModel) -> tuple[str, ...]:
    return (*_EVERYWHERE, *trained.packages)


def _needs(graph: bytes) -> RuntimeNeeds:
    proto = onnx.load_model_from_string(graph)
    return RuntimeNeeds(
        ir_version=proto.ir_version,
        opsets={opset.domain: opset.version for opset in proto.opset_import},
        onnxruntime=versions_of(("onnxruntime",))["onnxruntime"],
    )
