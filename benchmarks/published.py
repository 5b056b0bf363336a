"""The model in the store: trained, exported and published once, and the store that serves it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coldpress import Bundle

from .environments import Variant
from .workspace import BenchmarkError, Workspace, run_tool, say

__all__ = ["LAMBDA", "free_ports", "served_models", "wait_for"]

_BUCKET = "models"
_START_SECONDS = 60
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
# The same for every variant. Nothing is compiled behind a variant's back: what ships bytecode
# ships it, and what doesn't compiles at each start, as in a function's read-only directory.
LAMBDA = {
    **_CREDENTIALS,
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
    # One vCPU's worth of threads for whatever uses BLAS, too.
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": os.defpath,
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_METRICS_NAMESPACE": "Benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@contextmanager
def served_models(place: Workspace, variants: list[Variant]) -> Iterator[dict[str, str]]:
    """Publish the model to a moto server in a process of its own; the functions' environment.

    Raises:
        BenchmarkError: The model could not be made, or the server does not start.
    """
    folder = place.build / "model"
    _make(place, folder)
    with _moto() as address:
        common = {**LAMBDA, "AWS_ENDPOINT_URL": address, "HOME": str(place.build)}
        _put(f"{address}/{_BUCKET}", b"")
        for name in ("model.onnx", "model.pkl"):
            _put(f"{address}/{_BUCKET}/plain/{name}", (folder / name).read_bytes())
        _put_mlflow(place, variants, address, folder)
        yield {
            **common,
            "MLFLOW_MODEL": f"s3://{_BUCKET}/mlflow",
            "MLFLOW_S3_ENDPOINT_URL": address,
            "MODEL_BUCKET": _BUCKET,
            "MODEL_FILE": str(folder / "model.onnx"),
            "MODEL_KEY": "plain/model.onnx",
            "MODEL_URI": _publish(place, folder / "bundle", address),
            "PICKLE_KEY": "plain/model.pkl",
        }


def free_ports() -> tuple[int, int]:
    """Two ports of loopback on which nothing listens."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once somebody listens on a port of loopback."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)  # a port that is not there yet can only be asked again
    raise BenchmarkError(f"nothing listens on port {port}, where a server should have started")


def _make(place: Workspace, folder: Path) -> None:
    say("setup", "training and exporting the model")
    run_tool([sys.executable, "-m", "benchmarks.model", folder, place.event], cwd=place.repository)
    export = [place.coldpress, "export", folder / "model.pkl", "--sample", folder / "rows.npy"]
    run_tool([*export, "--trust", "--name", "breast-cancer", "-o", folder / "bundle", "--force"])
    bundle = Bundle.open(folder / "bundle")
    # The peers get the very graph, as a plain file.
    (folder / "model.onnx").write_bytes(bundle.unpacked(bundle.manifest.blob("model")))


def _publish(place: Workspace, bundle: Path, address: str) -> str:
    environment = {**os.environ, **_CREDENTIALS, "AWS_ENDPOINT_URL": address}
    command = [place.coldpress, "publish", bundle, f"s3://{_BUCKET}/prod", "--json"]
    uri: str = json.loads(run_tool(command, environment=environment))["uri"]
    return uri


def _put_mlflow(place: Workspace, variants: list[Variant], address: str, folder: Path) -> None:
    variant = next((each for each in variants if each.key == "mlflow" and not each.unable), None)
    if variant is None:
        return
    saved = folder / "mlflow"
    shutil.rmtree(saved, ignore_errors=True)
    script = place.sources / "variants" / "mlflow" / "save.py"
    command = [place.interpreter, "-P", "-S", script, folder / "model.onnx", saved]
    run_tool(command, environment=variant.environment(place, {**LAMBDA, "HOME": str(folder)}))
    for path in saved.rglob("*"):
        if path.is_file():
            key = path.relative_to(saved).as_posix()
            _put(f"{address}/{_BUCKET}/mlflow/{key}", path.read_bytes())


def _put(url: str, data: bytes) -> None:
    # moto would read what urllib calls a form by default, and wait for more of it.
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(url, data=data, headers=headers, method="PUT")
    with urllib.request.urlopen(request, timeout=_START_SECONDS) as answer:
        answer.read()


@contextmanager
def _moto() -> Iterator[str]:
    port, _ = free_ports()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
