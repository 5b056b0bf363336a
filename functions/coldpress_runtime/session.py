"""An onnxruntime session and its signature; the one way a model is run, here and in the converter.

Importing this module imports numpy and onnxruntime, which is most of a cold start: the handler does
it while the artifact is on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnxruntime as ort

from .artifact import WEIGHTS_NAME, Signature, TensorSpec
from .errors import ArtifactError, PredictionFailed, RequestError, quoted
from .options import SessionOptions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["DTYPES", "WEIGHTS_FOLDER", "ModelSession", "Tensors", "check_inputs", "datatype_of"]

Tensors: TypeAlias = "Mapping[str, NDArray[Any]]"

# Open Inference Protocol datatype → numpy dtype; BYTES are Python strings in an object array.
DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BYTES": np.dtype(np.object_),
}
_DATATYPES = {dtype: datatype for datatype, dtype in DTYPES.items()}

# onnxruntime's name of a tensor type → datatype.
_ORT_TYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
# https://github.com/microsoft/onnxruntime: onnxruntime_session_options_config_keys.h
WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"
# What a run fails of is told by its exception; onnxruntime would print it as well.
_FATAL_ONLY = 4
_DEFAULTS = SessionOptions()
_REFUSED = (
    ort.capi.onnxruntime_pybind11_state.InvalidArgument,
    ort.capi.onnxruntime_pybind11_state.InvalidGraph,
    ort.capi.onnxruntime_pybind11_state.Fail,
    ort.capi.onnxruntime_pybind11_state.InvalidProtobuf,
    ort.capi.onnxruntime_pybind11_state.NotImplemented,
    ort.capi.onnxruntime_pybind11_state.RuntimeException,
)


class ModelSession:
    """An open model on the CPU.

    Args:
        model: The ONNX file, or its bytes.
        weights: The model's large tensors, where they lie apart from it: a file of the name
            `WEIGHTS_NAME`, which is mapped and must stay as it is while the session is open, or
            its bytes, which onnxruntime copies.
        options: How onnxruntime is set up.

    Attributes:
        inputs: What the graph takes, in its order; without class labels, which ONNX has not.
        outputs: What it gives.

    Raises:
        ArtifactError: onnxruntime can't open the model, or an input or output is no tensor.
    """

    __slots__ = ("_blamed", "_output_names", "_session", "inputs", "outputs")

    def __init__(
        self,
        model: bytes | Path,
        *,
        weights: Path | memoryview | None = None,
        options: SessionOptions = _DEFAULTS,
    ) -> None:
        try:
            self._session = ort.InferenceSession(
                model, _options(options, weights), providers=["CPUExecutionProvider"]
            )
        except _REFUSED as error:
            raise ArtifactError(f"onnxruntime can't open the model: {_brief(error)}") from error
        self.inputs = tuple(_spec(value) for value in self._session.get_inputs())
        self.outputs = tuple(_spec(value) for value in self._session.get_outputs())
        self._output_names = [spec.name for spec in self.outputs]
        faults = ort.capi.onnxruntime_pybind11_state
        # Where only the number of rows is free, an operator that fails is no caller's fault.
        free = any(map(_is_free, self.inputs))
        self._blamed = (faults.InvalidArgument, faults.Fail) if free else faults.InvalidArgument

    def run(self, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """The model's outputs by name, for inputs by name.

        Raises:
            RequestError: The tensors' shapes or values don't fit each other or the graph, such as
                an index that is out of range, or matrices that can't be multiplied.
            PredictionFailed: onnxruntime failed on tensors that fit.
        """
        try:
            results = self._session.run(self._output_names, tensors)
        except self._blamed as error:
            raise RequestError("the model can't take inputs of these shapes or values") from error
        except Exception as error:
            raise PredictionFailed(f"onnxruntime failed: {_brief(error)}") from error
        return dict(zip(self._output_names, results, strict=True))


def check_inputs(signature: Signature, tensors: Tensors) -> None:
    """Check names, datatypes and shapes against the signature, before the session sees them.

    Raises:
        RequestError: An input is missing, unknown, of another datatype, rank or shape, or has no
            rows, or two inputs differ in their number of rows.
    """
    if tensors.keys() != (expected := {spec.name for spec in signature.inputs}):
        _check_names(expected, tensors)
    for spec in signature.inputs:
        _check_tensor(spec, tensors[spec.name])
    if len(expected) > 1:
        _check_rows(signature, tensors)


def datatype_of(array: NDArray[Any]) -> str:
    """The Open Inference Protocol datatype of an array; strings of any kind are ``BYTES``."""
    return _DATATYPES.get(array.dtype, "BYTES")


def _check_names(expected: set[str], tensors: Tensors) -> None:
    if unknown := sorted(tensors.keys() - expected):
        raise RequestError(
            f"unknown input {quoted(unknown)}; this model takes {quoted(sorted(expected))}"
        )
    raise RequestError(f"missing input {quoted(sorted(expected - tensors.keys()))}")


def _check_tensor(spec: TensorSpec, array: NDArray[Any]) -> None:
    if (found := datatype_of(array)) != spec.datatype:
        raise RequestError(f"input '{spec.name}' must be {spec.datatype}, not {found}")
    shape = array.shape
    if len(shape) != len(spec.shape):
        raise RequestError(
            f"input '{spec.name}' must have {len(spec.shape)} dimensions, {list(spec.shape)}, "
            f"not {len(shape)}: {list(shape)}"
        )
    for want, have in zip(spec.shape, shape, strict=True):
        if want not in (-1, have):
            raise RequestError(
                f"input '{spec.name}' must have shape {list(spec.shape)}, not {list(shape)}"
            )
    # Where the model itself says 0, as some graphs of their makers' do, it takes that.
    if 0 in shape and any(have == 0 != want for want, have in zip(spec.shape, shape, strict=True)):
        raise RequestError(f"input '{spec.name}' is empty: its shape is {list(shape)}")


def _check_rows(signature: Signature, tensors: Tensors) -> None:
    rows = {
        spec.name: tensors[spec.name].shape[0]
        for spec in signature.inputs
        if spec.shape[:1] == (-1,)
    }
    if len(set(rows.values())) > 1:
        found = ", ".join(f"'{name}' has {count}" for name, count in rows.items())
        raise RequestError(f"the inputs differ in their number of rows: {found}")


def _options(chosen: SessionOptions, weights: Path | memoryview | None) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = chosen.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    entries = {
        # Spinning threads burn the vCPU share that the next operator needs.
        "session.intra_op.allow_spinning": chosen.spinning,
        "session.disable_prepacking": not chosen.packs(apart=weights is not None),
    }
    for name, value in entries.items():
        options.add_session_config_entry(name, str(int(value)))
    if isinstance(weights, memoryview):
        options.add_external_initializers_from_files_in_memory(
            [WEIGHTS_NAME], [weights], [len(weights)]
        )
    elif weights is not None:
        options.add_session_config_entry(WEIGHTS_FOLDER, str(weights.parent))
    return options


def _spec(value: Any) -> TensorSpec:  # noqa: ANN401 - onnxruntime publishes no types
    datatype = _ORT_TYPES.get(value.type)
    if datatype is None:
        raise ArtifactError(f"'{value.name}' is a {value.type}; only tensors can be served")
    shape = tuple(dim if isinstance(dim, int) else -1 for dim in value.shape)
    return TensorSpec(name=value.name, datatype=datatype, shape=shape)


def _is_free(spec: TensorSpec) -> bool:
    """Whether an input may have a shape, or whole numbers, that an operator can't compute with."""
    return -1 in spec.shape[1:] or "INT" in spec.datatype


def _brief(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
