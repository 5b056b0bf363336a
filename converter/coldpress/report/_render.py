"""The page, from what lies in the bundle and nothing else, so that it can be written anew."""

from __future__ import annotations

import base64
import hashlib
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coldpress.bundle import Bundle
from coldpress.certification import DECADES, Certificate
from coldpress.record import Latency, Record
from coldpress.units import human_bytes, human_figure
from coldpress_runtime.version import VERSION

from ._calls import calls
from ._confusion import matrices
from ._findings import findings, largest_difference, verdict
from .charts import Bar, bars, histogram

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["render"]

_TEMPLATES = Path(__file__).parent / "templates"
# More of them are a matter for machines.
_MOST_LISTED = 2000


def render(bundle: Bundle) -> str:
    """A bundle's report: HTML that loads nothing, from this machine or another.

    Args:
        bundle: The bundle; its manifest, certificate, record and golden examples are told of.

    Raises:
        BundleError: One of these can't be read.
    """
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    certificate, record = bundle.certificate(), bundle.record()
    page: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            manifest=bundle.manifest,
            digest=bundle.digest,
            certificate=certificate,
            record=record,
            findings=findings(certificate),
            matrices=matrices(certificate.metric),
            histograms=_histograms(certificate),
            sizes=_sizes(record) if record else None,
            latency=_latency(record.latency) if record and record.latency else None,
            command=shlex.join(record.command) if record else "",
            calls=calls(bundle),
            style=style,
            style_hash=_hash(style),
            version=VERSION,
            most_listed=_MOST_LISTED,
        )
    )
    return page


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - when used

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "size": human_bytes,
        "number": lambda value: f"{value:.2g}",
        "percent": _percent,
        "figure": human_figure,
        "count": lambda value: f"{value:,}",
        "largest": largest_difference,
        "verdict": verdict,
    }
    return environment


def _percent(share: float) -> str:
    """A share in per cent that says 100 only of the whole."""
    text = f"{share:.2%}"
    return "99.99%" if text == "100.00%" and share < 1 else text.replace(".00%", "%")


def _hash(style: str) -> str:
    """The style's hash, as a content security policy names it: no other style is applied."""
    # A browser hashes what stands between the tags, with line ends as a parser leaves them.
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _histograms(certificate: Certificate) -> dict[str, Markup]:
    """A picture for each output that has numbers."""
    return {
        check.name: histogram(
            f"Absolute differences of output {check.name}",
            check.histogram,
            atol=certificate.tolerance.atol,
            key=f"differences-{place}",
        )
        for place, check in enumerate(certificate.outputs)
        if len(check.histogram) == len(DECADES) + 2 and any(check.histogram)
    }


def _sizes(record: Record) -> Markup | None:
    if not record.sizes:
        return None
    first, last = record.sizes[0].bytes, record.sizes[-1]
    rows = [
        Bar(
            label=step.step,
            text=human_bytes(step.bytes) + _times(first, step.bytes),
            value=step.bytes,
            last=step is last,
        )
        for step in record.sizes
    ]
    return bars("Size of the model after each step", rows, key="sizes")


def _times(first: int, now: int) -> str:
    return f" · {human_figure(first / now, '.1f')} × smaller" if 0 < now < first else ""


def _latency(latency: Latency) -> dict[str, Any]:
    sides = (("original", latency.original_ms), ("export, in the runtime", latency.export_ms))
    rows = [
        Bar(label=label, text=f"{human_figure(taken)} ms", value=max(taken, 0.0), last=place == 1)
        for place, (label, taken) in enumerate(sides)
    ]
    ratio = latency.original_ms / latency.export_ms if latency.export_ms > 0 else 0.0
    return {"picture": bars("How long one row takes", rows, key="latency"), "ratio": ratio}
