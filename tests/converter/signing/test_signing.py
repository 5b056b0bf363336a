"""Signatures: over just what a version is, made and checked by the package that others use, too."""

import json
import subprocess
import sys

import pytest

from coldpress.bundle import COMPANIONS, Bundle, replace_file
from coldpress.errors import BundleError, MissingExtraError, SignatureError, UsageError
from coldpress.signing import sign, trusted_key, verify


@pytest.fixture(autouse=True)
def own_password(monkeypatch):
    """No password and no trusted key but the test's own."""
    monkeypatch.delenv("COLDPRESS_SIGNING_PASSWORD", raising=False)
    monkeypatch.delenv("COLDPRESS_PUBLIC_KEY", raising=False)


@pytest.fixture
def signed(make_bundle, keys):
    """A bundle that our key signed."""
    bundle = make_bundle()
    sign(bundle, keys / "ours.pem")
    return bundle


def test_a_signature_holds(signed, keys):
    """What a key signed is verified by its public key, and is the same version still."""
    assert verify(signed.path, keys / "ours.pub") == signed
    assert Bundle.open(signed.path).digest == signed.digest


def test_companions_are_not_signed(signed, keys):
    """Report, record and bill of materials may come, change and go."""
    for name in COMPANIONS[:-1]:
        replace_file(signed.path / name, b"written anew")
    verify(signed.path, keys / "ours.pub")


def test_the_packages_own_command_agrees(signed, keys):
    """Whoever has OpenSSF's tool can check a bundle without ours."""
    command = [
        *(sys.executable, "-m", "model_signing", "verify", "key", str(signed.path)),
        *("--signature", str(signed.path / "model.sig")),
        *("--public_key", str(keys / "ours.pub")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def test_a_signature_of_the_packages_own_command_holds(make_bundle, keys):
    """A bundle that was signed by OpenSSF's tool, all files of it, is verified by ours."""
    bundle = make_bundle()
    command = [
        *(sys.executable, "-m", "model_signing", "sign", "key", str(bundle.path)),
        *("--signature", str(bundle.path / "model.sig")),
        *("--private_key", str(keys / "ours.pem")),
    ]
    subprocess.run(command, capture_output=True, text=True, check=True)
    verify(bundle, keys / "ours.pub")


def test_another_key_is_refused(signed, keys):
    """A signature of another key does not hold, and the error says so."""
    with pytest.raises(SignatureError, match=r"does not hold for .*theirs\.pub: another key"):
        verify(signed, keys / "theirs.pub")


def test_an_unsigned_bundle_is_refused(make_bundle, keys):
    """Without a signature there is nothing to hold, and the error says how to sign."""
    with pytest.raises(SignatureError, match="is not signed; sign its bundle with coldpress sign"):
        verify(make_bundle(), keys / "ours.pub")


def test_another_version_is_refused(signed, keys):
    """A signature does not pass from one manifest to another, though all files are the same."""
    manifest = signed.manifest._replace(compression="int8")
    (signed.path / "manifest.json").write_bytes(manifest.to_bytes())
    with pytest.raises(SignatureError, match=r"made for other files .*'manifest\.json'"):
        verify(signed.path, keys / "ours.pub")


def test_a_fuller_version_is_refused(signed, framed_bundle, keys):
    """A signature over some of a version's files does not hold for all of them."""
    data = (signed.path / "model.sig").read_bytes()
    (framed_bundle.path / "model.sig").write_bytes(data)
    with pytest.raises(SignatureError, match=r"made for other files .*weights\.bin\.zst"):
        verify(framed_bundle, keys / "ours.pub")


def test_an_altered_file_is_refused(signed, keys):
    """A file that is not the manifest's is found before the signature is looked at."""
    (signed.path / "model.onnx").write_bytes(b"altered")
    with pytest.raises(BundleError, match="altered or truncated"):
        verify(signed.path, keys / "ours.pub")


def _with_payload(document):
    envelope = document["dsseEnvelope"]
    return {**document, "dsseEnvelope": {**envelope, "payload": envelope["payload"][:-8] + "AAAA"}}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(lambda _: b"", "can't be read as one", id="empty"),
        pytest.param(lambda _: b"\xff\x00", "can't be read as one", id="binary"),
        pytest.param(lambda _: b"[]", "can't be read as one", id="list"),
        pytest.param(lambda _: b"[" * 200_000, "can't be read as one", id="deep"),
        pytest.param(lambda data: data[:-20], "can't be read as one", id="cut"),
        pytest.param(
            lambda data: json.dumps(_with_payload(json.loads(data))).encode(),
            "altered",
            id="payload",
        ),
    ],
)
def test_a_damaged_signature_is_refused(signed, keys, damage, said):
    """A signature that is damaged or none is one sentence, whatever the package makes of it."""
    file = signed.path / "model.sig"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(SignatureError, match=said):
        verify(signed, keys / "ours.pub")


