"""Modules that numpy imports for what inference never does, put off until somebody uses them.

NumPy takes `inspect` for docstrings and signatures, `ast`, `ctypes` and `pickle` for functions that
nobody calls here, and its own types for the annotations of one module: together a sixth of a cold
start. While the function's modules are imported, a stand-in has the place of each. Whoever asks it
for anything gets the real one, then and ever after; only what NumPy asks for while it is imported
is answered by the stand-in.
"""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Lock, get_ident
from types import ModuleType
from typing import Any

__all__ = ["Deferral"]

# What each is asked for while numpy is imported, and by what it is answered: a docstring as it is
# written, no signature, a type that may be subscripted. Before Python takes a name from a package,
# it asks for its path.
_DEFERRED: dict[str, dict[str, object]] = {
    "ast": {},
    "ctypes": {},
    "inspect": {"cleandoc": str, "signature": lambda _: None},
    "numpy._typing": {"NDArray": list, "__path__": []},
    "pickle": {},
}
_lock = Lock()


class Deferral:
    """A context in which those modules are put off that nobody has imported before."""

    def __init__(self) -> None:
        self._put_off: list[_Deferred] = []

    def __enter__(self) -> None:
        for name, answers in _DEFERRED.items():
            if name not in sys.modules:
                module = sys.modules[name] = _Deferred(name, answers)
                self._put_off.append(module)

    def __exit__(self, *_: object) -> None:
        """Whoever imports them from now on gets the real ones at once."""
        for module in self._put_off:
            _withdraw(module)
            vars(module)["_answers"] = {}


class _Deferred(ModuleType):
    """Stands in for a module, with answers for the thread that imports."""

    def __init__(self, name: str, answers: dict[str, object]) -> None:
        super().__init__(name)
        vars(self).update(_answers=answers, _importing=get_ident())

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a module has
        own = vars(self)
        if name in own["_answers"] and own["_importing"] == get_ident():
            return own["_answers"][name]
        _withdraw(self)
        return getattr(import_module(self.__name__), name)


def _withdraw(module: ModuleType) -> None:
    with _lock:
        if sys.modules.get(module.__name__) is module:
            del sys.modules[module.__name__]
