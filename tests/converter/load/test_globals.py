"""The search for what a pickle names: complete or said not to be, and nothing runs."""

import io
import os
import pickle
import re
import struct
import time
import tracemalloc
import zlib

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.load import _globals
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


def text(value):
    """Opcodes of a text."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def named(module, name):
    """Opcodes of a global."""
    return f"c{module}\n{name}\n".encode()


def data_type(code, state=b""):
    """Opcodes of a numpy data type."""
    return named("numpy", "dtype") + b"(" + text(code) + b"\x89\x88tR" + state


def record(kind, flags=0, size=8):
    """Opcodes of the state of a record with one field."""
    field = b"(" + text("a") + b"t}" + text("a") + kind + b"K\x00\x86s"
    return b"(K\x03" + text("|") + b"N" + field + bytes([75, size, 75, 1, 75, flags]) + b"tb"


def wrapped(dtype, shape=b"(K\x08t", more=b"", made=b")\x81"):
    """Opcodes of joblib's wrapper of an array, without the array."""
    state = b"}(" + text("subclass") + named("numpy", "ndarray") + text("shape") + shape
    state += text("order") + text("C") + text("dtype") + dtype + text("allow_mmap") + b"\x89"
    return named("joblib.numpy_pickle", "NumpyArrayWrapper") + made + state + more + b"ub"


# Eight elements of eight bytes, if they are taken for numbers.
EVIL = b"cos\nsystem\n(S'true'\ntR.".ljust(64, b".")
START = b"\x80\x02"


@pytest.mark.parametrize("code", ["O8", "O", "|O", "object"])
def test_objects_are_known_by_whatever_name(code):
    """An array of objects is a pickle of its own, however its data type is written."""
    found = find_globals(START + wrapped(data_type(code)) + EVIL + b".")
    assert found.complete
    assert "os.system" in found.names


DOUBLE = data_type("f8")
AGAIN = b"}(" + text("shape") + b"(K\x08t" + text("dtype") + DOUBLE + b"ub"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wrapped(data_type("V8", record(data_type("O"), 1))), id="object-record"),
        pytest.param(wrapped(data_type("V8", record(data_type("O"), 0))), id="lying-flag"),
        pytest.param(wrapped(data_type("V8", record(DOUBLE, 1))), id="lying-fields"),
        pytest.param(wrapped(data_type("f8,O")), id="record-by-text"),
        pytest.param(wrapped(named("numpy", "float64")), id="no-data-type"),
        pytest.param(wrapped(DOUBLE, b"(J\xff\xff\xff\xfft"), id="negative"),
        pytest.param(wrapped(DOUBLE, b"(J\xff\xff\xff\x7ft"), id="longer-than-the-file"),
        pytest.param(wrapped(DOUBLE, b"(" + text("8") + b"t"), id="shape-of-text"),
        pytest.param(wrapped(DOUBLE, more=text("read") + named("numpy", "sum")), id="own-reader"),
        pytest.param(wrapped(DOUBLE, made=b"(K\x01tR"), id="called"),
        pytest.param(
            named("copyreg", "_reconstructor")
            + wrapped(DOUBLE, made=named("builtins", "object") + b"N\x87R"),
            id="reconstructed",
        ),
        pytest.param(named("joblib.numpy_pickle_compat", "ZNDArrayWrapper") + b".", id="old-form"),
        pytest.param(named("joblib", "numpy_pickle.NumpyArrayWrapper") + b".", id="dotted"),
    ],
)
def test_raw_data_of_unknown_length_leave_the_search_incomplete(data):
    """Whoever skips other bytes than joblib does misses what it runs, and so says that he may."""
    assert not find_globals(START + data + EVIL + b".").complete


def test_what_follows_an_array_is_built_upon_the_array():
    """A second state is the array's, as in joblib, and skips nothing more."""
    found = find_globals(START + wrapped(DOUBLE) + bytes(64) + AGAIN + EVIL)
    assert "os.system" in found.names


def tuples(depth):
    """Opcodes of a tuple of the same tuple twice, and so on."""
    return b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(depth))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x96" + struct.pack("<Q", 1 << 40), id="bytearray"),
        pytest.param(b"}" + tuples(60) + b"K\x01s", id="tuples-of-tuples"),
        pytest.param(b"(" + tuples(60) + b"\x91", id="frozenset"),
        pytest.param(b")0" * 50_001, id="opcodes"),
        pytest.param(b"".join(named("m", str(i)) for i in range(10_001)), id="names"),
        pytest.param(zlib.compress(b"]" * 50_000_000, 9), id="bomb"),
    ],
)
def test_the_search_takes_little(monkeypatch, data):
    """Nothing that a file says makes the search take time or memory out of proportion."""
    monkeypatch.setattr(_globals._Opcodes, "left", 100_000)  # noqa: SLF001 - forty times less
    monkeypatch.setattr(_globals, "_ALWAYS_FINE", 1024**2)
    started = time.process_time()
    tracemalloc.start()
    find_globals(data if data[:1] == b"x" else b"\x80\x05" + data + b".")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024**2
    assert time.process_time() - started < 60
