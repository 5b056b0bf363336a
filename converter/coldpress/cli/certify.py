"""`coldpress certify`: prove a bundle again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coldpress.bundle import SIGNATURE_NAME
from coldpress.errors import UsageError
from coldpress.pipeline import ModelSource
from coldpress.recertify import certify as certify_bundle

from .command import click, command, console, progress, say, say_json, warn
from .paths import NamedPath
from .source import rows_options, source_options
from .tables import certificate_table

__all__ = ["certify"]

_EPILOG = """\b
Examples:
  coldpress certify build/churn
  coldpress certify build/churn --original model.joblib --trust --data holdout.csv --labels churned
  coldpress certify s3://my-bucket/models/churn@live --data today.parquet --json
"""


@command(epilog=_EPILOG)
@click.argument("bundle")
@click.option("--original", metavar="MODEL", help="The model that BUNDLE was made from.")
@click.option("--data", type=NamedPath(), help="Rows to compare on, like export's --sample.")
@rows_options
@source_options
@click.option(
    "--write",
    is_flag=True,
    help="Put the certificate into BUNDLE, which gives a new version, without a signature; needs "
    "--original.",
)
def certify(  # noqa: PLR0913 - one parameter an option
    bundle: str,
    original: str | None,
    data: Path | None,
    drop: tuple[str, ...],
    labels: str | None,
    *,
    write: bool,
    as_json: bool,
    debug: bool = False,
    **source: Any,  # noqa: ANN401 - see source_options
) -> None:
    """Compare BUNDLE, a directory or a model URI, with its original, as this machine runs it.

    With --original, with that model on the rows of --data. With --data alone, with the same ONNX
    without any optimisation of its graph. With neither, with the answers to the golden examples
    that the original gave when the bundle was made. Exits 1 if they are not alike. --write is for
    the first of these alone: no other proves as much as the certificate that it would replace.
    """
    if original is not None and not original.strip():
        raise UsageError("the original has no name; name the model that BUNDLE was made from")
    if original is None and any(source.values()):
        raise UsageError("--trust, --weights, --signature and --plugin speak of an --original")
    signed = write and (Path(bundle) / SIGNATURE_NAME).exists()
    with progress("Certifying") as step:
        found = certify_bundle(
            bundle,
            original=ModelSource(model=original, **source) if original else None,
            data=data,
            drop=drop,
            labels=labels,
            write=write,
            progress=step,
            debug=debug,
        )
    if signed:
        warn(
            f"{bundle} lost its signature, which was over the version before; coldpress sign makes "
            "a new one"
        )
    if as_json:
        say_json(json.loads(found.to_bytes()))
    else:
        say(f"Compared with {found.original}.")
        console.print(certificate_table(found))
        if metric := found.metric:
            say(f"{metric.name}: {metric.original:.4f}, and {metric.export:.4f} here")
    if failure := found.failure():
        raise failure
    if not as_json:
        say("The certificate passed.")
