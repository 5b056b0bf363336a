"""The process that exports from a file: it may run the file's code, so it holds no secrets.

`coldpress.isolation` starts it and speaks with it: one line of JSON in, lines of JSON out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from coldpress.errors import ColdpressError, ExportError, brief

__all__ = ["Job", "main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the worker is asked to do; paths are absolute.

    Attributes:
        model: The model's file.
        sample: The sample's file.
        drop: Columns of the sample to leave out.
        name: The model's name, already checked.
        trust: Whether the model's file may run code.
        modules: Directory whose modules such code may import; empty without trust.
        path: Directory to make for the bundle.
        labels: Column of the sample with the true labels or targets, if there is one.
        wanted: How small, at what cost: the fields of `coldpress.compress.Wanted`.
        keep_failed: Whether to make a bundle even if the certificate fails.
        command: The command line, for the record.
    """

    model: str
    sample: str
    drop: tuple[str, ...]
    name: str
    trust: bool
    modules: str
    path: str
    labels: str | None = None
    wanted: dict[str, Any] = field(default_factory=dict)
    keep_failed: bool = False
    command: tuple[str, ...] = ()

    def to_line(self) -> bytes:
        """The job as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Do the job that stands on standard input, reporting on what was standard output."""
    report = _private_output()
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    _end_with_parent(Path(job.path).parent)
    try:
        _export(job, lambda step: report({"progress": step}))
    except ColdpressError as error:
        _print_traceback()
        report({"error": error.to_record()})
    except MemoryError:
        report({"error": ExportError("memory ran out; use a machine with more").to_record()})
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
        _print_traceback()
        report({"error": _unexpected(error).to_record()})
    else:
        report({"done": True})


def _export(job: Job, progress: Callable[[str], None]) -> None:
    # Imported here: a misused option shall be answered before a second of imports.
    from coldpress.load import load_model  # noqa: PLC0415 - as said
    from coldpress.sample import read_sample  # noqa: PLC0415 - as said

    progress("Reading the sample")
    sample = read_sample(Path(job.sample), drop=job.drop, labels=job.labels)
    if job.modules:
        sys.path.append(job.modules)
    progress("Loading the model")
    trained = load_model(Path(job.model), trust=job.trust)
    from coldpress.assemble import Plan, assemble  # noqa: PLC0415 - onnx, once the model could be read
    from coldpress.compress import Wanted  # noqa: PLC0415 - as above

    plan = Plan(
        name=job.name,
        wanted=Wanted(**job.wanted),
        keep_failed=job.keep_failed,
        command=tuple(job.command),
    )
    assemble(trained, sample, plan=plan, path=Path(job.path), progress=progress)


def _private_output() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for reports: whatever else is printed there goes to standard error."""
    reports = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def report(message: dict[str, Any]) -> None:
        reports.write(json.dumps(message).encode() + b"\n")

    return report


def _end_with_parent(staging: Path) -> None:
    """End this process, and tidy up, when the one that started it is gone and its pipe closes."""

    def watch() -> None:
        # The bare descriptor: a reader's lock would be held while the interpreter shuts down.
        while os.read(0, 1):
            pass
        shutil.rmtree(staging, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()


def _print_traceback() -> None:
    with suppress(OSError):  # the disk that standard error goes to may be the one that is full
        traceback.print_exc()


def _unexpected(error: Exception) -> ExportError:
    return ExportError(
        f"the export failed in a way that Coldpress does not know, {type(error).__name__}: "
        f"{brief(error)}; --debug shows where"
    )


if __name__ == "__main__":
    main()
