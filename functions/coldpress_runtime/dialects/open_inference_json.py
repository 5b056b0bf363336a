"""Inference requests and responses of the Open Inference Protocol v2, with tensors as JSON.

Raw tensors beside the JSON, and parameters, are read by modules that are imported with the first
request that has them.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from coldpress_runtime.artifact import Manifest, Signature, TensorSpec
from coldpress_runtime.errors import PayloadTooLarge, RequestError
from coldpress_runtime.options import Limits
from coldpress_runtime.session import DTYPES, Tensors

from . import json_tensors
from .json_body import object_of, parse_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .open_inference_binary import RawTensors
    from .open_inference_parameters import Forms

__all__ = [
    "BINARY_HEADER",
    "InferenceRequest",
    "answered",
    "chosen",
    "encode_tensor",
    "example",
    "parse",
    "render",
]

# Where raw tensors follow the JSON, its length.
BINARY_HEADER = "inference-header-content-length"
_DEFAULT_LIMITS = Limits()


class InferenceRequest(NamedTuple):
    """A parsed inference request.

    Attributes:
        id: The caller's own identifier, echoed; None if not given.
        tensors: Inputs by name, in the datatype and shape that the request declares.
        outputs: Names of the outputs asked for; empty for all.
        forms: How the outputs are sent, if not each as JSON.
    """

    id: str | None
    tensors: Tensors
    outputs: tuple[str, ...]
    forms: Forms | None = None


def parse(
    body: bytes, limits: Limits = _DEFAULT_LIMITS, raw: RawTensors | None = None
) -> InferenceRequest:
    """Read an inference request.

    Args:
        body: Its JSON.
        limits: What it may hold.
        raw: The tensors that follow the JSON, if any may.

    Raises:
        RequestError: It is not JSON, or not an inference request, or a tensor's data do not agree
            with its shape and datatype; the message says where.
        PayloadTooLarge: Its tensors have more values than the limit.
    """
    document = object_of(parse_json(body, limits))
    outputs = [] if document.get("outputs") is None else _objects(document, "outputs")
    return InferenceRequest(
        id=_optional_text(document, "id", "the request's id"),
        tensors=_inputs(document, limits, raw),
        outputs=_names(outputs) if outputs else (),
        forms=_forms(document, outputs),
    )


def chosen(signature: Signature, request: InferenceRequest) -> Sequence[TensorSpec]:
    """The outputs asked for, in the order asked.

    Raises:
        RequestError: An output that was asked for is not the model's.
    """
    if not request.outputs:
        return signature.outputs
    specs = {spec.name: spec for spec in signature.outputs}
    if unknown := [name for name in request.outputs if name not in specs]:
        raise RequestError(
            f"unknown output '{unknown[0]:.64}'; this model gives "
            + ", ".join(f"'{name}'" for name in specs)
        )
    return [specs[name] for name in request.outputs]


def answered(manifest: Manifest, version: str, request: InferenceRequest) -> dict[str, Any]:
    """The inference response without its outputs."""
    document: dict[str, Any] = {"model_name": manifest.name, "model_version": version}
    if request.id is not None:
        document["id"] = request.id
    return document


def render(document: dict[str, Any], specs: Sequence[TensorSpec], results: Tensors) -> bytes:
    """The inference response with each output as JSON.

    A NaN or an infinity, which JSON can't carry, becomes null.
    """
    document["outputs"] = [encode_tensor(spec, results[spec.name]) for spec in specs]
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


def _inputs(
    document: Mapping[str, Any], limits: Limits, raw: RawTensors | None
) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    elements = 0
    for fields in _objects(document, "inputs"):
        name = _name(fields, "input")
        if name in tensors:
            raise RequestError(f"input '{name:.64}' is there twice")
        tensors[name] = tensor = _tensor(f"input '{name:.64}'", fields, limits, raw)
        elements += tensor.size
        if elements > limits.elements:
            raise PayloadTooLarge(
                f"the request's tensors have more than {limits.elements:,} values, which is the "
                "limit; send fewer rows"
            )
    if not tensors:
        raise RequestError("the request has no inputs")
    return tensors


def _tensor(
    where: str, fields: Mapping[str, Any], limits: Limits, raw: RawTensors | None
) -> NDArray[Any]:
    datatype, shape = fields.get("datatype"), fields.get("shape")
    if fields.get("parameters") is not None:
        from .open_inference_parameters import binary_size  # noqa: PLC0415 - not for most

        size = binary_size(fields, where)
        if size is not None:
            from .binary_tensors import decode  # noqa: PLC0415 - as above

            data = _raw(where, raw, size)
            return decode(where, datatype=datatype, shape=shape, data=data, limits=limits)
    return json_tensors.decode(
        where, datatype=datatype, shape=shape, data=fields.get("data"), limits=limits
    )


def _raw(where: str, raw: RawTensors | None, size: int) -> memoryview:
    if raw is None:
        raise RequestError(
            f"{where} has a binary_data_size, but the request has no header "
            "Inference-Header-Content-Length"
        )
    return raw.take(where, size)


def _names(outputs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    names = tuple(_name(fields, "requested output") for fields in outputs)
    if len(set(names)) != len(names):
        raise RequestError("an output is requested twice")
    return names


def _forms(document: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]]) -> Forms | None:
    if not [fields for fields in (document, *outputs) if fields.get("parameters") is not None]:
        return None
    from .open_inference_parameters import forms_of  # noqa: PLC0415 - not for most

    forms = forms_of(document, outputs)
    return None if forms.are_plain else forms


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
