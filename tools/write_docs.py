"""Write docs/command-line.md from the command line's own help texts; a test compares the two."""

import os
from pathlib import Path

import click

from coldpress.cli import cli

PAGE = Path(__file__).parent.parent / "docs" / "command-line.md"

HEAD = """\
# Command line

This page is written by `make docs` from the help texts; `coldpress COMMAND --help` prints the same.

Every command takes `--json` (one JSON document on standard output, for machines) and `--debug` (the
traceback of an error). Exit codes: **0** done, **1** failed, **2** misused (a bad option, a sample
that does not fit the model), **130** interrupted (`serve`, which is ended that way, exits 0). An
error is one sentence on standard error.

A *store* is a URL (`s3://bucket/prefix`, `gs://…`, `az://…`, `file:///…`) or a path. A *model URI*
is `STORE/NAME@sha256:DIGEST` (pinned) or `STORE/NAME@CHANNEL`. AWS credentials, region and endpoint
come from the usual environment variables; with the extra `aws` from profiles as well.
"""


def page() -> str:
    """The whole page as Markdown."""
    # click wraps help texts to the terminal; the page must not depend on it.
    os.environ["COLUMNS"] = "100"
    parts = [HEAD]
    # What a command says of its help option depends on the group that it is called through.
    group = click.Context(cli, info_name="coldpress", **cli.context_settings)
    for name, command in cli.commands.items():
        context = click.Context(command, parent=group, info_name=name, max_content_width=100)
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"## coldpress {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
