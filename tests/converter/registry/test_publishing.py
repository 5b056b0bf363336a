import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
import pytest

from coldpress.bundle import Bundle, replace_file
from coldpress.errors import BundleError, CertificationError, StoreError, UsageError
from coldpress.registry import describe, is_signed, publish
from coldpress.signing import sign
from coldpress.stores import connect, model_uri
from coldpress_runtime.fetching import fetch
from coldpress_runtime.options import FetchOptions


def paths(root):
    """Every object in a store, locks aside."""
    batches = obstore.list(connect(root))
    return sorted(
        entry["path"] for batch in batches for entry in batch if ".lock" not in entry["path"]
    )


def test_publish(store_root, churn_bundle):
    """A version's files lie under its digest, and the function can fetch them."""
    published = publish(churn_bundle, store_root)
    folder = f"churn/versions/{churn_bundle.digest}"
    assert str(published.uri) == f"{store_root}/churn@sha256:{churn_bundle.digest}"
    assert published.created
    assert published.channel is None
    names = ("certificate.json", "manifest.json", "model.onnx")
    assert paths(store_root) == [f"{folder}/{name}" for name in names]
    assert fetch(published.uri, FetchOptions(plain_http=True)).manifest == churn_bundle.manifest


def test_publish_to_a_channel(store_root, churn_bundle):
    """The channel points to the version afterwards, and describes it."""
    published = publish(churn_bundle, store_root, channel="live")
    pinned, manifest = describe(model_uri(f"{store_root}/churn@live"))
    assert pinned == published.uri
    assert manifest == churn_bundle.manifest


def test_publish_again(store_root, churn_bundle):
    """Publishing the same bundle again writes nothing and moves nothing."""
    publish(churn_bundle, store_root, channel="live")
    again = publish(churn_bundle.path, store_root, channel="live")
    assert not again.created
    assert again.bytes_written == 0
    assert not again.channel.moved


def test_publish_takes_up_what_broke_off(store_root, churn_bundle):
    """A version without a manifest is none to a reader, and the next publish completes it."""
    published = publish(churn_bundle, store_root)
    store = connect(store_root)
    obstore.delete(store, published.uri.manifest_path)
    with pytest.raises(StoreError, match="not in the store"):
        describe(published.uri)
    again = publish(churn_bundle, store_root)
    assert again.created
    assert again.bytes_written == len(churn_bundle.manifest.to_bytes())
    assert describe(published.uri)[1] == churn_bundle.manifest


def test_publish_weights_apart(store_root, framed_bundle):
    """Weights that lie apart are a file of the version, and frames stand in its manifest."""
    told = []
    published = publish(framed_bundle, store_root, progress=told.append)
    names = ("model.onnx", "certificate.json", "weights.bin.zst", "manifest.json")
    assert told == [f"Writing {name}" for name in names]
    assert describe(published.uri)[1] == framed_bundle.manifest
    stored = obstore.get(connect(store_root), published.uri.blob_path("weights.bin.zst"))
    assert bytes(stored.bytes()) == (framed_bundle.path / "weights.bin.zst").read_bytes()


def test_publish_schema_version_1(store_root, churn_bundle):
    """A bundle that was made before there were frames is published as the version that it was."""
    manifest = churn_bundle.manifest._replace(schema_version=1)
    (churn_bundle.path / "manifest.json").write_bytes(manifest.to_bytes())
    published = publish(churn_bundle.path, store_root)
    assert published.uri.digest == manifest.digest
    assert describe(published.uri)[1] == manifest


@pytest.mark.parametrize("same_length", [False, True], ids=["shorter", "one-byte"])
def test_publish_never_overwrites(store_root, churn_bundle, doubler, same_length):
    """A version that was altered in the store is reported, and left as it is."""
    published = publish(churn_bundle, store_root)
    blob = published.uri.blob_path("model.onnx")
    altered = b"\0" + doubler[1:] if same_length else b"altered"
    store = connect(store_root)
    obstore.put(store, blob, altered)
    with pytest.raises(StoreError, match="was altered"):
        publish(churn_bundle, store_root, channel="live")
    assert bytes(obstore.get(store, blob).bytes()) == altered
    assert not [path for path in paths(store_root) if "channels" in path]


def test_publish_by_many_at_once(store_root, churn_bundle):
    """Of several who publish the same bundle at once, all succeed and one version is there."""
    errors = []

    def try_it():
        try:
            publish(churn_bundle, store_root)
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(paths(store_root)) == 3


