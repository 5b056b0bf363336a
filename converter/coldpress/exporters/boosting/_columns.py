"""The inputs of a boosted model as the one matrix that its trees take, categories as codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count, islice

import numpy as np
from onnx import TensorProto

from coldpress.errors import ExportError

from ._boosted import Boosted, Vocabulary
from ._writing import ML, Graph

__all__ = ["input_names", "matrix_of", "matrix_type"]

_NARROW = frozenset({TensorProto.BOOL, TensorProto.FLOAT, TensorProto.STRING})


def input_names(columns: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    """Names that ONNX can carry for some columns, each another and none that is taken."""
    names: list[str] = []
    for column in columns:
        name = re.sub(r"\W", "_", column, flags=re.ASCII)
        name = name if name[:1].isalpha() else f"_{name}"
        more = (f"{name}_{number}" for number in count(1))
        names.append(
            next(
                n
                for n in (name, *islice(more, len(columns) + len(taken)))
                if n not in {*names, *taken}
            )
        )
    return tuple(names)


def matrix_type(boosted: Boosted, given: Mapping[str, int]) -> int:
    """ONNX's type of the matrix: float32 where no input holds more, or the model rounds to it."""
    narrow = boosted.single or _NARROW.issuperset(given.values())
    return int(TensorProto.FLOAT if narrow else TensorProto.DOUBLE)


def matrix_of(graph: Graph, boosted: Boosted, given: Mapping[str, int]) -> str:
    """The rows as a matrix of `matrix_type`, ``(rows, features)``.

    Args:
        graph: Where to put the nodes.
        boosted: The model.
        given: The inputs' types, ONNX's: one matrix, or a column for each feature.

    Raises:
        ExportError: An input is text where the model has numbers, or the other way round.
    """
    own = matrix_type(boosted, given)
    if len(given) == 1:
        return _within(graph, boosted, given, own)
    parts = [
        _codes(graph, name, kind, boosted.vocabularies[feature], own)
        if feature in boosted.vocabularies
        else _number(graph, name, kind, own)
        for feature, (name, kind) in enumerate(given.items())
    ]
    return graph.put("Concat", *parts, axis=1)


def _within(graph: Graph, boosted: Boosted, given: Mapping[str, int], own: int) -> str:
    """A matrix with the codes in place of what they stand for."""
    ((name, kind),) = given.items()
    width = boosted.width
    coded = {
        feature: _codes(graph, _column(graph, name, feature, width), kind, vocabulary, own)
        for feature, vocabulary in sorted(boosted.vocabularies.items())
    }
    if len(coded) == width:
        return graph.put("Concat", *coded.values(), axis=1)
    rows = _number(graph, name, kind, own)
    if not coded:
        return rows
    order = np.arange(width)
    order[list(coded)] = width + np.arange(len(coded))
    beside = graph.put("Concat", rows, *coded.values(), axis=1)
    return graph.put("Gather", beside, graph.constant(order, np.int64), axis=1)


def _column(graph: Graph, name: str, feature: int, width: int) -> str:
    if width == 1:
        return name
    return graph.put("Gather", name, graph.constant([feature], np.int64), axis=1)


def _number(graph: Graph, name: str, kind: int, own: int) -> str:
    if kind == TensorProto.STRING:
        raise ExportError(f"the input '{name:.64}' is text, and the model takes numbers there")
    return name if kind == own else graph.put("Cast", name, to=own)


def _codes(graph: Graph, column: str, kind: int, vocabulary: Vocabulary, own: int) -> str:
    """The codes of a column's values, ``(rows, 1)``."""
    if (kind == TensorProto.STRING) != vocabulary.is_text:
        held, given = ("text", "numbers") if vocabulary.is_text else ("numbers", "text")
        raise ExportError(
            f"the input '{column:.64}' is {given}, and the model's categories there are {held}"
        )
    found = _of_words if vocabulary.is_text else _of_numbers
    codes = found(graph, column, vocabulary)
    return codes if own == TensorProto.FLOAT else graph.put("Cast", codes, to=own)


def _of_words(graph: Graph, column: str, vocabulary: Vocabulary) -> str:
    """The codes of words, in float32."""
    words = vocabulary.categories.tolist()
    return graph.put(
        "LabelEncoder",
        column,
        domain=ML,
        keys_strings=words,
        values_floats=[float(code) for code in range(len(words))],
        default_float=np.nan,
    )


def _of_numbers(graph: Graph, column: str, vocabulary: Vocabulary) -> str:
    """The codes of numbers, in float32; compared in float64, which holds what any input does."""
    numbers = graph.put("Cast", column, to=TensorProto.DOUBLE)
    known = graph.constant(vocabulary.categories.reshape(1, -1), np.float64)
    hits = graph.put("Cast", graph.put("Equal", numbers, known), to=TensorProto.FLOAT)
    # Counted from 1, so that 0 is left for what is no category.
    places = np.arange(1, len(vocabulary.categories) + 1).reshape(-1, 1)
    place = graph.put("MatMul", hits, graph.constant(places, np.float32))
    code = graph.put("Sub", place, graph.constant(1, np.float32))
    other = graph.put("Less", code, graph.constant(0, np.float32))
    return graph.put("Where", other, graph.constant(np.nan, np.float32), code)
