"""The ONNX project's own backend cases, published to a store and run through the handler.

The requests are written, and the answers read, by Triton's client: binary tensors both ways.
"""

from __future__ import annotations

import base64
import hashlib
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import numpy as np
import obstore
import onnx
import onnxruntime as ort
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import np_to_triton_dtype, triton_to_np_dtype

from coldpress_runtime.answering import Answering
from coldpress_runtime.artifact import (
    Blob,
    CertificateSummary,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
)
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.session import DTYPES, ModelSession
from coldpress_runtime.settings import Settings
from coldpress_runtime.store import open_store
from coldpress_runtime.telemetry import Telemetry

__all__ = ["Outcome", "cases", "run"]

_CONTEXT = SimpleNamespace(aws_request_id="conformance")
_CARRIED = {np.dtype(dtype) for dtype in DTYPES.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a case.

    Attributes:
        name: The case's.
        kind: ``passed``, ``failed``, ``not run`` where onnxruntime has not the operator, or ``not
            carried`` where a tensor is of a type that the protocol has not.
        reason: Why it did not pass; what fails in onnxruntime as well begins with that.
    """

    name: str
    kind: str
    reason: str = ""


@cache
def cases() -> tuple[Any, ...]:
    """Every case that the installed onnx can make, in its order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some mean to overflow
        return tuple(collect_testcases(None))


def run(case: Any, store: str) -> Outcome:
    """Publish a case's model to a store and ask the handler for each of its data sets.

    Args:
        case: One of `cases`.
        store: The store's URL.
    """
    if reason := _not_carried(case):
        return Outcome(name=case.name, kind="not carried", reason=reason)
    try:
        uri = _published(case.model, store)
    except ArtifactError as error:
        return Outcome(name=case.name, kind="not run", reason=_brief(error))
    handler = _handler(uri)
    for inputs, expected in case.data_sets:
        if problem := _problem(handler, case, inputs, expected):
            own = _bare_problem(case, inputs, expected, handler)
            reason = f"onnxruntime alone: {own}" if own else problem
            return Outcome(name=case.name, kind="failed", reason=reason)
    return Outcome(name=case.name, kind="passed")


def _not_carried(case: Any) -> str:
    """Why the protocol can't carry a case's tensors; empty if it can."""
    graph = case.model.graph
    if not graph.input:
        return "a model without inputs answers nothing that is asked"
    for value in (*graph.input, *graph.output):
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"'{value.name}' is a {(kind or 'value of no type').removesuffix('_type')}"
        name = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
        if value.type.tensor_type.elem_type == TensorProto.STRING:
            continue
        try:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        except KeyError:
            return f"'{value.name}' has the type {name}"
        if dtype not in _CARRIED:
            return f"'{value.name}' has the type {name}"
    return ""


def _published(model: onnx.ModelProto, store: str) -> str:
    """Write a model to the store as a version of its own; gives its pinned URI."""
    data = model.SerializeToString()
    session = ModelSession(data)
    digest = hashlib.sha256(data).hexdigest()
    manifest = Manifest(
        name="case",
        source=Source(framework="onnx", format="onnx", sha256=digest, versions={}),
        signature=Signature(inputs=session.inputs, outputs=session.outputs),
        blobs=(
            Blob(
                role="model",
                path="model.onnx",
                compression="none",
                size=len(data),
                sha256=digest,
                unpacked_size=len(data),
                unpacked_sha256=digest,
            ),
        ),
        compression="lossless",
        certificate=CertificateSummary(passed=True, rows=0, max_abs_diff=0.0, label_agreement=None),
        runtime=RuntimeNeeds(
            ir_version=model.ir_version,
            opsets={entry.domain: entry.version for entry in model.opset_import},
            onnxruntime="",
        ),
    )
    uri = ModelUri(root=store, name="case", digest=manifest.digest)
    target = open_store(store, create=True)
    obstore.put(target, uri.blob_path("model.onnx"), data)
    obstore.put(target, uri.manifest_path, manifest.to_bytes())
    return str(uri)


def _handler(uri: str) -> Answering:
    """The function's way from event to answer, with the model; what `predict.py` puts together."""
    settings = Settings.from_environment({"MODEL_URI": uri, **_QUIET})
    return Answering(settings, ModelHolder(settings), Telemetry(settings))


def _problem(handler: Answering, case: Any, inputs: Sequence[Any], expected: Sequence[Any]) -> str:
    names = [value.name for value in case.model.graph.input]
    given = [_array(value) for value in inputs]
    asked = [_input(name, array) for name, array in zip(names, given, strict=False)]
    outputs = [value.name for value in case.model.graph.output]
    wanted = [InferRequestedOutput(name, binary_data=True) for name in outputs]
    body, size = InferenceServerClient.generate_request_body(asked, outputs=wanted)
    answer = handler.answer(_event(body, size), _CONTEXT)
    if answer["statusCode"] != HTTPStatus.OK:
        return f"{answer['statusCode']}: {answer['body']}"
    data = answer["body"].encode()
    data = base64.b64decode(data) if answer["isBase64Encoded"] else data
    length = answer["headers"].get("inference-header-content-length")
    result = InferenceServerClient.parse_response_body(
        data, header_length=int(length) if length else None
    )
    for name, array in zip(outputs, expected, strict=True):
        told = result.get_output(name)
        found = result.as_numpy(name)
        if found is not None and not found.size:  # of nothing, the client forgets the type
            found = found.astype(triton_to_np_dtype(told["datatype"])).reshape(told["shape"])
        if problem := _apart(found, _array(array), case):
            return f"output '{name}' {problem}"
    return ""


def _bare_problem(
    case: Any, inputs: Sequence[Any], expected: Sequence[Any], handler: Answering
) -> str:
    """How onnxruntime alone, without any of ours, differs from what a case expects.

    Empty if it does not, or if the handler answers otherwise than onnxruntime does.
    """
    graph = case.model.graph
    session = ort.InferenceSession(
        case.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in graph.input]
    try:
        found = session.run(None, dict(zip(names, map(_array, inputs), strict=False)))
    except Exception as error:  # noqa: BLE001 - it fails in many ways
        return _brief(error)
    exact = SimpleNamespace(model=case.model, rtol=0, atol=0)
    if _problem(handler, exact, inputs, found):
        return ""
    for value, array, answer in zip(graph.output, expected, found, strict=True):
        if problem := _apart(answer, _array(array), case):
            return f"output '{value.name}' {problem}"
    return ""


def _array(value: Any) -> np.ndarray:
    """An input or an output of a case, of which some are ONNX tensors."""
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def _input(name: str, array: np.ndarray) -> InferInput:
    texts = array.dtype.kind in "OUS"
    data = array.astype(object) if texts else array
    told = InferInput(
        name, list(array.shape), "BYTES" if texts else np_to_triton_dtype(array.dtype)
    )
    told.set_data_from_numpy(data, binary_data=True)
    return told


def _event(body: bytes, size: int | None) -> dict[str, Any]:
    headers = {"content-type": "application/octet-stream"}
    if size is not None:
        headers["inference-header-content-length"] = str(size)
    return {
        "version": "2.0",
        "rawPath": "/v2/models/case/infer",
        "headers": headers,
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _apart(found: np.ndarray | None, expected: np.ndarray, case: Any) -> str:
    """How an answer differs from what the case expects; empty if it does not."""
    if found is None:
        return "is not in the answer"
    if found.shape != expected.shape:
        return f"has the shape {list(found.shape)} instead of {list(expected.shape)}"
    if expected.dtype.kind in "OUS":
        texts = np.vectorize(lambda value: value.decode(), otypes=[object])(found)
        return "" if (texts == expected.astype(object)).all() else "has other strings"
    if found.dtype != expected.dtype:
        return f"is of {found.dtype} instead of {expected.dtype}"
    with np.errstate(all="ignore"):
        same = np.allclose(
            found.astype(np.float64), expected.astype(np.float64),
            rtol=case.rtol, atol=case.atol, equal_nan=True,
        ) if expected.dtype.kind == "f" else np.array_equal(found, expected)  # fmt: skip
    return "" if same else "has other values"


def _brief(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:200]


_QUIET = {"COLDPRESS_LOG_REQUESTS": "off", "POWERTOOLS_METRICS_DISABLED": "true"}
