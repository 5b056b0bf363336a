"""The steps of a deployment around the tool, which here makes a stack of a topic, and no more.

The real tools are in tests/integration/test_deploy.py; what they leave behind is at issue here.
"""

import json
import os
import sys
import zipfile

import boto3
import pytest

from coldpress.deployment import Order, deploy
from coldpress.errors import DeployError, StoreError, UsageError
from coldpress.package.place import RECORD
from coldpress.pipeline import ModelSource
from coldpress.registry import publish
from coldpress.registry.channels import list_channels
from coldpress.resources import resource

TOOL = """#!{python}
import json, os, sys
import boto3
told = dict(pair.split("=", 1) for pair in sys.argv if "=" in pair)
url = os.environ["TOLD_URL"]
boto3.client("cloudformation").create_stack(
    StackName=sys.argv[sys.argv.index("--stack-name") + 1],
    TemplateBody=json.dumps({{
        "Parameters": {{"ModelUri": {{"Type": "String"}}}},
        "Resources": {{"Topic": {{"Type": "AWS::SNS::Topic"}}}},
        "Outputs": {{"HttpApiUrl": {{"Value": url}}}} if url else {{}},
    }}),
    Parameters=[{{"ParameterKey": "ModelUri", "ParameterValue": told["ModelUri"]}}],
)
"""
# Where no other test deploys.
REGION = "eu-west-2"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/churn@sha256:{'ab' * 32}"
TOKENS = {"JwtIssuer": "https://a.example", "JwtAudience": "b"}
OTHERWISE = {
    "request": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}]},
    "response": {
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [2.0, 5.0]}]
    },
}


class _Shown:
    """Keeps what is shown."""

    def __init__(self):
        self.output = sys.__stderr__
        self.commands = []

    def command(self, text):
        self.commands.append(text)

    def doing(self, step):
        """Nothing."""

    def clear(self):
        """Nothing."""


@pytest.fixture
def shown():
    """What is told to whoever deploys."""
    return _Shown()


@pytest.fixture
def workplace(tmp_path, monkeypatch, aws_environment, bucket):
    """A folder with a package, a tool of that kind on the PATH, and a region without stacks."""
    assert aws_environment
    assert bucket  # made in its own region
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sam").write_text(TOOL.format(python=sys.executable))
    (tmp_path / "bin" / "sam").chmod(0o755)
    (tmp_path / "work" / "build").mkdir(parents=True)
    (tmp_path / "work" / "build" / "function.zip").write_bytes(b"")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("TOLD_URL", "")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, REGION)
    yield tmp_path / "work"
    client = boto3.client("cloudformation")
    for stack in client.describe_stacks()["Stacks"]:
        client.delete_stack(StackName=stack["StackName"])


def _order(bundle, bucket, **fields):
    store = f"s3://{bucket}/models"
    source = ModelSource(model=str(bundle.path))
    return Order(source=source, store=store, build=False, patience=0.0, **fields)


def _make_stack(resources, parameters=None):
    template = {"Parameters": parameters or {}, "Resources": resources}
    client = boto3.client("cloudformation")
    client.create_stack(StackName="churn-live", TemplateBody=json.dumps(template))


def test_a_stack_that_names_no_url(workplace, make_bundle, bucket, shown):
    """What a template of one's own lacks is told; the channel is not moved."""
    assert workplace
    with pytest.raises(DeployError, match="names no URL among its outputs"):
        deploy(_order(make_bundle(), bucket), shown)
    assert list_channels(f"s3://{bucket}/models") == []


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, id="none"),
        pytest.param({"Db": {"Type": "String", "Default": "x"}}, id="Db"),
    ],
)
@pytest.mark.parametrize("stack", [None, "churn-live"])
def test_what_is_no_model_s_is_not_replaced(
    workplace, make_bundle, bucket, shown, stack, parameters
):
    """A stack of something else that is called so stays as it is, whoever names it."""
    assert workplace
    _make_stack({"Topic": {"Type": "AWS::SNS::Topic"}}, parameters)
    with pytest.raises(DeployError, match="churn-live is there, and no model's"):
        deploy(_order(make_bundle(), bucket, stack=stack), shown)
    assert shown.commands == []


def test_an_image_is_deployed_without_a_package(workplace, make_bundle, bucket, shown, monkeypatch):
    """A template for images needs none, with the build's step or without."""
    (workplace / "build" / "function.zip").unlink()
    template = resource("infra", "sam", "image.yaml").read_text("utf-8")
    (workplace / "template.yaml").write_text(template, "utf-8")
    monkeypatch.setenv("TOLD_URL", "https://api.example")
    told = {"ImageUri": IMAGE, "Auth": "jwt", **TOKENS}
    found = deploy(_order(make_bundle(), bucket, parameters=told), shown)
    assert found.unasked
    assert not any("coldpress build" in each for each in shown.commands)


