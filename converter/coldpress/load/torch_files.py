"""PyTorch's own files: ``.pt2`` archives of `torch.export`, and TorchScript."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

from coldpress.archives import check_archive
from coldpress.errors import LoadError, MissingExtraError, TrustError, brief

from ._globals import find_globals
from ._pt2_gate import suspicious
from ._torch_model import TorchModel

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["import_torch", "load"]

_SAVE_SO = (
    "save it with torch.export.save(torch.export.export(model, (example,)), 'model.pt2'), or name "
    "the function that builds it, as MODULE:FACTORY with --weights"
)


def load(file: ModelFile, *, trust: bool) -> TorchModel:
    """The model in a ``.pt2`` archive or a TorchScript file.

    Raises:
        TrustError: It holds what could run code, and `trust` is false.
        LoadError: It is neither, is damaged, or holds weights without their model.
        MissingExtraError: PyTorch is not installed.
    """
    if file.suffix == ".pt2":
        return _load_archive(file, trust=trust)
    return _load_script(file, trust=trust)


def import_torch(what: str) -> Any:  # noqa: ANN401 - a module
    """PyTorch, for who needs it.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import torch  # noqa: PLC0415 - seconds, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(what, "torch") from error
    return torch


def _load_archive(file: ModelFile, *, trust: bool) -> TorchModel:
    members = check_archive(file.data, name=file.path.name, kind="archive of torch.export.save")
    if not any(name.endswith("archive_format") for name in members):
        raise LoadError(f"{file.path.name} is no archive of torch.export.save; {_SAVE_SO}")
    found = suspicious(file.data)
    if found and not trust:
        raise _refusal(file, "holds what can run code when it is read", found)
    torch = import_torch(f"reading {file.path.name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.load(io.BytesIO(file.data))
        except Exception as error:
            raise _unreadable(file, error) from error
    example = program.example_inputs
    positional = example[0] if example and not example[1] else None
    return TorchModel(module=program, example=positional)


def _load_script(file: ModelFile, *, trust: bool) -> TorchModel:
    members = check_archive(file.data, name=file.path.name, kind="file that PyTorch wrote")
    code = sorted(name.partition("/")[2] for name in members if name.endswith(".py"))
    if not any(name.endswith("constants.pkl") for name in members):
        raise _other_kind(file, members)
    if not trust:
        raise _refusal(file, "is TorchScript, a program that can read and write files", code)
    torch = import_torch(f"reading {file.path.name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = torch.jit.load(io.BytesIO(file.data), map_location="cpu")
        except Exception as error:
            raise _unreadable(file, error) from error
    return TorchModel(module=module.eval())


def _other_kind(file: ModelFile, members: tuple[str, ...]) -> LoadError:
    """What a file of torch.save is, told without reading it."""
    data = next((name for name in members if name.endswith("data.pkl")), None)
    if data is None:
        return LoadError(f"{file.path.name} is no TorchScript file; {_SAVE_SO}")
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        names = find_globals(archive.read(data)).names
    usual = ("torch.", "collections.", "numpy.")
    classes = [name for name in names if not name.startswith(usual) or "torch.nn.modules" in name]
    if not classes:
        return LoadError(
            f"{file.path.name} holds weights without their model; name the function that builds "
            f"it: coldpress export MODULE:FACTORY --weights {file.path.name} --trust"
        )
    return LoadError(
        f"{file.path.name} is a pickled module (it names {classes[0]:.80}), which is not read; "
        f"{_SAVE_SO}"
    )


def _refusal(file: ModelFile, what: str, found: tuple[str, ...] | list[str]) -> TrustError:
    shown = ", ".join(f"{name:.80}" for name in found[:20])
    more = f" and {len(found) - 20} more" if len(found) > 20 else ""  # noqa: PLR2004 - as shown
    return TrustError(
        f"{file.path.name} {what} ({shown}{more}); if you trust where it came from, allow it with "
        f"--trust (sha256 {file.sha256})",
        sha256=file.sha256,
        names=list(found),
        complete=True,
    )


def _unreadable(file: ModelFile, error: Exception) -> LoadError:
    return LoadError(
        f"{file.path.name} can't be read as a PyTorch model: {type(error).__name__}: {brief(error)}"
    )
