"""A PyTorch model's exports, and the module itself to hold them against."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from coldpress.errors import ColdpressError, SampleError, brief
from coldpress.exporters._exported import Attempt, Exported, Outputs, Reference, Rows
from coldpress.exporters._lengths import length_probes
from coldpress.exporters._tensors import fit_tensors
from coldpress.quiet import quietly

from ._callee import Callee, callee_of
from ._convert import Way, from_program, from_script
from ._feeds import fit
from ._rows import check_rows, check_single
from ._types import check_state, float_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.load import TorchModel
    from coldpress.sample import Sample
    from coldpress_runtime.artifact import Signature, TensorSpec

__all__ = ["attempts", "reference"]

Ask: TypeAlias = "Callable[[Mapping[str, NDArray[Any]]], Outputs]"

_HALF = (
    "the module calculates in float16, which torch and onnxruntime round differently; export "
    "module.float()"
)
_WAYS = {"torch.export": from_program, "TorchScript": from_script}


def attempts(model: TorchModel, sample: Sample) -> tuple[Attempt, ...]:
    """Through an exported program, then through TorchScript; see `coldpress.exporters.attempts`."""
    check_state(model.module)
    check_rows(model.module)
    callee = callee_of(model.module, sample)
    tensors = fit(callee, sample, model.example)
    check_single(callee, tensors)
    outputs = _distinct(_output_names(callee, tensors, sample.origin), callee.names)
    ways = _ways(model.module)
    return tuple(
        Attempt(name=n, export=partial(_export, callee, tensors, outputs, sample, _WAYS[n]))
        for n in ways
    )


def reference(model: TorchModel, sample: Sample, signature: Signature) -> Reference:
    """The module itself; see `coldpress.exporters.reference`."""
    check_state(model.module)
    callee = callee_of(model.module, sample)
    tensors = fit_tensors(signature.inputs, sample)
    names = [spec.name for spec in signature.outputs]
    return _reference(callee, tensors, _asking(callee, names), sample, signature.inputs)


def _output_names(callee: Callee, tensors: Outputs, origin: str) -> list[str]:
    few = callee.few(tensors)
    try:
        with quietly():
            return [name for name, _ in callee.ask(few)]
    except ColdpressError:
        raise
    except Exception as error:
        shown = " and ".join(str(count) for count in sorted({len(array) for array in few.values()}))
        raise SampleError(
            f"the module can't take {shown} rows of {origin}: {brief(error)}"
        ) from error


def _ways(module: object) -> Sequence[str]:
    if isinstance(module, torch.jit.ScriptModule):
        return ("TorchScript",)
    # A program is no module any more that could be traced.
    return tuple(_WAYS) if isinstance(module, torch.nn.Module) else ("torch.export",)


def _export(
    callee: Callee, tensors: Outputs, outputs: Sequence[str], sample: Sample, way: Way
) -> Exported:
    ask = _asking(callee, outputs)
    few = callee.tensors(callee.few(tensors))
    return Exported(
        model=way(callee, few, outputs, partial(_folder_of, ask)),
        reference=_reference(callee, tensors, ask, sample, callee.specs or ()),
    )


def _reference(
    callee: Callee, tensors: Outputs, ask: Ask, sample: Sample, specs: Sequence[TensorSpec]
) -> Reference:
    least = max([1, *(spec.shape[0] for spec in specs if spec.shape)])
    return Reference(
        rows=Rows(
            name="sample",
            tensors=tensors,
            original=lambda rows: ask({name: array[rows] for name, array in tensors.items()}),
        ),
        described="the PyTorch module itself, in evaluation mode, on one thread",
        probes=length_probes(specs, tensors, ask),
        ask=ask,
        truth=sample.truth,
        timed=partial(callee.answer, callee.tensors({n: a[:least] for n, a in tensors.items()})),
        caution=_HALF if float_type(callee.model) is torch.float16 else "",
    )


def _asking(callee: Callee, outputs: Sequence[str]) -> Ask:
    def ask(tensors: Mapping[str, NDArray[Any]]) -> Outputs:
        with quietly():
            answers = callee.ask(tensors)
        return dict(zip(outputs, (array for _, array in answers), strict=True))

    return ask


def _folder_of(owner: Ask) -> Path:
    """A directory for large weights, which lasts as long as the original can be asked."""
    folder = tempfile.mkdtemp(prefix="coldpress-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Names that are none of the inputs', each once."""
    found: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in found or candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        found.append(candidate)
    return found
