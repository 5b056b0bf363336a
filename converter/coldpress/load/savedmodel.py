"""TensorFlow SavedModels: directories with a graph for each of their signatures."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldpress.errors import LoadError, MissingExtraError, TrustError, UsageError, brief

__all__ = ["GRAPH_NAME", "SavedModel", "load_saved_model", "saved_model_digest"]

GRAPH_NAME = "saved_model.pb"
_USUAL = "serving_default"
# Operators by which a graph reaches out of itself.
_REACHING = frozenset(
    {
        *("ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc"),
        *("PrintV2", "Print", "Save", "SaveSlices", "DebugIdentity", "DebugIdentityV2"),
        *("FixedLengthRecordReaderV2", "TFRecordReaderV2", "TextLineReaderV2", "WholeFileReaderV2"),
        *("FixedLengthRecordDatasetV2", "TFRecordDataset", "TextLineDataset", "SqlDataset"),
        *("RpcCall", "RpcClient", "RpcServer", "RemoteCall", "PartitionedCallRemote"),
    }
)
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedModel:
    """A SavedModel in memory.

    Attributes:
        loaded: TensorFlow's object, which keeps the variables alive.
        signature: Which of its signatures was chosen.
        function: That signature, a concrete function of named tensors.
    """

    loaded: Any
    signature: str
    function: Any


def load_saved_model(path: Path, *, signature: str | None, trust: bool) -> SavedModel:
    """The model in a directory.

    Args:
        path: The directory.
        signature: Which signature; by default ``serving_default``, or the only one.
        trust: Whether its graph may read and write files.

    Raises:
        TrustError: Its graph reaches out of itself, and `trust` is false.
        UsageError: There is no such signature, or several and none was named.
        LoadError: It is no SavedModel.
        MissingExtraError: TensorFlow is not installed.
    """
    try:
        import tensorflow as tf  # noqa: PLC0415 - seconds, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {path.name}", "tensorflow") from error
    reaching = sorted(set(_operators(path)) & _REACHING)
    if reaching and not trust:
        raise TrustError(
            f"{path.name} has a graph that reaches out of itself, with {', '.join(reaching)}; if "
            "you trust where it came from, allow it with --trust",
            sha256=saved_model_digest(path),
            names=reaching,
            complete=True,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = tf.saved_model.load(str(path))
        except Exception as error:
            raise LoadError(f"{path.name} can't be read as a SavedModel: {brief(error)}") from error
    chosen = _chosen(path, list(loaded.signatures), signature)
    return SavedModel(loaded=loaded, signature=chosen, function=loaded.signatures[chosen])


def saved_model_digest(path: Path) -> str:
    """Digest over the names and bytes of all its files, in the order of their names."""
    digest = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()


def _chosen(path: Path, names: list[str], wanted: str | None) -> str:
    if not names:
        raise LoadError(
            f"{path.name} has no signatures; save it with model.export(), or with "
            "tf.saved_model.save(model, path, signatures=...)"
        )
    if wanted in names:
        return str(wanted)
    if wanted is None and _USUAL in names:
        return _USUAL
    if wanted is None and len(names) == 1:
        return names[0]
    asked = "several signatures" if wanted is None else f"no signature '{wanted:.40}'"
    raise UsageError(
        f"{path.name} has {asked}; name one of {', '.join(sorted(names))} with --signature"
    )


def _operators(path: Path) -> Iterator[str]:
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - as TensorFlow itself

    try:
        model = saved_model_pb2.SavedModel.FromString((path / GRAPH_NAME).read_bytes())
    except Exception as error:
        raise LoadError(f"{path.name} has a {GRAPH_NAME} that can't be read") from error
    for graph in (meta.graph_def for meta in model.meta_graphs):
        yield from (node.op for node in graph.node)
        for function in graph.library.function:
            yield from (node.op for node in function.node_def)
