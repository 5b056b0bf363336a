"""scikit-learn estimators and boosters from joblib files and pickles, for who trusts the file."""

from __future__ import annotations

import io
import pickle
import warnings
from itertools import groupby
from typing import TYPE_CHECKING, Any

from coldpress.errors import LoadError, TrustError, brief

from ._globals import find_globals
from ._live import checked_object, other_version

if TYPE_CHECKING:
    from ._load import ModelFile

__all__ = ["load"]

_MOST_SHOWN = 100
_LONGEST_NAME = 80
_USUAL_PACKAGES = frozenset(
    {"sklearn", "numpy", "scipy", "joblib", "pandas", "xgboost", "lightgbm", "catboost"}
)
# How old pickle protocols make any object, and bytes.
_USUAL_NAMES = frozenset(
    {
        *("copyreg._reconstructor", "copy_reg._reconstructor", "_codecs.encode"),
        *("builtins.object", "__builtin__.object"),
    }
)


def load(file: ModelFile, *, trust: bool) -> object:
    """The estimator or booster in a joblib file or a pickle.

    Raises:
        TrustError: `trust` is false.
        LoadError: It can't be read, was written by another scikit-learn, or is no model.
    """
    if not trust:
        raise _refusal(file)
    return checked_object(file, _unpickle(file))


def _refusal(file: ModelFile) -> TrustError:
    found = find_globals(file.data)
    return TrustError(
        f"{file.path.name} is a pickle, and reading a pickle runs the code it names; "
        f"if you trust where it came from, allow it with --trust (sha256 {file.sha256}; "
        f"it names {_summary(found.names)}"
        + ("" if found.complete else "; the search could not reach its end, so there may be more")
        + ")",
        sha256=file.sha256,
        names=found.names,
        complete=found.complete,
    )


def _summary(names: tuple[str, ...]) -> str:
    if not names:
        return "no globals"
    # What is not of the usual packages comes first: that is what a reader must see.
    ordered = sorted(names, key=lambda name: (_is_usual(name), name.rpartition(".")))
    rest = len(ordered) - _MOST_SHOWN
    modules = groupby(ordered[:_MOST_SHOWN], key=lambda name: name.rpartition(".")[0])
    shown = ", ".join(_module(module, list(found)) for module, found in modules)
    return f"{shown} and {rest} more" if rest > 0 else shown


def _module(module: str, names: list[str]) -> str:
    """A module's globals, such as ``numpy.dtype`` or ``numpy.{dtype, ndarray}``."""
    last = [f"{name.rpartition('.')[2]:.{_LONGEST_NAME}}" for name in names]
    within = last[0] if len(last) == 1 else f"{{{', '.join(last)}}}"
    return f"{module:.{_LONGEST_NAME}}.{within}"


def _is_usual(name: str) -> bool:
    return name in _USUAL_NAMES or name.partition(".")[0] in _USUAL_PACKAGES


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
            raise LoadError(
                f"{file.path.name} needs the module '{error.name}', which is not installed here; "
                "install it, or run from the directory that holds it"
            ) from error
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError) as error:
            raise _unreadable(file, error) from error
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
    return LoadError(
        f"{file.path.name} can't be read as a {file.suffix} file: "
        f"{type(error).__name__}: {reason}{hint}"
    )
