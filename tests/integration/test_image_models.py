"""Models that lie in the image: deployed, with no right on any bucket; and large ones."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import coldpress
from coldpress.registry import publish
from coldpress.scaffold.sample_events import sample_events
from tests.integration.compiled import IMAGE

pytestmark = pytest.mark.slow

STACK = "baked"
REPOSITORY = IMAGE.partition("@")[0]
IMAGES = [f"{REPOSITORY}@sha256:{digits * 32}" for digits in ("e1", "e2")]
MODELS = [f"file:///opt/models/churn@sha256:{digits * 32}" for digits in ("d1", "d2")]
HANDLERS = {
    "baked-predict": "predict.handler",
    "CodeDeployHook_baked": "hooks.handler",
    "baked-docs": "docs.handler",
}


@pytest.fixture(scope="module")
def buckets(aws_client):
    """A function that gives the names of all buckets."""
    return lambda: {each["Name"] for each in aws_client("s3").list_buckets()["Buckets"]}


@pytest.fixture(scope="module")
def deployed(sam_deploy, project, buckets):
    """Two deployments by the real `sam deploy`, each of an image that is pushed already.

    Gives the buckets that the deployments made.
    """
    before = buckets()
    for image, model in zip(IMAGES, MODELS, strict=True):
        sam_deploy(
            *(STACK, "--image-repository", REPOSITORY),
            source=project / "infra" / "sam" / "image.yaml",
            ImageUri=image,
            ModelUri=model,
            Revision=model[-10:],
            Docs="true",
        )
    return buckets() - before


@pytest.fixture
def functions(deployed, aws_client):
    """A function that gives one of the stack's functions, or one version of it."""
    assert deployed is not None
    return lambda name, **version: aws_client("lambda").get_function(FunctionName=name, **version)


@pytest.mark.parametrize(("name", "handler"), HANDLERS.items(), ids=HANDLERS.values())
def test_each_function_is_the_image_deployed_last(functions, name, handler):
    """Lambda has the second image, with the function's own command."""
    found = functions(name)
    configuration = found["Configuration"]
    assert found["Code"]["ImageUri"] == IMAGES[1]
    assert configuration["PackageType"] == "Image"
    assert configuration["ImageConfigResponse"]["ImageConfig"]["Command"] == [handler]
    assert not configuration.get("Handler")
    assert configuration["Environment"]["Variables"]["MODEL_URI"] == MODELS[1]


def test_the_alias_moves_to_the_second_model(functions):
    """`live` is the second version; of the first, its model is not lost."""
    live, first = (functions("baked-predict", Qualifier=each) for each in ("live", "1"))
    assert live["Configuration"]["Version"] == "2"
    models = [
        each["Configuration"]["Environment"]["Variables"]["MODEL_URI"] for each in (first, live)
    ]
    assert models == MODELS


@pytest.mark.parametrize("name", HANDLERS)
def test_no_role_has_a_right_on_a_bucket(functions, aws_client, name):
    """Whoever runs the image reads the model: nothing of S3, and none of AWS's own policies."""
    iam, role = aws_client("iam"), functions(name)["Configuration"]["Role"].rpartition("/")[2]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    assert "logs:PutLogEvents" in json.dumps(documents)
    assert "s3" not in json.dumps(documents)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_no_bucket_is_made(deployed):
    """There is nothing to keep in one."""
    assert deployed == set()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model whose weights are as many bytes as lie apart."""
    weights = np.random.default_rng(0).standard_normal((1024, 8192), np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["each"]),
        helper.make_node("ReduceMean", ["each"], ["y"], axes=[1]),
    ]
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1024])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return coldpress.export(
        model.SerializeToString(),
        sample=np.zeros((2, 1024), np.float32),
        output=tmp_path_factory.mktemp("large") / "large",
        name="large",
    )


def test_a_large_model_in_the_image_takes_room_in_tmp(large, start_function, tmp_path):
    """Its weights are mapped from a file of their own there, and never from the image."""
    uri, scratch = publish(large, str(tmp_path / "store")).uri, tmp_path / "scratch"
    scratch.mkdir()
    with start_function(uri, COLDPRESS_SCRATCH=str(scratch)) as function:
        answer = function.invoke(json.dumps(sample_events(large)["http-infer"]))
        (file,) = (each for each in scratch.rglob("*") if each.is_file())
    assert answer["statusCode"] == 200
    assert file.stat().st_size == large.manifest.weights.unpacked_size == 1024 * 8192 * 4
