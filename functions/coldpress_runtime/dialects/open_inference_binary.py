"""The binary tensor extension: raw tensors after the JSON of a request, and of an answer.

Source: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.errors import RequestError
from coldpress_runtime.exchange import Response
from coldpress_runtime.session import Tensors

from . import binary_tensors
from .open_inference_json import BINARY_HEADER, encode_tensor
from .open_inference_parameters import Form, Forms

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RawTensors", "respond", "split"]

_CONTENT_TYPE = "application/octet-stream"
# Beyond this a number is no length of a body, and int() refuses thousands of digits.
_DIGITS = 18


class RawTensors:
    """What follows a request's JSON: the bytes of tensors, in the order of the inputs.

    Args:
        data: All of it.
    """

    __slots__ = ("_data", "_taken")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._taken = 0

    def take(self, where: str, size: int) -> memoryview:
        """The next input's bytes.

        Raises:
            RequestError: There are not so many left.
        """
        left = len(self._data) - self._taken
        if size > left:
            raise RequestError(
                f"{where} has {size} as its binary_data_size, but {left:,} bytes are left"
            )
        self._taken += size
        return self._data[self._taken - size : self._taken]

    def finish(self) -> None:
        """Check that nothing is left once every input has its bytes.

        Raises:
            RequestError: Something is.
        """
        if left := len(self._data) - self._taken:
            raise RequestError(f"{left:,} bytes follow the last tensor's")


def split(body: bytes, length: str) -> tuple[bytes, RawTensors]:
    """A body's JSON, and what follows it.

    Args:
        body: The whole of it, its content encoding undone.
        length: The header's value: how many bytes the JSON has.

    Raises:
        RequestError: It is no whole number from 1, or the body has not so many bytes.
    """
    text = length.strip()
    sound = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    if not sound or not 0 < (end := int(text)) <= len(body):
        raise RequestError(
            "the header Inference-Header-Content-Length must be a whole number from 1 to the "
            f"body's {len(body):,} bytes, not '{text:.64}'"
        )
    return body[:end], RawTensors(memoryview(body)[end:])


def respond(
    document: dict[str, Any], specs: Sequence[TensorSpec], forms: Forms, results: Tensors
) -> Response:
    """The answer to a request that wants an output in another form than as JSON.

    Args:
        document: The answer without its outputs.
        specs: The outputs that were asked for.
        forms: How each is sent.
        results: What the model gave, by name.

    Raises:
        RequestError: An output that is asked for by its classes has none.
    """
    parts: list[Any] = []
    told = [_told(spec, results[spec.name], forms.of(spec.name), parts) for spec in specs]
    head = orjson.dumps({**document, "outputs": told}, option=orjson.OPT_SERIALIZE_NUMPY)
    if not parts:
        return Response(status=200, body=head)
    return Response(
        status=200,
        body=b"".join([head, *parts]),
        headers={BINARY_HEADER: str(len(head))},
        content_type=_CONTENT_TYPE,
    )


def _told(spec: TensorSpec, array: NDArray[Any], form: Form, parts: list[Any]) -> dict[str, Any]:
    """An output as it stands in the JSON; one that is sent as bytes is added to the parts."""
    if form.classes:
        from .classification import classified  # noqa: PLC0415 - for who asks for it

        spec, array = classified(spec, array, form.classes)
    if not form.binary:
        return encode_tensor(spec, array)
    data = binary_tensors.encode(spec.datatype, array)
    parts.append(data)
    size = len(data) if isinstance(data, bytes) else data.nbytes
    return {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": array.shape,
        "parameters": {"binary_data_size": size},
    }
