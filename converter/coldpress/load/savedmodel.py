"""TensorFlow SavedModels, one signature of them, after a look at what their graph would do.

Reading one runs no Python, but parts of its graph run as it is read and the rest when it answers,
and TensorFlow has operators that read and write files, print, or speak to servers. What they are is
told by the operators themselves: those that have an effect say so, and some that read files do not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from coldpress.errors import LoadError, MissingExtraError, TrustError, UsageError, brief

from ._source import tree_digest
from ._trained import SavedModel

__all__ = ["load"]

_GRAPH = "saved_model.pb"
_DEFAULT = "serving_default"
_SERVING = "serve"
_MOST_SHOWN = 20
# Operators with an effect that stays inside the model.
_INWARD = re.compile(
    r"""_?(VarHandleOp|VarIsInitializedOp|VariableShape|ReadVariableOp|DestroyResourceOp
    |Assign(Add|Sub)?VariableOp|Resource(Gather(Nd)?|Scatter\w+|StridedSliceAssign|Apply\w+)
    |VariableV2|Variable|TemporaryVariable|DisableCopyOnRead|GuaranteeConst|CheckNumerics(V2)?
    |StatefulPartitionedCall|If|While|Case|Assert|Empty|Arg|Retval|DeepCopy
    |(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|InitializeTableV2
    |LookupTable(Find|Insert|Remove|Size|Export|Import)V2
    |TensorArray\w*|Stack(Push|Pop|Close)?(V2)?|XlaCallModule|StubResourceHandleOp
    |Random\w+|Stateful(Standard|Uniform|Truncated|Random)\w+|TruncatedNormal|Multinomial
    |ParameterizedTruncatedNormal|StatelessRandomGetAlg|Rng(ReadAnd)?Skip|NonDeterministicInts
    |\w+CandidateSampler|SampleDistortedBoundingBox(V2)?|CudnnRNN\w*|DeviceIndex|Timestamp)""",
    re.VERBOSE,
)
# Operators that read or write files without saying that they have an effect, or map any file.
_OUTWARD = re.compile(
    r"ReadFile|MatchingFiles|ImmutableConst|GenerateVocabRemapping|Snapshot\w+|CacheDataset"
    r"|RegisterDataset(V2)?|Debug(Identity|NanCount|NumericSummary)\w*|PyFuncStateless"
    r"|InitializeTableFromTextFile(V2)?|FixedUnigramCandidateSampler|CTCBeamSearchDecoder\w*Lm"
)
# How every SavedModel keeps its variables; harmless where only saving and restoring call them.
_KEEPING = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints"})


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
    if not trust and (outward := sorted(set(_outward(graph)))):
        raise _refusal(folder, outward, sha256)
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
    graphs = list(message.meta_graphs)
    if not any(_SERVING in graph.meta_info_def.tags for graph in graphs):
        raise LoadError(f"{folder.name} has no graph tagged '{_SERVING}'; nothing can be served")
    # Of several graphs, TensorFlow would not choose as a reader of their tags does.
    if len(graphs) > 1 or set(graphs[0].meta_info_def.tags) != {_SERVING}:
        raise LoadError(
            f"{folder.name} has several graphs, or other tags than '{_SERVING}'; save it anew with "
            "tf.saved_model.save, which writes one"
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


def _outward(graph: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Names of the operators with effects outside, and of the old format, which runs as it is."""
    library = graph.graph_def.library
    functions = {function.signature.name: function for function in library.function}
    bodies = {name: list(function.node_def) for name, function in functions.items()}
    everything = [*graph.graph_def.node, *(node for body in bodies.values() for node in body)]
    yield from (op for op in _ops(everything, functions) if op not in _KEEPING)
    if not graph.HasField("object_graph_def"):
        yield "a graph of TensorFlow 1, parts of which run as it is read"
        return
    reached = _reached(_entries(graph.object_graph_def, functions), bodies)
    called = [node for name in reached for node in bodies[name]]
    yield from (op for op in _ops(called, functions) if op in _KEEPING)


def _ops(nodes: Iterable[Any], functions: Iterable[str]) -> Iterator[str]:
    from tensorflow.python.framework import op_def_registry  # noqa: PLC0415 - TensorFlow is there

    for op in {node.op for node in nodes} - set(functions):
        known = op_def_registry.get(op)
        # An operator that is unknown here can't be read either; TensorFlow says which it was.
        effect = known is not None and known.is_stateful and not _INWARD.fullmatch(op)
        if effect or _OUTWARD.fullmatch(op):
            yield op


def _entries(objects: Any, functions: Iterable[str]) -> set[str]:  # noqa: ANN401 - as above
    """Functions that loading or answering may call: all but those that only the saver calls."""
    names = set(objects.concrete_functions)
    for node in objects.nodes:
        names.update(node.function.concrete_functions)
        names.add(node.bare_concrete_function.concrete_function_name)
    return names & set(functions)


def _reached(entries: set[str], bodies: dict[str, list[Any]]) -> set[str]:
    reached: set[str] = set()
    open_ = set(entries)
    while open_:
        name = open_.pop()
        reached.add(name)
        open_ |= {called for node in bodies[name] for called in _called(node)} & (
            bodies.keys() - reached
        )
    return reached


def _called(node: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    yield node.op
    for value in node.attr.values():
        yield value.func.name
        yield from (function.name for function in value.list.func)


def _refusal(folder: Path, outward: list[str], sha256: str) -> TrustError:
    more = len(outward) - _MOST_SHOWN
    listed = ", ".join(f"{op:.80}" for op in outward[:_MOST_SHOWN])
    listed += f" and {more} more" if more > 0 else ""
    return TrustError(
        f"{folder.name} has a graph that can act outside the model, such as on files: it has "
        f"{listed}; if you trust where it came from, allow it with --trust (sha256 {sha256})",
        sha256=sha256,
        names=outward,
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
