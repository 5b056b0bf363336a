"""The sample at other lengths: a free axis is proven only by sizes that the sample has not.

Recurrence over a free number of time steps is where converters err, and all rows of a sample have
the same number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ._exported import Outputs, Rows

if TYPE_CHECKING:
    from coldpress_runtime.artifact import TensorSpec

__all__ = ["length_probes"]

_ROWS = 8

# An axis of an input: its name and the axis's number.
_Axis: TypeAlias = tuple[str, int]


def length_probes(
    specs: Sequence[TensorSpec], tensors: Outputs, ask: Callable[[Outputs], Outputs]
) -> tuple[Rows, ...]:
    """A few of the sample's rows cut short and repeated along the axes that are free.

    Axes of the same length change together, since that of a sequence and of its mask belong
    together; one further probe gives each its own, which an original for such pairs refuses.

    Args:
        specs: What the export takes.
        tensors: The sample.
        ask: The original.
    """
    free = [(s.name, axis) for s in specs for axis in range(1, len(s.shape)) if s.shape[axis] == -1]
    # A batch of a fixed size at least.
    rows = max([_ROWS, *(spec.shape[0] for spec in specs if spec.shape)])
    few = {name: array[:rows] for name, array in tensors.items()}
    return tuple(_probe(_resized(few, sizes), sizes, ask) for sizes in _sizes(free, few))


def _sizes(free: Sequence[_Axis], tensors: Outputs) -> Iterator[Mapping[_Axis, int]]:
    if not free:
        return
    lengths = {axis: tensors[axis[0]].shape[axis[1]] for axis in free}
    seen = [lengths]
    together: tuple[Callable[[int], int], ...] = (
        lambda _: 1,
        lambda n: -(-n // 2),
        lambda n: n + 1,
        lambda n: 2 * n + 1,
    )
    for change in together:
        sizes = {axis: change(length) for axis, length in lengths.items()}
        if sizes not in seen:
            seen.append(sizes)
            yield sizes
    if len(free) > 1:
        yield {axis: length + 1 + turn for turn, (axis, length) in enumerate(lengths.items())}


def _resized(tensors: Outputs, sizes: Mapping[_Axis, int]) -> Outputs:
    resized = dict(tensors)
    for (name, axis), size in sizes.items():
        array = resized[name]
        resized[name] = np.take(array, np.arange(size) % array.shape[axis], axis=axis)
    return resized


def _probe(tensors: Outputs, sizes: Mapping[_Axis, int], ask: Callable[[Outputs], Outputs]) -> Rows:
    shown = ", ".join(str(size) for size in dict.fromkeys(sizes.values()))
    return Rows(
        name=f"lengths ({shown})",
        tensors=tensors,
        original=lambda rows: ask({name: array[rows] for name, array in tensors.items()}),
    )
