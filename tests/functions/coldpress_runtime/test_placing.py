"""Large blobs from the store into files, or into memory, part by part."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from coldpress_runtime.artifact import Blob
from coldpress_runtime.errors import ArtifactError, IntegrityError, ModelUnavailable
from coldpress_runtime.fetching import fetch
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.options import FetchOptions
from coldpress_runtime.scratch import Draft, Scratch
from coldpress_runtime.session import ModelSession
from coldpress_runtime.settings import Settings

ROWS = np.ones((2, 64), dtype=np.float32)


@pytest.fixture(params=["directory", "s3"])
def large(request, store_large):
    """The model in a directory, and in a bucket of a moto server over HTTP."""
    name = {"directory": "local_root", "s3": "s3_root"}[request.param]
    return store_large(request.getfixturevalue(name))


@pytest.fixture
def place(tmp_path):
    """Fetches a model with its files in the test's own directory."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def run(model, *, folder=scratch, streams=3):
        options = FetchOptions(scratch=str(folder), streams=streams, plain_http=True)
        return fetch(model.uri, options)

    run.folder = scratch
    return run


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("streams", [1, 2, 3, 20])
def test_weights_are_put_together_in_a_file(large, place, streams):
    """However many parts are under way at once, the file is the weights, and private."""
    path = place(large, streams=streams).weights
    assert path.read_bytes() == large.data
    assert path.name == "weights.bin"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.parent.stat().st_mode & 0o077 == 0


def test_weights_that_do_not_compress_are_read_in_parts_too(store_large, local_root, place):
    """Frames without compression are written as they are."""
    large = store_large(local_root, compression="none")
    assert place(large).weights.read_bytes() == large.data


def test_a_model_answers_with_its_weights_mapped(large, place):
    """The function opens graph and weights together, and answers as it should."""
    variables = {"MODEL_URI": str(large.uri), "COLDPRESS_SCRATCH": str(place.folder)}
    holder = ModelHolder(Settings.from_environment({**os.environ, **variables}))
    answer = holder.get().session.run({"x": ROWS})["y"]
    np.testing.assert_allclose(answer, ROWS @ large.matrix, rtol=1e-4, atol=1e-5)
    maps = Path("/proc/self/maps")
    assert not maps.exists() or "weights.bin" in maps.read_text()


@pytest.mark.parametrize("prepacking", ["on", "off", "auto"])
def test_a_model_answers_without_room_for_a_file(large, tmp_path, prepacking):
    """Where no file can be written, the weights are held in memory, and the answer is the same."""
    variables = {
        "MODEL_URI": str(large.uri),
        "COLDPRESS_SCRATCH": str(tmp_path / "nowhere"),
        "COLDPRESS_PREPACKING": prepacking,
    }
    holder = ModelHolder(Settings.from_environment({**os.environ, **variables}))
    answer = holder.get().session.run({"x": ROWS})["y"]
    np.testing.assert_allclose(answer, ROWS @ large.matrix, rtol=1e-4, atol=1e-5)


def _room(monkeypatch, size):
    """Has the disk say that it has room for so many bytes."""
    said = os.statvfs_result((1, 1, size, size, size, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "fstatvfs", lambda _: said)


def test_a_full_disk_is_no_obstacle(large, place, monkeypatch):
    """When the disk has no room for the weights, they are held in memory, and nothing is left."""
    _room(monkeypatch, 1)
    artifact = place(large)
    assert artifact.weights == large.data
    assert "held in memory" in artifact.note
    assert "no room" in artifact.note
    assert _files(place.folder) == []


def test_a_disk_that_fills_up_is_no_obstacle(large, place, monkeypatch):
    """When the disk is full halfway, the weights are held in memory, and nothing is left."""
    wrote = []

    def write(file, data, start, real=os.pwrite):
        wrote.append(len(data))
        if len(wrote) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data, start)

    monkeypatch.setattr(os, "pwrite", write)
    artifact = place(large)
    assert artifact.weights == large.data
    assert "No space left on device" in artifact.note
    assert _files(place.folder) == []


