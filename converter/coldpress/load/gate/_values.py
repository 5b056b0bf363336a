"""What a model takes must be tensors of a known rank, or nobody could say how to serve it."""

from __future__ import annotations

import onnx

from coldpress.errors import LoadError

__all__ = ["check_inputs", "check_is_tensor"]

# ONNX's own kinds of values, as a sentence has them.
_KINDS = {
    "sequence_type": "a sequence",
    "map_type": "a map",
    "optional_type": "an optional value",
    "sparse_tensor_type": "a sparse tensor",
    "opaque_type": "an opaque value",
}


def check_inputs(name: str, model: onnx.ModelProto) -> None:
    """Refuse a model without inputs or outputs, and inputs that are no tensors or have no shape."""
    # Before IR version 4, weights stand among the inputs, too.
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if not inputs or not model.graph.output:
        raise LoadError(f"{name} has no inputs or no outputs; there is nothing to serve")
    for value in inputs:
        check_is_tensor(name, f"input '{value.name:.64}'", value)
        # Of unknown rank; onnxruntime shows it like a single value, whose shape has no dimensions.
        if not value.type.tensor_type.HasField("shape"):
            raise LoadError(
                f"input '{value.name:.64}' of {name} has no shape; export the model with the shape "
                "of its inputs, free where any size will do, such as (rows, 3)"
            )


def check_is_tensor(name: str, what: str, value: onnx.ValueInfoProto) -> None:
    """Refuse an input or output that is a sequence, a map or the like."""
    kind = value.type.WhichOneof("value") or "unknown_type"
    if kind != "tensor_type":
        raise LoadError(
            f"{what} of {name} is {_KINDS.get(kind, 'of no known type')}, and only tensors can be "
            "served; export the model with tensors in its place"
        )
