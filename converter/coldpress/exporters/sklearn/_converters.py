"""Our own converters, which take the place of skl2onnx's where those are wrong or missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import _encoders, _trees

__all__ = ["CONVERTERS", "SHAPES"]

# For skl2onnx's `custom_conversion_functions` and `custom_shape_calculators`; estimators inside
# others are looked up here, too.
CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    **_trees.CONVERTERS,
    **_encoders.CONVERTERS,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {**_encoders.SHAPES}
