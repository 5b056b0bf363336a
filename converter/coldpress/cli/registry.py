"""`coldpress publish`, `channels`, `promote` and `rollback`."""

from __future__ import annotations

from pathlib import Path

from coldpress import registry
from coldpress.registry import channels as registry_channels
from coldpress.registry.channels import ChannelState
from coldpress.stores import model_uri, store_url
from coldpress.units import human_bytes

from .command import click, command, progress, say, say_json, warn
from .paths import NamedPath

__all__ = ["channels", "promote", "publish", "rollback"]


@command(
    epilog="""\b
Examples:
  coldpress publish build/churn s3://my-bucket/models
  coldpress publish build/churn ./store --channel live
"""
)
@click.argument("bundle", type=NamedPath())
@click.argument("store")
@click.option("--channel", help="Point this channel to the version, such as live or canary.")
@click.option(
    "--force", is_flag=True, help="Publish a failed certificate; the manifest then says so."
)
def publish(bundle: Path, store: str, channel: str | None, *, force: bool, as_json: bool) -> None:
    """Write BUNDLE to STORE as a version, and print its pinned URI.

    STORE is a URL (s3://, gs://, az://, file://) or a path. A version is never overwritten, and
    publishing it again changes nothing. A bundle whose certificate failed is refused, and where
    COLDPRESS_PUBLIC_KEY names a key, one that it did not sign.
    """
    with progress("Publishing") as step:
        published = registry.publish(bundle, store, channel=channel, force=force, progress=step)
    if published.signature_removed:
        warn(
            f"{bundle} lost its signature, which was over a manifest that did not say forced; "
            "coldpress sign makes a new one"
        )
    if as_json:
        say_json(
            {
                "uri": str(published.uri),
                "created": published.created,
                "signature_removed": published.signature_removed,
                "bytes_written": published.bytes_written,
                "channel": _document(published.channel) if published.channel else None,
            }
        )
        return
    say(
        f"Published {human_bytes(published.bytes_written)}."
        if published.created
        else "That version is in the store already; nothing was written."
    )
    if published.channel:
        _print_move(published.channel)
    say(str(published.uri))


@command(
    epilog="""\b
Examples:
  coldpress channels s3://my-bucket/models
  coldpress channels ./store --json
"""
)
@click.argument("store")
def channels(store: str, *, as_json: bool) -> None:
    """List every channel in STORE, with the version it points to and how it came there."""
    states = registry_channels.list_channels(store_url(store))
    if as_json:
        say_json([_document(state) for state in states])
        return
    if not states:
        say("No channels yet; coldpress publish BUNDLE STORE --channel live makes one.")
        return
    # Not a table: one that is cut to a terminal's width would cut the digests.
    for state in states:
        last = state.channel.moves[-1]
        say((f"{state.uri.name}@{state.uri.channel}", "bold"), f" sha256:{last.version}")
        say((f"  by {last.action} at {last.at}, moves: {len(state.channel.moves)}", "dim"))


@command(
    epilog="""\b
Examples:
  coldpress promote s3://my-bucket/models/churn@canary --channel live
  coldpress promote ./store/churn@sha256:4d2f... --channel live
"""
)
@click.argument("model")
@click.option("--channel", default="live", show_default=True, help="The channel to move.")
def promote(model: str, channel: str, *, as_json: bool) -> None:
    """Point a channel to the version that MODEL names, pinned or by another channel."""
    _show(registry_channels.promote(model_uri(model), channel), as_json=as_json)


@command(
    epilog="""\b
Example:
  coldpress rollback s3://my-bucket/models/churn@live
"""
)
@click.argument("model")
def rollback(model: str, *, as_json: bool) -> None:
    """Point the channel that MODEL names back to the version before.

    Rolling back again goes further back.
    """
    _show(registry_channels.rollback(model_uri(model)), as_json=as_json)


def _show(state: ChannelState, *, as_json: bool) -> None:
    if as_json:
        say_json(_document(state))
        return
    _print_move(state)
    say(str(state.pinned))


def _print_move(state: ChannelState) -> None:
    verb = "now points" if state.moved else "pointed already"
    say(f"{state.uri} {verb} to sha256:{state.channel.version}")


def _document(state: ChannelState) -> dict[str, object]:
    return {
        "channel": str(state.uri),
        "uri": str(state.pinned),
        "moved": state.moved,
        "moves": [
            {"version": f"sha256:{move.version}", "action": move.action, "at": move.at}
            for move in state.channel.moves
        ],
    }
