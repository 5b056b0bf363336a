"""`coldpress inspect`: what a bundle or a published model is."""

from __future__ import annotations

from pathlib import Path

from coldpress.bundle import SIGNATURE_NAME, Bundle
from coldpress.errors import UsageError
from coldpress.registry import describe, is_signed
from coldpress.stores import model_uri

from .command import click, command, console, say_json
from .describe import manifest_document, print_manifest

__all__ = ["inspect"]

_SIGNED = "yes; coldpress verify says whether it holds"
_EPILOG = """\b
Examples:
  coldpress inspect build/churn
  coldpress inspect s3://my-bucket/models/churn@live --json
"""


@command(epilog=_EPILOG)
@click.argument("model")
def inspect(model: str, *, as_json: bool) -> None:
    """Show what MODEL is: a bundle's directory, or a model URI.

    A bundle's files are all read and checked against its manifest; of a published model the
    manifest alone is. Whether a signature holds is for coldpress verify to say.
    """
    uri = None
    if Path(model).is_dir():
        bundle = Bundle.open(Path(model))
        manifest, digest = bundle.manifest, bundle.digest
        signed = bundle.companion(SIGNATURE_NAME) is not None
    elif "@" not in model and "://" not in model:
        raise UsageError(
            f"there is no directory {model}; name a bundle, or a model as STORE/NAME@live"
        )
    else:
        uri, manifest = describe(model_uri(model))
        digest, signed = uri.digest, is_signed(uri)
    if as_json:
        document = manifest_document(manifest, digest)
        say_json({"uri": str(uri) if uri else None, "signed": signed, **document})
        return
    print_manifest(manifest, digest)
    console.print(f"  [dim]{'signed':<8}[/] {_SIGNED if signed else 'no'}")
    if uri:
        console.print(f"\n{uri}")
