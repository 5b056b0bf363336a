"""What `coldpress diff` prints: what differs, line by line, and the names of what does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coldpress.units import human_bytes

from .command import say
from .describe import print_fact

if TYPE_CHECKING:
    from coldpress.registry.comparing import Difference, OutputDifference, Side

__all__ = ["difference_document", "print_difference"]


def print_difference(found: Difference) -> None:
    """Print what differs, and in one line what is the same."""
    for mark, side in (("-", found.old), ("+", found.new)):
        say((f"{mark} {side.manifest.name}", "bold"), f" sha256:{side.digest}  ({side.named})")
    if found.old.digest == found.new.digest:
        print_fact("same", "it is one version")
        return
    facts = [*_facts(found), *_answers(found)]
    for label, _, change in facts:
        if change:
            print_fact(label, change)
    if same := [name for _, name, change in facts if not change]:
        say((f"  the same: {', '.join(same)}", "dim"))


def _facts(found: Difference) -> Iterator[tuple[str, str, str]]:
    """What was compared: a label, a name, and what differs, or nothing."""
    for sentence in found.signature or ("",):
        yield "takes", "signature", sentence
    yield "size", "size", _sizes(found.old.stored_bytes, found.new.stored_bytes)
    yield "source", "source", _sources(found.old, found.new)
    yield "proof", "proof", _proofs(found.old, found.new)


def _answers(found: Difference) -> Iterator[tuple[str, str, str]]:
    if found.unasked:
        yield "answers", "", f"not compared: {found.unasked}"
    for output in found.predictions:
        yield "answers", f"'{output.name}' on {output.rows} rows", _apart(output)


def _change(old: str, new: str) -> str:
    return f"{old} → {new}" if old != new else ""


def _sizes(old: int, new: int) -> str:
    rounded = _change(human_bytes(old), human_bytes(new))
    return rounded or _change(f"{old:,} bytes", f"{new:,} bytes")


def _source(side: Side) -> str:
    source = side.manifest.source
    version = source.versions.get(source.framework, "")
    return f"{source.framework} {version}".strip()


def _sources(old: Side, new: Side) -> str:
    """The framework, or else the first of what made the export that is another."""
    before, after = old.manifest.source, new.manifest.source
    if framework := _change(_source(old), _source(new)):
        return framework
    for name in sorted({*before.versions, *after.versions}):
        versions = (each.versions.get(name, "no version") for each in (before, after))
        if changed := _change(*versions):
            return f"{name} {changed}"
    formats = _change(before.format, after.format)
    return formats or ("another model file" if before.sha256 != after.sha256 else "")


def _proofs(old: Side, new: Side) -> str:
    """What the certificates say, with as many digits as it takes to tell them apart."""
    found = (_change(_proof(old, digits), _proof(new, digits)) for digits in (1, 4, 17))
    return next(filter(None, found), "")


def _proof(side: Side, digits: int) -> str:
    proof = side.manifest.certificate
    words = ["passed" if proof.passed else "failed"]
    words += ["forced"] if proof.forced else []
    words += [proof.tolerance] if proof.tolerance != "exact" else []
    labels = proof.label_agreement
    alike = f", {labels:.{digits}%} of labels" if labels not in (None, 1.0) else ""
    return f"{', '.join(words)} on {proof.rows:,} rows, {proof.max_abs_diff:.{digits}e}{alike}"


def _apart(output: OutputDifference) -> str:
    if output.max_abs_diff:
        return f"'{output.name}' differs by at most {output.max_abs_diff:.3g} on {output.rows} rows"
    if output.labels_changed:
        return f"'{output.name}' is another on {output.labels_changed} of {output.rows} rows"
    return ""


def difference_document(found: Difference) -> dict[str, object]:
    """What `--json` prints: what differs and what does not."""
    return {
        "old": _side_document(found.old),
        "new": _side_document(found.new),
        "compatible": found.compatible,
        "signature": list(found.signature),
        "predictions": [
            {
                "output": output.name,
                "rows": output.rows,
                "labels_changed": output.labels_changed,
                "max_abs_diff": output.max_abs_diff,
            }
            for output in found.predictions
        ],
        "not_compared": found.unasked,
    }


def _side_document(side: Side) -> dict[str, object]:
    proof = side.manifest.certificate
    return {
        "named": side.named,
        "version": f"sha256:{side.digest}",
        "name": side.manifest.name,
        "stored_bytes": side.stored_bytes,
        "source": _source(side),
        "source_versions": side.manifest.source.versions,
        "certificate": {
            "passed": proof.passed,
            "forced": proof.forced,
            "tolerance": proof.tolerance,
            "rows": proof.rows,
            "max_abs_diff": proof.max_abs_diff,
            "label_agreement": proof.label_agreement,
        },
    }
