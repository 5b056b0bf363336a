"""What can be called with tensors by name: a module, an exported program, or a script."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from coldpress.errors import ExportError, SampleError
from coldpress.quiet import quietly
from coldpress.sample import quoted
from coldpress_runtime.artifact import TensorSpec

from ._types import datatype_of, numpy_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress.sample import Sample

__all__ = ["Arguments", "Callee", "callee_of"]

# Positional arguments and keyword arguments of one call.
Arguments = tuple[tuple[Any, ...], dict[str, Any]]
_FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Callee:
    """A model as a function of named tensors.

    Attributes:
        model: The module, `ExportedProgram` or `ScriptModule`.
        run: What is called.
        names: Its inputs, in the order in which they are flattened.
        arrange: The arguments that named tensors are.
        specs: What the inputs are, where the model says it.
    """

    model: Any
    run: Callable[..., Any]
    names: tuple[str, ...]
    arrange: Callable[[Mapping[str, Any]], Arguments]
    specs: tuple[TensorSpec, ...] | None = None

    def few(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The least rows that say what the model does: as many as it is fixed to, or two.

        PyTorch takes a batch of one for a constant.
        """
        rows = {spec.name: spec.shape[0] for spec in self.specs or () if spec.shape}
        return {
            name: array[np.arange(rows[name] if rows.get(name, -1) > 0 else _FEW) % len(array)]
            for name, array in arrays.items()
        }

    def ask(self, arrays: Mapping[str, NDArray[Any]]) -> list[tuple[str, NDArray[Any]]]:
        """The model's outputs with the names that its structure gives them, in order."""
        return outputs_of(self.answer(self.tensors(arrays)))

    def tensors(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
        """Arrays as tensors of the same types; they share nothing."""
        return {name: torch.tensor(arrays[name]) for name in self.names}

    def answer(self, tensors: Mapping[str, torch.Tensor]) -> Any:  # noqa: ANN401 - the module's own
        """What the model itself gives."""
        args, kwargs = self.arrange(tensors)
        with evaluating(self.model), torch.inference_mode():
            return self.run(*args, **kwargs)


def callee_of(model: Any, sample: Sample) -> Callee:  # noqa: ANN401 - three kinds
    """A model as a function of the tensors that a sample may name.

    Raises:
        SampleError: The sample's arrays are not what the module takes.
        ExportError: It takes something else than tensors.
    """
    if isinstance(model, torch.export.ExportedProgram):
        return _of_program(model)
    if isinstance(model, torch.jit.ScriptModule):
        return _of_script(model, sample)
    return _of_module(model, sample)


@contextmanager
def evaluating(module: Any) -> Iterator[None]:  # noqa: ANN401 - three kinds
    """Have a module in evaluation mode, and one thread, so that sums come in one order."""
    threads = torch.get_num_threads()
    # An exported program is in the mode in which it was exported.
    parts = list(module.modules()) if isinstance(module, torch.nn.Module) else []
    modes = [part.training for part in parts]
    try:
        torch.set_num_threads(1)
        for part in parts:
            part.training = False
        yield
    finally:
        torch.set_num_threads(threads)
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode


def outputs_of(answer: Any) -> list[tuple[str, NDArray[Any]]]:  # noqa: ANN401 - the module's own
    """The tensors of an answer, flattened as `torch.export` does it, with names.

    Raises:
        ExportError: There is something else than tensors among them.
    """
    leaves, _ = torch.utils._pytree.tree_flatten_with_path(answer)  # noqa: SLF001 - no public one
    found = [(_keys(path), leaf) for path, leaf in leaves if leaf is not None]
    if odd := [leaf for _, leaf in found if not isinstance(leaf, torch.Tensor)]:
        raise ExportError(
            f"the module gives a {type(odd[0]).__name__}, and only tensors can be served; return "
            "tensors, alone or in tuples, lists and dictionaries"
        )
    if not found:
        raise ExportError("the module gives no tensor; there is nothing to serve")
    return [(_name(keys, i, len(found)), numpy_of(leaf)) for i, (keys, leaf) in enumerate(found)]


def _keys(path: Sequence[Any]) -> list[str]:
    return [str(getattr(entry, "key", getattr(entry, "name", ""))) for entry in path]


def _name(keys: Sequence[str], index: int, count: int) -> str:
    if named := "_".join(key for key in keys if key):
        return named
    return "output" if count == 1 else f"output_{index}"


def _of_program(program: torch.export.ExportedProgram) -> Callee:
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    given = [s.arg for s in program.graph_signature.input_specs if s.kind.name == "USER_INPUT"]
    names = tuple(arg.name for arg in given if hasattr(nodes[arg.name].meta["val"], "dtype"))
    structure = program.call_spec.in_spec

    def arrange(tensors: Mapping[str, Any]) -> Arguments:
        flat = [tensors.get(arg.name, getattr(arg, "value", None)) for arg in given]
        args, kwargs = torch.utils._pytree.tree_unflatten(flat, structure)  # noqa: SLF001 - as above
        return tuple(args), dict(kwargs)

    return Callee(
        model=program,
        run=_apart(program.module()),
        names=names,
        arrange=arrange,
        specs=tuple(_spec(name, nodes[name].meta["val"]) for name in names),
    )


def _spec(name: str, fake: Any) -> TensorSpec:  # noqa: ANN401 - a fake tensor
    shape = tuple(size if isinstance(size, int) else -1 for size in fake.shape)
    return TensorSpec(name=name, datatype=datatype_of(name, fake.dtype), shape=shape)


def _of_script(script: torch.jit.ScriptModule, sample: Sample) -> Callee:
    script = _apart(script)
    forward: Any = script.forward  # torch's types know it as any callable
    taken = forward.schema.arguments[1:]  # after the module itself
    names = _chosen(
        [argument.name for argument in taken],
        [argument.name for argument in taken if not argument.has_default_value()],
        sample,
    )
    return Callee(
        model=script, run=script, names=names, arrange=lambda tensors: ((), dict(tensors))
    )


def _of_module(module: torch.nn.Module, sample: Sample) -> Callee:
    found = inspect.signature(module.forward).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in found):
        raise ExportError(
            "the module's forward takes *args, which have no names; give its tensors parameters "
            "of their own, in a module around it"
        )
    taken = [parameter for parameter in found if parameter.kind is not parameter.VAR_KEYWORD]
    names = _chosen(
        [parameter.name for parameter in taken],
        [parameter.name for parameter in taken if parameter.default is parameter.empty],
        sample,
    )
    first = [parameter.name for parameter in taken if parameter.kind is parameter.POSITIONAL_ONLY]

    def arrange(tensors: Mapping[str, Any]) -> Arguments:
        named = {name: tensors[name] for name in names if name not in first}
        return tuple(tensors[name] for name in names if name in first), named

    own = _apart(module)
    return Callee(model=own, run=own, names=names, arrange=arrange)


