"""What the readers of Python objects say alike: what a file names, lacks, or was written by."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from coldpress.errors import ColdpressError, LoadError, MissingExtraError, printable

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["missing_module", "other_version", "summary"]

_MOST_SHOWN = 100
_LONGEST_NAME = 80
_USUAL_PACKAGES = frozenset({"sklearn", "numpy", "scipy", "joblib", "pandas"})
# How old pickle protocols make any object, and bytes.
_USUAL_NAMES = frozenset(
    {
        *("copyreg._reconstructor", "copy_reg._reconstructor", "_codecs.encode"),
        *("builtins.object", "__builtin__.object"),
    }
)
# Modules whose functions run commands or code, or reach files and networks.
_POWERFUL = frozenset(
    {
        *("builtins", "__builtin__", "os", "posix", "nt", "ntpath", "posixpath", "subprocess"),
        *("sys", "shutil", "importlib", "imp", "runpy", "socket", "pty", "ctypes", "code"),
        *("codecs", "operator", "functools", "types", "marshal", "pickle", "_pickle", "io", "_io"),
        *("pathlib", "tempfile", "urllib", "http", "webbrowser", "multiprocessing", "threading"),
        *("asyncio", "pip", "timeit", "pdb", "bdb", "cProfile", "doctest", "inspect", "commands"),
    }
)
# A framework's module → the extra that installs it.
_EXTRAS = {
    "catboost": "catboost",
    "keras": "tensorflow",
    "lightgbm": "lightgbm",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "xgboost": "xgboost",
}


def summary(names: tuple[str, ...]) -> str:
    """Globals as one phrase, grouped by module, with what is unusual in front."""
    if not names:
        return "no globals"
    # First what can do anything, then what is not of the usual packages: a reader must see it.
    ordered = sorted(
        map(printable, names),
        key=lambda name: (not _is_powerful(name), _is_usual(name), name.rpartition(".")),
    )
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


def _is_powerful(name: str) -> bool:
    return name.partition(".")[0] in _POWERFUL and name not in _USUAL_NAMES


def missing_module(file: ModelFile, error: ModuleNotFoundError) -> ColdpressError:
    """The error for a module that a file's objects come from and that is not there."""
    root = (error.name or "").partition(".")[0]
    if root in _EXTRAS:
        return MissingExtraError.needed_by(f"reading {file.path.name}", _EXTRAS[root])
    return LoadError(
        f"{file.path.name} needs the module '{error.name}', which is not installed here; "
        "install it, or run from the directory that holds it"
    )


def other_version(file: ModelFile, warning: Any) -> LoadError:  # noqa: ANN401 - untyped package
    """The error for what scikit-learn's `InconsistentVersionWarning` says."""
    used, installed = warning.original_sklearn_version, warning.current_sklearn_version
    return LoadError(
        f"{file.path.name} was written by scikit-learn {used} and {installed} is installed, which "
        f"may read it wrongly; install the version that wrote it: pip install scikit-learn=={used}"
    )
