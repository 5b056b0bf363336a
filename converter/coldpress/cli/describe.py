"""A manifest for people and for machines."""

from __future__ import annotations

from coldpress.certification import Certificate
from coldpress.record import Record
from coldpress.units import human_bytes, human_figure
from coldpress_runtime.artifact import Blob, Manifest, Source, TensorSpec

from .command import console, say
from .tables import candidates_table

__all__ = [
    "manifest_document",
    "own_weights",
    "print_fact",
    "print_manifest",
    "print_record",
    "print_rungs",
]

_MOST_LABELS = 6
_ALIKE = "answers like the original"
_NEARLY = "lossy, as close to the original as was asked for"
# What is made before it is trained; estimators can't be exported until they are fitted.
_NETWORKS = ("torch", "keras")


def manifest_document(manifest: Manifest, digest: str) -> dict[str, object]:
    """The manifest with its version and, in brief, where its weights lie, ready for JSON."""
    weights = manifest.weights or manifest.blob("model")
    brief = {
        "path": weights.path,
        "size": weights.size,
        "unpacked_size": weights.unpacked_size,
        "frames": len(weights.frames),
    }
    return {"version": f"sha256:{digest}", **manifest.document(), "weights": brief}


def print_manifest(manifest: Manifest, digest: str) -> None:
    """Print what a model is: source, signature, proof and files."""
    say((manifest.name, "bold"), f" sha256:{digest}")
    for label, value in _facts(manifest):
        print_fact(label, value)
    print_fact("proof", *_proof(manifest))
    opsets = ", ".join(f"{name or 'ai.onnx'} {version}" for name, version in _opsets(manifest))
    onnxruntime = manifest.runtime.onnxruntime
    print_fact("needs", f"opsets {opsets}; certified on onnxruntime {onnxruntime}")


def own_weights(source: Source) -> str | None:
    """What to beware of where a factory made a network's weights itself; else None."""
    if source.format != "factory" or source.sha256 or source.framework not in _NETWORKS:
        return None
    cure = "; give a trained network's with --weights" if source.framework == "torch" else ""
    return (
        "no --weights were given, so the weights are those that the factory itself made: unless it "
        f"loads or trains them, the network is untrained{cure}"
    )


def print_fact(label: str, *parts: str | tuple[str, str]) -> None:
    """Print one line of what is said of a model or a package; see `say`."""
    say((f"  {label:<8}", "dim"), " ", *parts)


def print_rungs(certificate: Certificate) -> None:
    """Say which ways to export did not hold before the one that did, and why."""
    for rung in certificate.rungs:
        if not rung.held:
            print_fact("note", f"{rung.name} did not hold: {rung.reason}")


def print_record(record: Record) -> None:
    """Say how the size and the time of a row changed, and what was tried to make it smaller."""
    steps = " → ".join(f"{step.step} {human_bytes(step.bytes)}" for step in record.sizes)
    print_fact("steps", steps)
    if taken := record.latency:
        original, export = human_figure(taken.original_ms), human_figure(taken.export_ms)
        print_fact(
            "one row",
            f"{original} ms in the original, {export} ms here (medians of {taken.calls} calls)",
        )
    if record.candidates:
        console.print(candidates_table(record.candidates))


def _facts(manifest: Manifest) -> list[tuple[str, str]]:
    facts = [("source", _source(manifest))]
    facts += [("input", _tensor(spec)) for spec in manifest.signature.inputs]
    if features := manifest.signature.features:
        facts.append(("columns", _listed(features)))
    facts += [("output", _tensor(spec)) for spec in manifest.signature.outputs]
    facts.append(("size", _size(manifest.blob("model"))))
    if manifest.weights:
        facts.append(("weights", f"{_size(manifest.weights)}, apart from the graph"))
    return facts


def _size(blob: Blob) -> str:
    size = f"{human_bytes(blob.unpacked_size)}, {human_bytes(blob.size)} as stored"
    return f"{size} in {len(blob.frames)} frames" if blob.frames else size


def _source(manifest: Manifest) -> str:
    source = manifest.source
    versions = ", ".join(f"{name} {version}" for name, version in sorted(source.versions.items()))
    kind = f".{source.format}" if own_weights(source) is None else "factory, its own weights"
    return f"{source.framework} ({kind}); {versions}"


def _opsets(manifest: Manifest) -> list[tuple[str, int]]:
    return sorted(manifest.runtime.opsets.items())


def _tensor(spec: TensorSpec) -> str:
    labels = f", labels {_listed(spec.labels)}" if spec.labels else ""
    return f"{spec.name} {spec.datatype} {list(spec.shape)}{labels}"


def _listed(values: tuple[object, ...]) -> str:
    shown = ", ".join(str(value) for value in values[:_MOST_LABELS])
    more = len(values) - _MOST_LABELS
    return f"{shown}, and {more} more" if more > 0 else shown


def _proof(manifest: Manifest) -> tuple[tuple[str, str], str]:
    proof = manifest.certificate
    alike = _ALIKE if proof.tolerance == "exact" else _NEARLY
    verdict = (alike, "green") if proof.passed else ("failed", "red")
    if proof.forced:
        verdict = (f"{verdict[0]} and was forced", "red")
    labels = ""
    if proof.label_agreement is not None:
        labels = f", labels equal on {proof.label_agreement:.2%}"
    rows = f"{proof.rows:,} row{'s' * (proof.rows != 1)}"
    figures = f" on {rows}: largest difference {proof.max_abs_diff:.1e}{labels}"
    return verdict, figures
