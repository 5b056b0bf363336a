"""Several models in one function, through the handler."""

import json
import threading

import pytest

FACTORS = {"double": 2, "triple": 3, "tenfold": 10}
NAMES = tuple(FACTORS)


@pytest.fixture(scope="session")
def store(store_model, multiplier, tmp_path_factory):
    """A store with models that multiply by 2, 3 and 10; gives its URL and the versions by name."""
    root = tmp_path_factory.mktemp("several").as_uri()
    made = [
        store_model(root, model=multiplier(factor), name=name).put()
        for name, factor in FACTORS.items()
    ]
    return root, {stored.uri.name: stored.uri.digest for stored in made}


@pytest.fixture
def several(load_predict, store):
    """The handler's module with all three."""
    return load_predict(MODEL_URI=store[0], COLDPRESS_MODELS=", ".join(NAMES))


@pytest.fixture
def asked(several, context, read):
    """Has the handler answer an event; gives status and the answer's document."""
    return lambda event: read(several.handler(event, context()))


def request(**names):
    """A direct invocation for the number 1."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1.0]}
    return {"inputs": [tensor], **names}


@pytest.mark.parametrize(("name", "factor"), FACTORS.items())
@pytest.mark.parametrize("way", ["path", "path and version", "event", "event and version"])
def test_a_request_is_answered_by_the_model_that_it_names(asked, http, store, name, factor, way):
    """Path or event say which model and, if they like, which version of it."""
    version = store[1][name]
    path = f"/v2/models/{name}"
    if "event" in way:
        versions = {"model_version": version} if "version" in way else {}
        status, answer = asked(request(model_name=name, **versions))
    else:
        path += f"/versions/{version}" if "version" in way else ""
        status, answer = asked(http("POST", f"{path}/infer", request()))
    assert status == 200
    assert (answer["model_name"], answer["model_version"]) == (name, version)
    assert answer["outputs"][0]["data"] == [factor]


LISTED = "'double', 'triple', 'tenfold'"
REFUSED = {
    "unknown": (
        {"model_name": "other"},
        404,
        f"unknown model 'other'; this function serves {LISTED}",
    ),
    "no name": (
        {},
        400,
        f"serves several models, and the request names none; name one of {LISTED}",
    ),
    "unknown version": (
        {"model_name": "triple", "model_version": "7"},
        404,
        "unknown version '7' of 'triple'; this function serves ",
    ),
    "another's version": (
        {"model_name": "triple", "model_version": "double"},
        404,
        "unknown version 'double' of 'triple'",
    ),
    "version without a name": ({"model_version": "7"}, 404, "nothing is served at"),
    "no string": ({"model_name": 3}, 400, "model_name must be a string"),
}


@pytest.mark.parametrize(("names", "status", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_names_no_model_of_them_is_refused(asked, names, status, said):
    """Without a name, or with one that is not served, the error lists the names."""
    found, answer = asked(request(**names))
    assert found == status
    assert said in answer["error"]


def test_a_single_model_needs_no_name(load_predict, store, context):
    """Where there is only one, an event without a name is for it."""
    predict = load_predict(MODEL_URI=store[0], COLDPRESS_MODELS="triple")
    assert predict.handler(request(), context())["model_name"] == "triple"


def test_ready_speaks_of_the_first(asked, http):
    """The function is ready with its first model, and each model's own call speaks of it."""
    assert asked(http("GET", "/v2/health/ready")) == (200, {"live": True, "ready": True})
    assert asked(http("GET", "/v2/models/tenfold/ready")) == (
        200,
        {"name": "tenfold", "ready": True},
    )


def test_a_model_that_is_missing_is_none_of_the_others(load_predict, store, context, read):
    """A model that the store has not is a 503, whichever it is, and the others answer."""
    predict = load_predict(MODEL_URI=store[0], COLDPRESS_MODELS="missing triple")
    statuses = [
        read(predict.handler(request(model_name=name), context()))[0]
        for name in ("missing", "triple", "missing")
    ]
    assert statuses == [503, 200, 503]


def test_requests_for_all_of_them_go_side_by_side(several, store, context):
    """Threads that ask for different models each get their own one's answer."""
    answers = []

    def ask(name):
        answers.extend(several.handler(request(model_name=name), context()) for _ in range(10))

    threads = [threading.Thread(target=ask, args=(name,)) for name in NAMES * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {(a["model_name"], a["model_version"], a["outputs"][0]["data"][0]) for a in answers}
    assert len(answers) == 120
    assert found == {(name, digest, FACTORS[name]) for name, digest in store[1].items()}


def test_each_line_names_the_model_that_answered(load_predict, store, context, capsys):
    """A request's line has its own model, and each model's load time is counted once."""
    predict = load_predict(MODEL_URI=store[0], COLDPRESS_MODELS=" ".join(NAMES))
    capsys.readouterr()
    for name in ("tenfold", "double", "tenfold", "other"):
        predict.handler(request(model_name=name), context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [(line.get("model"), "ModelLoadTime" in line) for line in lines]
    assert told == [("tenfold", True), ("double", True), ("tenfold", False), (None, False)]
    assert [line.get("model_version") for line in lines[:2]] == [
        store[1]["tenfold"],
        store[1]["double"],
    ]
