"""The bill of materials: a CycloneDX 1.6 document of what a model is and what made it.

Written as JSON here, since the CycloneDX library for Python has no model cards yet; the tests hold
what is written against that library's own strict schema.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from coldpress.bundle import Bundle
from coldpress.certification import Certificate
from coldpress_runtime.artifact import Blob, Manifest, TensorSpec
from coldpress_runtime.version import VERSION

__all__ = ["bill_of_materials"]

# Any fixed one makes the same version have the same serial number.
_NAMESPACE = uuid.UUID("5b0e9f4e-8f0d-5c57-9d2b-0c1de7c01d90")
_TOOL = {"type": "application", "name": "coldpress", "version": VERSION}
_FAMILIES = {
    "xgboost": "gradient-boosted decision trees",
    "lightgbm": "gradient-boosted decision trees",
    "catboost": "gradient-boosted decision trees",
    "keras": "neural network",
    "tensorflow": "neural network",
    "torch": "neural network",
}
_FILE_TYPES = {
    "model": "application/vnd.onnx",
    "weights": "application/octet-stream",
    "golden": "application/json",
    "certificate": "application/json",
}


def bill_of_materials(bundle: Bundle) -> bytes:
    """The bill of materials of a bundle: JSON, the same bytes for the same version and record.

    Raises:
        BundleError: The certificate or the record can't be read.
    """
    manifest, record = bundle.manifest, bundle.record()
    libraries = [_library(name, version) for name, version in sorted(_versions(manifest).items())]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(_NAMESPACE, bundle.digest).urn,
        "version": 1,
        "metadata": {
            **({"timestamp": record.made} if record else {}),
            "tools": {"components": [_TOOL]},
            "component": _model(bundle),
        },
        "components": libraries,
        "dependencies": [
            {"ref": _ref(bundle), "dependsOn": [library["bom-ref"] for library in libraries]},
            *({"ref": library["bom-ref"]} for library in libraries),
        ],
    }
    return f"{json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()


def _versions(manifest: Manifest) -> dict[str, str]:
    """Versions of what made the export and of what it runs on."""
    return {"onnxruntime": manifest.runtime.onnxruntime, **manifest.source.versions}


def _library(name: str, version: str) -> dict[str, str]:
    # As the package URL specification has it of PyPI: lower case, and no underscores.
    purl = f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version)}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }


def _ref(bundle: Bundle) -> str:
    return f"{bundle.manifest.name}@sha256:{bundle.digest}"


def _model(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "type": "machine-learning-model",
        "bom-ref": _ref(bundle),
        "name": manifest.name,
        "version": f"sha256:{bundle.digest}",
        "description": f"A {manifest.source.framework} model, exported to ONNX by coldpress",
        "hashes": [{"alg": "SHA-256", "content": bundle.digest}],
        "components": [_file(blob) for blob in manifest.blobs],
        "modelCard": _card(bundle),
        "properties": [*_properties(manifest)],
    }


def _file(blob: Blob) -> dict[str, Any]:
    return {
        "type": "file",
        "name": blob.path,
        "mime-type": "application/zstd" if blob.compression == "zstd" else _FILE_TYPES[blob.role],
        "hashes": [{"alg": "SHA-256", "content": blob.sha256}],
        "properties": [
            {"name": "coldpress:role", "value": blob.role},
            {"name": "coldpress:size", "value": str(blob.size)},
        ],
    }


def _card(bundle: Bundle) -> dict[str, Any]:
    manifest, certificate = bundle.manifest, bundle.certificate()
    parameters: dict[str, Any] = {}
    if task := _task(manifest, certificate):
        parameters["task"] = task
    if family := _FAMILIES.get(manifest.source.framework):
        parameters["architectureFamily"] = family
    parameters["inputs"] = [{"format": _format(spec)} for spec in manifest.signature.inputs]
    parameters["outputs"] = [{"format": _format(spec)} for spec in manifest.signature.outputs]
    metrics = [{"type": kind, "value": value} for kind, value in _metrics(certificate)]
    return {
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": metrics},
    }


def _task(manifest: Manifest, certificate: Certificate) -> str:
    """What the outputs or the metric say; empty where neither says anything."""
    if any(spec.labels for spec in manifest.signature.outputs):
        return "classification"
    if certificate.metric is None:
        return ""
    return "classification" if certificate.metric.name == "accuracy" else "regression"


def _format(spec: TensorSpec) -> str:
    return f"{spec.name}: {spec.datatype} {list(spec.shape)}"


def _metrics(certificate: Certificate) -> Iterator[tuple[str, str]]:
    summary = certificate.summary
    yield "certificate passed", str(certificate.passed).lower()
    yield "rows compared with the original", str(certificate.rows)
    yield "largest absolute difference from the original", repr(summary.max_abs_diff)
    if summary.label_agreement is not None:
        yield "label agreement with the original", repr(summary.label_agreement)
    if certificate.metric is not None:
        yield f"{certificate.metric.name} of the original", repr(certificate.metric.original)
        yield f"{certificate.metric.name} of the export", repr(certificate.metric.export)


def _properties(manifest: Manifest) -> Iterator[dict[str, str]]:
    source, certificate = manifest.source, manifest.certificate
    facts = {
        "framework": source.framework,
        "format": source.format,
        "source-sha256": source.sha256,
        "compression": manifest.compression,
        "ir-version": str(manifest.runtime.ir_version),
        "opsets": ", ".join(f"{d or 'ai.onnx'} {v}" for d, v in manifest.runtime.opsets.items()),
        "certificate-tolerance": certificate.tolerance,
        "certificate-forced": str(certificate.forced).lower(),
    }
    for name, value in facts.items():
        if value:
            yield {"name": f"coldpress:{name}", "value": value}
