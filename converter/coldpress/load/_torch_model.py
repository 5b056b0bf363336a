"""A PyTorch model as a value, however it was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["TorchModel", "torch_model_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TorchModel:
    """A PyTorch model in evaluation mode.

    Attributes:
        module: An `nn.Module`, a `torch.export.ExportedProgram` or a `ScriptModule`.
        example: Example inputs by position, where the archive holds some; else None.
    """

    module: Any
    example: tuple[Any, ...] | None = None


def torch_model_of(model: Any) -> TorchModel:  # noqa: ANN401 - untyped package
    """A live module or exported program as such a value, set to evaluation."""
    if isinstance(model, TorchModel):
        return model
    return TorchModel(module=model.eval() if hasattr(model, "eval") else model)
