"""Measuring a bundle here: processes of their own, each a function's life with one or two threads.

The bundle is handed to the function's own modules as the store that it would read it from, so that
what is timed is what serves: checking, decompressing, opening, parsing, running, answering.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from coldpress.bundle import Bundle
from coldpress.containment import environment
from coldpress.errors import BundleError, UsageError, brief
from coldpress.resources import resource
from coldpress_runtime.pointers import ModelUri

from .measurement import Measured, Measurement

__all__ = ["cores", "measure"]

_PROGRAM = Path(__file__).with_name("_measured_program.py")
_SECONDS = 900.0
_MOST_THREADS = 2
# Of all requests together, since the process holds them beside what it is measured for.
_MOST_CHARACTERS = 1_000_000
# What changes what is measured, and is taken over from whoever plans.
_SETTINGS = (
    *("COLDPRESS_MAX_BODY_BYTES", "COLDPRESS_MAX_MODEL_BYTES"),
    *("COLDPRESS_PREPACKING", "COLDPRESS_SPINNING"),
)
_MACHINES = {"aarch64": "arm64", "arm64": "arm64"}
_CPUINFO = Path("/proc/cpuinfo")


def measure(
    bundle: Bundle,
    *,
    rounds: int,
    progress: Callable[[str], None],
    own: Mapping[str, str] = os.environ,
) -> Measured:
    """Start the function with a bundle, in turn with one thread and with two, and time its steps.

    Two threads are left out on a machine of one core. A round beforehand is not counted: it
    compiles modules and brings files into memory.

    Args:
        bundle: The bundle.
        rounds: How many times with each number of threads, at least 1.
        progress: Called with each step as it begins.
        own: The environment to take settings from.

    Raises:
        BundleError: The model can't be opened or can't answer.
        UsageError: A setting of the function can't be read.
    """
    counts = range(1, min(cores(), _MOST_THREADS) + 1)
    reports: dict[int, list[dict[str, Any]]] = {threads: [] for threads in counts}
    bodies = _bodies(bundle)
    with _workplace(bundle, bodies or [""], own) as place:
        progress("Measuring: a first start, which is not counted")
        _lived(place, 1)
        for number in range(1, rounds + 1):
            for threads, found in reports.items():
                progress(f"Measuring, round {number} of {rounds}, {_threads(threads)}")
                found.append(_lived(place, threads))
    return Measured(
        by_threads={threads: Measurement.of(found) for threads, found in reports.items()},
        requests="golden examples" if bodies else "zeros",
        whole=reports[1][0]["whole"],
        body_bytes=tuple(reports[1][0]["body_bytes"]),
        machine=f"{_processor()}, {cores()} core{'s' * (cores() != 1)}",
        architecture=_MACHINES.get(platform.machine(), "x86_64"),
        settings=tuple(f"{name}={own[name]}" for name in _SETTINGS if own.get(name)),
    )


def cores() -> int:
    """How many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


@contextmanager
def _workplace(bundle: Bundle, bodies: Sequence[str], own: Mapping[str, str]) -> Iterator[_Place]:
    with tempfile.TemporaryDirectory(prefix="coldpress-plan-") as name:
        folder = Path(name).resolve()
        version = folder / "store" / bundle.manifest.name / "versions"
        version.mkdir(parents=True)
        # A bundle's files are a version's: it is read where it lies.
        (version / bundle.digest).symlink_to(bundle.path.resolve(), target_is_directory=True)
        job = folder / "events.json"
        events = [_event(bundle.manifest.name, body) for body in bodies]
        job.write_text(json.dumps(events), encoding="utf-8")
        uri = ModelUri(
            root=(folder / "store").as_uri(), name=bundle.manifest.name, digest=bundle.digest
        )
        yield _Place(bundle, folder, job, _environment(folder, uri, own))


def _bodies(bundle: Bundle) -> list[str]:
    """Golden requests as JSON: the first, and others while they are small."""
    bodies: list[str] = []
    for example in bundle.golden():
        bodies.append(json.dumps(example["request"]))
        if sum(map(len, bodies)) > _MOST_CHARACTERS:
            return bodies[:-1] or bodies
    return bodies


def _event(name: str, body: str) -> dict[str, Any]:
    """The event of an HTTP API that asks a model."""
    event: dict[str, Any] = json.loads(resource("events", "http-infer.json").read_bytes())
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/v2/models/{name}/infer"
    return {**event, "body": body}


class _Place:
    """Where the processes find what they need, and leave what they found."""

    def __init__(
        self, bundle: Bundle, folder: Path, job: Path, variables: Mapping[str, str]
    ) -> None:
        self.bundle = bundle
        self.job = job
        self.report = folder / "report.json"
        self.variables = variables
        self._scratch = Path(variables["COLDPRESS_SCRATCH"])

    def clear(self) -> None:
        """Take away what the process before left: a cold start finds an empty ``/tmp``."""
        self.report.unlink(missing_ok=True)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()


def _environment(folder: Path, uri: ModelUri, own: Mapping[str, str]) -> dict[str, str]:
    """A child's environment: nothing secret, no settings but those that are to be measured."""
    variables = environment(folder, own)
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **variables,
        **{name: own[name] for name in _SETTINGS if own.get(name)},
        # A package has bytecode for all of it, whatever lies on this machine's path.
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "COLDPRESS_SCRATCH": str(folder / "scratch"),
        "MODEL_URI": str(uri),
    }


def _lived(place: _Place, threads: int) -> dict[str, Any]:
    """What one process reports."""
    place.clear()
    variables = {**place.variables, "COLDPRESS_THREADS": str(threads)}
    command = [sys.executable, "-P", str(_PROGRAM), str(place.report), str(place.job)]
    with tempfile.TemporaryFile() as noise:
        try:
            done = subprocess.run(  # noqa: S603 - the project's own program
                [*command, repr(time.monotonic())],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the function's log
                stderr=noise,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BundleError(
                f"{place.bundle.path} takes more than {_SECONDS:g} s to answer, which is longer "
                "than AWS Lambda lets a function run; make the model smaller"
            ) from error
        return _checked(place, done.returncode, noise)


def _checked(place: _Place, code: int, noise: IO[bytes]) -> dict[str, Any]:
    if code != 0 or not place.report.is_file():
        raise BundleError(f"{place.bundle.path} can't be measured: {_last_words(code, noise)}")
    found: dict[str, Any] = json.loads(place.report.read_bytes())
    if problems := found.get("settings"):
        raise UsageError(f"the function's settings can't be read: {problems}")
    if note := found.get("place"):
        raise BundleError(
            f"there is no room to measure {place.bundle.path}: {brief(note)}; free some space, or "
            "set TMPDIR to another directory"
        )
    if problem := found.get("error"):
        asked = "its golden examples" if place.bundle.manifest.golden else "a row of zeros"
        raise BundleError(
            f"{place.bundle.path} can't be measured: started with it and asked {asked}, the "
            f"function says: {brief(problem)}; coldpress certify {place.bundle.path} shows whether "
            "it is sound"
        )
    return found


def _last_words(code: int, noise: IO[bytes]) -> str:
    if code == -signal.SIGKILL:
        return "the system ended it, most likely because memory ran out; use a larger machine"
    end = signal.Signals(-code).name if code < 0 else f"status {code}"
    noise.seek(0)
    words = noise.read().decode(errors="replace").strip().rpartition("\n")[2]
    said = f", and last said: {brief(words)}" if words else ""
    return f"the function ended with {end}{said}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count != 1)}"


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = _CPUINFO.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
