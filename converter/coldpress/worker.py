"""The process that loads a model's file: it may run the file's code, so it holds no secrets.

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
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from coldpress.containment import leave_network
from coldpress.errors import ColdpressError, ExportError, UsageError, brief
from coldpress.wanted import Wanted

if TYPE_CHECKING:
    from coldpress.load import TrainedModel
    from coldpress.sample import Sample

__all__ = ["Job", "main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the worker is asked to do; paths are absolute.

    Attributes:
        task: ``export`` a model to a bundle, or ``certify`` a bundle that is there against it.
        source: Where the model is: the fields of `coldpress.load.Source`.
        sample: The sample's file.
        drop: Columns of the sample to leave out.
        labels: Column of the sample with the true labels or targets; empty if there is none.
        plugins: Modules to import first, which may register converters.
        modules: Directory whose modules the model's code may import; empty without trust.
        path: What to make: the bundle's directory, or the certificate's file.
        options: For ``export`` the fields of `coldpress.assemble.Plan`, the name already checked;
            for ``certify`` the ``bundle``'s directory.
    """

    task: Literal["export", "certify"]
    source: dict[str, Any]
    sample: str
    path: str
    drop: tuple[str, ...] = ()
    labels: str = ""
    plugins: tuple[str, ...] = ()
    modules: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """The job as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Do the job that stands on standard input, reporting on what was standard output."""
    offline = leave_network()  # before anything else: it can't be done once there are threads
    report = _private_output()
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    _end_with_parent(Path(job.path).parent)
    try:
        _do(job, lambda step: report({"progress": step}), offline=offline)
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


def _do(job: Job, progress: Callable[[str], None], *, offline: bool) -> None:
    # Imported here: a misused option shall be answered before a second of imports.
    from coldpress.load import Source, load_model  # noqa: PLC0415 - as said
    from coldpress.sample import read_sample  # noqa: PLC0415 - as said

    progress("Reading the sample")
    sample = read_sample(Path(job.sample), drop=job.drop, labels=job.labels or None)
    if job.modules:
        sys.path.append(job.modules)
    for plugin in job.plugins:
        _import_plugin(plugin)
    progress("Loading the model" + ("" if offline else ", with the network in its reach"))
    weights = job.source["weights"]
    trained = load_model(Source(**{**job.source, "weights": weights and Path(weights)}))
    _TASKS[job.task](job, trained, sample, progress)


def _export(
    job: Job, trained: TrainedModel, sample: Sample, progress: Callable[[str], None]
) -> None:
    from coldpress.assemble import Plan, assemble  # noqa: PLC0415 - once the model could be read

    options = {**job.options, "wanted": Wanted(**job.options["wanted"])}
    plan = Plan(**{**options, "command": tuple(options["command"])})
    assemble(trained, sample, plan=plan, path=Path(job.path), progress=progress)


def _certify(
    job: Job, trained: TrainedModel, sample: Sample, progress: Callable[[str], None]
) -> None:
    from coldpress.bundle import Bundle  # noqa: PLC0415 - once the model could be read
    from coldpress.proof import against_original  # noqa: PLC0415 - as above

    bundle = Bundle.open(Path(job.options["bundle"]))
    certificate = against_original(bundle, trained, sample, progress=progress)
    Path(job.path).write_bytes(certificate.to_bytes())


_TASKS: dict[str, Callable[[Job, TrainedModel, Sample, Callable[[str], None]], None]] = {
    "export": _export,
    "certify": _certify,
}


def _import_plugin(name: str) -> None:
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the plugin '{name}' can't be imported: there is no module '{error.name}'; run from "
            "the directory that holds it, or install it"
        ) from error
    except Exception as error:
        raise UsageError(
            f"the plugin '{name}' failed when it was imported, {type(error).__name__}: "
            f"{brief(error)}"
        ) from error


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
