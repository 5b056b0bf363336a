"""Models that a function of the user's builds, with weights from a file that runs no code."""

from __future__ import annotations

import io
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coldpress.archives import check_archive
from coldpress.errors import LoadError, MissingExtraError, TrustError, UsageError, brief

from ._frameworks import framework_of
from ._torch_model import TorchModel
from .torch_files import import_torch

if TYPE_CHECKING:
    from ._source import Source

__all__ = ["load_factory"]

_STATE_SUFFIXES = (".pt", ".pth", ".bin")


def load_factory(source: Source) -> object:
    """What a factory gives, with its weights.

    Args:
        source: ``module:function``, the file with the weights, and whether code is trusted.

    Raises:
        TrustError: Nobody said that the module's code may run.
        UsageError: There is no such module or function, or no such file.
        LoadError: The function fails or gives no model, or the weights are others than its.
    """
    if not source.trust:
        raise TrustError(
            f"{source.path} is a function of your own, and building the model runs it; allow that "
            "with --trust",
            sha256="",
            names=[source.path.replace(":", ".")],
            complete=True,
        )
    built = _built(source.path)
    framework = framework_of(type(built))
    if framework is None:
        raise LoadError(
            f"{source.path} gave a {type(built).__module__}.{type(built).__qualname__}, which is "
            "no model; give a torch.nn.Module, or another trained model"
        )
    if framework.name != "torch":
        if source.weights is not None:
            raise UsageError(f"--weights are for PyTorch; {source.path} gave another model")
        return built
    if source.weights is not None:
        _load_weights(built, Path(source.weights))
    return TorchModel(module=built.eval())


def _built(path: str) -> Any:  # noqa: ANN401 - whatever the factory gives
    module_name, _, function_name = path.partition(":")
    try:
        function = getattr(import_module(module_name), function_name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{path}: there is no module '{error.name}' here; run from the directory that holds it"
        ) from error
    except AttributeError as error:
        raise UsageError(f"{path}: the module has no '{function_name}'") from error
    except Exception as error:
        raise LoadError(f"{path}: importing the module failed: {_told(error)}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function()
        except Exception as error:
            raise LoadError(f"{path} failed, called without arguments: {_told(error)}") from error


def _load_weights(module: Any, path: Path) -> None:  # noqa: ANN401 - untyped package
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read the weights {path}: {error.strerror or error}") from error
    state = _read_safetensors(path, data) if path.suffix == ".safetensors" else _state(path, data)
    try:
        module.load_state_dict(state)
    except Exception as error:
        raise LoadError(
            f"the weights in {path.name} are not those of the model: {brief(error)}"
        ) from error


def _read_safetensors(path: Path, data: bytes) -> dict[str, Any]:
    try:
        from safetensors.torch import load  # noqa: PLC0415 - there only with the extra
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {path.name}", "torch") from error
    try:
        return dict(load(data))
    except Exception as error:
        raise LoadError(f"{path.name} is no safetensors file: {brief(error)}") from error


def _state(path: Path, data: bytes) -> dict[str, Any]:
    if path.suffix not in _STATE_SUFFIXES:
        raise UsageError(
            f"{path.name}: weights are a .safetensors file, or a state dict in "
            f"{', '.join(_STATE_SUFFIXES)}"
        )
    check_archive(data, name=path.name, kind="file that torch.save wrote")
    torch = import_torch(f"reading {path.name}")
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        raise LoadError(
            f"{path.name} holds more than tensors, and is not read; save model.state_dict(): "
            f"{brief(error).partition('. ')[0]}"
        ) from error
    if not isinstance(state, dict):
        raise LoadError(f"{path.name} holds a {type(state).__name__}; save model.state_dict()")
    return state


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {brief(error)}"
