"""A model with the demo's signature, stores that hold it, and the handler as a fresh module."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import numpy as np
import obstore
import onnx
import pytest
from onnx import helper, numpy_helper

from coldpress_runtime.artifact import (
    Blob,
    CertificateSummary,
    Manifest,
    RuntimeNeeds,
    Signature,
    Source,
)
from coldpress_runtime.pointers import Channel, ChannelMove, ModelUri
from coldpress_runtime.session import DTYPES, ModelSession
from coldpress_runtime.store import open_store
from coldpress_runtime.unpacking import zstd
from tests.functions.scripted import ScriptedS3, scripted_server

OPSET = 17

Shapes = Mapping[str, tuple[str, Sequence[int | None] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model that lies in a store, with the paths of its objects below the store's root."""

    root: str
    uri: ModelUri
    manifest: Manifest
    stored: bytes
    model: bytes
    golden: bytes | None = None

    @property
    def pinned(self) -> str:
        """Its URI by digest."""
        return str(self.uri)

    @property
    def live(self) -> str:
        """Its URI by channel."""
        return f"{self.root}/{self.uri.name}@live"

    @property
    def objects(self) -> dict[str, bytes]:
        """Everything that a store of this model holds, by path."""
        move = ChannelMove(
            version=self.uri.digest, action="publish", at="2026-11-23T10:00:00+00:00"
        )
        golden = {} if self.golden is None else {self.uri.blob_path("golden.json"): self.golden}
        return {
            self.blob_path: self.stored,
            **golden,
            self.uri.manifest_path: self.manifest.to_bytes(),
            self.channel_path: Channel(moves=(move,)).to_bytes(),
        }

    @property
    def blob_path(self) -> str:
        """Where the model's blob lies."""
        return self.uri.blob_path(self.manifest.blob("model").path)

    @property
    def channel_path(self) -> str:
        """Where the channel `live` lies."""
        return f"{self.uri.name}/channels/live.json"

    def put(self, *, only: Sequence[str] | None = None) -> StoredModel:
        """Write it, or some of its objects, to its store."""
        store = open_store(self.root, plain_http=True, create=True)
        for path, data in self.objects.items():
            if only is None or path in only:
                obstore.put(store, path, data)
        return self

    def overwrite(self, path: str, data: bytes) -> None:
        """Put other bytes in the place of one of its objects."""
        obstore.put(open_store(self.root, plain_http=True, create=True), path, data)

    def remove(self, path: str) -> None:
        """Delete one of its objects."""
        obstore.delete(open_store(self.root, plain_http=True), path)


@pytest.fixture(scope="session")
def build_onnx() -> Callable[..., bytes]:
    """Makes an ONNX file's bytes from nodes and the types and shapes of inputs and outputs."""

    def build(
        nodes: Sequence[onnx.NodeProto],
        inputs: Shapes,
        outputs: Shapes,
        constants: Mapping[str, np.ndarray] | None = None,
    ) -> bytes:
        graph = helper.make_graph(
            nodes,
            "graph",
            [_value(name, *kind) for name, kind in inputs.items()],
            [_value(name, *kind) for name, kind in outputs.items()],
            [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
        )
        domains = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=domains)
        model.ir_version = 10
        return model.SerializeToString()

    return build


