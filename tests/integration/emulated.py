"""AWS's Runtime Interface Emulator: fixtures that run a function under it, as Lambda does."""

import http.client
import json
import os
import platform
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from filelock import FileLock

from coldpress.package.target import Target
from coldpress.package.wheels import install

__all__ = [
    "RunningFunction",
    "emulator",
    "every",
    "free_ports",
    "function_environment",
    "runtime_client",
    "start_function",
]

INVOCATIONS = "/2015-03-31/functions/function/invocations"
START_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningFunction:
    """A function under the emulator.

    Attributes:
        port: Where the emulator takes invocations.
        log_file: What emulator and function print.
    """

    port: int
    log_file: Path

    @property
    def log(self):
        """What was printed so far."""
        return self.log_file.read_text("utf-8")

    def invoke(self, event):
        """Send an event and return the function's answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", INVOCATIONS, event)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def emulator(root):
    """The emulator's program, which lies in the SAM CLI's package."""
    name = {"aarch64": "aws-lambda-rie-arm64"}.get(platform.machine(), "aws-lambda-rie-x86_64")
    places = root.glob(f".tools/sam/lib/python3.*/site-packages/samcli/local/rapid/{name}")
    path = next(places, None)
    if path is None:
        pytest.fail("the Runtime Interface Emulator is not installed; run: make .tools/.sam")
    return path


@pytest.fixture(scope="session")
def runtime_client(shared_folder, target_python, architecture):
    """A folder with AWS's runtime client for the target's Python, as the runtime brings it."""
    folder = shared_folder / "runtime-client"
    requirements = shared_folder / "runtime-client.txt"
    with FileLock(shared_folder / "runtime-client.lock"):
        if not folder.exists():
            names = ("awslambdaric", "simplejson", "snapshot-restore-py")
            requirements.write_text("".join(f"{name}=={version(name)}\n" for name in names))
            install(requirements, folder, Target(python=target_python, architecture=architecture))
    return folder


@pytest.fixture(scope="session")
def function_environment(built_package, runtime_client, moto_environment):
    """Lambda's environment for the function: its code first, and nothing of this project."""
    return {
        **moto_environment,
        "PATH": os.defpath,
        "PYTHONPATH": f"{built_package.directory}:{runtime_client}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(built_package.directory),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "29",
        "POWERTOOLS_SERVICE_NAME": "breast-cancer",
        "POWERTOOLS_METRICS_NAMESPACE": "Coldpress",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@pytest.fixture(scope="session")
def start_function(emulator, interpreter, function_environment, tmp_path_factory):
    """A context manager that runs a function with a model's URI: the package's, or other code's."""

    @contextmanager
    def start(uri, handler="predict.handler", *, code=None, **environment):
        log_file = tmp_path_factory.mktemp("function") / "log.txt"
        port, api_port = free_ports()
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [
                    *(emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
                    *("--runtime-api-address", f"127.0.0.1:{api_port}"),
                    # Without site-packages: what the interpreter's owner installed has no say.
                    *(interpreter, "-S", "-m", "awslambdaric", handler),
                ],
                cwd=code or function_environment["LAMBDA_TASK_ROOT"],
                env={**_of(code, function_environment), "MODEL_URI": str(uri), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until_listening(port, process)
            yield RunningFunction(port=port, log_file=log_file)
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)

    return start


def _of(code, environment):
    """The environment of other code than the package's."""
    if code is None:
        return environment
    client = environment["PYTHONPATH"].rpartition(":")[2]
    return {**environment, "PYTHONPATH": f"{code}:{client}", "LAMBDA_TASK_ROOT": str(code)}


def free_ports():
    """Two ports of loopback on which nothing listens."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def wait_until_listening(port, process):
    """Return once somebody listens; fail if the process ends first."""
    for _ in every(0.05):
        assert process.poll() is None, "the emulator ended before it listened"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the emulator does not listen")


def every(seconds):
    """Ticks, until the time to start something is over."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(seconds)
