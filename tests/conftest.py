"""What tests of every folder share: object storage over HTTP, and a place for the repository."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from filelock import FileLock
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parent.parent
EVENTS = sorted((ROOT / "events").glob("*.json"))
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def pytest_configure():
    """Let programs under test be interrupted, also where a shell runs the tests in background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # which they would inherit
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_environment():
    """Each test leaves the environment as it was: the local handler is told all through it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


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


@pytest.fixture(scope="session")
def moto_environment(moto_address):
    """Environment variables that point an S3 client at the moto server."""
    return {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": moto_address}


@pytest.fixture
def aws_environment(monkeypatch, moto_environment):
    """The moto server's variables, set for the test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in moto_environment.items():
        monkeypatch.setenv(name, value)
    return moto_environment


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


@pytest.fixture(scope="session")
def tutorial_network(tmp_path_factory, worker_id):
    """A directory with the tutorial's network as .keras and .h5, trained once for all workers.

    Beside it ``rows.npy``, ``predicted.npy`` (what `model.predict` says to them) and
    ``accuracy.json``, and networks that can't be read.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "tutorial"
    with FileLock(f"{folder}.lock"):
        if not (folder / "two.keras").exists():
            folder.mkdir(exist_ok=True)
            script = ROOT / "tests" / "fixtures" / "train_tutorial.py"
            quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
            command = [sys.executable, str(script), str(folder)]
            subprocess.run(command, env=quiet, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def serving():
    """A context that runs `coldpress serve` for a model, or a list; its value is the address."""
    return serving_of


@contextmanager
def serving_of(uri, environment=os.environ):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uris = uri if isinstance(uri, list) else [uri]
    models = [f"--model={each}" for each in uris]
    command = [sys.executable, "-m", "coldpress", "serve", *models]
    with subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment),
    ) as server:
        try:
            address = re.search(r"http://[\d.:]+", server.stdout.readline()).group()
            until(lambda: _listens(port))
            yield address
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=30)
    assert server.returncode in (0, 130), errors
    assert "Traceback" not in errors


def until(condition):
    """Wait for a condition; `TimeoutError` if it isn't met in 20 seconds."""
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError("what was waited for did not come")


def _listens(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
