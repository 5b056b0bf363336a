"""Inference requests and responses of the Open Inference Protocol v2, with tensors as JSON.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from coldpress_runtime.artifact import Manifest, Signature, TensorSpec
from coldpress_runtime.errors import RequestError
from coldpress_runtime.options import Limits
from coldpress_runtime.session import DTYPES, Tensors

from . import json_tensors
from .json_body import object_of, parse_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["InferenceRequest", "encode_tensor", "example", "parse", "render"]

_DEFAULT_LIMITS = Limits()


class InferenceRequest(NamedTuple):
    """A parsed inference request.

    Attributes:
        id: The caller's own identifier, echoed; None if not given.
        tensors: Inputs by name, in the datatype and shape that the request declares.
        outputs: Names of the outputs asked for; empty for all.
    """

    id: str | None
    tensors: Tensors
    outputs: tuple[str, ...]


def parse(body: bytes, limits: Limits = _DEFAULT_LIMITS) -> InferenceRequest:
    """Read an inference request.

    Raises:
        RequestError: It is not JSON, or not an inference request, or a tensor's data do not agree
            with its shape and datatype; the message says where.
    """
    document = object_of(parse_json(body, limits))
    return InferenceRequest(
        id=_optional_text(document, "id", "the request's id"),
        tensors=_inputs(document, limits),
        outputs=_requested(document),
    )


def render(manifest: Manifest, version: str, request: InferenceRequest, results: Tensors) -> bytes:
    """The inference response: the outputs asked for, in the order asked.

    A NaN or an infinity, which JSON can't carry, becomes null.

    Raises:
        RequestError: An output that was asked for is not the model's.
    """
    specs = {spec.name: spec for spec in manifest.signature.outputs}
    names = request.outputs or tuple(specs)
    if unknown := [name for name in names if name not in specs]:
        raise RequestError(
            f"unknown output '{unknown[0]:.64}'; this model gives "
            + ", ".join(f"'{name}'" for name in specs)
        )
    document: dict[str, Any] = {"model_name": manifest.name, "model_version": version}
    if request.id is not None:
        document["id"] = request.id
    document["outputs"] = [encode_tensor(specs[name], results[name]) for name in names]
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def example(signature: Signature, *, most_bytes: int) -> bytes | None:
    """An inference request of zeros, or of empty strings, with 1 for each free dimension.

    None if it would have more bytes than `most_bytes`; a value takes two at least.
    """
    if 2 * sum(prod(_smallest(spec)) for spec in signature.inputs) > most_bytes:
        return None
    inputs = [_zeros(spec) for spec in signature.inputs]
    return orjson.dumps({"inputs": inputs}, option=orjson.OPT_SERIALIZE_NUMPY)


def encode_tensor(spec: TensorSpec, array: NDArray[Any]) -> dict[str, Any]:
    """A tensor as the protocol's object; orjson writes it with `OPT_SERIALIZE_NUMPY`."""
    return {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": list(array.shape),
        "data": json_tensors.encode(spec.datatype, array),
    }


def _smallest(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(1 if size < 0 else size for size in spec.shape)


def _zeros(spec: TensorSpec) -> dict[str, Any]:
    kind = DTYPES[spec.datatype]
    return encode_tensor(spec, np.full(_smallest(spec), "" if kind.hasobject else 0, dtype=kind))


def _inputs(document: Mapping[str, Any], limits: Limits) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for fields in _objects(document, "inputs"):
        name = _name(fields, "input")
        if name in tensors:
            raise RequestError(f"input '{name:.64}' is there twice")
        tensors[name] = json_tensors.decode(
            f"input '{name:.64}'",
            datatype=fields.get("datatype"),
            shape=fields.get("shape"),
            data=fields.get("data"),
            limits=limits,
        )
    if not tensors:
        raise RequestError("the request has no inputs")
    return tensors


def _requested(document: Mapping[str, Any]) -> tuple[str, ...]:
    if "outputs" not in document:
        return ()
    names = tuple(_name(fields, "requested output") for fields in _objects(document, "outputs"))
    if len(set(names)) != len(names):
        raise RequestError("an output is requested twice")
    return names


def _name(fields: Mapping[str, Any], what: str) -> str:
    name = fields.get("name")
    if not isinstance(name, str):
        raise RequestError(f"every {what} needs a name, a string")
    return name


def _objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = document.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RequestError(f"the request's {key} must be a list of objects")
    return value


def _optional_text(document: Mapping[str, Any], key: str, where: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"{where} must be a string")
    return value
