"""Models of any framework from joblib files and pickles, for those who trust the file."""

from __future__ import annotations

import io
import lzma
import pickle
import struct
import traceback
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from coldpress.errors import LoadError, TrustError, brief

from ._globals import find_globals
from ._report import missing_module, other_version, summary

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load"]

# What the unpickler and joblib raise where opcodes, frames or compressed data are not as written.
_DAMAGED = (
    *(pickle.UnpicklingError, EOFError, struct.error, IndexError, KeyError, OverflowError),
    *(zlib.error, lzma.LZMAError, UnicodeDecodeError, MemoryError),
)

_READERS = frozenset({"pickle", "joblib", "gzip", "bz2", "lzma", "_compression"})


def load(file: ModelFile, *, trust: bool) -> object:
    """What a joblib file or a pickle holds.

    Raises:
        TrustError: `trust` is false.
        LoadError: It can't be read, was written by another scikit-learn, or needs a module that is
            not there.
        MissingExtraError: Its framework is not installed.
    """
    if not trust:
        raise _refusal(file)
    return _unpickle(file)


def _refusal(file: ModelFile) -> TrustError:
    found = find_globals(file.data)
    return TrustError(
        f"{file.path.name} is a pickle, and reading a pickle runs the code it names; "
        f"if you trust where it came from, allow it with --trust (sha256 {file.sha256}; "
        f"it names {summary(found.names)}"
        + ("" if found.complete else "; the search could not reach its end, so there may be more")
        + ")",
        sha256=file.sha256,
        names=found.names,
        complete=found.complete,
    )


def _unpickle(file: ModelFile) -> Any:  # noqa: ANN401 - a pickle can hold anything
    import joblib  # noqa: PLC0415 - only for who trusts
    from sklearn.exceptions import InconsistentVersionWarning  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(file.data))
        except InconsistentVersionWarning as warning:
            raise other_version(file, warning) from warning
        except ModuleNotFoundError as error:
            raise missing_module(file, error) from error
        except Exception as error:
            raise _unreadable(file, error) from error


def _unreadable(file: ModelFile, error: Exception) -> LoadError:
    reason = brief(error)
    hint = ""
    if isinstance(error, AttributeError) and "__main__" in reason:
        hint = (
            "; the class was defined in the script that saved the model: move it to a module of "
            "its own, save the model again, and run from that module's directory"
        )
    if isinstance(error, _DAMAGED) and _raised_by_reader(error):
        return LoadError(
            f"{file.path.name} is damaged, or no pickle ({reason or type(error).__name__}); save "
            "the model again with joblib.dump"
        )
    return LoadError(
        f"{file.path.name} can't be read as a {file.suffix} file: "
        f"{type(error).__name__}: {reason}{hint}"
    )


def _raised_by_reader(error: Exception) -> bool:
    """Whether an error comes from the reading itself, and from no object's own code."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    module = str(frames[-1].f_globals.get("__name__", "")) if frames else ""
    return module.partition(".")[0] in _READERS
