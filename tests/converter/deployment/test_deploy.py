"""The steps of a deployment around the tool, which here makes a stack of a topic, and no more.

The real tools are in tests/integration/test_deploy.py; what they leave behind is at issue here.
"""

import json
import os
import sys

import boto3
import pytest

from coldpress.deployment import Order, deploy
from coldpress.errors import DeployError, StoreError
from coldpress.pipeline import ModelSource
from coldpress.registry import publish
from coldpress.registry.channels import list_channels
from tests.loopback import answering

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


def test_a_stack_that_names_no_url(workplace, make_bundle, bucket, shown):
    """What a template of one's own lacks is told; the channel is not moved."""
    assert workplace
    with pytest.raises(DeployError, match="names no URL among its outputs"):
        deploy(_order(make_bundle(), bucket), shown)
    assert list_channels(f"s3://{bucket}/models") == []


def test_what_is_no_model_s_is_not_replaced(workplace, make_bundle, bucket, shown):
    """A stack of something else that happens to be called so stays as it is."""
    assert workplace
    template = {
        "Parameters": {"Db": {"Type": "String", "Default": "x"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    client = boto3.client("cloudformation")
    client.create_stack(StackName="churn-live", TemplateBody=json.dumps(template))
    with pytest.raises(DeployError, match="churn-live is there, and no model's"):
        deploy(_order(make_bundle(), bucket), shown)
    assert shown.commands == []


def test_tokens_can_t_be_made_here(workplace, make_bundle, bucket, shown, monkeypatch):
    """Without one the deployed function is not asked, which is said; the channel is moved."""
    assert workplace
    monkeypatch.setenv("TOLD_URL", "https://api.example")
    told = {"Auth": "jwt", "JwtIssuer": "https://a.example", "JwtAudience": "b"}
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
    template = {
        "Parameters": {"ModelUri": {"Type": "String", "Default": "s3://a/models/other@live"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    client = boto3.client("cloudformation")
    client.create_stack(StackName="churn-live", TemplateBody=json.dumps(template))
    with pytest.raises(DeployError, match="churn-live serves the model other; name one for churn"):
        deploy(_order(make_bundle(), bucket), shown)
    assert shown.commands == []
    with pytest.raises(DeployError, match="`sam deploy` failed"):
        deploy(_order(make_bundle(name="b"), bucket, stack="churn-live"), shown)


@pytest.mark.parametrize("region", ["eu-north-1", REGION])
def test_stores_are_asked_in_the_deployment_s_region(
    workplace, make_bundle, shown, monkeypatch, region
):
    """Publishing signs for the region that is deployed to, whatever the environment has."""
    assert workplace
    regions = set()

    def denied(asked):
        regions.add(asked.headers["authorization"].split("/")[2])
        return 403, b""

    with answering(denied) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        with pytest.raises(StoreError):
            deploy(_order(make_bundle(), "bucket", region=region), shown)
    assert regions == {region}
    assert os.environ["AWS_REGION"] == REGION
