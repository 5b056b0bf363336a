"""TensorFlow functions as ONNX, through tf2onnx."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from onnx import defs

from coldpress.errors import ExportError, MissingExtraError, brief
from coldpress.onnx_file import OnnxFile
from coldpress.quiet import quietly

from ._canonical import name_axes, rename_canonically, strip_notes
from ._graph import rename_outputs, serialise, spell_out_erfc

if TYPE_CHECKING:
    import onnx

__all__ = ["DATATYPES", "as_onnx"]

# TensorFlow's name of a type → datatype.
DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
    **{
        f"{sign}int{bits}": f"{sign.upper()}INT{bits}"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
# The newest that tf2onnx is tested with.
_OPSET = 18
_COUNTED = re.compile(r"_\d+$")
# How Keras tells what failed inside a layer; the colours are its own.
_IN_LAYER = re.compile(
    r"Exception encountered when calling (\S+)\.call\(\)\.\s+(?:\x1b\[1m)?(.+?)(?:\x1b\[0m)?\s+"
    r"Arguments received by",
    re.DOTALL,
)
_TABLES = ("HashTable", "LookupTable", "MutableHash")
_LOOKUP = (
    "it looks words up in a table, as StringLookup and TextVectorization do, which ONNX has not; "
    "turn text into numbers before the model"
)


def as_onnx(
    function: Callable[..., Any],
    signature: Sequence[Any],
    outputs: Sequence[str],
    what: str,
    layers: Collection[str] = (),
) -> OnnxFile:
    """Trace a function and write it.

    Args:
        function: What takes tensors by position.
        signature: A `tf.TensorSpec` for each.
        outputs: Names of its outputs, flattened.
        what: What it is, for errors, such as ``the Keras model``.
        layers: Names of its layers, for errors.

    Raises:
        MissingExtraError: tf2onnx is not installed.
        ExportError: tf2onnx can't write it.
    """
    try:
        import tensorflow as tf  # noqa: PLC0415 - seconds, only for who needs it
        import tf2onnx  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError.needed_by(f"exporting {what}", "tensorflow") from error
    with quietly():
        try:
            graph, renamed, answers = _frozen(tf, function, signature)
            proto: onnx.ModelProto
            proto, _ = tf2onnx.convert.from_graph_def(
                graph,
                input_names=list(renamed),
                output_names=answers,
                tensors_to_rename=renamed,
                opset=_OPSET,
            )
        except ExportError as error:
            # Raised in the function, it says what it is; TensorFlow has put into it where it was.
            raise ExportError(_reason(error)) from error
        except Exception as error:
            raise ExportError(f"tf2onnx can't convert {what}: {_reason(error)}") from error
    _check_inputs(proto, signature, what)
    spell_out_erfc(proto)
    _check_operators(proto, what, layers)
    strip_notes(proto)
    rename_canonically(proto)
    name_axes(proto)
    rename_outputs(proto, outputs)
    return OnnxFile(graph=serialise(proto))


def _frozen(
    tf: Any,  # noqa: ANN401 - untyped package
    function: Callable[..., Any],
    signature: Sequence[Any],
) -> tuple[Any, dict[str, str], list[str]]:
    """The function's graph with its variables in it, its inputs with their names, its outputs.

    tf2onnx's `from_function` does the same, but takes the constants that a function finds outside,
    such as the means of a Normalization layer, for inputs.
    """
    from tensorflow.python.framework import convert_to_constants  # noqa: PLC0415 - as above

    traced = tf.function(function, input_signature=list(signature))
    concrete = traced.get_concrete_function()
    frozen = convert_to_constants.convert_variables_to_constants_v2(
        concrete, lower_control_flow=False, aggressive_inlining=True
    )
    # What it finds outside comes after its arguments.
    given = concrete.inputs[: len(signature)]
    renamed = {tensor.name: spec.name for tensor, spec in zip(given, signature, strict=True)}
    answers = [tensor.name for tensor in frozen.outputs]
    return frozen.graph.as_graph_def(add_shapes=True), renamed, answers


def _check_inputs(proto: onnx.ModelProto, signature: Sequence[Any], what: str) -> None:
    wanted, found = [spec.name for spec in signature], [value.name for value in proto.graph.input]
    if lost := sorted(set(wanted) - set(found)):
        raise ExportError(
            f"no answer of {what} depends on the input '{lost[0]}', so the graph has it not; build "
            "the model without it"
        )


def _reason(error: BaseException) -> str:
    # Keras and TensorFlow tell where in a user's code it was, and last what it was.
    said = str(error)
    if found := _IN_LAYER.search(said):
        said = f"{found[1]}: {found[2]}"
    elif "in user code" in said:
        said = [line for line in said.splitlines() if line.strip()][-1].strip()
        said = said.removeprefix(f"{ExportError.__name__}: ")
    text = brief(ValueError(said))
    return _LOOKUP if any(table in text for table in _TABLES) else text


def _check_operators(proto: onnx.ModelProto, what: str, layers: Collection[str]) -> None:
    """Find what tf2onnx left as TensorFlow has it, which it does without a word."""
    left = {n.op_type: n.name for n in proto.graph.node if not n.domain and not defs.has(n.op_type)}
    unknown = sorted(left)
    if any(table in kind for kind in unknown for table in _TABLES):
        raise ExportError(f"tf2onnx can't convert {what}: {_LOOKUP}")
    if unknown:
        found = filter(None, (_layer(left[kind], layers) for kind in unknown))
        where = f" (in the layer '{name}')" if (name := next(found, "")) else ""
        raise ExportError(
            f"tf2onnx can't convert {what}: it knows no ONNX for TensorFlow's "
            f"{', '.join(unknown[:3])}{where}; build the model without"
        )


def _layer(node: str, layers: Collection[str]) -> str:
    """The innermost layer that a node's name has in its path."""
    for part in reversed(node.split("/")):
        # TensorFlow counts on where a name is there already, as of a layer that was built before.
        for name in (part, _COUNTED.sub("", part)):
            if name in layers:
                return name
    return ""
