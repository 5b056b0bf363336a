"""Signatures: made with a key on an elliptic curve, checked offline, asked for where configured."""

import subprocess

import pytest

from coldpress.bundle import Bundle
from coldpress.channels import promote, rollback
from coldpress.download import download
from coldpress.errors import SignatureError, UsageError
from coldpress.registry import publish
from coldpress.signing import PUBLIC_KEY, check_trusted, sign, verify
from coldpress_runtime.pointers import ModelUri


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two pairs of keys, one of them with a password, and a key of another kind."""
    folder = tmp_path_factory.mktemp("keys")
    for name, password in (("own", ""), ("other", ""), ("locked", "secret")):
        key = folder / f"{name}.pem"
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        run("openssl", "ec", "-in", key, "-pubout", "-out", folder / f"{name}.pub")
        if password:
            run("openssl", "ec", "-in", key, "-out", key, "-aes256", "-passout", f"pass:{password}")
    run("openssl", "genrsa", "-out", folder / "rsa.pem", "2048")
    (folder / "text.pem").write_text("no key")
    return folder


def run(*command):
    """Run a command that must not fail."""
    subprocess.run([*map(str, command)], check=True, capture_output=True)


@pytest.fixture
def signed(churn_bundle, keys):
    """A bundle with a signature."""
    sign(churn_bundle.path, keys / "own.pem")
    return churn_bundle


def test_who_signed_is_told(signed, keys):
    """A signature holds for its key, and for no other."""
    verify(signed, keys / "own.pub")
    with pytest.raises(SignatureError, match="not one of"):
        verify(signed, keys / "other.pub")


def test_no_signature(churn_bundle, keys):
    """A bundle without a signature is said to have none."""
    with pytest.raises(SignatureError, match="is not signed"):
        verify(churn_bundle, keys / "own.pub")


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx", "more.bin"])
def test_changes_are_found(signed, keys, name):
    """A manifest, a blob or a further file that came after the signature breaks it."""
    file = signed.path / name
    file.write_bytes((file.read_bytes() if file.exists() else b"") + b"\n")
    with pytest.raises(SignatureError):
        verify(signed, keys / "own.pub")


def test_the_report_may_be_rewritten(signed, keys):
    """Companions are no part of what is signed."""
    (signed.path / "report.html").write_text("new")
    verify(signed, keys / "own.pub")


def test_locked_keys_need_their_password(churn_bundle, keys):
    """An encrypted key's password comes from the environment."""
    environment = {"COLDPRESS_SIGNING_PASSWORD": "secret"}
    sign(churn_bundle.path, keys / "locked.pem", environment=environment)
    verify(churn_bundle, keys / "locked.pub")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.pem", "No such file"),
        ("text.pem", "is no private key"),
        ("rsa.pem", "is no private key"),
        ("locked.pem", "COLDPRESS_SIGNING_PASSWORD"),
        ("own.pub", "is no private key"),
    ],
)
def test_bad_keys_are_explained(churn_bundle, keys, name, said):
    """What can't sign is refused in one sentence, and no signature is left."""
    with pytest.raises(UsageError, match=said):
        sign(churn_bundle.path, keys / name, environment={})
    assert not (churn_bundle.path / "model.sig").exists()


def test_a_private_key_verifies_nothing(signed, keys):
    """Verification asks for the public key."""
    with pytest.raises(UsageError, match="is no public key"):
        verify(signed, keys / "text.pem")


def test_without_a_configured_key_nothing_is_asked(churn_bundle):
    """Where no public key is configured, unsigned bundles pass."""
    check_trusted(churn_bundle, environment={})


def test_channels_point_to_signed_versions_only(signed, keys, store_root, monkeypatch, add_version):
    """With a key configured, publishing, promoting and rolling back refuse what it didn't sign."""
    unsigned = add_version(b"unsigned")
    promote(unsigned, "live")
    monkeypatch.setenv(PUBLIC_KEY, str(keys / "own.pub"))
    published = publish(signed, store_root, channel="canary")
    assert promote(published.uri, "live").moved
    with pytest.raises(SignatureError):
        rollback(ModelUri(root=store_root, name="churn", channel="live"))
    with pytest.raises(SignatureError):
        promote(unsigned, "canary")
    monkeypatch.setenv(PUBLIC_KEY, str(keys / "other.pub"))
    with pytest.raises(SignatureError):
        publish(signed, store_root, channel="other")


def test_signatures_are_published(signed, keys, store_root, tmp_path):
    """A published version brings its signature along."""
    published = publish(signed, store_root)
    fetched = download(published.uri, tmp_path / "fetched")
    assert Bundle.open(fetched.path).digest == signed.digest
    verify(fetched, keys / "own.pub")
