"""What a TensorFlow graph could do outside the model, told by its operators.

Those that have an effect say so to TensorFlow, and some that read files do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["outward"]

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
    |(Uniform|LogUniform|LearnedUnigram|ThreadUnsafeUnigram|All)CandidateSampler
    |SampleDistortedBoundingBox(V2)?|CudnnRNN\w*|DeviceIndex|Timestamp)""",
    re.VERBOSE,
)
# Operators that read or write files without saying that they have an effect, or map any file.
_OUTWARD = re.compile(
    r"ReadFile|MatchingFiles|ImmutableConst|GenerateVocabRemapping|Snapshot\w+|CacheDataset"
    r"|RegisterDataset(V2)?|Debug(Identity|NanCount|NumericSummary)\w*|PyFuncStateless"
    r"|InitializeTableFromTextFile(V2)?|FixedUnigramCandidateSampler|CTCBeamSearchDecoder\w*Lm"
)
_FUNCTIONS = "library"  # GraphDef's field of the graph's own functions
# How every SavedModel keeps its variables; harmless where only saving and restoring call them.
_KEEPING = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints"})


def outward(graph: Any) -> Iterator[str]:  # noqa: ANN401 - a protobuf message
    """Names of the operators with effects outside, and of the old format, which runs as it is.

    Args:
        graph: The SavedModel's `MetaGraphDef`.
    """
    own = getattr(graph.graph_def, _FUNCTIONS).function
    functions = {function.signature.name: function for function in own}
    bodies = {name: list(function.node_def) for name, function in functions.items()}
    everything = [*graph.graph_def.node, *(node for body in bodies.values() for node in body)]
    yield from (op for op in _ops(everything) if op not in _KEEPING)
    if not graph.HasField("object_graph_def"):
        yield "a graph of TensorFlow 1, parts of which run as it is read"
        return
    reached = _reached(_entries(graph.object_graph_def, functions), bodies)
    called = [node for name in reached for node in bodies[name]]
    yield from (op for op in _ops(called) if op in _KEEPING)


def _ops(nodes: Iterable[Any]) -> Iterator[str]:
    from tensorflow.python.framework import op_def_registry  # noqa: PLC0415 - TensorFlow is there

    # Also where a function of the graph has the name: which of the two runs is TensorFlow's choice.
    for op in {node.op for node in nodes}:
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
        yield from _named(value)


def _named(value: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Functions that an attribute names; they can be given functions in turn."""
    for function in (value.func, *value.list.func):
        yield function.name
        for given in function.attr.values():
            yield from _named(given)
