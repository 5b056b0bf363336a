"""PyTorch's files: exported programs and TorchScript, both of which are programs.

`torch.export.load` unpickles example inputs and evaluates the text of symbolic sizes as Python;
TorchScript runs what a module says on being loaded, and has operators that write files. So both
are for those who trust the file. What a plain `torch.save` wrote is told apart and not read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from coldpress.archives import check_archive, most_unpacked, read_member
from coldpress.errors import LoadError, MissingExtraError, TrustError, brief
from coldpress.quiet import quietly

from ._globals import GlobalNames, find_globals, globals_of
from ._report import summary

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load"]

_PROGRAM = ".pt2"
_DEEPEST = 2
_PICKLE_STARTS = (b"\x80", b"(", b"c", b"}")
# What a state dict of tensors is made of.
_STATE_NAMES = ("torch._utils.", "torch.storage.", "torch.serialization.", "collections.Ordered")


def load(file: ModelFile, *, trust: bool) -> Any:  # noqa: ANN401 - two unrelated classes
    """The exported program in a ``.pt2`` archive, or the scripted module in a TorchScript one.

    Raises:
        TrustError: `trust` is false.
        LoadError: It is neither, or can't be read.
        MissingExtraError: PyTorch is not installed.
    """
    _check(file)
    if not trust:
        raise _refusal(file)
    try:
        import torch  # noqa: PLC0415 - seconds, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "torch") from error
    with quietly():
        try:
            if file.suffix == _PROGRAM:
                return torch.export.load(io.BytesIO(file.data))
            script: Any = torch.jit  # which has no types
            return script.load(io.BytesIO(file.data), map_location="cpu")
        except Exception as error:
            raise LoadError(
                f"{file.path.name} can't be read by PyTorch: {type(error).__name__}: {brief(error)}"
            ) from error


def _check(file: ModelFile) -> None:
    name = file.path.name
    if file.suffix != _PROGRAM and not file.data.startswith(b"PK"):
        raise _no_archive(file)
    members = check_archive(file.data, name=name, otherwise="no archive that PyTorch writes")
    within = {member.partition("/")[2] for member in members}
    if file.suffix == _PROGRAM:
        if not any(member.startswith("models/") for member in within):
            raise LoadError(f"{name} holds no exported program; write it with torch.export.save")
    elif "data.pkl" in within and "constants.pkl" not in within:
        raise _plain(file, find_globals(_member(file, members, "data.pkl")))
    elif "constants.pkl" not in within:
        raise LoadError(f"{name} is a zip archive, but none that PyTorch writes")


def _no_archive(file: ModelFile) -> LoadError:
    if file.data.startswith(_PICKLE_STARTS):
        # What torch.save wrote until PyTorch 1.6: four pickles, of which the last is the value.
        return _plain(file, GlobalNames(names=(), complete=False))
    return LoadError(f"{file.path.name} is no file that PyTorch writes, or is damaged")


def _plain(file: ModelFile, found: GlobalNames) -> LoadError:
    """What to do instead with what `torch.save` wrote: a state dict, or a module as a pickle."""
    name = file.path.name
    weights = "name the function that makes the model, as module:factory, and this file as weights"
    program = "write the model with torch.export.save(torch.export.export(model, inputs), 'm.pt2')"
    usual = [n for n in found.names if n.startswith(_STATE_NAMES) or n.endswith("Storage")]
    if found.complete and len(usual) == len(found.names):
        return LoadError(f"{name} holds weights without their model; {weights}, or {program}")
    named = f" that names {summary(found.names)}" if found.names else ""
    return LoadError(f"{name} is a pickle{named}, which is not read; {program}, or {weights}")


def _refusal(file: ModelFile) -> TrustError:
    found = _pickles(file)
    what = (
        "is a torch.export archive, and reading one runs its pickles and evaluates its symbolic "
        "sizes as Python"
        if file.suffix == _PROGRAM
        else "is TorchScript, a program that runs when it is read and can write files"
    )
    return TrustError(
        f"{file.path.name} {what}; if you trust where it came from, allow it with --trust "
        f"(sha256 {file.sha256}; its pickles name {summary(found.names)})",
        sha256=file.sha256,
        names=found.names,
        # Names in pickles are only a part of what such a file can run.
        complete=False,
    )


def _pickles(file: ModelFile) -> GlobalNames:
    """The globals of every pickle in an archive, also in archives inside it."""
    return globals_of(_pickled(file))


def _pickled(file: ModelFile) -> Iterator[bytes]:
    name, left = file.path.name, most_unpacked(len(file.data))
    waiting = [(file.data, 0)]
    while waiting:
        archive, depth = waiting.pop()
        members = check_archive(archive, name=name, otherwise="no archive that PyTorch writes")
        for member in filter(_is_pickle, members):
            content = read_member(archive, member, name=name)
            left -= len(content)
            if left < 0:
                raise LoadError(
                    f"{name} is {len(file.data):,} bytes, and archives in it would unpack to more "
                    "than a hundred times that, as a zip bomb does"
                )
            if content.startswith(b"PK") and depth < _DEEPEST:
                waiting.append((content, depth + 1))
            else:
                yield content


def _is_pickle(member: str) -> bool:
    return member.endswith((".pkl", ".pt")) or "_obj_" in member


def _member(file: ModelFile, members: tuple[str, ...], name: str) -> bytes:
    member = next(member for member in members if member.partition("/")[2] == name)
    return read_member(file.data, member, name=file.path.name)
