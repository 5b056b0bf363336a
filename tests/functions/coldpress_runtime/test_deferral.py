"""Modules that are put off: not there until somebody asks, and then the real ones."""

import json

import pytest

PUT_OFF = ["ast", "ctypes", "inspect", "numpy._typing", "pickle"]
BEGIN = """
import json, sys
from coldpress_runtime.deferral import Deferral

before = set(sys.modules)
with Deferral():
    import numpy, numpy.linalg
"""


@pytest.fixture
def after_numpy(run_python):
    """Runs code after numpy was imported with modules put off; gives what it prints as JSON."""
    return lambda code: json.loads(run_python(f"{BEGIN}\n{code}")[-1])


def test_numpy_needs_none_of_them(after_numpy):
    """Once numpy is imported, none of them has come with it, nor a stand-in in its place."""
    code = f"print(json.dumps([sorted(before), [n for n in {PUT_OFF} if n in sys.modules]]))"
    before, after = after_numpy(code)
    assert set(after) <= set(before)
    assert not {"ctypes", "numpy._typing"} & set(after)


# What of numpy needs which of them, and what comes of it.
USES = {
    "ctypes": ("numpy.arange(3).ctypes.shape[0]", 3),
    "pickle": ("numpy.arange(3).dumps()[:1].hex()", "80"),
    "ast": ("numpy.dtype('i4, (2,)f8').itemsize", 20),
    "numpy._typing": (
        "str(__import__('numpy.typing').typing.NDArray[int])",
        "numpy.ndarray[tuple[typing.Any, ...], numpy.dtype[int]]",
    ),
    "inspect": ("str(__import__('inspect').signature(numpy.linalg.norm))[:3]", "(x,"),
    "eigenvalues": ("numpy.linalg.eig(numpy.eye(2)).eigenvalues.tolist()", [1.0, 1.0]),
}


@pytest.mark.parametrize(("expression", "value"), USES.values(), ids=USES.keys())
def test_whoever_needs_one_gets_it(after_numpy, expression, value):
    """What numpy uses of them later works as ever."""
    assert after_numpy(f"print(json.dumps({expression}))") == value


def test_afterwards_an_import_is_as_ever(after_numpy):
    """Who imports one of them gets the module itself."""
    code = f"""
import importlib
found = [importlib.import_module(name) for name in {PUT_OFF}]
print(json.dumps([type(module).__name__ for module in found]))
"""
    assert set(after_numpy(code)) == {"module"}


def test_meanwhile_the_real_one_is_a_question_away(run_python):
    """Names, and modules within one that is put off, are there for whoever else asks."""
    code = """
import json, sys
from coldpress_runtime.deferral import Deferral

with Deferral():
    import ctypes.util
    import inspect
    from pickle import dumps

    there = [callable(ctypes.util.find_library), inspect.isclass(int), bool(dumps(1))]
print(json.dumps([*there, inspect.cleandoc("a\\n    b"), inspect is sys.modules.get("inspect")]))
"""
    assert json.loads(run_python(code)[-1]) == [True, True, True, "a\nb", False]


def test_what_is_there_already_stays(run_python):
    """A module that somebody imported before is not touched."""
    code = """
import inspect, json, sys
from coldpress_runtime.deferral import Deferral

with Deferral():
    import inspect as again
print(json.dumps([again is inspect, sys.modules["inspect"] is inspect]))
"""
    assert json.loads(run_python(code)[-1]) == [True, True]


def test_many_threads_get_the_same_module(run_python):
    """Asked by all at once, it is imported once."""
    code = """
import json, sys, threading
from coldpress_runtime.deferral import Deferral

sys.setswitchinterval(1e-6)
found = []
with Deferral():
    import pickle

    start = threading.Barrier(8)
    def ask():
        start.wait()
        found.append(pickle.Pickler)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
import pickle as real
print(json.dumps([len(found), {each is real.Pickler for each in found} == {True}]))
"""
    assert json.loads(run_python(code)[-1]) == [8, True]


def test_only_the_thread_that_imports_is_answered(run_python):
    """Whoever else asks meanwhile, for docstrings or signatures, is told the truth."""
    code = """
import json, threading
from coldpress_runtime.deferral import Deferral

found = []
def ask():
    import inspect
    found.append(str(inspect.signature(lambda a, b: None)))

with Deferral():
    import inspect
    own = inspect.signature(ask) if type(inspect).__name__ == "_Deferred" else None
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
print(json.dumps([own, found]))
"""
    assert json.loads(run_python(code)[-1]) == [None, ["(a, b)"]]
