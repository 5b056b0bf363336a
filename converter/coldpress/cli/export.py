"""`coldpress export`: a trained model to a certified bundle."""

from __future__ import annotations

import sys
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any

from click.core import ParameterSource

from coldpress.bundle import Bundle
from coldpress.errors import UsageError
from coldpress.pipeline import ModelSource, export_file
from coldpress.wanted import Wanted

from .command import click, command, progress, say, say_json, warn
from .describe import (
    manifest_document,
    own_weights,
    print_manifest,
    print_record,
    print_rungs,
)
from .paths import NamedPath
from .source import compress_option, model_argument, rows_options, source_options

__all__ = ["export"]

_EPILOG = """\b
Examples:
  coldpress export model.joblib --sample rows.csv --trust -o build/churn
  coldpress export model.keras --sample rows.npy -o build/digits --name digits
  coldpress export model.onnx --sample rows.parquet --drop id --labels target -o build/churn
  coldpress export net.pt2 --trust --sample rows.npy --compress smallest -o build/net
  coldpress export my_module:build --weights net.safetensors --trust --sample rows.npz -o build/net
"""


@command(epilog=_EPILOG)
@model_argument
@click.option("-o", "--output", type=NamedPath(), required=True, help="Bundle to write.")
@click.option(
    "--sample",
    type=NamedPath(),
    required=True,
    help="Rows as the model takes them (.csv, .parquet, .npy, .npz): they give the input types, "
    "and the export is compared with the model on them.",
)
@click.option("--name", help="The model's name; the file's, if not given.")
@rows_options
@source_options
@compress_option
@click.option(
    "--min-agreement",
    type=click.FloatRange(0, 1),
    default=0.99,
    show_default=True,
    help="Least agreement of a compressed model with the original; needs --compress.",
)
@click.option(
    "--max-metric-drop",
    type=click.FloatRange(0),
    default=0.01,
    show_default=True,
    help="How much worse a compressed model's metric may be; needs --compress and --labels.",
)
@click.option(
    "--max-slowdown",
    default="1.1",
    show_default=True,
    metavar="FACTOR",
    help="How many times as long a row may take in a compressed model, 'any' if only size counts; "
    "needs --compress.",
)
@click.option(
    "--keep-failed",
    is_flag=True,
    help="Write the bundle even if its certificate fails, for its report; publish refuses it.",
)
@click.option(
    "--sign",
    type=NamedPath(),
    metavar="KEY",
    help="Sign the bundle with this private key (EC, PEM).",
)
@click.option("--force", is_flag=True, help="Replace the bundle if there is one.")
def export(  # noqa: PLR0913, PLR0917 - one parameter an option
    model: str,
    output: Path,
    sample: Path,
    name: str | None,
    drop: tuple[str, ...],
    labels: str | None,
    compress: str,
    min_agreement: float,
    max_metric_drop: float,
    max_slowdown: str,
    sign: Path | None,
    *,
    keep_failed: bool,
    force: bool,
    as_json: bool,
    debug: bool = False,
    **source: Any,  # noqa: ANN401 - see source_options
) -> None:
    """Export MODEL to ONNX, prove that it answers the same, and write a bundle.

    MODEL is a scikit-learn model (.skops, .joblib, .pkl); an XGBoost (.json, .ubj), LightGBM (.txt)
    or CatBoost (.cbm) model; a Keras model (.keras, .h5) or a TensorFlow SavedModel (directory); a
    PyTorch archive (.pt2), TorchScript (.pt) or MODULE:FACTORY with --weights; or an ONNX file. A
    model whose check fails does not become a bundle, unless --keep-failed is given.
    """
    _check_limits(compress, labels)
    wanted = Wanted(
        technique=compress,
        min_agreement=min_agreement,
        max_metric_drop=max_metric_drop,
        max_slowdown=_slowdown(max_slowdown),
    )
    with progress("Exporting") as step:
        bundle = export_file(
            ModelSource(model=model, **source),
            output,
            sample=sample,
            name=name,
            drop=drop,
            labels=labels,
            compress=wanted,
            keep_failed=keep_failed,
            sign=sign,
            force=force,
            command=("coldpress", *sys.argv[1:]),
            progress=step,
            debug=debug,
        )
    if caution := own_weights(bundle.manifest.source):
        warn(caution)
    record = bundle.record()
    if as_json:
        document = manifest_document(bundle.manifest, bundle.digest)
        say_json({"bundle": str(output), **document, "record": record and asdict(record)})
        return
    print_manifest(bundle.manifest, bundle.digest)
    print_rungs(bundle.certificate())
    if record:
        print_record(record)
    _print_next(bundle, output)


def _check_limits(compress: str, labels: str | None) -> None:
    """Refuse a limit that nothing would be held against."""
    context = click.get_current_context()
    given = [
        f"--{name.replace('_', '-')}"
        for name in ("min_agreement", "max_metric_drop", "max_slowdown")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given and compress == "lossless":
        raise UsageError(
            f"{given[0]} speaks of a model that may lose something; add --compress smallest, int8, "
            "int4 or fp16"
        )
    if "--max-metric-drop" in given and labels is None:
        raise UsageError(
            "--max-metric-drop needs true labels to measure the metric with; name their column "
            "with --labels"
        )


def _slowdown(text: str) -> float | None:
    if text == "any":
        return None
    try:
        factor = float(text)
    except ValueError as error:
        raise UsageError(
            f"--max-slowdown is a factor such as 1.5, or 'any', not '{text}'"
        ) from error
    if not 0 < factor < inf:
        raise UsageError(f"--max-slowdown is a factor above 0, or 'any', not {text}")
    return factor


def _print_next(bundle: Bundle, output: Path) -> None:
    say(f"\nWrote {output}; coldpress report {output} shows it.")
    if failure := bundle.certificate().failure():
        warn(f"{failure}; coldpress publish refuses this bundle")
    else:
        say(f"Next: coldpress publish {output} STORE --channel live")
