"""`coldpress sign` and `coldpress verify`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from coldpress import signing
from coldpress.bundle import SIGNATURE_NAME, Bundle
from coldpress.downloads import download
from coldpress.stores import bundle_or_uri
from coldpress_runtime.artifact import MANIFEST_NAME

from .command import click, command, progress, say, say_json
from .paths import NamedPath

__all__ = ["sign", "verify"]


@command(
    epilog="""\b
Examples:
  coldpress sign build/churn --key signing.pem
  COLDPRESS_SIGNING_PASSWORD=... coldpress sign build/churn --key encrypted.pem
"""
)
@click.argument("bundle", type=NamedPath())
@click.option(
    "--key",
    type=NamedPath(),
    required=True,
    help="Private key: PEM, on the curve P-256, P-384 or P-521.",
)
def sign(bundle: Path, key: Path, *, as_json: bool) -> None:
    """Sign BUNDLE: its manifest and every file that the manifest names.

    The signature is an OpenSSF model signature and lies in the bundle as model.sig. Publish the
    bundle afterwards. The password of an encrypted key is read from COLDPRESS_SIGNING_PASSWORD.
    """
    opened = Bundle.open(bundle)
    file = signing.sign(opened, key)
    if as_json:
        say_json({"signature": str(file), "version": f"sha256:{opened.digest}"})
        return
    say(f"Signed sha256:{opened.digest}")
    say(str(file))


@command(
    epilog="""\b
Examples:
  coldpress verify build/churn --key signing.pub
  coldpress verify s3://my-bucket/models/churn@live --key signing.pub
"""
)
@click.argument("model")
@click.option(
    "--key",
    type=NamedPath(),
    envvar="COLDPRESS_PUBLIC_KEY",
    show_envvar=True,
    required=True,
    help="Public key: PEM.",
)
def verify(model: str, key: Path, *, as_json: bool) -> None:
    """Check MODEL's signature, and every file of it against its manifest.

    MODEL is a bundle's directory, which must hold nothing else but its companions, and no symbolic
    links; or a model URI: the whole version is then fetched and checked.
    """
    named = bundle_or_uri(model)
    if isinstance(named, Path):
        checked = signing.verify(named, key)
    else:
        with progress("Fetching"), tempfile.TemporaryDirectory() as folder:
            checked = signing.verify(download(named, Path(folder)), key, named=str(named))
    _say(checked, key, as_json=as_json)


def _say(checked: Bundle, key: Path, *, as_json: bool) -> None:
    files = [MANIFEST_NAME, *(blob.path for blob in checked.manifest.blobs)]
    if as_json:
        version = f"sha256:{checked.digest}"
        say_json({"verified": True, "version": version, "key": str(key), "files": files})
        return
    say((checked.manifest.name, "bold"), f" sha256:{checked.digest}")
    say(
        f"{SIGNATURE_NAME} is the key's, and over just these files: {', '.join(files)}. "
        "All are what was signed."
    )
