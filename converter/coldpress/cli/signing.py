"""`coldpress sign` and `coldpress verify`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from coldpress import signing
from coldpress.bundle import Bundle
from coldpress.download import download
from coldpress.errors import UsageError
from coldpress.stores import model_uri

from .command import click, command, console, progress, say_json

__all__ = ["sign", "verify"]


@command(
    epilog="""\b
Examples:
  openssl ecparam -name prime256v1 -genkey -noout -out key.pem
  openssl ec -in key.pem -pubout -out public.pem
  coldpress sign build/churn --key key.pem
"""
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--key", type=click.Path(path_type=Path), required=True, help="Private key (EC, PEM)."
)
def sign(bundle: Path, key: Path, *, as_json: bool) -> None:
    """Sign BUNDLE: its manifest and every blob, in the OpenSSF model signing format.

    The password of an encrypted key is read from COLDPRESS_SIGNING_PASSWORD.
    """
    opened = Bundle.open(bundle)
    place = signing.sign(opened.path, key)
    if as_json:
        say_json({"signature": str(place), "version": f"sha256:{opened.digest}"})
        return
    console.print(f"Signed sha256:{opened.digest}: {place}")


@command(
    epilog="""\b
Examples:
  coldpress verify build/churn --key public.pem
  coldpress verify s3://my-bucket/models/churn@live --key public.pem --json
"""
)
@click.argument("model")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    envvar=signing.PUBLIC_KEY,
    show_envvar=True,
    help="Public key (EC, PEM).",
)
def verify(model: str, key: Path | None, *, as_json: bool) -> None:
    """Check that MODEL, a bundle or a model URI, is whole and was signed by a key's owner.

    Every file is read and held against the manifest, and the manifest against the signature.
    """
    if key is None:
        raise UsageError(f"name the public key with --key, or in {signing.PUBLIC_KEY}")
    with tempfile.TemporaryDirectory() as folder, progress("Verifying") as step:
        if Path(model).is_dir():
            bundle = Bundle.open(Path(model))
        else:
            bundle = download(model_uri(model), Path(folder) / "bundle", progress=step)
        signing.verify(bundle, key)
    if as_json:
        say_json({"verified": True, "version": f"sha256:{bundle.digest}", "key": str(key)})
        return
    console.print(f"{bundle.manifest.name} sha256:{bundle.digest} is whole, and signed by {key}.")