def test_publish_altered_bundle(store_root, churn_bundle):
    """A bundle whose files aren't the manifest's isn't published."""
    (churn_bundle.path / "model.onnx").write_bytes(b"altered")
    with pytest.raises(BundleError, match="altered or truncated"):
        publish(churn_bundle.path, store_root)
    assert paths(store_root) == []


def test_publish_with_bad_channel(store_root, churn_bundle):
    """A bad channel name is refused before anything is written."""
    with pytest.raises(UsageError, match="no channel's name"):
        publish(churn_bundle, store_root, channel="Live!")
    assert paths(store_root) == []


def test_publish_to_missing_bucket(aws_environment, churn_bundle):
    """A bucket that isn't there is named."""
    assert aws_environment
    with pytest.raises(StoreError, match="s3://no-such-bucket"):
        publish(churn_bundle, "s3://no-such-bucket/models")


def test_publish_to_unreachable_store(aws_environment, monkeypatch, churn_bundle):
    """A store that doesn't answer is one sentence, with what to check."""
    assert aws_environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="the network"):
        publish(churn_bundle, "s3://bucket/models")


def test_publish_to_unwritable_directory(tmp_path, churn_bundle):
    """A store below a file can't be made, and the error says where."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        publish(churn_bundle, str(tmp_path / "file" / "store"))


def test_publish_to_full_disk(tmp_path, churn_bundle):
    """A write that fails halfway leaves no version that a reader could see, and no traceback."""
    (churn_bundle.path / "model.onnx").stat()
    store = tmp_path / "store"
    script = (
        "import resource, signal, sys\n"
        "sys.dont_write_bytecode = True\n"  # it would be cut off, and Python 3.11 does not notice
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "from coldpress.cli import main\n"
        "main()\n"
    )
    arguments = ["publish", str(churn_bundle.path), str(store), "--channel", "live"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: store ")
    assert done.stderr.count("\n") == 1
    assert not list(store.rglob("manifest.json"))
    assert not list(store.rglob("live.json"))


def test_local_store_is_a_directory(tmp_path, churn_bundle):
    """A path is as good as a URL, and is made if it isn't there."""
    published = publish(churn_bundle, str(tmp_path / "new" / "a store"))
    folder = Path(unquote(urlsplit(published.uri.root).path))
    assert (folder / published.uri.manifest_path).is_file()


def test_publish_refuses_a_failed_certificate(store_root, failed_bundle):
    """What failed its proof is not published, and the error is the failure's own sentence."""
    with pytest.raises(CertificationError, match=r"'y' differs by 0\.5 .*--force") as caught:
        publish(failed_bundle, store_root, channel="live")
    assert (caught.value.output, caught.value.rows) == ("y", [3, 7])
    assert paths(store_root) == []


def test_a_summary_does_not_hide_a_failed_certificate(store_root, failed_bundle):
    """A manifest that says passed of a certificate that failed is not believed."""
    manifest = failed_bundle.manifest
    lying = manifest._replace(certificate=manifest.certificate._replace(passed=True))
    (failed_bundle.path / "manifest.json").write_bytes(lying.to_bytes())
    with pytest.raises(CertificationError):
        publish(failed_bundle.path, store_root)
    published = publish(failed_bundle.path, store_root, force=True)
    summary = describe(published.uri)[1].certificate
    assert (summary.passed, summary.forced) == (False, True)


def test_publish_by_force_records_itself(store_root, failed_bundle):
    """By force it is published as a version whose manifest says so, and the bundle is that one."""
    published = publish(failed_bundle, store_root, channel="live", force=True)
    assert published.uri.digest != failed_bundle.digest
    _, manifest = describe(published.uri)
    assert (manifest.certificate.passed, manifest.certificate.forced) == (False, True)
    now = Bundle.open(failed_bundle.path)
    assert now.digest == published.uri.digest
    assert b"published all the same" in now.companion("report.html")
    again = publish(failed_bundle.path, store_root, force=True)
    assert (again.uri, again.created) == (published.uri, False)
    with pytest.raises(CertificationError):
        publish(failed_bundle.path, store_root)


def without_certificate(bundle, **fields):
    """The bundle with a manifest that names no certificate."""
    blobs = tuple(blob for blob in bundle.manifest.blobs if blob.role != "certificate")
    manifest = bundle.manifest._replace(blobs=blobs, **fields)
    (bundle.path / "manifest.json").write_bytes(manifest.to_bytes())
    return manifest


