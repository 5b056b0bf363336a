"""The last touches to a graph, the same for every framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from coldpress.errors import ExportError, brief
from coldpress.onnx_file import serialised

__all__ = [
    "IR_VERSION",
    "OPSET",
    "correct_shapes",
    "keep_outputs",
    "rename_outputs",
    "reverse_columns",
    "serialise",
    "serialise_apart",
    "spell_out_erfc",
]

# The newest that every onnxruntime in use reads.
IR_VERSION = 10
OPSET = 21


def serialise(model: onnx.ModelProto) -> bytes:
    """Check a model and write it, the same bytes for the same model.

    Raises:
        ExportError: It is no valid ONNX, or over 2 GB.
    """
    model.ir_version = min(model.ir_version, IR_VERSION)
    _merge_opsets(model)
    try:
        data: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's own, or a ValueError, by protobuf's version
        raise ExportError("the model is over 2 GB, which one ONNX file can't hold") from error
    try:
        onnx.checker.check_model(data)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ExportError(f"the converter made no valid ONNX: {brief(error)}") from error
    return data


def serialise_apart(model: onnx.ModelProto, folder: Path) -> bytes:
    """Check a model whose large tensors lie in files of a folder, and write its graph.

    Raises:
        ExportError: It is no valid ONNX.
    """
    model.ir_version = min(model.ir_version, IR_VERSION)
    _merge_opsets(model)
    data = serialised(model)
    path = folder / "checked.onnx"
    path.write_bytes(data)
    try:
        # By its path: the checker looks for the tensors beside it.
        onnx.checker.check_model(path)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ExportError(f"the converter made no valid ONNX: {brief(error)}") from error
    finally:
        path.unlink()
    return data


def keep_outputs(model: onnx.ModelProto, count: int) -> None:
    """Drop the outputs after the first `count`."""
    del model.graph.output[count:]


def rename_outputs(model: onnx.ModelProto, names: Sequence[str]) -> None:
    """Give the outputs new names, in their order; one that is taken gets a number."""
    for value, wanted in zip(model.graph.output, names, strict=True):
        if value.name != wanted:
            name = _unique(wanted, _taken(model))
            # An identity costs nothing: onnxruntime removes it when it opens the model.
            _append(model, "Identity", [value.name], name)
            value.name = name


def reverse_columns(model: onnx.ModelProto, index: int) -> None:
    """Put the columns of an output, ``(rows, 2)``, the other way round, under a new name."""
    value = model.graph.output[index]
    taken = _taken(model)
    order, name = _unique("column_order", taken), _unique(f"{value.name}_in_order", taken)
    model.graph.initializer.append(
        onnx.helper.make_tensor(order, onnx.TensorProto.INT64, [2], [1, 0])
    )
    _append(model, "Gather", [value.name, order], name, axis=1)
    value.name = name


def correct_shapes(model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Put right the dimensions that a converter declared wrongly; free ones stay free.

    Args:
        model: The model, changed in place.
        shapes: Shape that each output really has, for some batch.
    """
    for value in model.graph.output:
        declared, shape = value.type.tensor_type.shape, shapes[value.name]
        if len(declared.dim) != len(shape):
            del declared.dim[:]
            _set(declared.dim.add(), "rows")
            for size in shape[1:]:
                _set(declared.dim.add(), size)
        for axis, (dim, size) in enumerate(zip(declared.dim, shape, strict=True)):
            if dim.HasField("dim_value") and dim.dim_value != size:
                _set(dim, size if axis else "rows")


def spell_out_erfc(model: onnx.ModelProto) -> None:
    """Write the complementary error function, which ONNX has not, as one less the error function.

    tf2onnx writes it for an exact GELU.
    """
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        model.graph.node.extend(_without_erfc(node))


def _without_erfc(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    if node.op_type != "Erfc":
        return [node]
    (given,), (wanted,) = node.input, node.output
    error, one, like = (f"{wanted}_{part}" for part in ("error", "one", "one_like"))
    return [
        onnx.helper.make_node("Erf", [given], [error]),
        onnx.helper.make_node("Constant", [], [one], value_float=1.0),
        onnx.helper.make_node("CastLike", [one, given], [like]),
        onnx.helper.make_node("Sub", [like, error], [wanted]),
    ]


def _set(dim: onnx.TensorShapeProto.Dimension, size: int | str) -> None:
    if isinstance(size, str):
        dim.dim_param = size
    else:
        dim.dim_value = size


def _append(
    model: onnx.ModelProto, operator: str, inputs: list[str], output: str, **attributes: int
) -> None:
    node = onnx.helper.make_node(operator, inputs, [output], name=output)
    node.attribute.extend(
        onnx.helper.make_attribute(name, value) for name, value in attributes.items()
    )
    model.graph.node.append(node)
    if not any(opset.domain == "" for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("", OPSET))


def _taken(model: onnx.ModelProto) -> set[str]:
    taken = {value.name for value in (*model.graph.input, *model.graph.initializer)}
    return taken | {n for node in model.graph.node for n in (*node.input, *node.output)}


def _merge_opsets(model: onnx.ModelProto) -> None:
    newest: dict[str, int] = {}
    for opset in model.opset_import:
        newest[opset.domain] = max(opset.version, newest.get(opset.domain, 0))
    del model.opset_import[:]
    model.opset_import.extend(
        onnx.helper.make_opsetid(domain, newest[domain]) for domain in sorted(newest)
    )


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
