"""Trying a package: small ones that answer, and ones that lack something."""

import platform
import sys
from pathlib import Path

import pytest

from coldpress.errors import BuildError
from coldpress.package import trial
from coldpress.package.bytecode import compile_modules
from coldpress.package.target import Target
from coldpress.package.trial import Trial, try_package

MACHINES = {"aarch64": "arm64", "x86_64": "x86_64"}
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = Path(sys.executable)

# What the real handler does, as far as a trial sees it.
HANDLER = """
import os, pathlib, sys
from urllib.parse import urlsplit

LOADED = pathlib.Path(urlsplit(os.environ["MODEL_URI"].partition("@")[0]).path).is_dir()
assert not [path for path in sys.path if "site-packages" in path]
assert not {"HOME", "PYTHONPATH", "SECRET"} & set(os.environ)

def handler(event, context):
    assert context.aws_request_id and context.get_remaining_time_in_millis() > 1000
    print("a line of the log")
    if "requestContext" not in event:
        return {"outputs": []}
    wrong = "[1, 29]" in str(event.get("body"))
    return {"statusCode": 503 if not LOADED else 400 if wrong else 200}
"""

# Elsewhere the build itself says that it was not tried; test_build.py shows that.
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc",
    reason="a package runs on Linux with glibc",
)


@pytest.fixture
def target(monkeypatch):
    """This machine as a target, however old its C library is."""
    monkeypatch.setattr(trial, "GLIBC_MINOR", 0)
    return Target(python="3.13", architecture=MACHINES[platform.machine()])


@pytest.fixture
def package(tmp_path):
    """A function that makes a package's directory, of files with their contents."""
    folder = tmp_path / "package"

    def make(handler=HANDLER, *, batch="from predict import handler", **files):
        (folder / "coldpress_runtime").mkdir(parents=True)
        (folder / "coldpress_runtime" / "__init__.py").touch()
        (folder / "predict.py").write_text(handler)
        (folder / "batch.py").write_text(batch)
        for name, content in files.items():
            (folder / "coldpress_runtime" / f"{name}.py").write_text(content)
        return folder

    return make


@pytest.fixture
def attempt(tmp_path, target, monkeypatch):
    """A function that tries a package with the Python that runs the tests."""
    monkeypatch.setenv("SECRET", "not for the function")

    def run(folder, *, bytecode=False):
        return try_package(folder, target, HERE, scratch=tmp_path / "scratch", bytecode=bytecode)

    return run


def test_a_queue_that_is_not_answered_fails_the_trial(package, attempt):
    """A message that goes back to its queue is an event that is not answered."""
    batch = "def handler(event, context):\n    return {'batchItemFailures': event['Records']}\n"
    with pytest.raises(BuildError, match=r"events/sqs-infer\.json got 503 instead of 200"):
        attempt(package(batch=batch))


def test_answers_every_sample_event(package, attempt, root):
    """A package that answers is said to, with the status of each file of events/."""
    folder = package()
    before = sorted(folder.rglob("*"))
    outcome = attempt(folder)
    assert (outcome.tried, outcome.reason) == (True, "")
    assert set(outcome.statuses) == {path.stem for path in (root / "events").glob("*.json")}
    assert outcome.statuses["http-infer-wrong-shape"] == 400
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        pytest.param(
            "import numpy", r"lacks the module numpy \(it ends with status 1\); put back", id="own"
        ),
        pytest.param(
            "import coldpress_runtime.absent",
            r"lacks the module coldpress_runtime\.absent",
            id="submodule",
        ),
        pytest.param(
            HANDLER.replace('print("a line of the log")', "import late_one"),
            r"lacks the module late_one",
            id="imported late",
        ),
        pytest.param(
            HANDLER.replace(
                'print("a line of the log")',
                """
    import json
    print(json.dumps({"exception": "ModuleNotFoundError: No module named 'quiet'"}))
    return {"statusCode": 503}
""",
            ),
            r"lacks the module quiet \(events/alb-invocations\.json got 503 instead of 200\)",
            id="logged alone",
        ),
        pytest.param(
            "from coldpress_runtime import absent",
            r"as it should \(it ends .*\): ImportError: cannot import name 'absent'",
            id="a name",
        ),
        pytest.param(
            "raise OSError('libx.so.1: cannot open shared object file')",
            r"OSError: libx\.so\.1: cannot open shared object file; put back",
            id="shared object",
        ),
        pytest.param(
            HANDLER.replace("400 if wrong", "500 if wrong"),
            r"\(events/http-infer-wrong-shape\.json got 500 instead of 400\); put back",
            id="status",
        ),
        pytest.param(
            HANDLER.replace("503 if not LOADED", "200 if not LOADED"),
            r"\(events/http-infer\.json got 200 instead of 503\); put back",
            id="without a model",
        ),
        pytest.param(
            f"{HANDLER}\nopen(__file__ + '.cache', 'w').close()",
            r"writes predict\.py\.cache into its own folder .* Lambda does not allow",
            id="writes",
        ),
    ],
)
def test_refuses_a_package_that_would_not_answer(package, attempt, handler, message):
    """The error is one sentence with the module that is missing, or what went wrong instead."""
    with pytest.raises(BuildError, match=message):
        attempt(package(handler))


