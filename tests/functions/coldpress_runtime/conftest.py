"""A model whose weights lie apart from its graph, in frames, as large ones do."""

import hashlib
from dataclasses import dataclass

import numpy as np
import obstore
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from coldpress_runtime.artifact import WEIGHTS_NAME, Blob, Frame
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import open_store
from coldpress_runtime.unpacking import zstd

COLUMNS = 64
FRAME_BYTES = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeModel:
    """A model in a store, in frames.

    Attributes:
        uri: Its pinned URI.
        blob: What of it is in frames.
        data: The same, unpacked.
        stored: The same as stored.
        matrix: What the model multiplies its rows by.
    """

    uri: ModelUri
    blob: Blob
    data: bytes
    stored: bytes
    matrix: np.ndarray

    @property
    def path(self):
        """Where the frames lie below the store's root."""
        return self.uri.blob_path(self.blob.path)

    def overwrite(self, data):
        """Put other bytes in the place of the frames."""
        obstore.put(open_store(self.uri.root, plain_http=True), self.path, data)

    def remove(self):
        """Delete the frames."""
        obstore.delete(open_store(self.uri.root, plain_http=True), self.path)


def graph():
    """A MatMul whose matrix lies in the weights' file."""
    matrix = TensorProto(name="matrix", data_type=TensorProto.FLOAT, dims=[COLUMNS, COLUMNS])
    matrix.data_location = TensorProto.EXTERNAL
    for key, value in (("location", WEIGHTS_NAME), ("offset", 0), ("length", 4 * COLUMNS**2)):
        matrix.external_data.add(key=key, value=str(value))
    made = helper.make_graph(
        [helper.make_node("MatMul", ["x", "matrix"], ["y"])],
        "large",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, COLUMNS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, COLUMNS])],
        [matrix],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10).SerializeToString()


def framed(role, path, data, compression):
    """A blob in frames, and its stored bytes."""
    pieces = [data[at : at + FRAME_BYTES] for at in range(0, len(data), FRAME_BYTES)]
    packed = [zstd.compress(piece) if compression == "zstd" else piece for piece in pieces]
    frames = tuple(
        Frame(size=len(part), unpacked_size=len(piece), sha256=_digest(part))
        for part, piece in zip(packed, pieces, strict=True)
    )
    stored = b"".join(packed)
    blob = Blob(
        role=role,
        path=path,
        compression=compression,
        size=len(stored),
        sha256=_digest(stored),
        unpacked_size=len(data),
        unpacked_sha256=_digest(data),
        frames=frames,
    )
    return blob, stored


def _digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def store_large(store_model):
    """Writes the model to a store in frames of a few kilobytes: its weights, or the whole of it."""

    def put(root, *, compression="zstd", apart=True):
        matrix = np.random.default_rng(7).normal(size=(COLUMNS, COLUMNS)).astype(np.float32)
        data = matrix.tobytes() if apart else _in_one_piece(matrix)
        role = "weights" if apart else "model"
        blob, stored = framed(role, f"{role}.zst", data, compression)
        small = store_model(root, model=graph(), signature=_signature(store_model))
        blobs = (small.manifest.blob("model"), blob) if apart else (blob,)
        manifest = small.manifest._replace(blobs=blobs)
        uri = ModelUri(root=root, name=manifest.name, digest=manifest.digest)
        contents = (small.stored, stored) if apart else (stored,)
        files = {each.path: content for each, content in zip(blobs, contents, strict=True)}
        store = open_store(root, plain_http=True, create=True)
        for path, content in (*files.items(), ("manifest.json", manifest.to_bytes())):
            obstore.put(store, uri.blob_path(path), content)
        return LargeModel(uri=uri, blob=blob, data=data, stored=stored, matrix=matrix)

    return put


def _signature(store_model):
    signature = store_model("file:///x").manifest.signature
    shape = {"datatype": "FP32", "shape": (-1, COLUMNS)}
    tensor = signature.inputs[0]._replace(**shape)
    return signature._replace(
        inputs=(tensor._replace(name="x"),), outputs=(tensor._replace(name="y"),)
    )


def _in_one_piece(matrix):
    model = onnx.load_model_from_string(graph())
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(matrix, "matrix"))
    return model.SerializeToString()
