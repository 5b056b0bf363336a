"""`coldpress deploy`: from a model to a URL that answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

from coldpress import deployment
from coldpress.deployment import Deployed, Order
from coldpress.errors import UsageError
from coldpress.pipeline import ModelSource
from coldpress.scaffold import TOOLS

from .command import click, command, progress_line, say, say_json, warn
from .describe import print_fact
from .paths import NamedPath
from .source import compress_option, model_argument, rows_options, source_options

__all__ = ["deploy"]

_EPILOG = """\b
Examples:
  coldpress deploy model.joblib --sample rows.csv --trust
  coldpress deploy build/churn --store s3://my-bucket/models --stage staging
  coldpress deploy build/churn --with serverless --param MemorySize=3008 --dry-run
  coldpress deploy s3://my-bucket/models/churn@live
"""


class _Seconds(click.FloatRange):
    """Named so in click's own sentence about what is none."""

    name = "number of seconds"


class _Shown:
    """The terminal: each step's command, and a spinner for what takes a while."""

    def __init__(self, *, quiet: bool) -> None:
        self.output: IO[str] = sys.stderr if quiet else sys.stdout
        self._quiet = quiet
        self._line = progress_line()

    def command(self, text: str) -> None:
        self.clear()
        if not self._quiet:
            say((_prompted(text), "bold"))
            self.output.flush()

    def doing(self, step: str) -> None:
        self._line(step)

    def clear(self) -> None:
        self._line("")


@command(epilog=_EPILOG)
@model_argument
@click.option(
    "--sample",
    type=NamedPath(),
    help="For a model that is to be exported: rows as it takes them.",
)
@click.option("--name", help="The exported model's name; the file's, if not given.")
@rows_options
@source_options
@compress_option
@click.option(
    "--store",
    metavar="URL",
    help="Where it is published, such as s3://my-bucket/models; a bucket of your account, made at "
    "the first time, if not given.",
)
@click.option(
    "--with",
    "tool",
    type=click.Choice(TOOLS),
    help="The tool; the project's, or else the one that is there, SAM first.",
)
@click.option(
    "--stage",
    default="live",
    show_default=True,
    help="Ends the stack's name, and names the channel that points to the version afterwards.",
)
@click.option("--stack", help="The stack's name; the project's, or else NAME-STAGE, if not given.")
@click.option(
    "--region", help="AWS region; the project's, the environment's or the profile's, if not given."
)
@click.option(
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the template, such as Auth=api-key; may be repeated.",
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="NAME=VALUE",
    help="A tag of the stack, and so of all that is in it, beside the project's; may be repeated.",
)
@click.option(
    "--project",
    type=NamedPath(file_okay=False, exists=True),
    help="Folder with a template that coldpress init laid down; the current one, if not given, and "
    "the shipped template where that has none.",
)
@click.option(
    "-o",
    "--output",
    type=NamedPath(),
    help="Folder for what is made on the way; build, if not given. A project has its own.",
)
@click.option("--no-build", is_flag=True, help="Take the function's package as it lies there.")
@click.option(
    "--wait",
    "patience",
    type=_Seconds(min=0),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long it may take, once it is deployed, until its URL answers.",
)
@click.option("--dry-run", is_flag=True, help="Print the commands that would run, and run none.")
def deploy(  # noqa: PLR0913, PLR0917 - one parameter an option
    model: str,
    sample: Path | None,
    name: str | None,
    drop: tuple[str, ...],
    labels: str | None,
    compress: str,
    store: str | None,
    tool: str | None,
    stage: str,
    stack: str | None,
    region: str | None,
    parameters: tuple[str, ...],
    tags: tuple[str, ...],
    project: Path | None,
    output: Path | None,
    patience: float,
    *,
    no_build: bool,
    dry_run: bool,
    as_json: bool,
    **source: Any,  # noqa: ANN401 - see source_options
) -> None:
    """Deploy MODEL to AWS Lambda, and print the URL where it answers.

    MODEL is a model's file, which is exported first and takes --sample; a bundle; or a published
    model's URI. Export, publish, build, sam deploy or osls deploy with the pinned URI, wait: each
    step is a command of its own, which is shown, and a step can be done again. Then the deployed
    function is asked its golden examples through its URL, and the store's channel points to the
    version.
    """
    order = Order(
        source=ModelSource(model=model, **source),
        sample=sample,
        name=name,
        labels=labels,
        drop=drop,
        compress=compress,
        store=store,
        tool=tool,
        stage=stage,
        stack=stack,
        region=region,
        parameters=_pairs("--param", parameters, "MemorySize=3008"),
        tags=_tags(tags),
        project=project,
        output=output,
        build=not no_build,
        patience=patience,
    )
    if dry_run:
        _rehearse(order, as_json=as_json)
        return
    shown = _Shown(quiet=as_json)
    try:
        found = deployment.deploy(order, shown)
    finally:
        shown.clear()
    if as_json:
        say_json(_document(found))
    else:
        _print(found)


def _rehearse(order: Order, *, as_json: bool) -> None:
    commands = deployment.rehearse(order)
    if as_json:
        say_json({"commands": commands})
        return
    for each in commands:
        say(_prompted(each))


def _prompted(step: str) -> str:
    """A step as a terminal has it; what has no command of its own is a comment."""
    return step if step.startswith("#") else f"$ {step}"


def _pairs(option: str, texts: tuple[str, ...], example: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for each in texts:
        name, separator, value = each.partition("=")
        if not (name.strip() and separator):
            raise UsageError(f"{option} takes NAME=VALUE, such as {example}, not {each!r}")
        if name in pairs:
            raise UsageError(f"{option} says {name} twice; leave one out")
        pairs[name] = value
    return pairs


def _tags(texts: tuple[str, ...]) -> dict[str, str]:
    tags = _pairs("--tag", texts, "team=ml")
    for name, value in tags.items():
        if "," in f"{name}{value}" or '"' in f"{name}{value}":
            raise UsageError(f"--tag takes no commas or quotes: not {name}={value}")
        if name.lower().startswith("aws:"):
            raise UsageError(f"{name} can't be a tag: names that begin with aws: are AWS's own")
    return tags


def _document(found: Deployed) -> dict[str, object]:
    return {
        "uri": str(found.uri),
        "url": found.url,
        "stack": found.stack,
        "with": found.tool,
        "golden_examples": found.asked,
        "not_asked": found.unasked,
        "channel": found.channel,
        "curl": found.curl,
    }


def _print(found: Deployed) -> None:
    say("\nDeployed ", (str(found.uri), "bold"))
    print_fact("url", found.url)
    print_fact("stack", found.stack)
    print_fact("channel", found.channel)
    if not found.unasked:
        examples = f"its {found.asked} golden examples" if found.asked else "that it is ready"
        print_fact("answers", ("as it should:", "green"), f" {examples}, through the URL")
    say(f"\n{found.curl}")
    if found.unasked:
        warn(f"nobody asked it: {found.unasked}")
