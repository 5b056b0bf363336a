"""What tests of every folder share: object storage over HTTP, and a place for the repository."""

import os
import uuid
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parent.parent
EVENTS = sorted((ROOT / "events").glob("*.json"))
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="session")
def root():
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def moto_address():
    """Address of a moto server on loopback, one for each test process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_environment(monkeypatch, moto_address):
    """Environment variables that point every S3 client at the moto server."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    variables = {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": moto_address}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def s3_client(aws_environment):
    """A boto3 client of the moto server, to look behind the tool's back."""
    return boto3.client("s3", endpoint_url=aws_environment["AWS_ENDPOINT_URL"])


@pytest.fixture
def bucket(s3_client):
    """A fresh, empty bucket's name."""
    name = f"models-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name)
    return name
