"""Encoders and imputers of words, categories and numbers, with gaps in them.

skl2onnx takes no missing words, gives a missing category a number of its own only in some cases,
merges infrequent categories in few, and turns categories that are fractions away. Here all
encoders are alike: a column becomes the positions of its values among the categories, with one
more position for what is unknown, and a table says what each position becomes. Missing words are
the empty string, as in the graph's inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from pandas import isna
from skl2onnx.common.data_types import Int64TensorType, StringTensorType
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.utils._missing import is_scalar_nan

from coldpress.errors import ExportError

from ._nodes import Nodes, float_type, is_text

__all__ = ["CONVERTERS", "SHAPES"]


def _positions(nodes: Nodes, column: str, variable: Any, categories: NDArray[Any]) -> str:  # noqa: ANN401
    """Where each value stands among the categories, ``(rows,)``; their count if nowhere."""
    if is_text(variable):
        keys = ["" if isna(value) else str(value) for value in categories.tolist()]
        if keys.count("") > 1:
            raise ExportError(
                f"{type(nodes.operator.raw_operator).__name__} has several kinds of missing words "
                "among its categories, such as None, NaN and the empty text, and ONNX carries them "
                "alike; use one of them in the rows that it is fitted on"
            )
        found = nodes(
            "LabelEncoder",
            column,
            ml=True,
            keys_strings=[key.encode() for key in keys],
            values_int64s=list(range(len(keys))),
            default_int64=len(keys),
        )
        return nodes("Reshape", found, np.array([-1]))
    numbers = nodes("Cast", column, to=nodes.float_type)
    known = categories.astype(np.float64)
    equal = nodes("Equal", numbers, known.reshape(1, -1))
    if (missing := np.isnan(known)).any():
        gap = nodes("And", nodes("IsNaN", numbers), missing.reshape(1, -1))
        equal = nodes("Or", equal, gap)
    hits = nodes("Cast", equal, to=onnx.TensorProto.FLOAT)
    first = nodes("ArgMax", hits, axis=1, keepdims=0)
    known_at_all = nodes("Cast", nodes("ReduceMax", hits, np.array([1]), keepdims=0),
                         to=onnx.TensorProto.BOOL)  # fmt: skip
    return nodes("Where", known_at_all, first, np.array(len(known)))


def _encode(nodes: Nodes, tables: list[NDArray[Any]], categories: list[NDArray[Any]]) -> list[str]:
    """Each column by its table, whose last row is for what is unknown: ``(rows, width)``."""
    parts: list[str] = []
    columns = nodes.columns()
    for (column, variable), table, known in zip(columns, tables, categories, strict=True):
        if table.shape[1]:
            positions = _positions(nodes, column, variable, known)
            parts.append(nodes("Gather", table, positions, axis=0))
    return parts


def _give(nodes: Nodes, parts: list[str], dtype: Any) -> None:  # noqa: ANN401 - a numpy dtype
    whole = nodes.side_by_side(parts)
    to = onnx.TensorProto.INT64 if np.dtype(dtype).kind in "iub" else nodes.float_type
    nodes.give(nodes("Cast", whole, to=to))


def _convert_one_hot(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    encoder, nodes = operator.raw_operator, Nodes(scope, operator, container)
    parts: list[str] = []
    for index, (column, variable) in enumerate(nodes.columns()):
        places, width = _places(encoder, index)
        if width:
            found = _positions(nodes, column, variable, encoder.categories_[index])
            place = nodes("Gather", places, found, axis=0)
            # One more column than there are, for what gets no 1 at all, is cut off again.
            hot = nodes("OneHot", place, np.array([width + 1]), np.array([0, 1]), axis=1)
            parts.append(nodes("Slice", hot, np.array([0]), np.array([width]), np.array([1])))
    _give(nodes, parts, encoder.dtype)


def _places(encoder: OneHotEncoder, index: int) -> tuple[NDArray[np.int64], int]:
    """Which column each category, and at last what is unknown, gets its 1 in, and how many."""
    count = len(encoder.categories_[index])
    places = np.arange(count)
    mappings = getattr(encoder, "_default_to_infrequent_mappings", None)
    merged = mappings[index] if mappings and encoder._infrequent_enabled else None
    if merged is not None:
        places = np.asarray(merged)
    width = int(places.max()) + 1
    unknown = width
    if merged is not None and encoder.handle_unknown in {"infrequent_if_exist", "warn"}:
        unknown = int(places.max())
    places = np.append(places, unknown)
    dropped = encoder._drop_idx_after_grouping
    if dropped is None or dropped[index] is None:
        return places, width
    gone = int(dropped[index])
    kept = np.where(places == gone, width, places - (places > gone))
    return np.where(kept >= width - 1, width - 1, kept), width - 1


def _convert_ordinal(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    encoder, nodes = operator.raw_operator, Nodes(scope, operator, container)
    tables = [_codes(encoder, index) for index in range(len(encoder.categories_))]
    _give(nodes, _encode(nodes, tables, encoder.categories_), encoder.dtype)


def _codes(encoder: OrdinalEncoder, index: int) -> NDArray[np.float64]:
    """The number of each category and of what is unknown, ``(categories + 1, 1)``."""
    categories = encoder.categories_[index]
    # None is a category like others.
    missing = np.array([is_scalar_nan(value) for value in categories.tolist()], dtype=np.bool_)
    codes = np.arange(len(categories)).astype(np.float64)
    merged = encoder._default_to_infrequent_mappings[index] if encoder._infrequent_enabled else None
    if merged is not None:
        codes[: len(merged)] = merged
    codes[missing] = encoder.encoded_missing_value
    unknown = encoder.unknown_value
    # Where the encoder refuses what it doesn't know, no number is right.
    return np.append(codes, np.nan if unknown is None else unknown).reshape(-1, 1)


def _convert_target(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    encoder, nodes = operator.raw_operator, Nodes(scope, operator, container)
    several = encoder.target_type_ == "multiclass"
    each = len(encoder.classes_) if several else 1
    tables = []
    for index in range(len(encoder.categories_)):
        encodings = encoder.encodings_[index * each : (index + 1) * each]
        table = np.column_stack(encodings)
        tables.append(np.vstack([table, np.reshape(encoder.target_mean_, (1, -1))]))
    _give(nodes, _encode(nodes, tables, encoder.categories_), np.float64)


def _convert_imputer(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - untyped
    imputer, nodes = operator.raw_operator, Nodes(scope, operator, container)
    text = is_text(operator.inputs[0])
    if text:
        names = [value.full_name for value in operator.inputs]
        values = names[0] if len(names) == 1 else nodes("Concat", *names, axis=1)
        mark = "" if isna(imputer.missing_values) else str(imputer.missing_values)
        gaps = nodes("Equal", values, np.array([mark]))
    else:
        values = nodes.numbers()
        absent = isna(imputer.missing_values)
        gaps = nodes("IsNaN", values) if absent else nodes(
            "Equal", values, np.array([imputer.missing_values], dtype=np.float64)
        )  # fmt: skip
    kept = _kept(imputer)
    fills = np.asarray(imputer.statistics_)
    fills = np.where(np.isin(np.arange(len(fills)), kept), fills, "" if text else 0)
    filled = nodes("Where", gaps, fills.reshape(1, -1).astype(str if text else float), values)
    if len(kept) < len(fills):
        filled = nodes("Gather", filled, kept, axis=1)
    if imputer.add_indicator:
        marks = nodes("Gather", gaps, np.asarray(imputer.indicator_.features_), axis=1)
        filled = nodes("Concat", filled, nodes("Cast", marks, to=nodes.float_type), axis=1)
    nodes.give(filled)


def _kept(imputer: SimpleImputer) -> NDArray[np.int64]:
    """The features that are no empty columns of the training rows."""
    gone = [isna(value) for value in np.asarray(imputer.statistics_).tolist()]
    if imputer.keep_empty_features or imputer.strategy == "constant":
        return np.arange(len(gone))
    return np.flatnonzero(~np.array(gone, dtype=np.bool_))


def _encoded_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    encoder = operator.raw_operator
    shape = [None, len(encoder.get_feature_names_out())]
    whole = np.dtype(getattr(encoder, "dtype", np.float64)).kind in "iub"
    kind = Int64TensorType(shape) if whole else float_type(operator, shape)
    operator.outputs[0].type = kind


def _imputed_shape(operator: Any) -> None:  # noqa: ANN401 - untyped package
    imputer = operator.raw_operator
    shape: list[int | None] = [None, len(_kept(imputer))]
    if imputer.add_indicator:
        shape[1] = len(_kept(imputer)) + len(imputer.indicator_.features_)
    text = is_text(operator.inputs[0])
    operator.outputs[0].type = StringTensorType(shape) if text else float_type(operator, shape)


CONVERTERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    OneHotEncoder: _convert_one_hot,
    OrdinalEncoder: _convert_ordinal,
    SimpleImputer: _convert_imputer,
    TargetEncoder: _convert_target,
}
SHAPES: Mapping[type, Callable[[Any], None]] = {
    OneHotEncoder: _encoded_shape,
    OrdinalEncoder: _encoded_shape,
    SimpleImputer: _imputed_shape,
    TargetEncoder: _encoded_shape,
}
