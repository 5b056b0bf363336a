"""`coldpress build`: the function's directory and zip."""

from __future__ import annotations

from pathlib import Path

from coldpress.package import ARCHITECTURES, DEFAULT_PYTHON, PYTHONS
from coldpress.package import build as build_package

from .command import click, command, console, progress, say_json
from .describe import human_bytes

__all__ = ["build"]


@command(
    epilog="""\b
Examples:
  coldpress build -o build/
  coldpress build -o build/ --python 3.12 --arch arm64
"""
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
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
def build(output: Path, python: str, architecture: str, *, as_json: bool) -> None:
    """Build the function's package for AWS Lambda, on whatever machine this is.

    It holds the handler, the runtime library and the wheels for the target platform; the model is
    not in it. infra/ has SAM and Serverless templates that deploy it as it is.
    """
    with progress("Building the function's package") as step:
        package = build_package(output, python=python, architecture=architecture, progress=step)
    if as_json:
        say_json(
            {
                "directory": str(package.directory),
                "archive": str(package.archive),
                "python": package.python,
                "architecture": package.architecture,
                "unpacked_bytes": package.unpacked_bytes,
                "zipped_bytes": package.zipped_bytes,
            }
        )
        return
    console.print(
        f"Built for Python {package.python} on {package.architecture}: "
        f"{human_bytes(package.unpacked_bytes)}, {human_bytes(package.zipped_bytes)} zipped\n"
        f"  {package.directory}\n  {package.archive}"
    )
