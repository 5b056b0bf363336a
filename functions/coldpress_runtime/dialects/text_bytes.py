"""Strings as base64, the way TensorFlow Serving's clients send bytes: ``{"b64": "…"}``.

Source: https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress_runtime.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["as_bytes", "text_of"]


def text_of(where: str, encoded: object) -> str:
    """The string that base64 stands for.

    Args:
        where: What to call the input in errors.
        encoded: The base64, not yet checked.

    Raises:
        RequestError: It is no base64, or no UTF-8, which is what onnxruntime's strings are.
    """
    if not isinstance(encoded, str):
        raise RequestError(f"{where}: b64 must be a string of base64")
    try:
        return binascii.a2b_base64(encoded.encode(), strict_mode=True).decode()
    except UnicodeDecodeError as error:
        raise RequestError(f"{where}: bytes in b64 are no UTF-8, as they have to be") from error
    except binascii.Error as error:
        raise RequestError(f"{where}: b64 is not sound base64") from error


def as_bytes(array: NDArray[Any]) -> NDArray[Any]:
    """An array of strings with each of them as an object of base64."""
    coded: NDArray[Any] = np.vectorize(_object_of, otypes=[np.object_])(array)
    return coded


def _object_of(text: str) -> dict[str, str]:
    return {"b64": binascii.b2a_base64(text.encode(), newline=False).decode()}
