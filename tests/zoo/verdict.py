"""One case from training to a verdict: a bundle that is right, a refusal, or a wrong bundle."""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from coldpress.certification import Certificate, certify
from coldpress.errors import ColdpressError
from coldpress.exporters import reference
from coldpress.load import model_of
from coldpress.pipeline import export
from coldpress.sample import Sample
from coldpress_runtime.artifact import WEIGHTS_NAME
from coldpress_runtime.session import ModelSession
from tests.zoo.case import Built, Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a case.

    Attributes:
        outcome: ``bundle``, ``refused``, ``wrong`` for a bundle that fails on fresh rows, or
            ``crashed`` for an export that ended in an error that is none of ours.
        reason: The refusal's message, or what is wrong; empty for a bundle.
        rung: Which way to export held.
        rows: Fresh rows that were compared.
        flips: Labels among them that differ and are no ties, or winners that differ.
        largest: Largest absolute difference of a number on them.
        stored: Size of the bundle's model in bytes.
    """

    outcome: str
    reason: str = ""
    rung: str = ""
    rows: int = 0
    flips: int = 0
    largest: float = 0.0
    stored: int = 0


def judge(case: Case) -> Verdict:
    """Train, export, and hold the bundle against the original on rows that it never saw.

    They are held to what the sample was held to: the same tolerance, batches and probes.
    """
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        built = case.build()
        try:
            bundle = export(
                built.model,
                sample=built.sample,
                output=Path(folder) / "bundle",
                **(built.options or {}),
            )
        except ColdpressError as error:
            return Verdict(outcome="refused", reason=str(error))
        except Exception as error:  # noqa: BLE001 - what no user may see is told like a verdict
            return Verdict(outcome="crashed", reason=f"{type(error).__name__}: {error}")
        try:
            return _on_fresh_rows(built, bundle, Path(folder))
        except Exception as error:  # noqa: BLE001 - as above
            return Verdict(outcome="crashed", reason=f"{type(error).__name__}: {error}")


def unexpected(case: Case, verdict: Verdict) -> str:
    """What is other than the case expects; empty if nothing is."""
    if case.refused is None:
        return "" if verdict.outcome == "bundle" else f"{verdict.outcome}: {verdict.reason}"
    if verdict.outcome == "refused" and case.refused in verdict.reason:
        return ""
    return f"{verdict.outcome} instead of refused: {verdict.reason}"


def surprise(case: Case) -> str:
    """Judge a case, and say what is other than it expects."""
    return unexpected(case, judge(case))


def _on_fresh_rows(built: Built, bundle, folder: Path) -> Verdict:
    session = session_of(bundle, folder)
    signature = bundle.manifest.signature
    held = reference(model_of(built.model), Sample.of(built.fresh), signature)
    found = certify(held, session, packages=())
    failure, flips = found.failure(), _flips(found)
    reason = str(failure or (f"has another winner in {flips} rows" if flips else ""))
    return Verdict(
        outcome="wrong" if reason else "bundle",
        reason=reason,
        rung=next(rung.name for rung in bundle.certificate().rungs if rung.held),
        rows=found.rows,
        flips=flips,
        largest=max(check.max_abs_diff for check in found.outputs),
        stored=sum(b.size for b in bundle.manifest.blobs if b.role in {"model", "weights"}),
    )


def _flips(found: Certificate) -> int:
    """Labels that differ and are no ties, and rows whose largest score is another's."""
    winners = [c.winner_agreement for c in found.outputs if c.winner_agreement is not None]
    hard = sum(check.hard_flips for check in found.outputs)
    return hard + sum(round((1 - agreement) * found.rows) for agreement in winners)


def session_of(bundle, folder: Path) -> ModelSession:
    """The model of a bundle, unpacked into a folder and opened."""
    graph = bundle.unpacked(bundle.manifest.blob("model"))
    if bundle.manifest.weights is None:
        return ModelSession(graph)
    weights = folder / WEIGHTS_NAME
    weights.write_bytes(bundle.unpacked(bundle.manifest.weights))
    return ModelSession(graph, weights=weights)
