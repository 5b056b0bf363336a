"""`coldpress init`: a project of the user's own."""

from __future__ import annotations

import shlex
from pathlib import Path

from coldpress.scaffold import TOOLS, lay_down

from .command import click, command, progress, say, say_json

__all__ = ["init"]


@command(
    epilog="""\b
Examples:
  coldpress init churn-api
  coldpress init churn-api --model build/churn --with serverless
  coldpress init . --model s3://my-bucket/models/churn@live
"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--with",
    "tool",
    type=click.Choice(TOOLS),
    default="sam",
    show_default=True,
    help="What is to deploy it: AWS SAM, or the Serverless Framework.",
)
@click.option(
    "--model", help="A bundle, or a model URI, to begin with; an example is trained without one."
)
def init(folder: Path, tool: str, model: str | None, *, as_json: bool) -> None:
    """Lay down a project in DIR: template, settings, model, sample events, a test, a workflow.

    The events are made from the model's signature and its golden examples, and the test runs as it
    is. What is in DIR already stays as it is. Everything there is yours to change.
    """
    with progress("Laying the project down") as step:
        project = lay_down(folder, tool=tool, model=model, progress=step)
    if as_json:
        say_json(
            {
                "folder": str(project.folder),
                "with": project.tool,
                "model": project.model,
                "files": list(project.files),
            }
        )
        return
    say("Laid down ", (str(project.folder), "bold"), f" for the model {project.model}:")
    for name in (*project.files, "model/"):
        say(f"  {name}")
    place = shlex.quote(str(project.folder))
    say(f"Next: cd {place} && make setup && make test; make deploy takes it to AWS")
