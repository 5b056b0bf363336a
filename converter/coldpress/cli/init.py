"""`coldpress init`: a project of the user's own."""

from __future__ import annotations

import shlex
from pathlib import Path

from coldpress.scaffold import TOOLS, lay_down

from .command import click, command, progress, say, say_json
from .paths import NamedPath

__all__ = ["init"]


@command(
    epilog="""\b
Examples:
  coldpress init churn-api
  coldpress init churn-api --model build/churn --with serverless
  coldpress init churn-api --model build/churn --image
  coldpress init . --model s3://my-bucket/models/churn@live
"""
)
@click.argument("directory", type=NamedPath(), metavar="DIR")
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
@click.option(
    "--image",
    is_flag=True,
    help="Lay down what a container image takes, too: docs/container.md.",
)
def init(directory: Path, tool: str, model: str | None, *, image: bool, as_json: bool) -> None:
    """Lay down a project in DIR: template, settings, model, sample events, a test, a workflow.

    The events are made from the model's signature and its golden examples, and the test runs as it
    is. A README.md and a .gitignore that are in DIR stay as they are; where any other file would
    be replaced, it is named and nothing is written. All that is laid down is yours to change.
    """
    with progress("Laying the project down") as step:
        project = lay_down(directory, tool=tool, model=model, image=image, progress=step)
    if as_json:
        say_json(
            {
                "folder": str(project.folder),
                "with": project.tool,
                "model": project.model,
                "files": [*project.files, "model/"],
                "kept": list(project.kept),
                "unignored": list(project.unignored),
            }
        )
        return
    say("Laid down ", (str(project.folder), "bold"), f" for the model {project.model}:")
    for name in (*project.files, "model/"):
        say(f"  {name}")
    if project.kept:
        say(f"Kept yours: {', '.join(project.kept)}")
    if project.unignored:
        say(f"Let git ignore what is made here: {' '.join(project.unignored)}")
    place = shlex.quote(str(project.folder))
    say(f"Next: cd {place} && make setup && make test; make deploy takes it to AWS")
