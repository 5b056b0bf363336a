"""The command line: it parses, calls and prints, and has no logic of its own."""

from __future__ import annotations

from coldpress_runtime.version import VERSION

from .certify import certify
from .command import click, run
from .deploy import deploy
from .events import events
from .export import export
from .init import init
from .inspect import inspect
from .local import invoke, serve
from .package import build
from .plan import plan
from .registry import channels, promote, publish, rollback
from .report import report
from .signing import sign, verify
from .versions import diff, gc, history

__all__ = ["cli", "main"]

_EPILOG = """\b
The whole way:
  coldpress export model.joblib --sample rows.csv --trust -o build/churn
  coldpress publish build/churn s3://my-bucket/models --channel live
  coldpress invoke --model s3://my-bucket/models/churn@live --event event.json
"""


@click.group(
    epilog=_EPILOG,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="coldpress")
def cli() -> None:
    """Export a trained model to ONNX, prove the export right, and serve it from AWS Lambda."""


for command in (
    export,
    certify,
    inspect,
    report,
    sign,
    verify,
    publish,
    channels,
    promote,
    rollback,
    history,
    diff,
    gc,
    invoke,
    serve,
    build,
    plan,
    init,
    events,
    deploy,
):
    cli.add_command(command)


def main() -> None:
    """The console script: exits 0 for done, 1 for failed, 2 for misused."""
    run(cli)
