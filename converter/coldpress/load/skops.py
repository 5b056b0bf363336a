"""skops files: opened by anyone where every type in them is known, else by those who trust it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from coldpress.archives import check_archive
from coldpress.errors import LoadError, MissingExtraError, TrustError, brief

from ._report import missing_module, other_version, summary

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load"]


def load(file: ModelFile, *, trust: bool) -> object:
    """The estimator in a skops file.

    Raises:
        TrustError: It holds types that skops does not know to be harmless, and `trust` is false.
        LoadError: It is no skops file, is damaged, or was written by another scikit-learn.
        MissingExtraError: skops is not installed, or the framework of what the file holds.
    """
    name = file.path.name
    if "schema.json" not in check_archive(file.data, name=name, otherwise="no skops file"):
        raise LoadError(f"{name} is no skops file: it has no schema.json; write it with skops.io")
    try:
        import skops.io as sio  # noqa: PLC0415 - a second, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {name}", "skops") from error
    unknown = _unknown_types(sio, file)
    if unknown and not trust:
        raise _refusal(file, unknown)
    return _open(sio, file, unknown)


def _unknown_types(sio: Any, file: ModelFile) -> list[str]:  # noqa: ANN401 - untyped package
    try:
        found: list[str] = sio.get_untrusted_types(data=file.data)
    except Exception as error:
        raise _unreadable(file, error) from error
    return found


def _open(sio: Any, file: ModelFile, trusted: list[str]) -> object:  # noqa: ANN401 - as above
    from sklearn.exceptions import InconsistentVersionWarning  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            model: object = sio.loads(file.data, trusted=trusted)
        except InconsistentVersionWarning as warning:
            raise other_version(file, warning) from warning
        except ModuleNotFoundError as error:
            raise missing_module(file, error) from error
        except Exception as error:
            raise _unreadable(file, error) from error
    return model


def _refusal(file: ModelFile, names: list[str]) -> TrustError:
    return TrustError(
        f"{file.path.name} holds types that skops does not know to be harmless; if you trust where "
        f"it came from, allow them with --trust (sha256 {file.sha256}; they are "
        f"{summary(tuple(names))})",
        sha256=file.sha256,
        names=names,
        complete=True,
    )


def _unreadable(file: ModelFile, error: Exception) -> LoadError:
    return LoadError(
        f"{file.path.name} can't be read as a skops file: {type(error).__name__}: {brief(error)}"
    )
