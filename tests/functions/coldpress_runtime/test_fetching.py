import re
import socket

import pytest

from coldpress_runtime.artifact import CLAIM_BYTES
from coldpress_runtime.errors import ArtifactError, IntegrityError, ModelUnavailable
from coldpress_runtime.fetching import fetch
from coldpress_runtime.options import FetchOptions
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.unpacking import unpack, zstd

SCRIPTED = "s3://bucket/models"


@pytest.fixture(params=["directory", "s3"])
def stored(request, store_model):
    """The classifier in a directory, and in a bucket of a moto server over HTTP."""
    name = {"directory": "local_root", "s3": "s3_root"}[request.param]
    return store_model(request.getfixturevalue(name)).put()


@pytest.fixture
def scripted(scripted_s3, store_model):
    """The classifier at an endpoint under the test's control."""
    model = store_model(SCRIPTED)
    scripted_s3.lay(model)
    return model


def _fetch(uri, **limits):
    return fetch(ModelUri.parse(uri), FetchOptions(plain_http=True, **limits))


def _flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def _frame(data, *, window_log):
    """A zstd frame of one raw block that asks for a window of 2**window_log bytes."""
    header = b"\x28\xb5\x2f\xfd\x00" + bytes([(window_log - 10) << 3])
    return header + (1 | len(data) << 3).to_bytes(3, "little") + data


@pytest.mark.parametrize("pointer", ["pinned", "live"])
def test_a_model_is_fetched(stored, pointer):
    """A model is read by its digest and by its channel, with the pinned URI it was read from."""
    artifact = _fetch(getattr(stored, pointer))
    assert artifact.model == stored.model
    assert artifact.manifest == stored.manifest
    assert str(artifact.uri) == stored.pinned


def test_a_pinned_uri_needs_no_channel(stored):
    """A pinned URI is read though the channel's file is broken."""
    stored.overwrite(stored.channel_path, b"{")
    assert _fetch(stored.pinned).model == stored.model


def test_an_uncompressed_model_is_fetched(store_model, local_root):
    """A blob without compression is handed over as it is."""
    stored = store_model(local_root, compression="none").put()
    assert _fetch(stored.live).model == stored.model


@pytest.mark.parametrize("folder", ["a b", "a@live", "a%20b", "a#b?c", "é", "a+b&c"])
def test_a_directory_may_have_any_name(store_model, tmp_path, folder):
    """A directory's URL, with what URLs can't hold percent-encoded, is the directory."""
    stored = store_model((tmp_path / folder).as_uri()).put()
    assert (tmp_path / folder / stored.blob_path).is_file()
    assert _fetch(stored.live).model == stored.model


@pytest.mark.parametrize(
    ("object_path", "change"),
    [
        *(("blob_path", change) for change in ("altered", "truncated", "lengthened", "emptied")),
        *(("manifest_path", change) for change in ("altered", "truncated", "lengthened")),
    ],
)
def test_altered_bytes_are_refused(stored, change, object_path):
    """A blob or a manifest that is not the one promised never leaves the store module."""
    path = stored.blob_path if object_path == "blob_path" else stored.uri.manifest_path
    data = stored.objects[path]
    changed = {
        "altered": _flipped(data),
        "truncated": data[:-7],
        "lengthened": data + b"\n",
        "emptied": b"",
    }
    stored.overwrite(path, changed[change])
    with pytest.raises(IntegrityError, match="is not what the manifest promises") as caught:
        _fetch(stored.live)
    assert caught.value.code == "integrity"


def test_a_version_that_is_being_deleted_is_none(stored):
    """Whoever deletes a version puts a claim in its manifest's place."""
    stored.overwrite(stored.uri.manifest_path, b"c" * CLAIM_BYTES)
    with pytest.raises(ModelUnavailable, match="is being deleted by coldpress gc") as caught:
        _fetch(stored.live)
    assert caught.value.code == "not_found"


def test_another_versions_manifest_is_refused(stored, store_model):
    """A sound manifest in the place of another version's is refused."""
    other = store_model(stored.root, compression="none")
    stored.overwrite(stored.uri.manifest_path, other.manifest.to_bytes())
    with pytest.raises(IntegrityError):
        _fetch(stored.pinned)


