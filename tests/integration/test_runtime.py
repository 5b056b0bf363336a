"""The built package under AWS's Runtime Interface Emulator, with its model in object storage."""

import json
import os
import re
import subprocess
import uuid
from base64 import b64decode
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coldpress import export, publish
from coldpress_runtime.session import DTYPES
from tests.integration.emulated import every

pytestmark = pytest.mark.slow

SAMPLES = sorted(Path(__file__).parents[2].joinpath("events").glob("*.json"))
EVENTS = [path for path in SAMPLES if not path.stem.startswith("sqs-")]
# What the function may not load.
FORBIDDEN = {"boto3", "coldpress", "onnx", "pandas", "pydantic", "sklearn"}


@pytest.fixture(scope="session")
def model():
    """The demo's model: a scaler and a random forest on the breast-cancer data."""
    features, target = load_breast_cancer(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(n_estimators=20, random_state=0)
    return make_pipeline(StandardScaler(), forest).fit(features, target)


@pytest.fixture(scope="session")
def bundle(model, tmp_path_factory):
    """The model's bundle."""
    features, _ = load_breast_cancer(return_X_y=True, as_frame=True)
    path = tmp_path_factory.mktemp("bundle") / "breast-cancer"
    return export(model, sample=features[:50], output=path, name="breast-cancer")


@pytest.fixture(scope="session")
def publish_bundle(bundle, moto_environment):
    """A function that publishes the bundle to the channel `live` of a prefix in the moto server."""

    def run(prefix):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in moto_environment.items():
                patch.setenv(name, value)
            return publish(bundle, prefix, channel="live").uri

    return run


@pytest.fixture(scope="session")
def models_bucket(aws_client):
    """An empty bucket of the moto server."""
    name = f"models-{uuid.uuid4().hex[:12]}"
    aws_client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def pinned_function(start_function, publish_bundle, models_bucket):
    """A running function with a pinned model."""
    with start_function(publish_bundle(f"s3://{models_bucket}/pinned")) as function:
        yield function


def test_loads_only_the_package(root, built_package, interpreter, function_environment):
    """Nothing that the handler imports comes from the repository, and nothing that it may not."""
    script = (
        "import json, sys, predict\n"
        "print('\\n' + json.dumps({name: getattr(module, '__file__', None) or ''"
        " for name, module in sys.modules.items()}))"
    )
    outcome = subprocess.run(
        [interpreter, "-S", "-c", script],
        cwd=built_package.directory,
        env=function_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = json.loads(outcome.stdout.splitlines()[-1])
    assert modules["predict"] == str(built_package.directory / "predict.py")
    assert modules["onnxruntime"].startswith(str(built_package.directory))
    assert modules["coldpress_runtime"].startswith(str(built_package.directory))
    assert not [file for file in modules.values() if file.startswith(f"{root}{os.sep}")]
    assert not {name.partition(".")[0] for name in modules} & FORBIDDEN


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_answers_every_sample_event(pinned_function, path):
    """Each file of `events/` gets the status that its name promises, in its source's form."""
    answer = pinned_function.invoke(path.read_bytes())
    if path.stem.startswith("direct-"):
        assert answer["outputs"]
    else:
        assert answer["statusCode"] == (400 if "wrong" in path.stem else 200), answer
        assert body_of(answer)


@pytest.mark.parametrize(
    "path",
    [path for path in EVENTS if "infer" in path.stem and "wrong" not in path.stem],
    ids=lambda path: path.stem,
)
def test_predicts_as_scikit_learn_does(pinned_function, model, path):
    """Probabilities and labels are those of the model that was trained."""
    event = json.loads(path.read_bytes())
    rows = tensors(body_of(event)["inputs"])["input"]
    outputs = tensors(body_of(pinned_function.invoke(path.read_bytes()))["outputs"])
    np.testing.assert_allclose(outputs["probabilities"], probabilities(model, rows), atol=1e-6)
    if "label" in outputs:
        assert outputs["label"].tolist() == probabilities(model, rows).argmax(axis=1).tolist()


def test_tells_the_log_what_happened(pinned_function):
    """The log has the INIT report, one line a request, and the cold start as a metric."""
    pinned_function.invoke(b"{}")
    lines = [line for line in pinned_function.log.splitlines() if line.startswith("{")]
    records = [json.loads(line) for line in lines]
    assert sum("ColdStart" in record for record in records) == 1
    assert any(record.get("status") == 400 for record in records)
    assert len(re.findall(r"INIT REPORT\(durationMs: [\d.]+\)", pinned_function.log)) == 1


def test_follows_a_channel(start_function, publish_bundle, models_bucket):
    """A URI with a channel serves the version that the channel points to."""
    pinned = publish_bundle(f"s3://{models_bucket}/channel")
    with start_function(f"{pinned.root}/{pinned.name}@live") as function:
        answer = function.invoke(event_bytes("direct-infer"))
    assert answer["model_version"] == pinned.digest


def test_answers_the_messages_of_a_queue(start_function, publish_bundle, models_bucket, aws_client):
    """The queue's function keeps an answer for each message of its sample event."""
    uri = publish_bundle(f"s3://{models_bucket}/queue")
    results = f"s3://{models_bucket}/answers"
    with start_function(uri, "batch.handler", COLDPRESS_RESULTS=results) as function:
        assert function.invoke(event_bytes("sqs-infer")) == {"batchItemFailures": []}
        refusal = function.invoke(event_bytes("http-infer"))
    assert refusal["errorType"] == "NotARequest"
    kept = aws_client("s3").list_objects_v2(Bucket=models_bucket, Prefix="answers/")["Contents"]
    assert len(kept) == len(json.loads(event_bytes("sqs-infer"))["Records"])


def test_waits_for_a_model_that_is_not_there_yet(
    start_function, publish_bundle, bundle, models_bucket
):
    """A function deployed before its model says 503, and serves once the model is published."""
    root = f"s3://{models_bucket}/later"
    with start_function(f"{root}/{bundle.manifest.name}@sha256:{bundle.digest}") as function:
        refusal = function.invoke(event_bytes("http-infer"))
        assert refusal["statusCode"] == 503
        assert "retry-after" in {name.lower() for name in refusal["headers"]}
        publish_bundle(root)
        answers = (function.invoke(event_bytes("http-infer"))["statusCode"] for _ in every(0.5))
        assert next((status for status in answers if status == 200), None) == 200


def event_bytes(name):
    """A sample event's bytes."""
    return next(path for path in SAMPLES if path.stem == name).read_bytes()


def body_of(document):
    """The document of an event or an answer with the tensors after it; a direct one is its own."""
    body = document.get("body")
    if body is None:
        return document
    data = b64decode(body) if document["isBase64Encoded"] else body.encode()
    headers = {name.lower(): value for name, value in document["headers"].items()}
    end = int(headers.get("inference-header-content-length", len(data)))
    content, rest = json.loads(data[:end]), data[end:]
    for tensor in (*content.get("inputs", ()), *content.get("outputs", ())):
        if size := tensor.get("parameters", {}).get("binary_data_size"):
            tensor["data"] = np.frombuffer(rest[:size], DTYPES[tensor["datatype"]])
            rest = rest[size:]
    return content


def tensors(descriptions):
    """Arrays by name from the protocol's tensors."""
    return {each["name"]: np.array(each["data"]).reshape(each["shape"]) for each in descriptions}


def probabilities(model, rows):
    """What the trained model says of rows without column names."""
    return model.predict_proba(pd.DataFrame(rows, columns=model.feature_names_in_))