def test_what_a_deployment_was_stopped_at_goes_on(workplace, make_bundle, bucket, shown):
    """The Serverless Framework's first step, a bucket for code alone, is nobody else's stack."""
    assert workplace
    _make_stack({"ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket"}})
    with pytest.raises(DeployError, match="`sam deploy` failed"):  # as that can't go on with it
        deploy(_order(make_bundle(), bucket), shown)
    assert any("sam deploy" in each for each in shown.commands)


@pytest.mark.parametrize("before", ["true", "false", None])
def test_a_stack_makes_no_bucket_that_is_there(workplace, make_bundle, bucket, shown, before):
    """Only a stack that has made its bucket already keeps it; the model would be in it before."""
    assert workplace
    if before:
        told = {"CreateBucket": before, "ModelUri": "s3://a/models/churn@live"}
        parameters = {name: {"Type": "String", "Default": value} for name, value in told.items()}
        _make_stack({"Topic": {"Type": "AWS::SNS::Topic"}}, parameters)
    error, message = (
        (DeployError, "`sam deploy` failed")
        if before == "true"
        else (UsageError, "CreateBucket=true makes a bucket with the stack, and the model is")
    )
    with pytest.raises(error, match=message):
        deploy(_order(make_bundle(), bucket, parameters={"CreateBucket": "true"}), shown)
    assert bool(shown.commands) == (before == "true")


@pytest.mark.parametrize(
    ("recorded", "told", "message"),
    [
        pytest.param({"python": "3.12"}, {}, "PythonVersion=3.12, and 3.13 is", id="Python"),
        pytest.param({"architecture": "arm64"}, {}, "Architecture=arm64, and x86_64", id="arm64"),
        pytest.param(
            {"python": "3.13", "architecture": "x86_64"},
            {"Architecture": "arm64"},
            "Architecture=x86_64, and arm64 is deployed; leave --no-build out, or add --param",
            id="as it is told",
        ),
    ],
)
def test_a_package_for_something_else(
    workplace, make_bundle, bucket, shown, recorded, told, message
):
    """What was built for another Python or processor is not deployed as it is."""
    with zipfile.ZipFile(workplace / "build" / "function.zip", "w") as archive:
        archive.writestr(RECORD, json.dumps(recorded))
    with pytest.raises(UsageError, match=message):
        deploy(_order(make_bundle(), bucket, parameters=told), shown)
    assert shown.commands == []


def test_tokens_can_t_be_made_here(workplace, make_bundle, bucket, shown, monkeypatch):
    """Without one the deployed function is not asked, which is said; the channel is moved."""
    assert workplace
    monkeypatch.setenv("TOLD_URL", "https://api.example")
    told = {"Auth": "jwt", **TOKENS}
    found = deploy(_order(make_bundle(), bucket, parameters=told), shown)
    assert (found.asked, found.unasked) == (0, "its API takes tokens, and COLDPRESS_TOKEN has none")
    assert found.channel == f"s3://{bucket}/models/churn@live"
    assert 'authorization: Bearer $COLDPRESS_TOKEN"' in found.curl
    assert shown.commands[-1] == f"coldpress promote {found.uri} --channel live"


def test_a_wrong_answer_moves_no_channel(
    workplace, make_bundle, bucket, shown, monkeypatch, serving, tmp_path
):
    """A deployed function that answers otherwise fails the deployment."""
    assert workplace
    bundle = make_bundle(examples=(OTHERWISE,))
    with serving(publish(bundle, str(tmp_path / "store")).uri) as address:
        monkeypatch.setenv("TOLD_URL", address)
        with pytest.raises(DeployError, match="does not answer as the certificate says"):
            deploy(_order(bundle, bucket), shown)
    assert list_channels(f"s3://{bucket}/models") == []


def test_another_model_s_stack_is_not_replaced(workplace, make_bundle, bucket, shown):
    """A stack that is called like the model and serves another stays, unless somebody names it."""
    assert workplace
    other = {"ModelUri": {"Type": "String", "Default": "s3://a/models/other@live"}}
    _make_stack({"Topic": {"Type": "AWS::SNS::Topic"}}, other)
    with pytest.raises(DeployError, match="churn-live serves the model other; name one for churn"):
        deploy(_order(make_bundle(), bucket), shown)
    assert shown.commands == []
    with pytest.raises(DeployError, match="`sam deploy` failed"):
        deploy(_order(make_bundle(name="b"), bucket, stack="churn-live"), shown)


@pytest.mark.parametrize("region", ["eu-north-1", REGION])
def test_stores_are_asked_in_the_deployment_s_region(
    workplace, make_bundle, shown, denied_regions, region
):
    """Publishing signs for the region that is deployed to, whatever the environment has."""
    assert workplace
    with pytest.raises(StoreError):
        deploy(_order(make_bundle(), "bucket", region=region), shown)
    assert denied_regions == {region}
    assert os.environ["AWS_REGION"] == REGION
