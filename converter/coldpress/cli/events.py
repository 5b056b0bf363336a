"""`coldpress events`: what a deployed model would be asked, as files."""

from __future__ import annotations

from pathlib import Path

from coldpress.scaffold import write_events

from .command import click, command, progress, say, say_json
from .paths import NamedPath

__all__ = ["events"]


@command(
    epilog="""\b
Examples:
  coldpress events build/churn
  coldpress events s3://my-bucket/models/churn@live -o tests/events
  coldpress invoke --model ./store/churn@live --event events/http-infer.json
"""
)
@click.argument("model")
@click.option(
    "-o",
    "--output",
    type=NamedPath(),
    default=Path("events"),
    show_default=True,
    help="Folder for the events; others in it stay.",
)
def events(model: str, output: Path, *, as_json: bool) -> None:
    """Write sample events of MODEL: what Lambda would get, with a request that it answers.

    MODEL is a bundle, or a published model's URI. The request is its first golden example. Events
    called wrong are refused with 400.
    """
    with progress("Writing the events") as step:
        files = write_events(model, output, progress=step)
    if as_json:
        say_json({"files": [str(path) for path in files]})
        return
    for path in files:
        say(str(path))
