"""A PyTorch model as the exporter takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["TorchModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TorchModel:
    """A module, with example inputs where its archive holds them.

    Attributes:
        module: An `nn.Module`, an `ExportedProgram` or a `ScriptModule`.
        example: A tuple of example inputs; None if there are none.
    """

    module: Any
    example: tuple[Any, ...] | None = None