def test_a_wrong_file_gives_its_room_to_the_right_one(large, place, monkeypatch):
    """A file that was altered is gone before room for the right one is looked for."""
    path = place(large).weights
    path.write_bytes(b"x" * len(large.data))
    asked = []

    def room(file, real=os.fstatvfs):
        asked.append(path.exists())
        return real(file)

    monkeypatch.setattr(os, "fstatvfs", room)
    assert place(large).weights.read_bytes() == large.data
    assert asked == [False]


def test_no_file_stays_open_when_there_is_no_room(tmp_path, monkeypatch):
    """A try that fails leaves no descriptor behind."""
    _room(monkeypatch, 1)
    descriptors = []
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            Draft(tmp_path / "draft", 2)
        descriptors.append(os.open(tmp_path / "draft", os.O_RDONLY))
        os.close(descriptors[-1])
    assert len(set(descriptors)) == 1


@pytest.mark.parametrize("change", [b"", b"x" * 10, None], ids=["emptied", "shorter", "altered"])
def test_a_file_that_was_altered_is_not_used(large, place, change):
    """A file of the right name with other content is written anew."""
    path = place(large).weights
    path.write_bytes(large.data[:-1] + b"?" if change is None else change)
    assert place(large).weights.read_bytes() == large.data


def test_what_was_left_half_written_gives_way(large, place):
    """Parts of a process that is gone, and files of other versions, are swept away."""
    path = place(large).weights
    path.unlink()
    (path.parent / "999999999.partial").write_bytes(b"half")
    other = path.parent.parent / ("0" * 64)
    shutil.copytree(path.parent, other)
    place(large)
    assert _files(place.folder) == [path]


@pytest.mark.parametrize("other", [False, True], ids=["the same model", "another model"])
def test_parts_of_a_process_that_lives_stay(large, place, other):
    """What another process is writing just now is left to it."""
    path = place(large).weights
    path.unlink()
    folder = path.parent.parent / ("0" * 64) if other else path.parent
    folder.mkdir(exist_ok=True)
    theirs = folder / f"{os.getppid()}.partial"
    theirs.write_bytes(b"half")
    place(large)
    assert theirs.exists()


@pytest.mark.parametrize("name", ["plain", f"{'9' * 30}.partial"])
def test_whatever_else_lies_there_is_swept(large, place, name):
    """Plain files, and parts of no process there can be, don't stay."""
    path = place(large).weights
    path.unlink()
    folder = path.parent if name.endswith(".partial") else path.parent.parent
    (folder / name).write_bytes(b"?")
    assert place(large).weights == path
    assert _files(place.folder) == [path]


def test_another_users_directory_is_not_used(large, place):
    """Where the directory may be read by others, the weights stay in memory."""
    folder = place(large).weights.parent.parent
    folder.chmod(0o755)
    assert place(large).weights == large.data