def _apart(module: Any) -> Any:  # noqa: ANN401 - three kinds
    """A copy that shares the parameters: a forward that counts changes its owner's module not."""
    if isinstance(module, torch.jit.ScriptModule) and not any(True for _ in module.buffers()):
        # A script's parameters can't be shared, and there is nothing to keep.
        return module
    try:
        with quietly():
            return copy.deepcopy(module, {id(part): part for part in module.parameters()})
    except Exception:  # noqa: BLE001 - a module may hold what can't be copied
        return module


def _chosen(taken: Sequence[str], required: Sequence[str], sample: Sample) -> tuple[str, ...]:
    """Which parameters a sample is for, in their order."""
    given = [] if sample.frame is not None else list(sample.arrays or ())
    if not taken:
        raise ExportError("the module's forward takes nothing; there is nothing to serve")
    if len(given) <= 1 and len(required) <= 1 and not set(given) & set(taken):
        # A table, or an array of any name, for the one input that must be there.
        return (*required, taken[0])[:1]
    missing = [name for name in required if name not in given]
    if extra := [name for name in given if name not in taken]:
        missing = missing or extra
    if missing or not given:
        raise SampleError(
            f"{sample.origin} does not fit the module, whose forward takes {quoted(taken)}; give "
            "an .npz file, or a mapping, with an array for each input of these names"
        )
    return tuple(name for name in taken if name in given)
