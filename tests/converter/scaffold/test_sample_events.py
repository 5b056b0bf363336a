"""Sample events of a user's own model, made of the kit's."""

import hashlib
import json

import numpy as np
import pytest

import coldpress
from coldpress.scaffold.sample_events import example_request, sample_events


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A regression on two numbers, called otherwise than the kit's own model."""
    from sklearn.linear_model import LinearRegression

    rows = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 3.0]])
    return coldpress.export(
        LinearRegression().fit(rows, [0.0, 1.0, 2.0]),
        sample=rows,
        output=tmp_path_factory.mktemp("bundle") / "price",
        name="price",
    )


def test_the_request_is_the_first_golden_example(bundle):
    """What is asked is what the certificate has an answer to."""
    assert example_request(bundle) == {"inputs": bundle.golden()[0]["request"]["inputs"]}


def test_events_name_the_model(bundle):
    """Nothing of the kit's own model is left in them, neither in paths nor in parameters."""
    events = sample_events(bundle)
    assert set(events) == {
        "http-infer",
        "http-model",
        "http-infer-wrong-shape",
        "rest-infer",
        "direct-infer",
        "sqs-infer",
    }
    text = json.dumps(events)
    assert "breast" not in text
    assert events["http-infer"]["rawPath"] == "/v2/models/price/infer"
    assert events["rest-infer"]["pathParameters"] == {"proxy": "models/price/infer"}


def test_bodies_have_their_length_and_digest(bundle):
    """Headers and digests say what the bodies are."""
    events = sample_events(bundle)
    body = events["http-infer"]["body"]
    assert events["http-infer"]["headers"]["content-length"] == str(len(body))
    assert json.loads(body) == example_request(bundle)
    (message,) = events["sqs-infer"]["Records"]
    digest = hashlib.md5(message["body"].encode(), usedforsecurity=False).hexdigest()
    assert message["md5OfBody"] == digest


def test_the_wrong_shape_is_wrong(bundle):
    """It says one more value than there is."""
    (tensor,) = json.loads(sample_events(bundle)["http-infer-wrong-shape"]["body"])["inputs"]
    assert tensor["shape"] == [1, 3]
    assert len(tensor["data"]) == 2


def test_without_examples_the_signature_will_do(make_bundle):
    """A bundle without golden examples gets zeros in the shape of its inputs."""
    bundle = make_bundle(examples=())
    assert bundle.golden() == ()
    assert example_request(bundle) == {
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [0, 0]}]
    }
