"""`coldpress build`: the function's directory and zip."""

from __future__ import annotations

from pathlib import Path

from coldpress.package import ARCHITECTURES, DEFAULT_PYTHON, PYTHONS, Package
from coldpress.package import build as build_package
from coldpress.units import human_bytes

from .command import click, command, progress, say, say_json, warn
from .describe import print_fact
from .package_report import print_report, report_document
from .paths import NamedPath

__all__ = ["build"]


@command(
    epilog="""\b
Examples:
  coldpress build -o build/
  coldpress build -o build/ --python 3.12 --arch arm64
  coldpress build -o build/ --report --max-mb 100
"""
)
@click.option(
    "-o",
    "--output",
    type=NamedPath(),
    default=Path("build"),
    show_default=True,
    help="Directory for function/ and function.zip.",
)
@click.option(
    "--python",
    type=click.Choice(PYTHONS),
    default=DEFAULT_PYTHON,
    show_default=True,
    help="Python version of the Lambda runtime.",
)
@click.option(
    "--arch",
    "architecture",
    type=click.Choice(ARCHITECTURES),
    default="x86_64",
    show_default=True,
    help="Processor of the function.",
)
@click.option(
    "--bytecode/--no-bytecode",
    default=True,
    show_default=True,
    help="Compile the modules, with a Python of that version on this machine; without, the "
    "function compiles them at every cold start.",
)
@click.option(
    "--max-mb",
    type=click.IntRange(min=1),
    help="Fail above this many MB (1,000,000 bytes), unzipped; Lambda's own limit holds in any "
    "case: 262,144,000 bytes, or 10 GB with --image.",
)
@click.option(
    "--image",
    is_flag=True,
    help="For a container image, which may hold 10 GB: docs/container.md.",
)
@click.option("--report", is_flag=True, help="Print where the bytes go, and what was left out.")
def build(  # noqa: PLR0913 - one parameter an option
    output: Path,
    python: str,
    architecture: str,
    *,
    bytecode: bool,
    max_mb: int | None,
    image: bool,
    report: bool,
    as_json: bool,
) -> None:
    """Build the function's package for AWS Lambda, on whatever machine this is.

    It holds the handler, the runtime library and the wheels for the target platform, without what
    inference never touches, and bytecode for all of it; the model is not in it. Where this machine
    can run it, it has answered the sample events before it is handed over. infra/ has SAM and
    Serverless templates that deploy it as it is.
    """
    with progress("Building the function's package") as step:
        package = build_package(
            output,
            python=python,
            architecture=architecture,
            bytecode=bytecode,
            most_bytes=None if max_mb is None else max_mb * 1_000_000,
            image=image,
            progress=step,
        )
    if as_json:
        say_json(_document(package) | (report_document(package) if report else {}))
        return
    _print(package)
    if report:
        print_report(package)
    for warning in package.warnings:
        warn(warning)


def _document(package: Package) -> dict[str, object]:
    bytecode, trial = package.bytecode, package.trial
    return {
        "directory": str(package.directory),
        "archive": str(package.archive),
        "python": package.python,
        "architecture": package.architecture,
        "unpacked_bytes": package.unpacked_bytes,
        "zipped_bytes": package.zipped_bytes,
        "bytecode": {
            "compiled": package.has_bytecode,
            "unpacked_bytes": bytecode.unpacked_bytes,
            "zipped_bytes": bytecode.zipped_bytes,
        },
        "trial": {"tried": trial.tried, "reason": trial.reason, "statuses": dict(trial.statuses)},
        "warnings": list(package.warnings),
    }


def _print(package: Package) -> None:
    say(
        f"Built for Python {package.python} on {package.architecture}: "
        f"{human_bytes(package.unpacked_bytes)}, {human_bytes(package.zipped_bytes)} zipped\n"
        f"  {package.directory}\n  {package.archive}"
    )
    compiled = f"compiled for Python {package.python}"
    print_fact("bytecode", compiled if package.has_bytecode else "none")
    trial = package.trial
    if trial.tried:
        answered = f" the {len(trial.statuses)} sample events, alone"
        print_fact("trial", ("answered", "green"), answered)
    else:
        print_fact("trial", ("not tried:", "yellow"), f" {trial.reason}")
