"""What an exporter gives: the ONNX file, and the original to hold it against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

__all__ = ["Attempt", "Exported", "Label", "Outputs", "Ranking"]

Label: TypeAlias = str | int | float | bool
Outputs: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Which output decides a label, so that ties can be told from errors.

    Attributes:
        scores: Name of the output with the scores, ``(rows, classes)`` or ``(rows, 1)``.
        best: Which score wins; a single score decides by its sign.
    """

    scores: str
    best: Literal["largest", "smallest"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exported:
    """An export, not yet proven.

    Attributes:
        model: The ONNX file's bytes, with everything inside.
        tensors: The sample as the model takes it: input name → array, first dimension rows.
        original: What the original answers to some rows of the sample, as given, by output name.
        described: What the original is and how it was run, for the certificate.
        features: Columns that a single matrix input holds, in order, or that several inputs
            stand for whose names had to be changed; else empty.
        label_outputs: Outputs of labels, which are compared for equality.
        labels: Class labels by output name: of a label output and of its scores.
        rankings: How labels come from scores, by the label output's name.
    """

    model: bytes
    tensors: Mapping[str, NDArray[Any]]
    original: Callable[[slice], Outputs]
    described: str
    features: tuple[str, ...] = ()
    label_outputs: frozenset[str] = frozenset()
    labels: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    rankings: Mapping[str, Ranking] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One rung of a ladder: a way to export that may fail where the next one holds.

    Attributes:
        name: What sets it apart, such as ``float64``.
        export: Makes the export; raises `ExportError` if it can't be made.
    """

    name: str
    export: Callable[[], Exported]
