"""The account's own bucket: made once, and told about where it can't be."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import boto3
import pytest

from coldpress.deployment.aws import sign_in
from coldpress.deployment.models_bucket import MODELS_STACK, ensure_bucket, own_store
from coldpress.errors import DeployError

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EXISTS = """<ErrorResponse><Error><Type>Sender</Type><Code>AlreadyExistsException</Code>
<Message>Stack exists</Message></Error></ErrorResponse>"""
FAILED = """<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
<StackName>coldpress-models</StackName><StackStatus>ROLLBACK_COMPLETE</StackStatus>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""


@pytest.fixture
def account(aws_environment):
    """The moto server's account, without a stack of ours afterwards."""
    assert aws_environment
    client = boto3.client("cloudformation")
    yield sign_in()
    for stack in client.describe_stacks()["Stacks"]:
        client.delete_stack(StackName=stack["StackName"])


def test_a_bucket_that_is_gone_is_told(account):
    """A stack that stands without its bucket is not taken for one that will have it."""
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client = boto3.client("cloudformation")
    client.create_stack(StackName=MODELS_STACK, TemplateBody=json.dumps(topic))
    store = "s3://coldpress-models-123456789012-eu-west-3/models"
    with pytest.raises(DeployError, match=r"its bucket coldpress-models-.*-eu-west-3 is gone"):
        ensure_bucket(account, store, "", lambda: None)


def test_a_stack_that_failed_is_told(account, monkeypatch):
    """What an earlier try left is named, with what to do about it; the key is the bucket's."""
    with _CloudFormation() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.url)
        begun = []
        with pytest.raises(DeployError, match=r"is ROLLBACK_COMPLETE; .*delete-stack"):
            ensure_bucket(sign_in(), f"{own_store(account)}-2", KEY, lambda: begun.append(1))
    assert begun == [1]
    assert KEY in server.told


class _CloudFormation:
    """A server in the place of CloudFormation, where the stack is there and has failed."""

    def __init__(self):
        self.told = told = []

        class Request(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                creates = asked["Action"] == ["CreateStack"]
                told.extend(value for values in asked.values() for value in values)
                body = (EXISTS if creates else FAILED).encode()
                self.send_response(400 if creates else 200)
                self.send_header("content-type", "text/xml")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