@pytest.mark.parametrize("force", [False, True], ids=["asked", "forced"])
def test_a_manifest_alone_proves_nothing(store_root, churn_bundle, force):
    """A manifest that says passed and names no certificate is not published, force or not."""
    without_certificate(churn_bundle)
    with pytest.raises(BundleError, match="holds no certificate"):
        publish(churn_bundle.path, store_root, force=force)
    assert paths(store_root) == []


@pytest.mark.parametrize("version", [1, 2])
def test_earlier_manifests_may_name_no_certificate(tmp_path, churn_bundle, version):
    """Before schema version 3 the manifest's word had to do, if it says passed."""
    manifest = without_certificate(churn_bundle, schema_version=version)
    assert publish(churn_bundle.path, str(tmp_path / "store")).uri.digest == manifest.digest
    failed = manifest.certificate._replace(passed=False)
    without_certificate(churn_bundle, schema_version=version, certificate=failed)
    with pytest.raises(BundleError, match="holds no certificate"):
        publish(churn_bundle.path, str(tmp_path / "store"), force=True)


def contents(bundle):
    """Every file of a bundle's directory."""
    return {path.name: path.read_bytes() for path in bundle.path.iterdir()}


def test_force_changes_nothing_for_a_store_that_is_not_reached(
    aws_environment, monkeypatch, failed_bundle, keys
):
    """A bundle keeps its manifest and its signature until the store has taken the blobs."""
    assert aws_environment
    sign(failed_bundle, keys / "ours.pem")
    before = contents(failed_bundle)
    with pytest.raises(StoreError, match="no such bucket"):
        publish(failed_bundle.path, "s3://no-such-bucket/models", force=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="the network"):
        publish(failed_bundle.path, "s3://bucket/models", force=True)
    assert contents(failed_bundle) == before


def test_force_that_fails_afterwards_says_what_it_did(tmp_path, failed_bundle, keys):
    """An error after the bundle was changed says that it was, and the next try completes it."""
    sign(failed_bundle, keys / "ours.pem")
    store = tmp_path / "store"

    def block(step):
        # The manifest's place is taken by something else when its turn comes.
        if step == "Writing manifest.json":
            (folder,) = store.glob("churn/versions/*")
            (folder / "manifest.json").write_bytes(b"other")

    with pytest.raises(StoreError, match=r"says now that it was forced.*--force once more"):
        publish(failed_bundle.path, str(store), force=True, progress=block)
    assert Bundle.open(failed_bundle.path).manifest.certificate.forced
    for path in store.rglob("manifest.json"):
        path.unlink()
    assert publish(failed_bundle.path, str(store), force=True).created


@pytest.mark.parametrize("version", [1, 2])
def test_force_needs_the_newest_manifest(tmp_path, failed_bundle, version):
    """A bundle of a format that could not say forced becomes one of the format that can."""
    manifest = failed_bundle.manifest._replace(schema_version=version)
    (failed_bundle.path / "manifest.json").write_bytes(manifest.to_bytes())
    published = publish(failed_bundle.path, str(tmp_path / "store"), force=True)
    assert describe(published.uri)[1].schema_version == 3


def test_force_does_not_change_what_passed(tmp_path, make_bundle):
    """A bundle that passed is published as it is, whether by force or not."""
    bundle = make_bundle()
    published = publish(bundle, str(tmp_path / "store"), force=True)
    assert published.uri.digest == bundle.digest


def test_force_drops_a_signature_of_the_version_before(tmp_path, failed_bundle, keys):
    """A signature that was over another manifest goes, and one made afterwards stays."""
    sign(failed_bundle, keys / "ours.pem")
    assert publish(failed_bundle.path, str(tmp_path / "store"), force=True).signature_removed
    assert failed_bundle.companion("model.sig") is None
    sign(failed_bundle.path, keys / "ours.pem")
    published = publish(failed_bundle.path, str(tmp_path / "store"), force=True)
    assert not published.signature_removed
    assert is_signed(published.uri)


def test_companions_go_beside_the_version(store_root, make_bundle):
    """Companions are published before the manifest, and what is there is left alone."""
    bundle = make_bundle()
    replace_file(bundle.path / "report.html", b"first")
    published = publish(bundle, store_root)
    place = published.uri.blob_path("report.html")
    assert place in paths(store_root)
    replace_file(bundle.path / "report.html", b"second")
    replace_file(bundle.path / "bom.json", b"{}")
    again = publish(bundle, store_root)
    assert (again.created, again.bytes_written) == (False, 2)
    assert bytes(obstore.get(connect(store_root), place).bytes()) == b"first"
