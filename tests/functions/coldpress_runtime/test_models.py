import os
import threading
import time

import numpy as np
import pytest

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.errors import ModelUnavailable, UnknownModel
from coldpress_runtime.loading import opened
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
    assert holder.loaded == ()
    return caught.value.code


def _renamed(specs):
    return tuple(spec._replace(name=f"{spec.name}_") for spec in specs)


def test_a_model_is_loaded_when_it_is_asked_for(store_model, local_root):
    """Nothing is loaded before the first call, and the second gets the same model."""
    stored = store_model(local_root).put()
    holder = _holder(stored.live)
    assert holder.loaded == ()
    model = holder.get()
    assert holder.get() is model
    assert holder.loaded == (model,)
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
    assert len(holder.loaded) == 1


def test_a_failure_is_not_kept(store_model, local_root):
    """After a failure the next call tries again, and serves what is there by then."""
    stored = store_model(local_root)
    holder = _holder(stored.live)
    assert _code(holder) == "store"
    stored.put(only=[stored.channel_path])
    assert _code(holder) == "not_found"
    stored.put()
    assert holder.get().version == stored.uri.digest


def test_a_failure_after_the_caller_gave_up_is_not_kept(scripted, scripted_s3, until):
    """What failed when nobody waited any more is tried again, rather than told to the next one."""
    scripted_s3.gate.clear()
    holder = _holder(scripted.live)
    assert _code(holder, seconds=0) == "loading"
    scripted_s3.script(scripted, scripted.blob_path, 403)
    scripted_s3.gate.set()
    until(lambda: scripted_s3.count(scripted.blob_path) == 1 and not _fetching())
    scripted_s3.lay(scripted)
    assert holder.get().version == scripted.uri.digest


def test_a_failure_while_another_model_opens_is_not_kept(three, scripted_s3, monkeypatch):
    """Of several models one opens at a time; what failed meanwhile is tried again."""
    holder, gate = _several(three), threading.Event()

    def opened_later(*arguments):
        gate.wait(20)
        return opened(*arguments)

    monkeypatch.setattr("coldpress_runtime.models.opened", opened_later)
    first = threading.Thread(target=holder.get)
    first.start()
    name, model = list(three.items())[1]
    scripted_s3.script(model, model.blob_path, 403)
    with pytest.raises(ModelUnavailable) as caught:
        holder.get(name, seconds=5)
    assert caught.value.code == "denied"
    scripted_s3.lay(model)
    gate.set()
    assert holder.get(name).version == model.uri.digest
    first.join()


def test_nothing_is_opened_when_the_time_is_over(scripted, scripted_s3, until):
    """A caller without time leaves what is fetched to the next, which does not fetch it again."""
    holder = _holder(scripted.live)
    holder.begin()
    until(lambda: scripted_s3.asked and not _fetching())
    assert _code(holder, seconds=0) == "loading"
    assert holder.get().version == scripted.uri.digest
    assert scripted_s3.count(scripted.blob_path) == 1


def test_a_model_under_another_name_is_refused(store_model, local_root):
    """A version that was copied to another model's place is not served under that name."""
    stored = store_model(local_root)
    for path, data in stored.objects.items():
        stored.overwrite(path.replace("breast-cancer", "lung-cancer"), data)
    holder = _holder(stored.live.replace("breast-cancer", "lung-cancer"))
    with pytest.raises(ModelUnavailable, match="is 'breast-cancer', and it was asked for as"):
        holder.get()


@pytest.fixture
def three(scripted_s3, store_model, multiplier):
    """Models that multiply by 1, 2 and 3, at an endpoint under the test's control."""
    factors = {"one": 1, "two": 2, "three": 3}
    models = {
        name: store_model(SCRIPTED, model=multiplier(factor), name=name)
        for name, factor in factors.items()
    }
    for model in models.values():
        scripted_s3.lay(model)
    return models


def _several(three, **changes):
    uris = " ".join(model.live for model in three.values())
    return ModelHolder(_settings(uris)._replace(**changes))


def _answer(model):
    return model.session.run({"x": np.ones(1, np.float32)})["y"].tolist()


def _fetching():
    return [thread for thread in threading.enumerate() if thread.name == "fetch"]


def test_several_models_are_served_by_name(three):
    """Each name has its own model, and the first is the one without a name."""
    holder = _several(three)
    assert holder.names == ("one", "two", "three")
    assert [_answer(holder.get(name)) for name in ("three", "one", "two")] == [[3], [1], [2]]
    assert holder.get() is holder.get("one")
    assert {model.version for model in holder.loaded} == {m.uri.digest for m in three.values()}


def test_only_the_first_of_several_is_fetched_ahead(three, scripted_s3, until):
    """INIT begins with the first model; the others are fetched when they are asked for."""
    holder = _several(three)
    holder.begin()
    until(lambda: scripted_s3.count(three["one"].blob_path) and not _fetching())
    assert not any(scripted_s3.count(three[name].blob_path) for name in ("two", "three"))
    holder.get("two")
    assert scripted_s3.count(three["two"].blob_path) == 1


def test_a_name_that_is_not_served_lists_those_that_are(three, scripted_s3):
    """An unknown name is told at once, with the names that there are, and fetches nothing."""
    with pytest.raises(UnknownModel) as caught:
        _several(three).get("four")
    assert str(caught.value) == "unknown model 'four'; this function serves 'one', 'two', 'three'"
    assert scripted_s3.asked == []


def test_many_names_are_cut_short():
    """Of many models, an error names the first few and says how many more there are."""
    names = " ".join(f"m{number}" for number in range(20))
    settings = Settings.from_environment({"MODEL_URI": "s3://b", "COLDPRESS_MODELS": names})
    with pytest.raises(UnknownModel, match=r"'m7' and 12 more$"):
        ModelHolder(settings).get("other")


def test_many_threads_load_each_of_several_once(three, scripted_s3):
    """However many requests wait for several models, each is fetched and opened once."""
    scripted_s3.gate.clear()
    holder = _several(three)
    got = []
    threads = [
        threading.Thread(target=lambda name=name: got.append((name, holder.get(name))))
        for name in list(three) * 8
    ]
    for thread in threads:
        thread.start()
    scripted_s3.gate.set()
    for thread in threads:
        thread.join()
    assert len({(name, id(model)) for name, model in got}) == 3
    assert [scripted_s3.count(model.blob_path) for model in three.values()] == [1, 1, 1]


def test_one_models_failure_is_none_of_the_others(three, scripted_s3):
    """A model that can't be had is unavailable, and the others answer."""
    scripted_s3.script(three["two"], three["two"].blob_path, 403)
    holder = _several(three)
    with pytest.raises(ModelUnavailable, match="denied"):
        holder.get("two")
    assert _answer(holder.get("three")) == [3]


def test_models_leave_when_the_memory_is_full(three, scripted_s3):
    """Beyond the budget only the model that is asked for stays; the others come again."""
    holder = _several(three, model_memory=1)
    kept = holder.get("one")
    assert _answer(holder.get("two")) == [2]
    assert [model.manifest.name for model in holder.loaded] == ["two"]
    assert _answer(kept) == [1]
    assert _answer(holder.get("one")) == [1]
    assert [scripted_s3.count(three[name].blob_path) for name in ("one", "two")] == [2, 1]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("", "configuration"),
        ("nonsense", "configuration"),
        ("s3://b/Name@live", "configuration"),
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