def test_loads_what_no_event_asks_for(package, attempt):
    """Every module of the runtime library is loaded, whether or not an event needs it."""
    folder = package(seldom="import needed_seldom")
    with pytest.raises(BuildError, match="lacks the module needed_seldom"):
        attempt(folder)


def test_runs_the_bytecode(package, attempt):
    """With bytecode in the package nothing is compiled, also without leave to write."""
    folder = package(other="x = 1")
    compile_modules(folder, HERE, VERSION)
    assert attempt(folder, bytecode=True).tried


def test_refuses_bytecode_that_is_not_used(package, attempt):
    """Bytecode that Python passes over is no bytecode."""
    folder = package(other="x = 1")
    compile_modules(folder, HERE, VERSION)
    (bytecode,) = (folder / "coldpress_runtime" / "__pycache__").glob("other.*.pyc")
    bytecode.write_bytes(b"\x00" * 4 + bytecode.read_bytes()[4:])
    with pytest.raises(BuildError, match=r"the bytecode of coldpress_runtime/other\.py was not"):
        attempt(folder, bytecode=True)


def test_ends_a_package_that_does_not_answer(package, attempt, monkeypatch):
    """A package that hangs is ended, and the error says so."""
    monkeypatch.setattr(trial, "_SECONDS", 0.5)
    with pytest.raises(BuildError, match=r"did not answer \d+ sample events within 0\.5 s"):
        attempt(package("import threading\nthreading.Event().wait()"))


@pytest.mark.parametrize(
    ("platform_name", "machine", "library", "reason"),
    [
        pytest.param("darwin", "x86_64", ("", ""), "does not run programs for Linux", id="macOS"),
        pytest.param(
            "linux",
            "riscv64",
            ("glibc", "2.40"),
            "this machine's processor is riscv64, and the package is for x86_64",
            id="processor",
        ),
        pytest.param("linux", "x86_64", ("", ""), "C library is not glibc", id="musl"),
        pytest.param("linux", "x86_64", ("glibc", "2.31"), "glibc 2.31 is older", id="old glibc"),
    ],
)
def test_says_why_it_did_not_try(tmp_path, monkeypatch, platform_name, machine, library, reason):
    """Where this machine can't run the target, that is said, and nothing is pretended."""
    monkeypatch.setattr(sys, "platform", platform_name)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: library)
    target = Target(python="3.13", architecture="x86_64")
    outcome = try_package(tmp_path, target, HERE, scratch=tmp_path / "scratch", bytecode=False)
    assert not outcome.tried
    assert reason in outcome.reason
    assert outcome.statuses == {}


def test_says_that_there_is_no_interpreter(tmp_path, target):
    """Without a Python of the target's version there is no trial either."""
    outcome = try_package(tmp_path, target, None, scratch=tmp_path / "scratch", bytecode=False)
    assert outcome == Trial(tried=False, reason="there is no Python 3.13 on this machine")
