"""TensorFlow SavedModels, one signature of them, after a look at what their graph would do.

Reading one runs no Python, but parts of its graph run as it is read and the rest when it answers,
and TensorFlow has operators that read and write files, print, or speak to servers.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from coldpress.errors import LoadError, MissingExtraError, TrustError, UsageError, brief

from ._effects import outward
from ._source import tree_digest
from ._trained import SavedModel

__all__ = ["load"]

_GRAPH = "saved_model.pb"
_DEFAULT = "serving_default"
_SERVING = "serve"
_MOST_SHOWN = 20


def load(folder: Path, *, trust: bool, signature: str | None) -> tuple[SavedModel, str]:
    """One signature of the SavedModel in a directory, and the digest of its files.

    Args:
        folder: The directory.
        trust: Whether its graph may have effects outside.
        signature: The signature's key; by default ``serving_default``, or the only one.

    Raises:
        TrustError: Its graph has operators with effects outside and `trust` is false.
        LoadError: It is no SavedModel, is damaged, or has no signature.
        UsageError: It has no signature of that key.
        MissingExtraError: TensorFlow is not installed.
    """
    data = _graph_bytes(folder)
    try:
        import tensorflow as tf  # noqa: PLC0415 - seconds, only for who needs it
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {folder.name}", "tensorflow") from error
    graph = _parsed(folder, data)
    key = _chosen(folder, graph, signature)
    sha256 = tree_digest(folder)
    if not trust and (acting := sorted(set(outward(graph)))):
        raise _refusal(folder, acting, sha256)
    return _opened(tf, folder, key), sha256


def _graph_bytes(folder: Path) -> bytes:
    try:
        data = (folder / _GRAPH).read_bytes()
    except OSError as error:
        raise LoadError(
            f"{folder.name} is a directory without a readable {_GRAPH}, so no SavedModel; write "
            "one with tf.saved_model.save or model.export"
        ) from error
    if not data:
        raise LoadError(f"{folder.name} has an empty {_GRAPH}")
    return data


def _parsed(folder: Path, data: bytes) -> Any:  # noqa: ANN401 - a protobuf message
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - TensorFlow is there

    message = saved_model_pb2.SavedModel()
    try:
        message.ParseFromString(data)
    except Exception as error:  # protobuf's own class, which differs by version
        raise LoadError(f"{folder.name} has a {_GRAPH} that is damaged, or is none") from error
    return _only(folder, message.meta_graphs)


def _only(folder: Path, graphs: Any) -> Any:  # noqa: ANN401 - as above
    """The one graph of a SavedModel: of several, TensorFlow may run another than was looked at."""
    if not any(_SERVING in graph.meta_info_def.tags for graph in graphs):
        raise LoadError(f"{folder.name} has no graph tagged '{_SERVING}'; nothing can be served")
    if len(graphs) != 1 or set(graphs[0].meta_info_def.tags) != {_SERVING}:
        raise LoadError(
            f"{folder.name} has several graphs, or further tags beside '{_SERVING}'; save the "
            "model again with one graph, as tf.saved_model.save does"
        )
    return graphs[0]


def _chosen(folder: Path, graph: Any, wanted: str | None) -> str:  # noqa: ANN401 - as above
    there: list[str] = sorted(key for key in graph.signature_def if not key.startswith("__"))
    if not there:
        raise LoadError(
            f"{folder.name} has no signatures; save it with tf.saved_model.save(model, path, "
            "signatures=…)"
        )
    if wanted is None and _DEFAULT not in there and len(there) == 1:
        return there[0]
    key = wanted or _DEFAULT
    if key not in there:
        listed = ", ".join(f"'{name:.80}'" for name in there[:_MOST_SHOWN])
        raise UsageError(f"{folder.name} has no signature '{key}'; choose one of {listed}")
    return key


def _refusal(folder: Path, acting: list[str], sha256: str) -> TrustError:
    more = len(acting) - _MOST_SHOWN
    listed = ", ".join(f"{op:.80}" for op in acting[:_MOST_SHOWN])
    listed += f" and {more} more" if more > 0 else ""
    return TrustError(
        f"{folder.name} has a graph that can act outside the model, such as on files: it has "
        f"{listed}; if you trust where it came from, allow it with --trust (sha256 {sha256})",
        sha256=sha256,
        names=acting,
        complete=True,
    )


def _opened(tf: Any, folder: Path, key: str) -> SavedModel:  # noqa: ANN401 - a module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = tf.saved_model.load(str(folder), tags=[_SERVING])
            function = loaded.signatures[key]
        except Exception as error:
            raise LoadError(
                f"{folder.name} can't be read as a SavedModel: {brief(error)}"
            ) from error
    return SavedModel(loaded=loaded, signature_name=key, function=function)
