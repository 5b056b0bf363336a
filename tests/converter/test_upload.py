"""Uploads: once, checked on the way, in parts where they are large."""

import hashlib

import obstore
import pytest

from coldpress.errors import BundleError, StoreError
from coldpress.stores import connect
from coldpress.upload import upload

DATA = bytes(range(251)) * 200_000  # 50 MB: more than one part of 16 MiB
DIGEST = hashlib.sha256(DATA).hexdigest()
PATH = "churn/versions/0/weights.bin.zst"


@pytest.fixture(params=["whole", "parts"])
def how(request):
    """Both ways to write, as arguments."""
    return {"largest_whole": len(DATA) if request.param == "whole" else 0}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The file to upload."""
    path = tmp_path_factory.mktemp("files") / "weights.bin.zst"
    path.write_bytes(DATA)
    return path


def content(store):
    """What lies in the store; None if nothing does."""
    try:
        return bytes(obstore.get(store, PATH).bytes())
    except FileNotFoundError:
        return None


def test_a_file_is_written_once(store_root, file, how):
    """The first upload writes the file, and the next finds it there."""
    store = connect(store_root)
    written = [upload(store, PATH, file, size=len(DATA), sha256=DIGEST, **how) for _ in range(2)]
    assert written == [len(DATA), 0]
    assert content(store) == DATA


@pytest.mark.parametrize("there", [b"short", b"altered" + DATA[7:]], ids=["shorter", "as-long"])
def test_another_object_is_left_alone(store_root, file, how, there):
    """An object with other bytes is reported, and stays as it is."""
    store = connect(store_root)
    obstore.put(store, PATH, there)
    with pytest.raises(StoreError, match="was altered"):
        upload(store, PATH, file, size=len(DATA), sha256=DIGEST, **how)
    assert content(store) == there


def test_an_altered_file_is_not_written(store_root, file, how):
    """A file that is no longer what its bundle promised reaches no reader, and leaves no parts."""
    store = connect(store_root)
    with pytest.raises(BundleError, match="altered since its bundle was opened"):
        upload(store, PATH, file, size=len(DATA), sha256="0" * 64, **how)
    assert content(store) is None


def test_an_upload_that_broke_off_is_taken_up(store_root, file):
    """What stops in the middle is no object to any reader, and the next try writes it."""
    store = connect(store_root)

    def stop(done):
        if done > len(DATA) // 2:
            raise KeyboardInterrupt

    given = {"size": len(DATA), "sha256": DIGEST, "largest_whole": 0}
    with pytest.raises(KeyboardInterrupt):
        upload(store, PATH, file, progress=stop, **given)
    assert content(store) is None
    assert upload(store, PATH, file, **given) == len(DATA)
    assert content(store) == DATA


def test_no_parts_are_left_in_the_bucket(bucket, s3_client, file):
    """What a failed upload wrote of an object is taken back."""
    store = connect(f"s3://{bucket}/models")
    with pytest.raises(BundleError):
        upload(store, PATH, file, size=len(DATA), sha256="0" * 64, largest_whole=0)
    assert "Uploads" not in s3_client.list_multipart_uploads(Bucket=bucket)


def test_progress_is_in_bytes(store_root, file):
    """A file that goes in parts reports how many bytes of it were read."""
    told = []
    given = {"size": len(DATA), "sha256": DIGEST, "largest_whole": 0}
    upload(connect(store_root), PATH, file, progress=told.append, **given)
    assert told == [1 << 24, 1 << 25, len(DATA)]
