"""`coldpress report`: write a bundle's report anew, and look at it."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

from coldpress.bundle import REPORT_NAME, Bundle, replace_file
from coldpress.report import render

from .command import click, command, say, say_json
from .paths import NamedPath

__all__ = ["report"]


@command(
    epilog="""\b
Examples:
  coldpress report build/churn
  coldpress report build/churn -o churn.html --no-open
"""
)
@click.argument("bundle", type=NamedPath())
@click.option("-o", "--output", type=NamedPath(), help="File to write; report.html inside it.")
@click.option(
    "--open/--no-open",
    "show",
    default=None,
    help="Whether to open it in a browser; by default on a terminal with a display.",
)
def report(bundle: Path, output: Path | None, *, show: bool | None, as_json: bool) -> None:
    """Write the report of BUNDLE: one HTML file that needs nothing else.

    It says what the model is, how far it answers like the original, how small and fast it became,
    and how to call it. It is made from the bundle's own files and is no part of its version.
    """
    opened = Bundle.open(bundle)
    place = output or bundle / REPORT_NAME
    replace_file(place, render(opened).encode())
    if show if show is not None else _has_display() and not as_json:
        webbrowser.open(place.absolute().as_uri())
    if as_json:
        say_json({"report": str(place), "version": f"sha256:{opened.digest}"})
        return
    say(str(place))


def _has_display() -> bool:
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