@pytest.mark.parametrize("missing", ["blob", "manifest", "channel"])
def test_a_missing_object_is_named(stored, missing):
    """When an object is not there, the error says which."""
    paths = {
        "blob": stored.blob_path,
        "manifest": stored.uri.manifest_path,
        "channel": stored.channel_path,
    }
    stored.remove(paths[missing])
    with pytest.raises(ModelUnavailable, match=re.escape(paths[missing])) as caught:
        _fetch(stored.live)
    assert caught.value.code == "not_found"


def test_a_missing_bucket_is_not_found(s3_root, store_model):
    """A bucket that is not there is reported as such."""
    stored = store_model(s3_root.replace("s3://", "s3://no-"))
    with pytest.raises(ModelUnavailable) as caught:
        _fetch(stored.live)
    assert caught.value.code == "not_found"


def test_a_missing_directory_says_so(store_model, local_root):
    """A directory that is not there is reported in one line, and not made."""
    with pytest.raises(ModelUnavailable, match="can't open the store file://") as caught:
        _fetch(store_model(local_root).live)
    assert caught.value.code == "store"
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("moto_authorizes")
def test_a_denied_object_is_denied(s3_root, store_model):
    """Without the right to read, the code says that access was denied."""
    with pytest.raises(ModelUnavailable, match=r"access to .* was denied") as caught:
        _fetch(store_model(s3_root).live)
    assert caught.value.code == "denied"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"schema_version": 2}', b"[" * 250_000], ids=len
)
def test_a_broken_channel_is_refused(stored, data):
    """A channel's file that is none is refused."""
    stored.overwrite(stored.channel_path, data)
    with pytest.raises(ArtifactError):
        _fetch(stored.live)


def test_a_huge_channel_is_not_read(store_model, local_root):
    """A channel's file of more than 8 MiB is refused before its body is read."""
    stored = store_model(local_root).put()
    stored.overwrite(stored.channel_path, b" " * (8 * 1024**2 + 1))
    with pytest.raises(IntegrityError):
        _fetch(stored.live)


def test_a_model_larger_than_the_limit_is_not_read(scripted, scripted_s3):
    """A model whose manifest says that it is too large is refused before it is fetched."""
    with pytest.raises(ArtifactError, match=rf"{len(scripted.model):,} bytes; the limit is 10$"):
        _fetch(scripted.live, max_model_bytes=10)
    assert scripted_s3.count(scripted.blob_path) == 0


def test_a_model_as_large_as_the_limit_is_read(scripted):
    """The limit is inclusive."""
    limit = max(len(scripted.model), len(scripted.stored))
    assert _fetch(scripted.live, max_model_bytes=limit).model == scripted.model


BOMB = zstd.compress(bytes(64 * 1024**2))

# Stored bytes whose own digest is right, and what the manifest says of the unpacked ones.
LIES = {
    "bomb": ({"stored": BOMB}, "not what the manifest promises"),
    "bomb of one byte": ({"stored": BOMB, "unpacked_size": 1}, "not what the manifest promises"),
    "shorter than said": ({"unpacked_size": 10**6}, "not what the manifest promises"),
    "longer than said": ({"unpacked_size": 10}, "not what the manifest promises"),
    "other digest": ({"unpacked_sha256": "0" * 64}, "not what the manifest promises"),
    "no frame": ({"stored": b"no frame"}, "no sound zstd frame"),
    "empty": ({"stored": b""}, "not what the manifest promises"),
    "half a frame": ({"stored": zstd.compress(b"model")[:-2]}, "not what the manifest promises"),
    "window too large": ({"stored": _frame(b"model", window_log=28)}, "no sound zstd frame"),
    "not compressed": ({"compression": "none", "unpacked_size": 1}, "not what the manifest"),
}


@pytest.mark.parametrize(("lie", "message"), LIES.values(), ids=LIES.keys())
def test_what_a_manifest_says_of_the_unpacked_model_must_hold(
    store_model, local_root, lie, message
):
    """Unpacked bytes that are not as the manifest says are refused, and never grow beyond it."""
    stored = store_model(local_root, **lie).put()
    with pytest.raises(IntegrityError, match=message):
        _fetch(stored.live)


