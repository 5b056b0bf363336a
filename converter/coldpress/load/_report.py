"""What the readers of Python objects say alike: what a file names, lacks, or was written by."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from coldpress.errors import ColdpressError, LoadError, MissingExtraError

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["missing_module", "other_version", "summary"]

_MOST_SHOWN = 100
_LONGEST_NAME = 80
_PLAIN = re.compile(r"[\w.<>]*", re.ASCII)
# Modules that run programs or code, or reach files or the network: a reader must see them first.
_DANGEROUS = frozenset(
    {
        *("builtins", "__builtin__", "os", "posix", "nt", "posixpath", "ntpath", "subprocess"),
        *("_posixsubprocess", "commands", "popen2", "pty", "sys", "shutil", "pathlib", "tempfile"),
        *("importlib", "imp", "runpy", "pkgutil", "pydoc", "zipimport", "code", "codeop", "codecs"),
        *("_codecs", "operator", "_operator", "functools", "_functools", "types", "inspect"),
        *("socket", "_socket", "socketserver", "ssl", "http", "urllib", "requests", "ftplib"),
        *("smtplib", "asyncio", "multiprocessing", "threading", "_thread", "concurrent", "signal"),
        *("ctypes", "_ctypes", "cffi", "io", "_io", "mmap", "fileinput", "glob", "webbrowser"),
        *("pickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "pip", "setuptools"),
        *("timeit", "cProfile", "profile", "pdb", "bdb", "trace", "doctest", "unittest", "logging"),
        *("getattr", "eval", "exec", "execfile", "system", "popen", "compile", "__import__"),
        *("runstring", "run_path", "run_module", "load_module", "import_module"),
    }
)
_USUAL_PACKAGES = frozenset({"sklearn", "numpy", "scipy", "joblib", "pandas"})
# How old pickle protocols make any object, and bytes.
_USUAL_NAMES = frozenset(
    {
        *("copyreg._reconstructor", "copy_reg._reconstructor", "_codecs.encode"),
        *("builtins.object", "__builtin__.object"),
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
    """Globals as one phrase, grouped by module, with what can act in front, then what is unusual.

    A file chooses its names: what could not stand in Python's source is shown as `repr` has it.
    """
    if not names:
        return "no globals"
    # However many there are, those that a reader must see are among those that are shown.
    ordered = sorted(names, key=lambda name: (_rank(name), name.rpartition(".")))
    rest = len(ordered) - _MOST_SHOWN
    modules = groupby(ordered[:_MOST_SHOWN], key=lambda name: name.rpartition(".")[0])
    shown = ", ".join(_module(module, list(found)) for module, found in modules)
    return f"{shown} and {rest} more" if rest > 0 else shown


def _module(module: str, names: list[str]) -> str:
    """A module's globals, such as ``numpy.dtype`` or ``numpy.{dtype, ndarray}``."""
    last = [_shown(name.rpartition(".")[2]) for name in names]
    within = last[0] if len(last) == 1 else f"{{{', '.join(last)}}}"
    return f"{_shown(module)}.{within}"


def _shown(name: str) -> str:
    return name[:_LONGEST_NAME] if _PLAIN.fullmatch(name) else ascii(name[:_LONGEST_NAME])


def _rank(name: str) -> int:
    # Any part of it: pickles can reach os.system as another module's attribute.
    if name not in _USUAL_NAMES and not _DANGEROUS.isdisjoint(name.split(".")):
        return 0
    return 2 if _is_usual(name) else 1


def _is_usual(name: str) -> bool:
    return name in _USUAL_NAMES or name.partition(".")[0] in _USUAL_PACKAGES


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
