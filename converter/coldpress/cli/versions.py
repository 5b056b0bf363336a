"""`coldpress history`, `diff` and `gc`: what became of a model's versions, and which may go."""

from __future__ import annotations

from coldpress.errors import StoreError
from coldpress.registry.collecting import Collected, collect
from coldpress.registry.history import Happening
from coldpress.registry.history import history as read_history
from coldpress.units import human_bytes

from .command import click, command, progress, say, say_json
from .difference import difference_document, print_difference

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

    Signatures, sizes, sources and certificates, and what both answer to the golden rows of both.
    What is the same is only named; with --json, everything is told.
    """
    # numpy, which other commands go without
    from coldpress.registry.comparing import diff as compare  # noqa: PLC0415 - as said

    with progress("Reading both") as step:
        found = compare(old, new, progress=step)
    if as_json:
        say_json(difference_document(found))
    else:
        print_difference(found)
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
