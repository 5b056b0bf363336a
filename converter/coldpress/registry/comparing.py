"""Two versions of a model beside each other: what they take and give, weigh, prove and predict."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coldpress.bundle import Bundle
from coldpress.downloads import download
from coldpress.quiet import unheard
from coldpress.stores import bundle_or_uri
from coldpress_runtime.artifact import Manifest, Signature, TensorSpec
from coldpress_runtime.errors import RuntimeFault
from coldpress_runtime.options import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coldpress_runtime.session import Tensors

__all__ = ["Difference", "OutputDifference", "Side", "diff"]

_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two.

    Attributes:
        named: As it was asked for.
        digest: Its version.
        manifest: What it is.
        stored_bytes: What its graph and weights take in the store.
    """

    named: str
    digest: str
    manifest: Manifest
    stored_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDifference:
    """How far apart the two are in an output, over all shared golden rows.

    Attributes:
        name: The output's name.
        rows: How many rows were compared.
        labels_changed: Rows with another label; None for numbers.
        max_abs_diff: Largest absolute difference; None for labels.
    """

    name: str
    rows: int
    labels_changed: int | None
    max_abs_diff: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is different between two versions.

    Attributes:
        old: The first.
        new: The second.
        signature: What of the signature differs, a sentence each; empty if nothing does.
        predictions: The outputs on the golden rows of both; empty where none could be compared.
        unasked: Why there are no predictions; empty if there are.
    """

    old: Side
    new: Side
    signature: tuple[str, ...]
    predictions: tuple[OutputDifference, ...]
    unasked: str

    @property
    def compatible(self) -> bool:
        """Whether who calls the one can call the other: signatures are the same."""
        return not self.signature


def diff(old: str, new: str, *, progress: Callable[[str], None] | None = None) -> Difference:
    """Compare two versions, bundles or published.

    Args:
        old: A bundle's directory, or a model URI.
        new: The other.
        progress: Called with each step as it begins.

    Raises:
        BundleError: A bundle is damaged.
        StoreError: A version can't be read.
        UsageError: One of the two is neither a directory nor a model URI.
    """
    tell = progress or unheard
    with ExitStack() as opened:
        before, after = (_opened(named, opened, tell) for named in (old, new))
        signature = tuple(_signature_changes(before.manifest.signature, after.manifest.signature))
        predictions: tuple[OutputDifference, ...] = ()
        tell("Asking both")
        unasked = _obstacle(before.manifest.signature, after.manifest.signature)
        if not unasked:
            try:
                predictions = tuple(_predictions(before, after))
            except RuntimeFault as error:
                unasked = str(error)
        if not predictions and not unasked:
            unasked = "neither has golden examples"
        return Difference(
            old=_side(old, before),
            new=_side(new, after),
            signature=signature,
            predictions=predictions,
            unasked=unasked,
        )


def _opened(named: str, opened: ExitStack, progress: Callable[[str], None]) -> Bundle:
    found = bundle_or_uri(named)
    if isinstance(found, Path):
        return Bundle.open(found)
    progress(f"Fetching {named}")
    return download(found, Path(opened.enter_context(tempfile.TemporaryDirectory())))


def _side(named: str, bundle: Bundle) -> Side:
    manifest = bundle.manifest
    weights = manifest.weights
    size = manifest.blob("model").size + (weights.size if weights else 0)
    return Side(named=named, digest=bundle.digest, manifest=manifest, stored_bytes=size)


def _signature_changes(old: Signature, new: Signature) -> Iterator[str]:
    if old.features != new.features:
        yield from _list_changes("column", old.features, new.features)
    for kind, before, after in (
        ("input", old.inputs, new.inputs),
        ("output", old.outputs, new.outputs),
    ):
        yield from _tensor_changes(kind, before, after)


def _tensor_changes(
    kind: str, old: Sequence[TensorSpec], new: Sequence[TensorSpec]
) -> Iterator[str]:
    before, after = ({spec.name: spec for spec in specs} for specs in (old, new))
    yield from _list_changes(kind, tuple(before), tuple(after))
    for name in before.keys() & after.keys():
        one, other = before[name], after[name]
        if one.datatype != other.datatype:
            yield f"{kind} '{name}' is {other.datatype}, was {one.datatype}"
        if one.shape != other.shape:
            yield f"{kind} '{name}' has the shape {list(other.shape)}, had {list(one.shape)}"
        if one.labels != other.labels:
            yield from _list_changes(f"label of '{name}'", one.labels, other.labels)


def _list_changes(kind: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
    yield from (f"{kind} '{each}' is gone" for each in old if each not in new)
    yield from (f"{kind} '{each}' is new" for each in new if each not in old)
    if set(old) == set(new) and list(old) != list(new):
        yield f"the order of each {kind} is another"


def _obstacle(old: Signature, new: Signature) -> str:
    """Why the one can't be asked what the other can; empty if it can."""
    kinds, others = (
        [(spec.name, spec.datatype, spec.shape) for spec in each.inputs] for each in (old, new)
    )
    return "" if kinds == others else "they take other inputs"


def _predictions(old: Bundle, new: Bundle) -> list[OutputDifference]:
    from coldpress_runtime.golden_check import tensors_of  # noqa: PLC0415 - onnxruntime

    golden = [each for bundle in (old, new) for each in bundle.golden()]
    requests = [tensors_of(each["request"], _LIMITS) for each in golden]
    before, after = (_answers(bundle, requests) for bundle in (old, new))
    shared = {spec.name for spec in new.manifest.signature.outputs} if requests else set()
    return [
        _apart(
            spec.name,
            [(one[spec.name], two[spec.name]) for one, two in zip(before, after, strict=True)],
        )
        for spec in old.manifest.signature.outputs
        if spec.name in shared
    ]


def _answers(bundle: Bundle, requests: Sequence[Tensors]) -> list[Tensors]:
    from coldpress.proof import served  # noqa: PLC0415 - onnxruntime, for who gets so far

    with served(bundle) as model:
        session = model.open()
        return [session.run(request) for request in requests]


def _apart(name: str, pairs: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> OutputDifference:
    """How far two answers to each request are apart; shapes that differ count as another answer."""
    numbers = pairs[0][0].dtype.kind == "f"
    rows = sum(one.shape[0] if one.ndim else 1 for one, _ in pairs)
    if numbers:
        return OutputDifference(
            name=name,
            rows=rows,
            labels_changed=None,
            max_abs_diff=max(_largest(one, other) for one, other in pairs),
        )
    changed = sum(_changed(one, other) for one, other in pairs)
    return OutputDifference(name=name, rows=rows, labels_changed=changed, max_abs_diff=None)


def _largest(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.shape != other.shape:
        return math.inf
    with np.errstate(invalid="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    apart[(one == other) | (np.isnan(one) & np.isnan(other))] = 0
    return float(np.nan_to_num(apart, nan=math.inf).max(initial=0.0))


def _changed(one: NDArray[Any], other: NDArray[Any]) -> int:
    if one.shape != other.shape:
        return one.shape[0] if one.ndim else 1
    differ = np.atleast_1d(one != other)
    return int(differ.reshape(len(differ), -1).any(axis=1).sum())
