"""Building: wheels, sources, what is left out, bytecode, a trial, and the zip.

Two builds of the same sources give the same zip, byte for byte, so that a deployment changes the
function only when something in it changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import coldpress_runtime
from coldpress.resources import resource
from coldpress.staging import put_in_place

from .archive import Part, bytecode_in, parts_in, set_modes, write_zip
from .bytecode import compile_modules, required_interpreter
from .exclusions import LeftOut, leave_out
from .interpreters import find_interpreter
from .limits import DIRECT_BYTES, checked_size
from .place import ARCHIVE, DIRECTORY, RECORD, workshop
from .target import DEFAULT_PYTHON, Target
from .trial import Trial, try_package
from .wheels import install

__all__ = ["Package", "build"]

_HANDLERS = ("predict.py", "batch.py", "docs.py", "hooks.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A function that was built.

    Attributes:
        directory: What the function's code directory will hold.
        archive: The same as a zip.
        python: Version of the Lambda runtime it is for, such as ``3.13``.
        architecture: Processor it is for, ``x86_64`` or ``arm64``.
        unpacked_bytes: Size of the directory's files, in bytes.
        zipped_bytes: Size of the zip, in bytes.
        parts: What it holds, the largest in the zip first.
        bytecode: What of it is bytecode; no bytes if there is none.
        left_out: What functions/excluded.txt kept out of it, by pattern.
        trial: Whether it was tried, and what it answered.
        image: Whether it goes into a container image.
    """

    directory: Path
    archive: Path
    python: str
    architecture: str
    unpacked_bytes: int
    zipped_bytes: int
    parts: tuple[Part, ...]
    bytecode: Part
    left_out: tuple[LeftOut, ...]
    trial: Trial
    image: bool = False

    @property
    def has_bytecode(self) -> bool:
        """Whether its modules are compiled."""
        return self.bytecode.unpacked_bytes > 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever deploys it should know; one sentence each."""
        if self.image or self.zipped_bytes <= DIRECT_BYTES:
            return ()
        large = f"the zip has {self.zipped_bytes:,} bytes, and above {DIRECT_BYTES:,} AWS Lambda"
        return (f"{large} takes it through S3 only, as SAM and Serverless send it",)


def build(  # noqa: PLR0913 - all but the output have a default
    output: Path,
    *,
    python: str = DEFAULT_PYTHON,
    architecture: str = "x86_64",
    bytecode: bool = True,
    most_bytes: int | None = None,
    image: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Package:
    """Build the function's package: handler, runtime library and wheels for the target.

    It is tried before it is handed over: where this machine can run it, it has answered the sample
    events. An earlier build in the same place stays as it is until the new one is complete.

    Args:
        output: Directory for ``function/`` and ``function.zip``; made if need be.
        python: Version of the Lambda runtime, one of `PYTHONS`.
        architecture: Its processor, one of `ARCHITECTURES`.
        bytecode: Whether to compile, which takes a Python of that version on this machine.
        most_bytes: The largest package, unzipped and inclusive; None for Lambda's own limit, which
            holds in any case.
        image: Whether it goes into a container image, which may hold more than a zip.
        progress: Called with what is being done, before each of the long steps.

    Raises:
        UsageError: Unknown Python version or architecture.
        BuildError: The package can't be built, is too large or fails its trial, or something else
            is where it should go.
    """
    target = Target(python=python, architecture=architecture)
    interpreter = required_interpreter(python) if bytecode else find_interpreter(python)
    with workshop(output) as folder:
        directory, archive = folder / DIRECTORY, folder / ARCHIVE
        left_out = _fill(directory, target, progress)
        if bytecode and interpreter:
            progress(f"Compiling for Python {python}")
            compile_modules(directory, interpreter, python)
        set_modes(directory)
        unpacked_bytes = checked_size(directory, most_bytes, image=image)
        progress("Answering the sample events with the package alone")
        trial = try_package(
            directory, target, interpreter, scratch=folder / "trial", bytecode=bytecode
        )
        progress("Writing the zip")
        write_zip(directory, archive)
        package = Package(
            directory=output / DIRECTORY,
            archive=output / ARCHIVE,
            python=python,
            architecture=architecture,
            unpacked_bytes=unpacked_bytes,
            zipped_bytes=archive.stat().st_size,
            parts=parts_in(archive),
            bytecode=bytecode_in(archive),
            left_out=left_out,
            trial=trial,
            image=image,
        )
        made = {directory: package.directory, archive: package.archive}
        put_in_place(made, earlier=folder / "earlier")
    return package


def _fill(directory: Path, target: Target, progress: Callable[[str], None]) -> tuple[LeftOut, ...]:
    """Put wheels and sources into the package's directory, but for what is left out."""
    progress(
        f"Installing the function's packages for Python {target.python} on {target.architecture}"
    )
    install(resource("functions", "requirements.txt"), directory, target)
    _add_sources(directory, target)
    return leave_out(directory, resource("functions", "excluded.txt"), target)


def _add_sources(directory: Path, target: Target) -> None:
    for name in _HANDLERS:
        shutil.copyfile(resource("functions", name), directory / name)
    runtime = Path(coldpress_runtime.__path__[0])
    no_caches = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(runtime, directory / runtime.name, ignore=no_caches)
    record = {
        "coldpress": version("coldpress"),
        "python": target.python,
        "architecture": target.architecture,
    }
    (directory / RECORD).write_text(f"{json.dumps(record, indent=2)}\n", "utf-8")
