"""`coldpress export`: a trained model to a certified bundle."""

from __future__ import annotations

from pathlib import Path

from coldpress.pipeline import export_file

from .command import click, command, console, progress, say_json
from .describe import manifest_document, print_manifest, print_rungs

__all__ = ["export"]

_EPILOG = """\b
Examples:
  coldpress export model.joblib --sample rows.csv --trust -o build/churn
  coldpress export model.keras --sample rows.npy -o build/digits --name digits
  coldpress export model.onnx --sample rows.parquet --drop target -o build/churn
"""


@command(epilog=_EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Bundle to write."
)
@click.option(
    "--sample",
    type=click.Path(path_type=Path),
    required=True,
    help="Rows as the model takes them (.csv, .parquet, .npy, .npz): they give the input types, "
    "and the export is compared with the model on them.",
)
@click.option("--name", help="The model's name; the file's, if not given.")
@click.option(
    "--drop", multiple=True, metavar="COLUMN", help="Leave this column of the sample out."
)
@click.option("--trust", is_flag=True, help="Load a format that can run code (.joblib, .pkl, .h5).")
@click.option("--force", is_flag=True, help="Replace the bundle if there is one.")
def export(  # noqa: PLR0913 - one parameter an option
    model: Path,
    output: Path,
    sample: Path,
    name: str | None,
    drop: tuple[str, ...],
    *,
    trust: bool,
    force: bool,
    as_json: bool,
    debug: bool = False,
) -> None:
    """Export MODEL to ONNX, prove that it answers the same, and write a bundle.

    MODEL is a scikit-learn estimator or pipeline (.joblib, .pkl), a Keras model (.keras, .h5) or an
    ONNX file (.onnx). A model whose check fails does not become a bundle.
    """
    with progress("Exporting") as step:
        bundle = export_file(
            model,
            output,
            sample=sample,
            name=name,
            trust=trust,
            drop=drop,
            force=force,
            progress=step,
            debug=debug,
        )
    if as_json:
        say_json({"bundle": str(output), **manifest_document(bundle.manifest, bundle.digest)})
        return
    print_manifest(bundle.manifest, bundle.digest)
    print_rungs(bundle.certificate())
    console.print(f"\nWrote {output}. Next: coldpress publish {output} STORE --channel live")
