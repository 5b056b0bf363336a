"""The two ways that torch has to write ONNX: from an exported program, and from TorchScript."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import onnx
import torch

from coldpress.errors import ExportError, MissingExtraError, brief
from coldpress.exporters._canonical import name_axes, rename_canonically, strip_notes
from coldpress.exporters._graph import correct_shapes, serialise, serialise_apart
from coldpress.onnx_file import OnnxFile
from coldpress.quiet import quietly

from ._callee import Callee, evaluating
from ._program import is_data_dependent, program_of
from ._scripts import has_keys, taken_apart
from ._types import weight_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Scratch", "Way", "from_program", "from_script"]

# What torch's operators are written for; the graph of a newer one would be made from it.
_OPSET = 18
# From here on weights go to a file of their own: inside, they would be in memory three times.
_LEAST_APART = 32 * 1024**2
_FILE = "model.onnx"
# How torch says that it is left with a dictionary.
_DICTIONARY = "prim::DictConstruct"

# A directory for large weights, made when there are such.
Scratch: TypeAlias = Callable[[], Path]
Way: TypeAlias = Callable[[Callee, Mapping[str, torch.Tensor], Sequence[str], Scratch], OnnxFile]


def from_program(
    callee: Callee, tensors: Mapping[str, torch.Tensor], outputs: Sequence[str], scratch: Scratch
) -> OnnxFile:
    """A model through `torch.export`.

    Args:
        callee: The module or program.
        tensors: A few rows.
        outputs: Names of the outputs.
        scratch: Where large weights go.

    Raises:
        ExportError: It can't be followed, or has operators that can't be written.
    """
    with quietly(), evaluating(callee.model), torch.no_grad(), _plain_attention():
        program = program_of(callee, tensors)
        try:
            import onnxscript  # noqa: F401, PLC0415 - torch itself asks for it here

            made: Any = torch.onnx.export(program, dynamo=True, opset_version=_OPSET, verbose=False)
        except ImportError as error:
            raise MissingExtraError.needed_by("exporting a PyTorch model", "torch") from error
        except Exception as error:
            raise ExportError(_unwritten(error)) from error
        if weight_bytes(program) < _LEAST_APART:
            return _finished(made.model_proto, callee.names, outputs)
        folder = scratch()
        made.save(folder / _FILE, external_data=True)
    return _finished(_graph(folder), callee.names, outputs, folder)


def from_script(
    callee: Callee, tensors: Mapping[str, torch.Tensor], outputs: Sequence[str], scratch: Scratch
) -> OnnxFile:
    """A model through TorchScript: one that is a script, or one that `torch.export` could follow.

    A trace holds what Python did with the two rows that it saw. So a module is only traced where
    `torch.export` has shown that nothing in it depends on their values or their number.

    Args:
        callee: The module or script.
        tensors: A few rows.
        outputs: Names of the outputs.
        scratch: Where large weights go.

    Raises:
        ExportError: It depends on the rows, or has operators that can't be written.
    """
    with quietly(), evaluating(callee.model), torch.no_grad(), _plain_attention(), _unlogged():
        if not isinstance(callee.model, torch.jit.ScriptModule):
            _check_traceable(callee, tensors)
        folder = scratch()
        try:
            _write(callee, tensors, outputs, folder / _FILE)
        except Exception as error:
            raise ExportError(_unwritten(error)) from error
        shapes = {n: a.shape for n, a in zip(outputs, _answers(callee, tensors), strict=True)}
    proto = _graph(folder)
    correct_shapes(proto, shapes)
    outside = any(path.name != _FILE for path in folder.iterdir())
    return _finished(proto, callee.names, outputs, folder if outside else None)


def _check_traceable(callee: Callee, tensors: Mapping[str, torch.Tensor]) -> None:
    if is_data_dependent(program_of(callee, tensors)):
        raise ExportError(
            "the module's forward reads values of its inputs into Python numbers, which a trace "
            "would take for constants; keep them tensors"
        )


def _answers(callee: Callee, tensors: Mapping[str, torch.Tensor]) -> list[Any]:
    return [array for _, array in callee.ask({n: t.numpy() for n, t in tensors.items()})]


def _write(
    callee: Callee, tensors: Mapping[str, torch.Tensor], outputs: Sequence[str], path: Path
) -> None:
    args, kwargs = callee.arrange(tensors)
    model = callee.model
    if isinstance(model, torch.jit.ScriptModule) and has_keys(answer := callee.answer(tensors)):
        model = taken_apart(model, callee.names, answer)
        # Its forward has no signature of Python's, by which torch would put names in their order.
        args, kwargs = tuple(tensors[name] for name in callee.names), {}
    torch.onnx.export(
        model,
        args,
        path,
        kwargs=kwargs,
        input_names=list(callee.names),
        output_names=list(outputs),
        dynamic_axes={name: {0: "rows"} for name in callee.names},
        opset_version=_OPSET,
        dynamo=False,
        verbose=False,
    )


def _graph(folder: Path) -> onnx.ModelProto:
    return onnx.load(folder / _FILE, load_external_data=False)


def _finished(
    proto: onnx.ModelProto,
    inputs: Sequence[str],
    outputs: Sequence[str],
    folder: Path | None = None,
) -> OnnxFile:
    found = [value.name for value in proto.graph.input]
    if len(found) != len(inputs):
        raise ExportError(
            f"the module takes {len(inputs)} tensors and its graph {len(found)}; leave out what "
            "its answers don't depend on"
        )
    answers = [value.name for value in proto.graph.output]
    strip_notes(proto)
    rename_canonically(proto, dict(zip([*found, *answers], [*inputs, *outputs], strict=True)))
    name_axes(proto)
    if folder is None:
        return OnnxFile(graph=serialise(proto))
    return OnnxFile(graph=serialise_apart(proto, folder), folder=folder)


def _unwritten(error: BaseException) -> str:
    """The innermost reason: torch wraps it into advice on how to debug it."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if _DICTIONARY in line:
        return (
            "the script makes the dictionary that it gives in several steps, or under a branch, "
            "which torch can't write as ONNX; make it in the return statement, or give a tuple"
        )
    return f"torch can't write the module as ONNX: {brief(ValueError(line))}"


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Keep torch from its fused kernels for whole encoder layers, which ONNX has not."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep torch from printing the graph at which it failed, past Python, to standard output.

    It would not, but takes the function that asks whether the log is on for its answer.
    """
    log = torch._C._jit_onnx_log  # noqa: SLF001 - no public one
    torch._C._jit_onnx_log = lambda *_parts: None  # noqa: SLF001 - as above
    try:
        yield
    finally:
        torch._C._jit_onnx_log = log  # noqa: SLF001 - as above
