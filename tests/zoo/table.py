"""The zoo's verdicts as a page of Markdown."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby

from tests.zoo.case import Case
from tests.zoo.verdict import Verdict

_PACKAGES = (
    "scikit-learn", "skl2onnx", "xgboost-cpu", "lightgbm", "catboost", "onnxmltools", "keras",
    "tensorflow", "tf2onnx", "torch", "onnx", "onnxruntime", "numpy",
)  # fmt: skip
_HEAD = """# The zoo

Models of every framework, exported and then held against their originals on rows that the export
never saw. `make zoo` trains them all, judges them, and writes this page; `make test` runs the quick
ones. A model becomes a bundle whose answers are all right, labels and numbers within the
certificate's tolerance, or it is refused and told why; a wrong bundle fails the run.

*Way* is the step of the repair ladder that held. *Difference* is the largest between a number of
the bundle's and the original's on the fresh rows. Sizes are of the model as stored.
"""


def page(found: Iterable[tuple[Case, Verdict]]) -> str:
    """The page, with a table for each group, in the order of the cases."""
    found = list(found)
    parts = [_HEAD, _summary(found), f"Measured with {_versions()}.\n"]
    for group, members in groupby(found, key=lambda pair: pair[0].group):
        parts.append(f"## {group}\n")
        parts.append("| model | outcome | way | rows | flips | difference | stored |")
        parts.append("|---|---|---|--:|--:|--:|--:|")
        parts.extend(_row(case, verdict) for case, verdict in members)
        parts.append("")
    return "\n".join(parts)


def _summary(found: list[tuple[Case, Verdict]]) -> str:
    counts = {
        outcome: sum(verdict.outcome == outcome for _, verdict in found)
        for outcome in ("bundle", "refused", "wrong")
    }
    flips = sum(verdict.flips for _, verdict in found)
    return (
        f"**{len(found)} models: {counts['bundle']} bundles, {counts['refused']} refusals, "
        f"{counts['wrong']} wrong bundles, {flips} flipped labels.**\n"
    )


def _row(case: Case, verdict: Verdict) -> str:
    if verdict.outcome != "bundle":
        reason = " ".join(verdict.reason.split()).replace("|", "\\|")
        return f"| {case.name} | {verdict.outcome}: {reason} | | | | | |"
    return (
        f"| {case.name} | bundle | {verdict.rung} | {verdict.rows} | {verdict.flips} "
        f"| {verdict.largest:.1e} | {verdict.stored / 1000:.1f} kB |"
    )


def _versions() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in _PACKAGES if _version(name))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
