import os
import threading
import time

import pytest

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import ModelUnavailable
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings

SCRIPTED = "s3://bucket/models"


@pytest.fixture
def scripted(scripted_s3, store_model):
    """The classifier at an endpoint under the test's control."""
    model = store_model(SCRIPTED)
    scripted_s3.lay(model)
    return model


def _settings(uri):
    return Settings.from_environment({**os.environ, "MODEL_URI": uri})


def _holder(uri):
    return ModelHolder(_settings(uri))


def _code(holder, **arguments):
    with pytest.raises(ModelUnavailable) as caught:
        holder.get(**arguments)
    assert holder.loaded is None
    return caught.value.code


def _renamed(specs):
    return tuple(spec._replace(name=f"{spec.name}_") for spec in specs)


def test_a_model_is_loaded_when_it_is_asked_for(store_model, local_root):
    """Nothing is loaded before the first call, and the second gets the same model."""
    stored = store_model(local_root).put()
    holder = _holder(stored.live)
    assert holder.loaded is None
    model = holder.get()
    assert holder.get() is model
    assert holder.loaded is model
    assert model.version == stored.uri.digest
    assert model.manifest == stored.manifest
    assert model.load_ms > 0


def test_a_loaded_model_needs_the_store_no_more(store_model, local_root):
    """Once loaded, a model is served though the store is gone."""
    stored = store_model(local_root).put()
    holder = _holder(stored.live)
    model = holder.get()
    stored.remove(stored.blob_path)
    assert holder.get(seconds=0) is model


def test_many_threads_load_once(scripted, scripted_s3):
    """However many requests wait for the model, it is fetched and opened once."""
    scripted_s3.gate.clear()
    holder = _holder(scripted.live)
    models = []
    threads = [threading.Thread(target=lambda: models.append(holder.get())) for _ in range(16)]
    for thread in threads:
        thread.start()
    scripted_s3.gate.set()
    for thread in threads:
        thread.join()
    assert len(models) == 16
    assert len(set(map(id, models))) == 1
    assert len(scripted_s3.asked) == 3


def test_a_fetch_begins_before_it_is_waited_for(scripted, scripted_s3):
    """Beginning twice and getting then makes one fetch."""
    holder = _holder(scripted.live)
    holder.begin()
    holder.begin()
    holder.get()
    assert scripted_s3.count(scripted.blob_path) == 1


def test_a_slow_fetch_goes_on(scripted, scripted_s3):
    """A caller without patience hears that the model is loading; a later one gets that fetch's."""
    scripted_s3.gate.clear()
    holder = _holder(scripted.live)
    with pytest.raises(ModelUnavailable, match="on its way") as caught:
        holder.get(seconds=0)
    assert (caught.value.code, caught.value.retry_after) == ("loading", 1)
    assert _code(holder, seconds=0.01) == "loading"
    scripted_s3.gate.set()
    assert holder.get().version == scripted.uri.digest
    assert scripted_s3.count(scripted.blob_path) == 1


def test_nobody_waits_longer_for_another_callers_load(scripted, scripted_s3):
    """A caller's patience holds while another caller loads."""
    scripted_s3.gate.clear()
    holder = _holder(scripted.live)
    patient = threading.Thread(target=holder.get)
    patient.start()
    while not scripted_s3.asked:
        time.sleep(0.002)
    assert _code(holder, seconds=0.01) == "loading"
    scripted_s3.gate.set()
    patient.join()
    assert holder.loaded is not None


def test_a_failure_is_not_kept(store_model, local_root):
    """After a failure the next call tries again, and serves what is there by then."""
    stored = store_model(local_root)
    holder = _holder(stored.live)
    assert _code(holder) == "store"
    stored.put(only=[stored.channel_path])
    assert _code(holder) == "not_found"
    stored.put()
    assert holder.get().version == stored.uri.digest


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("", "configuration"),
        ("nonsense", "artifact"),
        ("s3://b/Name@live", "artifact"),
        ("ftp://host/name@live", "store"),
        ("file:///no/such/directory/name@live", "store"),
    ],
)
def test_a_uri_that_leads_nowhere_has_a_code(uri, code):
    """Whatever is wrong with the URI, the model is unavailable, and the code says why."""
    assert _code(_holder(uri)) == code


def test_wrong_settings_are_named():
    """With wrong settings nothing is fetched, and the error has every problem."""
    settings = Settings.from_environment({"COLDPRESS_THREADS": "many"})
    holder = ModelHolder(settings)
    holder.begin()
    with pytest.raises(
        ModelUnavailable, match=r"MODEL_URI is not set.*; COLDPRESS_THREADS"
    ) as error:
        holder.get()
    assert (error.value.code, error.value.retry_after) == ("configuration", 60)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model": b"no model"}, "artifact"),
        ({"stored": b"no frame"}, "integrity"),
        ({"unpacked_size": 10**16}, "artifact"),
    ],
    ids=["no ONNX", "no frame", "too large"],
)
def test_a_broken_model_is_unavailable(store_model, local_root, classifier, changes, code):
    """A version whose model can't be opened is unavailable, each time it is asked for."""
    signature = store_model("file:///x", model=classifier).manifest.signature
    holder = _holder(store_model(local_root, signature=signature, **changes).put().live)
    assert _code(holder) == code
    assert _code(holder) == code


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_a_signature_that_is_not_the_models_is_refused(store_model, local_root, part):
    """A manifest that promises other tensors than the model has is refused at loading."""
    signature = store_model("file:///x").manifest.signature
    changed = signature._replace(**{part: _renamed(getattr(signature, part))})
    assert _code(_holder(store_model(local_root, signature=changed).put().live)) == "artifact"


def test_a_signature_may_leave_outputs_out(store_model, local_root):
    """A manifest may promise fewer outputs than the model has."""
    signature = store_model("file:///x").manifest.signature
    fewer = Signature(
        inputs=signature.inputs,
        outputs=(TensorSpec(name="probabilities", datatype="FP32", shape=(-1, 2)),),
    )
    assert _holder(store_model(local_root, signature=fewer).put().live).get().session is not None


def test_an_unforeseen_error_is_the_models_too(store_model, local_root):
    """Whatever goes wrong in opening a model, it is unavailable and nothing else breaks."""
    settings = _settings(store_model(local_root).put().live)
    settings = settings._replace(session=settings.session._replace(threads=10**17))
    assert _code(ModelHolder(settings)) == "load"
