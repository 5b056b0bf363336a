"""A way to make a model smaller, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from coldpress.onnx_file import OnnxFile

from ._prepared import write_prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Candidate", "Material"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What techniques work with.

    Attributes:
        model: The model without loss.
        tensors: The sample's rows by input name, to calibrate with.
        folder: Where files may be written that other candidates can use again.
    """

    model: OnnxFile
    tensors: Mapping[str, NDArray[Any]]
    folder: Path

    def prepared(self) -> Path:
        """The model as onnxruntime's quantisers like it: shapes inferred, constants folded.

        Raises:
            ExportError: It is over 2 GB.
        """
        path = self.folder / "prepared.onnx"
        if not path.exists():
            write_prepared(self.model.whole(), path)
        return path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A way to make a model smaller.

    Attributes:
        name: What sets it apart, such as ``int8 dynamic, per channel``.
        technique: ``int8``, ``int4`` or ``fp16``.
        build: Makes the model with everything inside. It may raise anything: a
            `CompressionError` where there is nothing in the model that it could change.
    """

    name: str
    technique: str
    build: Callable[[Material], onnx.ModelProto]
