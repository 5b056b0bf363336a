"""How many rows a model takes: a request to a served one may have a single row, or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from coldpress.errors import ExportError
from coldpress.quiet import quietly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._callee import Callee

__all__ = ["check_rows", "check_single"]

# torch.export says so where a dimension was left free: it takes one row for a constant.
_FREE = 2


def check_rows(model: Any) -> None:  # noqa: ANN401 - three kinds
    """Check that an exported program whose rows are free takes few of them.

    Raises:
        ExportError: It was exported for a least number of rows.
    """
    if not isinstance(model, torch.export.ExportedProgram):
        return
    bounds = map(model.range_constraints.get, _row_symbols(model))
    least = max((int(found.lower) for found in bounds if found is not None), default=0)
    if least > _FREE:
        raise ExportError(
            f"the program takes {least} rows at least, and a served model must take one; export it "
            "with torch.export.Dim('rows'), without a min, or for a fixed number of rows"
        )


def _row_symbols(program: Any) -> list[Any]:  # noqa: ANN401 - as stubs
    """The number of rows of each input that has it free."""
    given = {s.arg.name for s in program.graph_signature.input_specs if s.kind.name == "USER_INPUT"}
    nodes = (n for n in program.graph.nodes if n.op == "placeholder" and n.name in given)
    shapes: list[Any] = [getattr(node.meta["val"], "shape", ()) for node in nodes]
    rows = (shape[0] for shape in shapes if len(shape))
    return [size.node.expr for size in rows if not isinstance(size, int)]


def check_single(callee: Callee, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Ask a module for one row, where it has layers that may not answer that.

    Raises:
        ExportError: They don't, since they need other rows beside it.
    """
    found = _by_batch(callee.model)
    if found is None:
        return
    try:
        with quietly():
            callee.ask({name: array[:1] for name, array in arrays.items()})
    except ValueError as error:
        name, kind = found
        raise ExportError(
            "the module's answers depend on the other rows of a request, and it has none for a "
            f"single row: '{name}' is a {kind} that normalises by the rows it is given "
            "(track_running_stats=False); train it with running statistics, or put a LayerNorm in "
            "its place"
        ) from error


def _by_batch(model: Any) -> tuple[str, str] | None:  # noqa: ANN401 - three kinds
    if isinstance(model, torch.export.ExportedProgram):
        return None
    for name, part in model.named_modules():
        if isinstance(part, _BatchNorm) and part.running_mean is None:
            return name, type(part).__name__
    return None
