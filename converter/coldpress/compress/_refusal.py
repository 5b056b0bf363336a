"""What is said when a model can't be made smaller in the way that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from coldpress.errors import CompressionError
from coldpress.onnx_file import OnnxFile, initialisers
from coldpress.wanted import Wanted

from ._gates import Gate, Verdict, agreement_of
from .passes import has_trees
from .techniques import is_weight

__all__ = ["nothing_passes", "nothing_to_press"]

Found: TypeAlias = "Sequence[tuple[str, Verdict]]"

_TOLD: dict[Gate, str] = {
    "build": "can't be made",
    "open": "can't be run",
    "size": "saves nothing",
    "parity": "answers too differently",
    "metric": "does the task too badly",
    "latency": "is too slow",
}
_LOOSER: dict[Gate, str] = {
    "parity": "a lower --min-agreement",
    "metric": "a higher --max-metric-drop",
    "latency": "--max-slowdown any",
}


def nothing_to_press(model: OnnxFile, wanted: Wanted) -> CompressionError | None:
    """Why there is no use in searching; None if there is."""
    proto = model.proto()
    if any(is_weight(tensor) for tensor in initialisers(proto)):
        return None
    if has_trees(proto):
        return CompressionError(
            f"quantisation does nothing for trees, so {wanted.technique} would make this model no "
            "smaller; use --compress lossless"
        )
    return CompressionError(
        f"the model has no matrix of 1,024 numbers or more that {wanted.technique} could make "
        "smaller; use --compress lossless"
    )


def nothing_passes(wanted: Wanted, found: Found) -> CompressionError:
    """The error for a technique none of whose candidates passed: each gate with who came closest.

    Args:
        wanted: What was asked for.
        found: Names and verdicts of all that was tried.
    """
    gates = [gate for gate in _TOLD if any(verdict.gate == gate for _, verdict in found)]
    # What can't be made says nothing where something could be.
    shown = [gate for gate in gates if gate in _LOOSER or gate == "size"] or gates
    parts = [_closest(gate, [one for one in found if one[1].gate == gate]) for gate in shown]
    loosen = [_LOOSER[gate] for gate in shown if gate in _LOOSER]
    hint = f"allow it with {' or '.join(loosen)}, or use" if loosen else "use"
    return CompressionError(
        f"{wanted.technique} does not pass its gates: {'; '.join(parts)}; {hint} another technique"
    )


def _closest(gate: Gate, found: Found) -> str:
    name, verdict = min(found, key=lambda one: _distance(one[1]))
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"'{name}'{others} {_TOLD[gate]}, {verdict.reason}"


def _distance(verdict: Verdict) -> float:
    """How far it is from passing, among those that failed at the same gate."""
    certificate = verdict.certificate
    if verdict.gate == "latency":
        return verdict.latency_ratio or 0.0
    if verdict.gate == "metric" and certificate and certificate.metric:
        return certificate.metric.drop
    if verdict.gate == "parity" and certificate:
        return -(agreement_of(certificate) or 0.0)
    return float(verdict.bytes or 0)
