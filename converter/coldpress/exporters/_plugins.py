"""What a plugin has told skl2onnx comes before what skl2onnx and Coldpress say themselves."""

from __future__ import annotations

from skl2onnx._parse import sklearn_parsers_map
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common._registration import get_converter

__all__ = ["has_converter", "has_parser"]

_OURS = frozenset({"skl2onnx", "coldpress"})


def has_converter(kind: type) -> bool:
    """Whether a plugin registered a converter for a class."""
    alias = sklearn_operator_name_map.get(kind)
    return alias is not None and _is_foreign(get_converter(alias))


def has_parser(kind: type) -> bool:
    """Whether a plugin registered what says a class's outputs."""
    return kind in sklearn_parsers_map and _is_foreign(sklearn_parsers_map[kind])


def _is_foreign(function: object) -> bool:
    # skl2onnx keeps a converter in an object of its own.
    owner = getattr(function, "_fct", function)
    return getattr(owner, "__module__", "").partition(".")[0] not in _OURS
