"""The signatures that documents are derived from: one of each kind that exporters write."""

from math import prod

from coldpress_runtime.artifact import DATATYPES, Signature, TensorSpec

__all__ = ["SIGNATURES", "examples_of"]

_LABEL = TensorSpec("label", "BYTES", (-1,), ("no", "yes"))
_CHANCES = TensorSpec("probabilities", "FP32", (-1, 2), ("no", "yes"))

SIGNATURES = {
    "features": Signature(
        inputs=(TensorSpec("input", "FP64", (-1, 3)),),
        outputs=(_LABEL, _CHANCES),
        features=("age", "income", "tenure in months"),
    ),
    "matrix": Signature(
        inputs=(TensorSpec("x", "FP32", (-1, 4)),), outputs=(TensorSpec("y", "FP32", (-1, 1)),)
    ),
    "columns": Signature(
        inputs=(
            TensorSpec("age", "INT64", (-1, 1)),
            TensorSpec("plan", "BYTES", (-1, 1)),
            TensorSpec("paid", "BOOL", (-1, 1)),
        ),
        outputs=(TensorSpec("label", "INT64", (-1,), (0, 1)), _CHANCES),
    ),
    "renamed columns": Signature(
        inputs=(TensorSpec("in_0", "INT8", (-1, 1)), TensorSpec("in_1", "BYTES", (-1, 1))),
        outputs=(TensorSpec("y", "FP64", (-1,)),),
        features=("größe", "Ort & Land"),
    ),
    "every datatype": Signature(
        inputs=tuple(TensorSpec(f"{kind}_in", kind, (-1, 2)) for kind in DATATYPES),
        outputs=tuple(TensorSpec(f"{kind}_out", kind, (-1, 2)) for kind in DATATYPES),
    ),
    "scalar": Signature(
        inputs=(TensorSpec("x", "FP32", ()),), outputs=(TensorSpec("y", "FP32", ()),)
    ),
    "image": Signature(
        inputs=(TensorSpec("image", "UINT8", (-1, 2, 2, 3)),),
        outputs=(TensorSpec("classes", "FP16", (-1, 3), ("a", "b", "c")),),
    ),
    "fixed batch": Signature(
        inputs=(TensorSpec("x", "INT32", (2, 3)),), outputs=(TensorSpec("y", "INT32", (2,)),)
    ),
}


def examples_of(signature):
    """One golden example: the smallest request of plain values, and an answer of the same kind."""
    request = {"inputs": [_tensor(spec) for spec in signature.inputs]}
    return [{"request": request, "response": {"outputs": [_tensor(s) for s in signature.outputs]}}]


def _tensor(spec):
    shape = [1 if size < 0 else size for size in spec.shape]
    plain = {"BYTES": "yes", "BOOL": True}.get(spec.datatype, 1)
    return {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": shape,
        "data": [plain] * prod(shape),
    }
