"""Our own converters, which take the place of skl2onnx's where those are wrong or missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from skl2onnx import update_registered_converter
from skl2onnx._parse import update_registered_parser
from skl2onnx._supported_operators import sklearn_operator_name_map

from coldpress.exporters._plugins import has_converter, has_parser

from . import (
    _bins,
    _corrections,
    _encoders,
    _functions,
    _histogram,
    _knn_imputer,
    _leaves,
    _meta,
    _neighbours,
    _polynomials,
    _powers,
    _quantiles,
    _scalers,
    _stacking,
    _targets,
    _texts,
    _trees,
    _votes,
)

__all__ = ["CONVERTERS", "PRECISE", "SHAPES", "register_missing", "without_plugins"]

_Registered = TypeVar("_Registered")

# For skl2onnx's `custom_conversion_functions` and `custom_shape_calculators`; estimators inside
# others are looked up here, too.
CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    **_trees.CONVERTERS,
    **_encoders.CONVERTERS,
    **_bins.CONVERTERS,
    **_corrections.CONVERTERS,
    **_functions.CONVERTERS,
    **_leaves.CONVERTERS,
    **_histogram.CONVERTERS,
    **_meta.CONVERTERS,
    **_knn_imputer.CONVERTERS,
    **_neighbours.CONVERTERS,
    **_polynomials.CONVERTERS,
    **_powers.CONVERTERS,
    **_quantiles.CONVERTERS,
    **_scalers.CONVERTERS,
    **_stacking.CONVERTERS,
    **_targets.CONVERTERS,
    **_texts.CONVERTERS,
    **_votes.CONVERTERS,
}
PRECISE = {**_scalers.PRECISE, **_quantiles.PRECISE}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    **_encoders.SHAPES,
    **_bins.SHAPES,
    **_corrections.SHAPES,
    **_functions.SHAPES,
    **_leaves.SHAPES,
    **_histogram.SHAPES,
    **_meta.SHAPES,
    **_knn_imputer.SHAPES,
    **_neighbours.SHAPES,
    **_polynomials.SHAPES,
    **_powers.SHAPES,
    **_quantiles.SHAPES,
    **_scalers.SHAPES,
    **_stacking.SHAPES,
    **_votes.SHAPES,
    **_targets.SHAPES,
    **_texts.SHAPES,
}
# What every classifier of skl2onnx's may be asked for.
_OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False]}


def register_missing() -> None:
    """Tell skl2onnx of the estimators that it doesn't know at all, and what they give."""
    for kind in SHAPES.keys() - sklearn_operator_name_map.keys():
        options = _OPTIONS if hasattr(kind, "predict_proba") else None
        alias = f"Coldpress{kind.__name__}"
        update_registered_converter(kind, alias, SHAPES[kind], CONVERTERS[kind], options=options)
    for kind, parser in _targets.PARSERS.items():
        if not (has_converter(kind) or has_parser(kind)):
            update_registered_parser(kind, parser)


def without_plugins(ours: Mapping[type, _Registered]) -> dict[type, _Registered]:
    """Converters or shapes of our own but for the classes that a plugin converts."""
    return {kind: function for kind, function in ours.items() if not has_converter(kind)}
