"""The steps from a trained model to a bundle, in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import onnx

from coldpress.bundle import plain_blob, write_bundle
from coldpress.certification import Certificate, Rung, certify, versions_of
from coldpress.compress import compress
from coldpress.errors import CertificationError, ExportError
from coldpress.exporters import Attempt, Exported, attempts
from coldpress.golden import golden_examples
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
    exported, session, certificate = _proven(trained, sample, progress)
    signature = _signature(exported, session)
    progress("Compressing")
    compressed = compress(exported.model)
    golden = golden_examples(exported, signature)
    proof = certificate.to_bytes()
    manifest = Manifest(
        name=name,
        source=_source(trained),
        signature=signature,
        blobs=(
            compressed.blob,
            plain_blob("golden", "golden.json", golden),
            plain_blob("certificate", "certificate.json", proof),
        ),
        compression=compressed.technique,
        certificate=certificate.summary,
        runtime=_needs(exported.model),
    )
    progress("Writing the bundle")
    contents = (compressed.stored, golden, proof)
    files = {blob.path: data for blob, data in zip(manifest.blobs, contents, strict=True)}
    write_bundle(path, manifest, files)


def _proven(
    trained: TrainedModel, sample: Sample, progress: Progress
) -> tuple[Exported, ModelSession, Certificate]:
    """The first export that is proven, with its certificate; the last one's error if none is."""
    rungs: list[Rung] = []
    failure: Exception = ExportError("there is no way to export this model")
    for attempt in attempts(trained, sample):
        try:
            exported, session, certificate = _prove(trained, attempt, progress)
        except (ExportError, CertificationError, RuntimeFault) as error:
            rungs.append(Rung(name=attempt.name, held=False, reason=str(error)))
            failure = error
        else:
            rungs.append(Rung(name=attempt.name, held=True))
            return exported, session, certificate.with_rungs(tuple(rungs))
    if isinstance(failure, RuntimeFault):
        raise ExportError(f"the export can't be served: {failure}") from failure
    raise failure


def _prove(
    trained: TrainedModel, attempt: Attempt, progress: Progress
) -> tuple[Exported, ModelSession, Certificate]:
    progress(f"Exporting to ONNX ({attempt.name})")
    exported = attempt.export()
    session = ModelSession(exported.model)
    rows = len(next(iter(exported.tensors.values())))
    progress(f"Comparing with the original on {rows:,} rows")
    certificate = certify(exported, session, packages=_packages(trained))
    if failure := certificate.failure():
        raise failure
    return exported, session, certificate


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


def _needs(model: bytes) -> RuntimeNeeds:
    proto = onnx.load_model_from_string(model)
    return RuntimeNeeds(
        ir_version=proto.ir_version,
        opsets={opset.domain: opset.version for opset in proto.opset_import},
        onnxruntime=versions_of(("onnxruntime",))["onnxruntime"],
    )
