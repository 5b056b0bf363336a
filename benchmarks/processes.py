"""One start of a function, from nothing to its first answer, in two ways."""

from __future__ import annotations

import http.client
import json
import platform
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from .environments import Variant
from .published import free_ports, wait_for
from .workspace import BenchmarkError, Workspace

__all__ = ["Start", "bare_start", "emulated_start", "emulator", "python_command"]

_INVOCATIONS = "/2015-03-31/functions/function/invocations"
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_LOAD_TIME = re.compile(r'"ModelLoadTime":\s*\[?\s*([\d.]+)')
_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A cold start.

    Attributes:
        answer_ms: From the start (of the process, or of the first invocation) to the answer.
        init_ms: INIT as the emulator counts it; None for a bare process.
        load_ms: The function's own metric ``ModelLoadTime``; None if it wrote none.
        peak_bytes: Most resident memory of a bare process; None under the emulator.
        answer: What was answered.
    """

    answer_ms: float
    init_ms: float | None
    load_ms: float | None
    peak_bytes: int | None
    answer: Any


def python_command(place: Workspace, *options: str) -> list[str]:
    """The interpreter without site-packages: what its owner installed there has no say."""
    return [str(place.interpreter), "-S", "-P", *options]


def emulator(place: Workspace) -> Path:
    """AWS's Runtime Interface Emulator, which lies in the SAM CLI's package.

    Raises:
        BenchmarkError: It isn't there.
    """
    name = "aws-lambda-rie-arm64" if _is_arm() else "aws-lambda-rie-x86_64"
    pattern = f".tools/sam/lib/python3.*/site-packages/samcli/local/rapid/{name}"
    path = next(place.repository.glob(pattern), None)
    if path is None:
        raise BenchmarkError(
            "the Runtime Interface Emulator is not installed; run: make .tools/.sam"
        )
    return path


def bare_start(
    place: Workspace, variant: Variant, common: dict[str, str], event: Path, *options: str
) -> Start:
    """Start a process that imports the handler, answers one event and prints the answer.

    Timed from just before the process is spawned until the answer's line has been read.
    """
    driver = str(place.sources / "inside" / "driver.py")
    command = [*python_command(place, *options), driver, "once", variant.function, str(event)]
    with tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        with subprocess.Popen(
            command,
            cwd=variant.directory,
            env=variant.environment(place, common),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process:
            watch = Timer(_SECONDS, process.kill)
            watch.start()
            lines, answer, answer_ms = [], "", 0.0
            for line in process.stdout or ():
                if line.startswith("ANSWER "):
                    answer_ms = (time.perf_counter() - began) * 1000
                    answer = line.removeprefix("ANSWER ")
                lines.append(line)
            watch.cancel()
        errors.seek(0)
        if not answer:
            raise BenchmarkError(_last_line(errors.read()))
    printed = "".join(lines)
    return Start(
        answer_ms=answer_ms,
        init_ms=None,
        load_ms=_number(_LOAD_TIME, printed),
        peak_bytes=int(lines[-1].removeprefix("PEAK ")),
        answer=json.loads(answer),
    )


def emulated_start(
    place: Workspace, variant: Variant, common: dict[str, str], event: Path
) -> Start:
    """Start the emulator and send it one event.

    The emulator starts the runtime when the first event comes, so the time of that request, from
    sending it to the end of the answer, is INIT and the first invocation.
    """
    port, api_port = free_ports()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [
                *(emulator(place), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
                *("--runtime-api-address", f"127.0.0.1:{api_port}"),
                *python_command(place, "-m", "awslambdaric", variant.function),
            ],
            cwd=variant.directory,
            env=variant.environment(place, common),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(port, process)
            answer, answer_ms = _first_invocation(port, event)
        finally:
            process.terminate()
            process.wait()
        log.seek(0)
        printed = log.read().decode(errors="replace")
    if "statusCode" not in answer:
        raise BenchmarkError(answer.get("errorMessage") or _last_line(printed))
    return Start(
        answer_ms=answer_ms,
        init_ms=_number(_INIT, printed),
        load_ms=_number(_LOAD_TIME, printed),
        peak_bytes=None,
        answer=answer,
    )


def _first_invocation(port: int, event: Path) -> tuple[dict[str, Any], float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    body = event.read_bytes()
    try:
        began = time.perf_counter()
        connection.request("POST", _INVOCATIONS, body)
        data = connection.getresponse().read()
        milliseconds = (time.perf_counter() - began) * 1000
    finally:
        connection.close()
    return json.loads(data), milliseconds


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.search(text)
    return float(match.group(1)) if match else None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines or ["it ended without a word"])[-1][:300]


def _is_arm() -> bool:
    return platform.machine() in ("aarch64", "arm64")
