"""`coldpress plan`: what a model will take and cost on AWS Lambda."""

from __future__ import annotations

import math
import os
from pathlib import Path

from coldpress.bundle import replace_file
from coldpress.errors import UsageError
from coldpress.planning import plan as make_plan
from coldpress.planning.planning import MEMORIES
from coldpress.planning.plot import draw
from coldpress.planning.prices import APIS
from coldpress.planning.workload import Traffic

from .command import click, command, progress, say, say_json
from .paths import NamedPath
from .plan_document import plan_document
from .plan_report import print_plan

__all__ = ["plan"]


def _share(_context: object, _option: object, text: str) -> float:
    """A share of 1, from such as 0.01 or 1%."""
    written = text.strip()
    try:
        share = float(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
    except ValueError:
        raise click.BadParameter(f"{text!r:.40} is no share; write such as 1% or 0.01") from None
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text!r:.40} is no share of all requests; write such as 5%")
    return share


@command(
    epilog="""\b
Examples:
  coldpress plan build/churn --requests-per-month 1000000 --p95-ms 50
  coldpress plan s3://my-bucket/models/churn@live --requests-per-month 20000000 --plot plan.svg
"""
)
@click.argument("model", metavar="BUNDLE")
@click.option(
    "--requests-per-month", "requests", type=int, required=True, help="How many requests come."
)
@click.option(
    "--p95-ms",
    type=float,
    help="Warm requests that take no longer, in 95 of 100 cases: the cheapest such function is "
    "recommended.",
)
@click.option(
    "--memory",
    "memories",
    type=int,
    multiple=True,
    metavar="MB",
    help="A memory size to look at; may be repeated.  "
    f"[default: {', '.join(str(size) for size in MEMORIES)}]",
)
@click.option(
    "--api",
    type=click.Choice(APIS),
    default="http-api",
    show_default=True,
    help="What stands before the function.",
)
@click.option(
    "--cold-share",
    callback=_share,
    default="1%",
    metavar="SHARE",
    show_default=True,
    help="Share of the requests that meet a cold start.",
)
@click.option(
    "--peak",
    type=float,
    default=1.0,
    show_default=True,
    help="How many times the mean rate comes at the peak, for provisioned concurrency.",
)
@click.option(
    "--store-mb-per-second",
    "megabytes_per_second",
    type=float,
    default=75.0,
    show_default=True,
    help="How fast the function reads from the store.",
)
@click.option("--free-tier", is_flag=True, help="Take Lambda's free tier off.")
@click.option(
    "--prices",
    type=NamedPath(),
    metavar="FILE",
    help="Another region's prices, or newer ones.  [default: us-east-1, dated in the output]",
)
@click.option(
    "--package",
    type=NamedPath(),
    metavar="PATH",
    help="The function's package that coldpress build made, directory or zip, if its requirements "
    "are your own.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="How often each measurement is made.",
)
@click.option(
    "--plot",
    type=NamedPath(),
    metavar="FILE",
    help="Draw time and cost by memory size into this SVG file.",
)
def plan(  # noqa: PLR0913 - one parameter an option
    model: str,
    *,
    requests: int,
    cold_share: float,
    peak: float,
    api: str,
    megabytes_per_second: float,
    free_tier: bool,
    p95_ms: float | None,
    memories: tuple[int, ...],
    prices: Path | None,
    package: Path | None,
    rounds: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Say what BUNDLE, a directory or a model URI, takes and costs as an AWS Lambda function.

    The function is started here several times, with one thread and with two; from the times and
    the memory of that, each memory size is estimated on both processors: cold start, latency, fit,
    monthly cost, and when provisioned concurrency pays. What is measured, what is extrapolated and
    what is assumed is told apart.
    """
    traffic = Traffic(
        requests=requests,
        cold_share=cold_share,
        peak=peak,
        api=api,
        megabytes_per_second=megabytes_per_second,
        free_tier=free_tier,
    )
    _check_p95(p95_ms)
    _check_plot(plot)
    with progress("Measuring") as step:
        made = make_plan(
            model,
            traffic,
            p95_ms=p95_ms,
            memories=memories or MEMORIES,
            rounds=rounds,
            package=package,
            prices=prices,
            progress=step,
        )
    if not as_json:
        print_plan(made)  # whatever becomes of the picture
    if plot is not None:
        replace_file(plot, draw(made).encode())
    if as_json:
        say_json({**plan_document(made), "plot": str(plot) if plot else None})
    elif plot is not None:
        say(f"\nDrew {plot}")


def _check_p95(wanted: float | None) -> None:
    if wanted is not None and not 0 < wanted < math.inf:
        raise UsageError(f"--p95-ms must be more than 0, not {wanted:g}")


def _check_plot(path: Path | None) -> None:
    """Refuse what can't be drawn into, before a minute of measuring."""
    if path is None:
        return
    if path.suffix != ".svg":
        raise UsageError(f"--plot draws SVG: name a file that ends in .svg, not {path}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no directory {path.parent} for the plot; make it first")
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file for the plot")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path.parent} can't be written to; name another place for the plot")
