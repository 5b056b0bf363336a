"""What loading gives: a live model and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["SavedModel", "TorchModel", "TrainedModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A trained model in memory.

    Attributes:
        framework: Which exporter takes it: ``scikit-learn``, ``xgboost``, ``lightgbm``,
            ``catboost``, ``keras``, ``tensorflow``, ``torch`` or ``onnx``.
        format: The file's suffix without the dot, ``savedmodel`` for a directory, ``factory``, or
            ``object`` for a live object.
        model: The framework's own object; a `SavedModel` for ``tensorflow``, a `TorchModel` for
            ``torch``, a `coldpress.onnx_file.OnnxFile` for ``onnx``.
        sha256: Digest of the model file, of a directory's files, or of a factory's weights; empty
            for a live object and a factory without weights.
        packages: Distributions whose versions decide what the export is.
        size: Length in bytes of what the digest is of; 0 where there is none.
    """

    framework: str
    format: str
    model: Any
    sha256: str
    packages: tuple[str, ...]
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedModel:
    """One signature of a TensorFlow SavedModel.

    Attributes:
        loaded: What `tf.saved_model.load` gave; it keeps the variables alive.
        signature_name: The signature's key.
        function: The signature's concrete function.
    """

    loaded: Any
    signature_name: str
    function: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TorchModel:
    """A PyTorch model, in the mode for inference.

    Attributes:
        module: A `torch.nn.Module`, `torch.export.ExportedProgram` or `torch.jit.ScriptModule`.
        example: Example inputs, if the archive holds them; else None.
    """

    module: Any
    example: tuple[Any, ...] | None = None