def test_a_window_of_128_mib_is_accepted(store_model, local_root, classifier):
    """A frame may ask for the largest window that is allowed."""
    stored = store_model(local_root, stored=_frame(classifier, window_log=27)).put()
    assert _fetch(stored.live).model == classifier


def test_two_frames_are_not_one_model(store_model, local_root, classifier):
    """Bytes after the frame do not become part of the model."""
    halves = zstd.compress(classifier[:100]) + zstd.compress(classifier[100:])
    with pytest.raises(IntegrityError):
        _fetch(store_model(local_root, stored=halves).put().live)


def test_unpacking_checks_the_stored_bytes_first(store_model):
    """Bytes of another digest are refused before they are decompressed."""
    blob = store_model("file:///x").manifest.blob("model")
    with pytest.raises(IntegrityError, match="not what the manifest promises"):
        unpack(blob, b"\x00" * blob.size)


@pytest.mark.parametrize("object_path", ["blob", "manifest"])
def test_altered_bytes_are_fetched_once_more(scripted, scripted_s3, object_path):
    """When a first transfer was altered and a second is sound, the model is served."""
    path = scripted.blob_path if object_path == "blob" else scripted.uri.manifest_path
    data = scripted.objects[path]
    scripted_s3.script(scripted, path, _flipped(data), data)
    assert _fetch(scripted.live).model == scripted.model
    assert scripted_s3.count(path) == 2


@pytest.mark.parametrize("object_path", ["blob", "manifest"])
def test_altered_bytes_are_not_fetched_thrice(scripted, scripted_s3, object_path):
    """When the second transfer is altered too, the model is refused."""
    path = scripted.blob_path if object_path == "blob" else scripted.uri.manifest_path
    scripted_s3.script(scripted, path, _flipped(scripted.objects[path]))
    with pytest.raises(IntegrityError):
        _fetch(scripted.live)
    assert scripted_s3.count(path) == 2


def test_each_object_is_asked_for_once(scripted, scripted_s3):
    """A load reads channel, manifest and blob, once each and in this order."""
    _fetch(scripted.live)
    assert [path.rsplit("/", 1)[1] for path in scripted_s3.asked] == [
        "live.json",
        "manifest.json",
        "model.onnx.zst",
    ]


def test_a_busy_store_is_asked_again(scripted, scripted_s3):
    """A 503 and a 500 of the store are retried within the time given."""
    scripted_s3.script(scripted, scripted.blob_path, 503, 500, scripted.stored)
    assert _fetch(scripted.pinned).model == scripted.model


@pytest.mark.parametrize(
    ("status", "code"), [(403, "denied"), (401, "denied"), (404, "not_found"), (400, "store")]
)
def test_a_refusal_is_not_retried(scripted, scripted_s3, status, code):
    """A 4xx of the store is final, and its code says why."""
    scripted_s3.script(scripted, scripted.blob_path, status)
    with pytest.raises(ModelUnavailable) as caught:
        _fetch(scripted.pinned)
    assert caught.value.code == code
    assert scripted_s3.count(scripted.blob_path) == 1


def test_a_broken_transfer_gives_no_model(scripted, scripted_s3):
    """A connection that ends within the body is the store's failure, not a shorter model."""
    scripted_s3.script(scripted, scripted.blob_path, (scripted.stored, 20))
    with pytest.raises(ModelUnavailable):
        _fetch(scripted.pinned, seconds=1)


def test_a_store_that_says_nothing_is_given_up(scripted, scripted_s3):
    """A store that takes the request and never answers is given up in the time given."""
    scripted_s3.gate.clear()
    with pytest.raises(ModelUnavailable) as caught:
        _fetch(scripted.pinned, seconds=1)
    assert caught.value.code == "store"
    assert "\n" not in str(caught.value)


def test_a_store_that_is_not_there_is_given_up(aws_environment, monkeypatch, store_model):
    """An endpoint that nobody listens at is reported in one line."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ModelUnavailable, match="can't read") as caught:
            _fetch(store_model(SCRIPTED).pinned, seconds=1)
    assert caught.value.code == "store"
    assert "\n" not in str(caught.value)
    assert aws_environment["AWS_ACCESS_KEY_ID"] not in str(caught.value)
