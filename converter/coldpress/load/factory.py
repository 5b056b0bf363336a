"""Models that a function of the reader's own makes, with the weights that a file gives them."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from coldpress.archives import check_archive
from coldpress.errors import LoadError, MissingExtraError, TrustError, UsageError, brief

from ._live import is_model
from ._source import ModelFile, Source, read_file

__all__ = ["load"]

_SAFE_SUFFIX = ".safetensors"
_PICKLED_SUFFIXES = (".pt", ".pth", ".bin")
# What DataParallel and its kin put before each key.
_WRAPPED = "module."
_MOST_KEYS = 5


def load(source: Source) -> tuple[object, str]:
    """The model that a factory makes, and the digest of its weights' file.

    The module is looked for where Python looks, and the worker adds the current directory.

    Raises:
        TrustError: It was not said that its code may run.
        LoadError: It is not there, fails, makes no model, or the weights don't fit.
        UsageError: Weights are given for something else than a PyTorch module.
        MissingExtraError: PyTorch is not installed.
    """
    if not source.trust:
        raise _refusal(source.path)
    # Before the code runs: a wrong file is told at once.
    file = read_file(source.weights) if source.weights else None
    weights = _weights(file) if file else None
    model = _made(source.path)
    if file is None or weights is None:
        return model, ""
    _fill(model, weights, file.path)
    return model, file.sha256


def _refusal(path: str) -> TrustError:
    return TrustError(
        f"{path} is Python code that runs when the model is made; allow it with --trust",
        sha256="",
        names=(path.replace(":", "."),),
        complete=False,
    )


def _made(path: str) -> object:
    module, _, names = path.partition(":")
    found = _found(path, module, names)
    if not isinstance(found, type) and is_model(found):
        return found
    if not callable(found):
        raise LoadError(f"{path} is a {type(found).__name__}; name a function that makes the model")
    model = _called(path, cast("Callable[[], object]", found))
    if not is_model(model):
        kind = type(model)
        raise LoadError(
            f"{path} made a {kind.__module__}.{kind.__qualname__}, which is no model of a "
            "framework that Coldpress exports"
        )
    return model


def _found(path: str, module: str, names: str) -> object:
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        raise LoadError(
            f"{path} needs the module '{error.name}', which is not here; run from the directory "
            "that holds it, or install it"
        ) from error
    except Exception as error:
        raise _failed(path, error) from error
    for name in names.split("."):
        if not hasattr(found, name):
            raise LoadError(f"there is no '{name}' in {path.rpartition(name)[0].rstrip(':.')}")
        found = getattr(found, name)
    return found


def _called(path: str, factory: Callable[[], object]) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return factory()
        except Exception as error:
            raise _failed(path, error) from error


def _failed(path: str, error: Exception) -> LoadError:
    return LoadError(f"{path} failed: {type(error).__name__}: {brief(error)}")


def _weights(file: ModelFile) -> Mapping[str, Any]:
    name = file.path.name
    if file.suffix not in (_SAFE_SUFFIX, *_PICKLED_SUFFIXES):
        raise UsageError(
            f"{name}: weights are a file ending in {_SAFE_SUFFIX}, {', '.join(_PICKLED_SUFFIXES)}"
        )
    try:
        import safetensors.torch  # noqa: PLC0415 - seconds, only for who needs it
        import torch  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {name}", "torch") from error
    try:
        if file.suffix == _SAFE_SUFFIX:
            return cast("Mapping[str, Any]", safetensors.torch.load(file.data))
        state = _state(torch, file)
    except LoadError:
        raise
    except Exception as error:
        raise _unreadable(file, error) from error
    if isinstance(state, Mapping) and all(isinstance(v, torch.Tensor) for v in state.values()):
        return state
    raise LoadError(f"{name} holds no plain state dict; save model.state_dict() itself")


def _unreadable(file: ModelFile, error: Exception) -> LoadError:
    name = file.path.name
    # PyTorch's own message says how to run the code instead.
    if isinstance(error, pickle.UnpicklingError):
        return LoadError(
            f"{name} holds more than tensors, or is damaged, and is not read; save "
            "model.state_dict() itself, or better as safetensors"
        )
    return LoadError(f"{name} can't be read as {file.suffix} weights: {brief(error)}")


def _state(torch: Any, file: ModelFile) -> object:  # noqa: ANN401 - a module
    if file.data.startswith(b"PK"):
        check_archive(file.data, name=file.path.name, otherwise="no file that torch.save writes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # weights_only: an unpickler that knows tensors and containers, and nothing that runs.
        state: object = torch.load(io.BytesIO(file.data), map_location="cpu", weights_only=True)
    return state


def _fill(model: object, weights: Mapping[str, Any], path: Path) -> None:
    import torch  # noqa: PLC0415 - it has read the weights

    if not isinstance(model, torch.nn.Module):
        raise UsageError(f"{path.name} are weights for a PyTorch module, and the factory made none")
    try:
        result = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise LoadError(f"{path.name} doesn't fit the model: {brief(error)}") from error
    missing, unexpected = _untied(model, result.missing_keys), list(result.unexpected_keys)
    if missing or unexpected:
        faults = [("lacks", missing), ("has beside it", unexpected)]
        said = " and ".join(f"{verb} {_keys(keys)}" for verb, keys in faults if keys)
        cure = ""
        if unexpected and all(key.startswith(_WRAPPED) for key in unexpected):
            cure = f"; save the state dict of the module itself, without the '{_WRAPPED}' before it"
        raise LoadError(
            f"{path.name} doesn't fit the model that the factory makes: it {said}{cure}"
        )


def _untied(model: Any, missing: list[str]) -> list[str]:  # noqa: ANN401 - a module
    """Of the keys that a file lacks, those that share no memory with one that it has.

    safetensors keeps tensors that share memory once, as tied embeddings do.
    """
    kept = model.state_dict(keep_vars=True)
    filled = {kept[key].data_ptr() for key in kept.keys() - set(missing)}
    return [key for key in missing if key not in kept or kept[key].data_ptr() not in filled]


def _keys(keys: list[str]) -> str:
    shown = ", ".join(f"'{key:.80}'" for key in keys[:_MOST_KEYS])
    rest = len(keys) - _MOST_KEYS
    return f"{shown} and {rest} more" if rest > 0 else shown
