"""scikit-learn models from skops files, which name every type that they hold: no trust needed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from coldpress.archives import check_archive
from coldpress.errors import LoadError, MissingExtraError, TrustError, brief

from ._live import checked_object, other_version

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["load"]


def load(file: ModelFile, *, trust: bool) -> object:
    """The model in a skops file.

    Raises:
        TrustError: It holds types that skops does not know to be safe, and `trust` is false.
        LoadError: It can't be read, or was written by another scikit-learn.
        MissingExtraError: skops is not installed.
    """
    members = check_archive(file.data, name=file.path.name, kind="skops file, a zip archive")
    if "schema.json" not in members:
        raise LoadError(f"{file.path.name} is no skops file: it has no schema.json in it")
    try:
        import skops.io as skops  # noqa: PLC0415 - there only with the extra
        from sklearn.exceptions import InconsistentVersionWarning  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "skops") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            unknown = skops.get_untrusted_types(data=file.data)
            if trust or not unknown:
                return checked_object(file, skops.loads(file.data, trusted=unknown))
        except LoadError:
            raise
        except InconsistentVersionWarning as warning:
            raise other_version(file, warning) from warning
        except ModuleNotFoundError as error:
            raise LoadError(
                f"{file.path.name} needs the module '{error.name}', which is not installed here"
            ) from error
        except Exception as error:
            raise LoadError(
                f"{file.path.name} can't be read as a skops file: {type(error).__name__}: "
                f"{brief(error)}"
            ) from error
    raise _refusal(file, unknown)


def _refusal(file: ModelFile, unknown: list[str]) -> TrustError:
    names = sorted(unknown)
    shown = ", ".join(f"{name:.80}" for name in names[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""  # noqa: PLR2004 - as shown
    return TrustError(
        f"{file.path.name} holds types that skops does not know to be safe: {shown}{more}; if you "
        f"trust where it came from, allow them with --trust (sha256 {file.sha256})",
        sha256=file.sha256,
        names=names,
        complete=True,
    )
