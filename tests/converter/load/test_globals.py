"""The search for what a pickle names: complete or said not to be, and nothing runs."""

import io
import os
import pickle
import re

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.load._globals import find_globals

ROWS = np.random.default_rng(0).normal(size=(40, 3))
MODEL = LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)


class Attack:
    """An object whose pickle runs a command when it is read."""

    def __reduce__(self):
        return os.system, ("true",)


class Box:
    """An object with a value that its pickle sets as state."""

    def __init__(self, value):
        self.value = value


def dumped(value, compress=0):
    """A value as joblib writes it."""
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()


@pytest.mark.parametrize(
    "compress",
    [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)],
    ids=["plain", "zlib", "gzip", "bz2", "lzma", "xz"],
)
def test_globals_behind_raw_arrays_are_found(compress):
    """The search goes on behind array data that stand between the opcodes, packed or not."""
    objects = np.array(["x", None, Attack()], dtype=object)
    record = np.zeros(3, dtype=[("a", "<f8"), ("b", "<i2")])
    found = find_globals(dumped([ROWS, record, objects, MODEL], compress))
    assert found.complete
    assert {
        "posix.system",
        "sklearn.linear_model._logistic.LogisticRegression",
        "numpy.dtype",
    } <= set(found.names)


GETATTR = b"\x80\x04cbuiltins\ngetattr\n(cos\nsystem\nVx\ntRVtrue\n\x85R."


@pytest.mark.parametrize(
    ("data", "names", "complete"),
    [
        pytest.param(b"cos\nsystem\n(S'true'\ntR.", {"os.system"}, True, id="text-opcodes"),
        pytest.param(b"(S'true'\nios\nsystem\n.", {"os.system"}, True, id="inst-opcode"),
        pytest.param(GETATTR, {"builtins.getattr", "os.system"}, True, id="called-result"),
        pytest.param(b"cos\nsystem\n(S'tr", {"os.system"}, False, id="truncated"),
        pytest.param(b"cos\nsystem\nJunk", {"os.system"}, False, id="junk-behind"),
        pytest.param(b"not a pickle", set(), False, id="no-pickle"),
        pytest.param(b"\x04\x22M\x18packed", set(), False, id="lz4"),
    ],
)
def test_search_says_whether_it_reached_the_end(data, names, complete):
    """What can be found is found, and an incomplete search says so."""
    found = find_globals(data)
    assert set(found.names) == names
    assert found.complete == complete


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"a": [Attack()]}, id="in-containers"),
        pytest.param(np.array([Attack()], dtype=object), id="in-an-array"),
        pytest.param(Box(Attack()), id="in-state"),
        pytest.param({frozenset({1}): (re.compile("x"), Attack())}, id="behind-other-calls"),
    ],
)
def test_names_are_found_wherever_they_hide(value, protocol):
    """A global is found inside whatever holds it, in every protocol."""
    found = find_globals(pickle.dumps(value, protocol=protocol))
    assert found.complete
    assert "posix.system" in found.names


def array_of(dtype, count):
    """A joblib file whose array holds a pickle, under a type of another spelling."""
    file = io.BytesIO()
    # A protocol without frames, whose lengths would have to be changed as well.
    joblib.dump(np.array([Attack()] * count, dtype=object), file, protocol=3)
    spelt = b"X" + len(dtype).to_bytes(4, "little") + dtype.encode()
    return file.getvalue().replace(b"X\x02\0\0\0O8", spelt)


@pytest.mark.parametrize("dtype", ["O", "|O", "object", "O8"])
def test_objects_are_objects_however_they_are_spelt(dtype):
    """An array of objects is a pickle of its own, whichever name numpy knows the type by."""
    found = find_globals(array_of(dtype, 1))
    assert "posix.system" in found.names


def test_records_may_hold_objects():
    """A record with a field of objects is pickled whole, and is searched."""
    record = np.array([(1.0, Attack())], dtype=[("a", "<f8"), ("b", "O")])
    assert "posix.system" in find_globals(dumped(record)).names


def deep(levels):
    """A pickle with a tuple of tuples as a key, each holding the one before twice."""
    middle = b"".join(b"\x86" if level == 0 else b"2\x86" for level in range(levels))
    return b"\x80\x04}K\x01K\x02" + middle + b"K\x03s."


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x80\x05\x96" + (1 << 33).to_bytes(8, "little") + b".", id="promised-bytes"),
        pytest.param(array_of("f8", 1 << 10)[:200], id="cut-array"),
    ],
)
def test_what_is_not_there_takes_no_memory(data):
    """Lengths beyond the data end the search, which says that it is incomplete."""
    assert not find_globals(data).complete


def test_keys_are_not_hashed():
    """A key whose hash would take for ever takes no time."""
    assert find_globals(deep(60)).complete
