"""Room on Python's own stack for imports, which nest deeply.

CPython keeps the frames of its calls in chunks of 16 KiB, and gives a chunk back to the system as
soon as its last frame ends (``_PyThreadState_PopFrame``). Where a chunk is full just below a loop,
as one is somewhere in a nest of imports, each turn of that loop maps a chunk and unmaps it:
measured, 200 to 3,000 times in a start, by the depth at which it begins. A frame that asks for more
than a chunk gets a larger one, and what it leaves of that is for the frames above.
"""

from __future__ import annotations

from importlib import import_module
from types import FunctionType

__all__ = ["load"]

# In words of eight bytes: with it, CPython takes a chunk of 256 KiB and leaves half of it. None of
# it is touched before it is used.
_FRAME_WORDS = 15_500


def load(name: str) -> None:
    """Import a module, and whatever it imports, in a large chunk of Python's stack.

    Args:
        name: The module's full name.
    """
    _roomy(name)


def _import(name: str) -> None:
    import_module(name)


_roomy = FunctionType(_import.__code__.replace(co_stacksize=_FRAME_WORDS), globals())
