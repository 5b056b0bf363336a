"""Strings as base64, the way TensorFlow Serving's clients send bytes: ``{"b64": "…"}``.

Source: https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md
"""

from __future__ import annotations

import binascii
from base64 import b64encode

from coldpress_runtime.errors import RequestError

__all__ = ["base64_of", "text_of"]


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


def base64_of(text: str) -> str:
    """The base64 of a string in UTF-8."""
    return b64encode(text.encode()).decode()
