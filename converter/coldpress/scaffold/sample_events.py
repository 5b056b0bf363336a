"""Sample events of one's own model: the kit's, with that model's name and one of its requests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from coldpress.bundle import Bundle
from coldpress.resources import resource

if TYPE_CHECKING:
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["example_request", "sample_events"]

# The model of the kit's own events.
_MODEL = "breast-cancer"
_KEPT = ("http-infer", "http-model", "http-infer-wrong-shape", "rest-infer", "direct-infer")
_QUEUE = "sqs-infer"


def sample_events(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """Events that a deployed function would get, by name; those called ``wrong`` are refused.

    Args:
        bundle: The model; the events' request is its first golden example, if it has any.

    Raises:
        BundleError: The golden examples can't be read.
    """
    request = example_request(bundle)
    events = {name: _event(name, bundle.manifest.name, request) for name in _KEPT}
    return events | {_QUEUE: _messages(request)}


def example_request(bundle: Bundle) -> dict[str, Any]:
    """A request of the Open Inference Protocol that the model answers.

    The first golden example's; without any, zeros and empty words in the signature's shapes.
    """
    if examples := bundle.golden():
        return {"inputs": examples[0]["request"]["inputs"]}
    return {"inputs": [_blank(spec) for spec in bundle.manifest.signature.inputs]}


def _blank(spec: TensorSpec) -> dict[str, Any]:
    shape = [1 if size < 0 else size for size in spec.shape]
    value: object = {"BYTES": "", "BOOL": False}.get(spec.datatype, 0)
    return {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": shape,
        "data": [value] * prod(shape),
    }


def _event(name: str, model: str, request: dict[str, Any]) -> dict[str, Any]:
    if name.startswith("direct-"):
        return request
    event: dict[str, Any] = _renamed(_shipped(name), model)
    if event.get("body"):
        event["body"] = json.dumps(_misshapen(request) if "wrong" in name else request)
        for header in ("content-length", "Content-Length"):
            if header in event["headers"]:
                event["headers"][header] = str(len(event["body"].encode()))
    return event


def _messages(request: dict[str, Any]) -> dict[str, Any]:
    record = _shipped(_QUEUE)["Records"][0]
    body = json.dumps(request)
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return {"Records": [{**record, "body": body, "md5OfBody": digest}]}


def _misshapen(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with one value too few for the shape that it says."""
    first, *others = request["inputs"]
    shape = [*first["shape"][:-1], first["shape"][-1] + 1] if first["shape"] else [2]
    return {"inputs": [{**first, "shape": shape}, *others]}


def _shipped(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(resource("events", f"{name}.json").read_bytes())
    return event


def _renamed(value: Any, model: str) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, str):
        return value.replace(_MODEL, model)
    if isinstance(value, dict):
        return {key: _renamed(each, model) for key, each in value.items()}
    return value