@pytest.fixture(scope="session")
def classifier(build_onnx) -> bytes:
    """A linear classifier with the demo's signature: 30 columns, a label, two probabilities."""
    weights = np.linspace(-0.002, 0.002, 60, dtype=np.float32).reshape(30, 2)
    nodes = [
        helper.make_node("Cast", ["input"], ["x"], to=onnx.TensorProto.FLOAT),
        helper.make_node("MatMul", ["x", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=-1, keepdims=0),
    ]
    return build_onnx(
        nodes,
        {"input": ("FP64", [None, 30])},
        {"label": ("INT64", [None]), "probabilities": ("FP32", [None, 2])},
        {"weights": weights},
    )


@pytest.fixture(scope="session")
def store_model(classifier) -> Callable[..., StoredModel]:
    """Makes a model for a store; by default the classifier as zstd, with nothing written yet."""

    def make(
        root: str,
        *,
        model: bytes = classifier,
        stored: bytes | None = None,
        compression: str = "zstd",
        signature: Signature | None = None,
        name: str = "breast-cancer",
        golden: bytes | None = None,
        certificate: Mapping[str, Any] | None = None,
        **blob: Any,
    ) -> StoredModel:
        if stored is None:
            stored = zstd.compress(model) if compression == "zstd" else model
        fields = {
            "role": "model",
            "path": "model.onnx.zst",
            "compression": compression,
            "size": len(stored),
            "sha256": hashlib.sha256(stored).hexdigest(),
            "unpacked_size": len(model),
            "unpacked_sha256": hashlib.sha256(model).hexdigest(),
        }
        manifest = Manifest(
            name=name,
            source=Source(framework="onnx", format="onnx", sha256="", versions={}),
            signature=signature or _signature(model),
            blobs=(Blob(**{**fields, **blob}), *_golden_blobs(golden)),
            compression="lossless",
            certificate=CertificateSummary(
                **{"passed": True, "rows": 1, "max_abs_diff": 0.0, "label_agreement": 1.0}
                | (certificate or {})
            ),
            runtime=RuntimeNeeds(ir_version=10, opsets={"": OPSET}, onnxruntime="1.28.1"),
        )
        uri = ModelUri(root=root, name=manifest.name, digest=manifest.digest)
        return StoredModel(
            root=root, uri=uri, manifest=manifest, stored=stored, model=model, golden=golden
        )

    return make


@pytest.fixture(scope="session")
def multiplier(build_onnx) -> Callable[[float], bytes]:
    """Makes a model that multiplies single numbers: its answers tell which one it is."""

    def make(factor: float) -> bytes:
        return build_onnx(
            [helper.make_node("Mul", ["x", "factor"], ["y"])],
            {"x": ("FP32", [None])},
            {"y": ("FP32", [None])},
            {"factor": np.float32(factor)},
        )

    return make


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for what another thread does; `TimeoutError` if it isn't done in 20 seconds."""

    def wait(condition: Callable[[], object]) -> None:
        for _ in range(4_000):
            if condition():
                return
            time.sleep(0.005)
        raise TimeoutError("what was waited for did not come")

    return wait


@pytest.fixture
def local_root(tmp_path) -> str:
    """A store's URL on this machine; the directory is made by the first write."""
    return f"file://{tmp_path}/store"


@pytest.fixture
def s3_root(bucket) -> str:
    """A store's URL in an empty bucket of the moto server, to which the environment points."""
    return f"s3://{bucket}/models"


@pytest.fixture
def moto_authorizes(bucket, moto_address) -> Iterator[None]:
    """Lets moto check credentials while a test runs; it knows of none, and so denies."""
    assert bucket
    _authorize_after(moto_address, b"0")
    yield
    _authorize_after(moto_address, b"inf")


@pytest.fixture
def scripted_s3(aws_environment, monkeypatch) -> Iterator[ScriptedS3]:  # noqa: ARG001 - its keys
    """An S3 endpoint under the test's control, open at first."""
    with scripted_server() as script:
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.endpoint)
        yield script


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Lambda's context, as far as the handler reads it."""

    aws_request_id: str = "request-1"
    milliseconds: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds that are left."""
        return self.milliseconds


@pytest.fixture(scope="session")
def context() -> type[Context]:
    """Lambda's context, to be made with an id and the time that is left."""
    return Context


@pytest.fixture
def load_function(monkeypatch, root) -> Callable[..., ModuleType]:
    """Imports a function of `functions/` by its name, afresh, with the given environment."""

    def load(name: str, **environment: str) -> ModuleType:
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        spec = spec_from_file_location(f"{name}_afresh", root / "functions" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def load_predict(load_function) -> Callable[..., ModuleType]:
    """Imports predict.py afresh, with the given environment."""
    return partial(load_function, "predict")


@pytest.fixture(scope="session")
def run_python(root) -> Callable[..., list[str]]:
    """Runs code in a process of its own, where warnings are errors, and gives the lines printed."""

    def run(code: str, **environment: str) -> list[str]:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "POWERTOOLS"))
        }
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(
            command,
            env={**inherited, "PYTHONPATH": str(root / "functions"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


@pytest.fixture(scope="session")
def golden(root) -> Callable[[str], bytes]:
    """Reads a file of a format's past, such as ``manifests/v1.json``."""
    return lambda name: (root / "tests" / "fixtures" / name).read_bytes()


@pytest.fixture(scope="session")
def sample_event(root) -> Callable[[str], dict[str, Any]]:
    """Reads a file of ``events/`` by its name without the suffix."""
    return lambda name: json.loads((root / "events" / f"{name}.json").read_bytes())


def _authorize_after(address: str, requests: bytes) -> None:
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    try:
        connection.request("POST", "/moto-api/reset-auth", requests)
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def _value(name: str, datatype: str, shape: Sequence[int | None] | None) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(DTYPES[datatype])
    return helper.make_tensor_value_info(name, kind, shape)


def _signature(model: bytes) -> Signature:
    session = ModelSession(model)
    return Signature(inputs=session.inputs, outputs=session.outputs)


def _golden_blobs(golden: bytes | None) -> tuple[Blob, ...]:
    if golden is None:
        return ()
    digest, size = hashlib.sha256(golden).hexdigest(), len(golden)
    blob = Blob(
        role="golden",
        path="golden.json",
        compression="none",
        size=size,
        sha256=digest,
        unpacked_size=size,
        unpacked_sha256=digest,
    )
    return (blob,)
