"""What is fuzzed: every way by which bytes of a stranger's come in, through the whole handler."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from coldpress_runtime.errors import NotARequest

__all__ = ["MOST_BYTES", "TARGETS", "Asked", "Target", "answers"]

# Largest request that is made: what is longer reaches no other lines, only more of the same.
MOST_BYTES = 4096
_MODEL = "irises"
_ROW = [5.1, 3.5, 1.4, 0.2]
_NAMES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
_TENSOR = {"name": "input", "shape": [1, 4], "datatype": "FP64"}
_LEAKS = ("Traceback", "/tmp/", "/site-packages/", "coldpress_runtime")  # noqa: S108 - shown to nobody
# What a sound function never says, whatever it is asked.
_FAULTS = (500, 502, 503, 504)

Handler = Callable[[Any, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that goes to the handler as an HTTP API's event.

    Attributes:
        path: Its path.
        headers: Its headers.
    """

    path: str
    headers: dict[str, str]

    def event(self, body: bytes) -> dict[str, Any]:
        """The event of the request with a body."""
        return {
            "version": "2.0",
            "rawPath": self.path,
            "headers": self.headers,
            "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A kind of request.

    Attributes:
        name: What it is called in the table.
        seeds: Sound bodies, which the fuzzer begins with.
        event: The event for a body; None for one that is no event.
    """

    name: str
    seeds: tuple[bytes, ...]
    event: Callable[[bytes], Any]


def answers(handler: Handler, target: Target) -> Callable[[bytes], None]:
    """A function that asks the handler, and raises where it must not answer as it does."""
    context = SimpleNamespace(aws_request_id="fuzz")

    def ask(data: bytes) -> None:
        with redirect_stdout(io.StringIO()):
            try:
                answer = handler(target.event(data), context)
            except NotARequest:  # what a queue would send again
                return
        status = answer.get("statusCode", answer.get("status", 200))
        if status in _FAULTS:
            raise AssertionError(f"status {status}: {answer}")
        body = answer.get("body", "")
        # An answer to HEAD has no body, nor has one to OPTIONS.
        if status >= 400 and body and "error" not in body:
            raise AssertionError(f"an error without its sentence: {answer}")
        for leak in _LEAKS:
            # What the request says itself may be told again.
            if leak in body and leak.encode() not in data:
                raise AssertionError(f"the answer shows {leak}: {body}")

    return ask


def _dumps(document: Any) -> bytes:
    return json.dumps(document).encode()


def _nested(shape: list[int], data: list[Any]) -> Any:
    """Flat values as lists within lists."""
    if not shape:
        return data[0]
    step = len(data) // max(1, shape[0])
    return [
        _nested(shape[1:], data[at * step : (at + 1) * step]) if shape[1:] else data[at]
        for at in range(shape[0])
    ]


def _post(name: str, path: str, kind: str, *seeds: bytes, **headers: str) -> Target:
    asked = Asked(path=path, headers={"content-type": kind, **headers})
    return Target(name=name, seeds=seeds, event=asked.event)


def _binary_event(data: bytes) -> dict[str, Any]:
    """The first two bytes say how long the header is."""
    size = int.from_bytes(data[:2], "little")
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(size),
    }
    return Asked(path=f"/v2/models/{_MODEL}/infer", headers=headers).event(data[2:])


def _binary_seeds() -> Iterator[bytes]:
    raw = struct.pack("<4d", *_ROW)
    for more in ({}, {"parameters": {"binary_data_output": True}}):
        tensor = {**_TENSOR, "parameters": {"binary_data_size": len(raw)}}
        head = _dumps({"inputs": [tensor], **more})
        yield len(head).to_bytes(2, "little") + head + raw


def _any_event(data: bytes) -> Any:
    """An event as Lambda hands it over: any JSON at all."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _encoded_event(data: bytes) -> dict[str, Any]:
    """The first byte says which content encoding it claims."""
    names = ("gzip", "deflate", "x-gzip", "gzip, gzip", "br", "identity")
    headers = {"content-encoding": names[(data[:1] or b"\0")[0] % len(names)]}
    return Asked(path=f"/v2/models/{_MODEL}/infer", headers=headers).event(data[1:])


def _encoded_seeds() -> Iterator[bytes]:
    import gzip
    import zlib

    yield b"\x00" + gzip.compress(_INFER)
    yield b"\x01" + zlib.compress(_INFER)
    yield b"\x05" + _INFER


_INFER = _dumps({"id": "1", "inputs": [{**_TENSOR, "data": _ROW}], "outputs": [{"name": "label"}]})
_EACH: dict[str, tuple[str, list[int], list[Any]]] = {
    **{f"INT{bits}": (f"INT{bits}", [1, 2], [-1, 2 ** (bits - 1) - 1]) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": (f"UINT{bits}", [1, 2], [0, 2**bits - 1]) for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": (f"FP{bits}", [1, 2], [-0.5, 1e4]) for bits in (16, 32, 64)},
    "BOOL": ("BOOL", [1, 2], [True, False]),
    "BYTES": ("BYTES", [1, 2], ["a", "é"]),
    "scalar": ("FP32", [], [1.5]),
    "empty": ("INT64", [1, 0], []),
    "image": ("UINT8", [1, 1, 2, 3], [0, 1, 2, 3, 4, 5]),
}
_EACH_AS_JSON = _dumps(
    {
        "inputs": [
            {"name": name, "datatype": datatype, "shape": shape, "data": data}
            for name, (datatype, shape, data) in _EACH.items()
        ]
    }
)
_EACH_NESTED = _dumps(
    {"inputs": {name: _nested(shape, data) for name, (_, shape, data) in _EACH.items()}}
)
_TARGET = {"x-amzn-sagemaker-target-model": _MODEL}
_TABLE = {"columns": list(_NAMES), "index": [0], "data": [_ROW]}
_RECORD = dict(zip(_NAMES, _ROW, strict=True))
_EVENTS = (
    Asked(path=f"/v2/models/{_MODEL}/infer", headers={}).event(_INFER),
    {"inputs": [{**_TENSOR, "data": _ROW}], "model_name": _MODEL},
    {"httpMethod": "GET", "path": "/v2", "headers": {}, "requestContext": {"resourceId": "a"}},
    {"httpMethod": "GET", "path": "/ping", "requestContext": {"elb": {}}, "multiValueHeaders": {}},
)

TARGETS = (
    _post("Open Inference Protocol", f"/v2/models/{_MODEL}/infer", "application/json", _INFER),
    _post(
        "Open Inference Protocol, every datatype",
        "/v2/models/echo/infer",
        "application/json",
        _EACH_AS_JSON,
    ),
    Target(name="binary tensors", seeds=tuple(_binary_seeds()), event=_binary_event),
    _post(
        "TensorFlow Serving",
        f"/v1/models/{_MODEL}:predict",
        "application/json",
        _dumps({"signature_name": "serving_default", "instances": [_ROW]}),
        _dumps({"inputs": {"input": [_ROW]}}),
    ),
    _post(
        "TensorFlow Serving, every datatype",
        "/v1/models/echo:predict",
        "application/json",
        _EACH_NESTED,
    ),
    _post(
        "invocations, every datatype",
        "/invocations",
        "application/json",
        _EACH_NESTED,
        **{"x-amzn-sagemaker-target-model": "echo"},
    ),
    _post(
        "invocations, JSON",
        "/invocations",
        "application/json",
        _dumps({"dataframe_split": _TABLE}),
        _dumps({"dataframe_records": [_RECORD]}),
        _dumps({"instances": [_ROW]}),
        _dumps({"instances": [_RECORD]}),
        _dumps({"inputs": [_ROW]}),
        _dumps({"inputs": {name: [value] for name, value in _RECORD.items()}}),
        **_TARGET,
    ),
    _post(
        "invocations, CSV",
        "/invocations",
        "text/csv",
        f'{",".join(_NAMES)}\n5.1,3.5,1.4,0.2\n"4.9",3,1.4,\n'.encode(),
        **_TARGET,
    ),
    _post("records", f"/predict/{_MODEL}", "application/json", _dumps([_RECORD, _RECORD])),
    Target(name="content encodings", seeds=tuple(_encoded_seeds()), event=_encoded_event),
    Target(name="events", seeds=tuple(map(_dumps, _EVENTS)), event=_any_event),
)