def test_a_link_is_not_followed(large, place, tmp_path):
    """A link in the directory's place is not written through."""
    folder = place(large).weights.parent.parent
    shutil.rmtree(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    assert place(large).weights == large.data
    assert _files(elsewhere) == []


def _swapped(model):
    first, second = model.blob.frames[:2]
    data = model.stored
    both = first.size + second.size
    return data[first.size : both] + data[: first.size] + data[both:]


CHANGES = {
    "cut within a frame": lambda model: model.stored[:100],
    "altered": lambda model: bytes([model.stored[0] ^ 1]) + model.stored[1:],
    "altered at the end": lambda model: model.stored[:-1] + bytes([model.stored[-1] ^ 1]),
    "truncated": lambda model: model.stored[:-7],
    "frames in another order": _swapped,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_altered_parts_are_refused(large, place, change):
    """Weights that are not the promised ones leave no file behind."""
    large.overwrite(change(large))
    with pytest.raises(IntegrityError) as caught:
        place(large)
    assert caught.value.code == "integrity"
    assert _files(place.folder) == []


def test_missing_weights_are_named(large, place):
    """When the weights are not there, the error says so, and no file is left."""
    large.remove()
    with pytest.raises(ModelUnavailable, match=r"weights\.zst is not in the store") as caught:
        place(large)
    assert caught.value.code == "not_found"
    assert _files(place.folder) == []


def test_a_large_model_in_one_piece_is_a_file_too(store_large, local_root, place):
    """A model in frames whose weights don't lie apart is opened from its file, and answers."""
    large = store_large(local_root, apart=False)
    artifact = place(large)
    assert artifact.model.read_bytes() == large.data
    assert artifact.weights is None
    answer = ModelSession(artifact.model).run({"x": ROWS})["y"]
    np.testing.assert_allclose(answer, ROWS @ large.matrix, rtol=1e-4, atol=1e-5)


def test_a_large_model_in_one_piece_needs_no_file(store_large, local_root, place, tmp_path):
    """Where no file can be written, such a model is held in memory."""
    large = store_large(local_root, apart=False)
    assert place(large, folder=tmp_path / "nowhere").model == large.data


def test_weights_count_for_the_limit(large):
    """Graph and weights together are what may not be larger than the limit."""
    with pytest.raises(ArtifactError, match="the limit is"):
        fetch(large.uri, FetchOptions(max_model_bytes=len(large.data), plain_http=True))


ASK_WITH_FULL_DISK = """
import json
import resource
import signal
import sys
sys.dont_write_bytecode = True  # it would be cut off, too, and Python 3.11 does not notice
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
import predict
print(json.dumps(predict.handler(json.loads(EVENT), None)))
"""


def test_a_disk_that_takes_no_more_is_no_obstacle(store_large, local_root, run_python, tmp_path):
    """Where the system lets no file grow, the function answers from memory, and its log says so."""
    large = store_large(local_root)
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 64], "data": [1.0] * 64}
    code = f"EVENT = {json.dumps({'inputs': [tensor]})!r}\n{ASK_WITH_FULL_DISK}"
    *logged, answer = map(
        json.loads, run_python(code, MODEL_URI=str(large.uri), COLDPRESS_SCRATCH=str(tmp_path))
    )
    np.testing.assert_allclose(
        answer["outputs"][0]["data"], large.matrix.sum(axis=0), rtol=1e-4, atol=1e-4
    )
    assert "is held in memory" in logged[-1]["model_note"]
    assert _files(tmp_path / f"coldpress-{os.getuid()}") == []


def _two(store_model, large, scratch):
    other = store_model(large.uri.root, name="small").put()
    variables = {
        "MODEL_URI": f"{large.uri} {other.pinned}",
        "COLDPRESS_SCRATCH": str(scratch),
        "COLDPRESS_MODEL_MEMORY": "1",
    }
    return ModelHolder(Settings.from_environment({**os.environ, **variables}))


def _written(scratch, digest):
    """Has another large blob written there, before which others give way."""
    blob = Blob(
        role="weights",
        path="x",
        compression="none",
        size=1,
        sha256=digest,
        unpacked_size=1,
        unpacked_sha256=digest,
    )
    with Scratch(str(scratch)).draft(blob, "weights.bin") as draft:
        draft.write(b"x", 0)


def test_what_is_open_stays_until_it_is_closed(large, store_model, tmp_path):
    """A loaded model's file outlives another's coming, and goes when its model has left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    holder = _two(store_model, large, scratch)
    holder.get()
    (path,) = _files(scratch)
    _written(scratch, "0" * 64)
    assert path.read_bytes() == large.data
    holder.get("small")
    assert [model.manifest.name for model in holder.loaded] == ["small"]
    _written(scratch, "1" * 64)
    assert not path.exists()
