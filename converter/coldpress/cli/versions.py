"""`coldpress history`, `diff` and `gc`: what became of a model's versions, and which may go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coldpress.errors import StoreError
from coldpress.registry.collecting import Collected, collect
from coldpress.registry.history import Happening
from coldpress.registry.history import history as read_history
from coldpress.units import human_bytes

from .command import click, command, progress, say, say_json
from .describe import print_fact

if TYPE_CHECKING:
    from coldpress.registry.comparing import Difference, OutputDifference, Side

__all__ = ["diff", "gc", "history"]


@command(
    epilog="""\b
Examples:
  coldpress history s3://my-bucket/models
  coldpress history s3://my-bucket/models --model churn --channel live
"""
)
@click.argument("store")
@click.option("--model", default="", help="Only this model's.")
@click.option("--channel", default="", help="Only the moves of this channel.")
def history(store: str, model: str, channel: str, *, as_json: bool) -> None:
    """Tell what happened in STORE, the latest last: moves of channels, and deletions."""
    found = read_history(store, model=model, channel=channel)
    if as_json:
        say_json([_happening_document(each) for each in found])
        return
    if not found:
        say("Nothing has happened yet: no channel was moved, and nothing was deleted.")
    for each in found:
        named = f"{each.model}@{each.channel}" if each.channel else each.model
        by = f" by {each.by}" if each.by else ""
        say(
            (each.at, "dim"), f"  {each.action:<8} ", (named, "bold"), f" sha256:{each.version}{by}"
        )


@command(
    epilog="""\b
Examples:
  coldpress diff s3://my-bucket/models/churn@live build/churn
  coldpress diff ./store/churn@live ./store/churn@canary --json
"""
)
@click.argument("old")
@click.argument("new")
@click.option(
    "--fail-on-change", is_flag=True, help="Exit 1 when who calls OLD can't call NEW as it is."
)
def diff(old: str, new: str, *, fail_on_change: bool, as_json: bool) -> None:
    """Show what is different between two versions of a model, bundles or published.

    Signatures, sizes and certificates, and what both answer to the golden rows of both.
    """
    # numpy, which other commands go without
    from coldpress.registry.comparing import diff as compare  # noqa: PLC0415 - as said

    with progress("Reading both") as step:
        found = compare(old, new, progress=step)
    if as_json:
        say_json(_difference_document(found))
    else:
        _print_difference(found)
    if fail_on_change and not found.compatible:
        click.get_current_context().exit(1)


@command(
    epilog="""\b
Examples:
  coldpress gc s3://my-bucket/models --keep 5 --dry-run
  coldpress gc s3://my-bucket/models --keep 5 --model churn
"""
)
@click.argument("store")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many versions of each channel's history stay.",
)
@click.option(
    "--min-days",
    type=click.IntRange(min=0),
    default=7,
    show_default=True,
    help="Days for which a version stays in any case.",
)
@click.option("--model", "models", multiple=True, help="Only this model's; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def gc(  # noqa: PLR0913 - one parameter an option
    store: str, keep: int, min_days: int, models: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Delete the versions in STORE that no channel names, nor has named lately.

    What a function serves by its digest alone is not known here: point a channel to it. Each
    deletion is logged in the store; coldpress history tells it.
    """
    with progress("Looking for what may go") as step:
        found = collect(
            store, only=models, keep=keep, min_days=min_days, dry_run=dry_run, progress=step
        )
    busy = [each.busy for each in found if each.busy]
    if as_json:
        say_json({"dry_run": dry_run, "models": [_collected_document(each) for each in found]})
        click.get_current_context().exit(1 if busy else 0)
    for each in found:
        _print_collected(each, dry_run=dry_run)
    if not found:
        say("There are no models in this store.")
    if busy:
        raise StoreError("; ".join(busy))


def _print_collected(found: Collected, *, dry_run: bool) -> None:
    if found.busy:
        return
    size = human_bytes(sum(version.size for version in found.deleted))
    verb = "would be deleted" if dry_run else "deleted"
    say((found.model, "bold"), f": {len(found.deleted)} {verb} ({size}), {len(found.kept)} kept")
    for version in found.deleted:
        say((f"  - sha256:{version.digest}", "red"), f"  {human_bytes(version.size)}")
    for kept in found.kept:
        say((f"  + sha256:{kept.version}", "dim"), f"  {kept.reason}")


def _print_difference(found: Difference) -> None:
    for mark, side in (("-", found.old), ("+", found.new)):
        say((f"{mark} {side.manifest.name}", "bold"), f" sha256:{side.digest}  ({side.named})")
    for label, value in _facts(found):
        print_fact(label, value)


def _change(old: str, new: str) -> str:
    return f"{old} → {new}" if old != new else f"{new}, as before"


def _facts(found: Difference) -> Iterator[tuple[str, str]]:
    if found.old.digest == found.new.digest:
        yield "same", "it is one version"
        return
    for sentence in found.signature or ("the same",):
        yield "takes", sentence
    yield "size", _change(_sizes(found.old), _sizes(found.new))
    yield "source", _change(_source(found.old), _source(found.new))
    yield "proof", _change(_proof(found.old), _proof(found.new))
    for output in found.predictions:
        yield "answers", _apart(output)
    if found.unasked:
        yield "answers", f"not compared: {found.unasked}"


def _sizes(side: Side) -> str:
    return human_bytes(side.stored_bytes)


def _source(side: Side) -> str:
    source = side.manifest.source
    version = source.versions.get(source.framework, "")
    return f"{source.framework} {version}".strip()


def _proof(side: Side) -> str:
    proof = side.manifest.certificate
    verdict = "passed" if proof.passed else "failed"
    forced = ", forced" if proof.forced else ""
    return f"{verdict}{forced} on {proof.rows:,} rows, {proof.max_abs_diff:.1e}"


def _apart(output: OutputDifference) -> str:
    if output.labels_changed is None:
        return f"'{output.name}' differs by at most {output.max_abs_diff:.3g} on {output.rows} rows"
    return f"'{output.name}' is another on {output.labels_changed} of {output.rows} rows"


def _happening_document(each: Happening) -> dict[str, str]:
    return {
        "at": each.at,
        "model": each.model,
        "action": each.action,
        "channel": each.channel,
        "version": f"sha256:{each.version}",
        "by": each.by,
    }


def _collected_document(found: Collected) -> dict[str, object]:
    return {
        "model": found.model,
        "deleted": [
            {"version": f"sha256:{version.digest}", "bytes": version.size}
            for version in found.deleted
        ],
        "kept": [
            {"version": f"sha256:{kept.version}", "reason": kept.reason} for kept in found.kept
        ],
        "busy": found.busy or None,
    }


def _difference_document(found: Difference) -> dict[str, object]:
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
        "certificate": {
            "passed": proof.passed,
            "forced": proof.forced,
            "rows": proof.rows,
            "max_abs_diff": proof.max_abs_diff,
            "label_agreement": proof.label_agreement,
        },
    }
