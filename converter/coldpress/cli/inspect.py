"""`coldpress inspect`: what a bundle or a published model is."""

from __future__ import annotations

from pathlib import Path

from coldpress.bundle import SIGNATURE_NAME, Bundle
from coldpress.registry import describe, is_signed
from coldpress.stores import bundle_or_uri

from .command import click, command, say, say_json
from .describe import manifest_document, print_fact, print_manifest

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
    uri, named = None, bundle_or_uri(model)
    if isinstance(named, Path):
        bundle = Bundle.open(named)
        manifest, digest = bundle.manifest, bundle.digest
        signed = bundle.companion(SIGNATURE_NAME) is not None
    else:
        uri, manifest = describe(named)
        digest, signed = uri.digest, is_signed(uri)
    if as_json:
        document = manifest_document(manifest, digest)
        say_json({"uri": str(uri) if uri else None, "signed": signed, **document})
        return
    print_manifest(manifest, digest)
    print_fact("signed", _SIGNED if signed else "no")
    if uri:
        say(f"\n{uri}")
