"""The account's own bucket: made once, and told about where it can't be."""

import json
from urllib.parse import parse_qs

import boto3
import pytest

from coldpress.deployment.aws import sign_in
from coldpress.deployment.models_bucket import MODELS_STACK, ensure_bucket, own_store
from coldpress.errors import DeployError
from tests.loopback import answering

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EXISTS = """<ErrorResponse><Error><Type>Sender</Type><Code>AlreadyExistsException</Code>
<Message>Stack exists</Message></Error></ErrorResponse>"""
FAILED = """<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
<StackName>coldpress-models</StackName><StackStatus>ROLLBACK_COMPLETE</StackStatus>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""


@pytest.fixture
def account(aws_environment, monkeypatch):
    """The moto server's account, in a region where no other test deploys."""
    assert aws_environment
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-3")
    client = boto3.client("cloudformation")
    yield sign_in()
    for stack in client.describe_stacks()["Stacks"]:
        client.delete_stack(StackName=stack["StackName"])


def test_a_bucket_that_is_gone_is_told(account):
    """A stack that stands without its bucket is not taken for one that will have it."""
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client = boto3.client("cloudformation")
    client.create_stack(StackName=MODELS_STACK, TemplateBody=json.dumps(topic))
    with pytest.raises(DeployError, match=r"its bucket coldpress-models-.*-eu-west-3 is gone"):
        ensure_bucket(account, own_store(account), "", lambda: None)


def test_a_stack_that_failed_is_told(account, monkeypatch):
    """What an earlier try left is named, with what to do about it; the key is the bucket's."""
    told, begun = [], []

    def failed(asked):
        words = parse_qs(asked.body.decode())
        told.extend(value for values in words.values() for value in values)
        creates = words["Action"] == ["CreateStack"]
        return (400, EXISTS.encode()) if creates else (200, FAILED.encode())

    with answering(failed) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        with pytest.raises(DeployError, match=r"ROLLBACK_COMPLETE; .*--region eu-west-3`"):
            ensure_bucket(sign_in(), f"{own_store(account)}-2", KEY, lambda: begun.append(1))
    assert begun == [1]
    assert KEY in told