@pytest.mark.parametrize("name", ["weights.bin", ".hidden", "notes"])
def test_a_stray_file_is_refused(signed, keys, name):
    """A file that the manifest does not name is signed by nobody, and the error names it."""
    (signed.path / name).write_bytes(b"more")
    with pytest.raises(BundleError, match=f"holds {name}, which is no part"):
        verify(signed, keys / "ours.pub")


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "report.html"])
def test_a_symbolic_link_is_refused(signed, keys, tmp_path, name):
    """A link in the place of a file is refused, as OpenSSF's command does, whatever it names."""
    place, elsewhere = signed.path / name, tmp_path / "elsewhere"
    elsewhere.write_bytes(place.read_bytes() if place.exists() else b"")
    place.unlink(missing_ok=True)
    place.symlink_to(elsewhere)
    with pytest.raises(BundleError, match=f"{name} is a symbolic link"):
        verify(signed.path, keys / "ours.pub")


def test_a_damaged_bundle_is_not_signed(make_bundle, keys):
    """Nobody vouches for files that are not the manifest's."""
    bundle = make_bundle()
    (bundle.path / "model.onnx").write_bytes(b"altered")
    with pytest.raises(BundleError, match="altered or truncated"):
        sign(bundle.path, keys / "ours.pem")
    assert not (bundle.path / "model.sig").exists()


def test_a_key_may_be_encrypted(make_bundle, keys, monkeypatch):
    """The password of an encrypted key comes from the environment."""
    monkeypatch.setenv("COLDPRESS_SIGNING_PASSWORD", "secret")
    bundle = make_bundle()
    assert sign(bundle, keys / "encrypted.pem") == bundle.path / "model.sig"
    verify(bundle, keys / "encrypted.pub")


@pytest.mark.parametrize(
    ("key", "password", "said"),
    [
        pytest.param("gone.pem", "", r"can't read the key .*gone\.pem: No such file", id="gone"),
        pytest.param("junk.pem", "", "holds no private key in PEM; openssl ecparam", id="junk"),
        pytest.param("ours.pub", "", "holds no private key in PEM", id="public"),
        pytest.param("encrypted.pem", "", "put its password into COLDPRESS_SIGN", id="no-password"),
        pytest.param("encrypted.pem", "no", "is not the password of the key", id="wrong-password"),
        pytest.param("ours.pem", "no", "not encrypted; unset COLDPRESS_SIGN", id="not-encrypted"),
        pytest.param("bitcoin.pem", "", "curve 'secp256k1', and it must be on P-256", id="curve"),
        pytest.param("edwards.pem", "", "is no elliptic-curve key", id="edwards"),
    ],
)
def test_bad_private_keys_are_explained(make_bundle, keys, monkeypatch, key, password, said):
    """A key that can't sign is one sentence that says why, and nothing is written."""
    monkeypatch.setenv("COLDPRESS_SIGNING_PASSWORD", password)
    bundle = make_bundle()
    with pytest.raises(UsageError, match=said):
        sign(bundle, keys / key)
    assert not (bundle.path / "model.sig").exists()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("gone.pub", r"can't read the key .*gone\.pub: No such file", id="gone"),
        pytest.param("junk.pem", "holds no public key in PEM; openssl ec -in KEY", id="junk"),
        pytest.param("ours.pem", "holds no public key in PEM", id="private"),
        pytest.param("bitcoin.pub", "curve 'secp256k1'", id="curve"),
        pytest.param("edwards.pub", "is no elliptic-curve key", id="edwards"),
    ],
)
def test_bad_public_keys_are_explained(signed, keys, key, said):
    """A key that can't verify is one sentence that says why."""
    with pytest.raises(UsageError, match=said):
        verify(signed, keys / key)


def test_the_trusted_key_is_the_environments(monkeypatch):
    """A machine trusts no key until its environment names one."""
    assert trusted_key() is None
    monkeypatch.setenv("COLDPRESS_PUBLIC_KEY", "/etc/models.pub")
    assert str(trusted_key()) == "/etc/models.pub"


def test_the_package_is_imported_late():
    """Whoever signs nothing does not wait for what signs."""
    code = "import sys, coldpress.cli; print('model_signing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_the_package_the_extra_is_named(make_bundle, keys, monkeypatch):
    """Whoever wants a signature and has not what makes it is told what to install."""
    monkeypatch.delattr("coldpress.signing._openssf", raising=False)
    monkeypatch.setitem(sys.modules, "coldpress.signing._openssf", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'coldpress\[signing\]'"):
        sign(make_bundle(), keys / "ours.pem")
