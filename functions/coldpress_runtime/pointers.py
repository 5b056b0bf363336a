"""Model URIs and channels: how a version is named, and the file that a channel is.

Standard library only, as `artifact`: the function reads both before anything else.
"""

from __future__ import annotations

import json
import re
from typing import Literal, NamedTuple

from .artifact import DIGEST, MANIFEST_NAME, NAME
from .errors import ArtifactError
from .fields import Fields

__all__ = ["CHANNEL_NAME", "Channel", "ChannelMove", "ModelUri"]

SCHEMA_VERSION = 1
CHANNEL_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
# Stores have no query and no fragment; in a file:// URL, such characters are percent-encoded.
_ROOT = r"(?P<root>[a-z][a-z0-9+]*://[^?#\n]*[^/?#\n])"
_URI = re.compile(_ROOT + r"/+(?P<name>[^/@]+)@(?P<pointer>[^/@]+)")
_ACTIONS: tuple[Literal["publish", "promote", "rollback"], ...] = ("publish", "promote", "rollback")


class ModelUri(NamedTuple):
    """Names one version of a model in a store, by digest (pinned) or by channel.

    Attributes:
        root: The store's URL without a final slash, such as ``s3://bucket/prefix``.
        name: The model's name.
        digest: 64 hexadecimal digits, or empty if a channel points to the version.
        channel: The channel's name, or empty if the URI is pinned.
    """

    root: str
    name: str
    digest: str = ""
    channel: str = ""

    @classmethod
    def parse(cls, text: str) -> ModelUri:
        """Read ``<root>/<name>@sha256:<digest>`` or ``<root>/<name>@<channel>``.

        Raises:
            ArtifactError: The text is neither; the message shows both forms.
        """
        match = _URI.fullmatch(text)
        if match is None:
            raise ArtifactError(
                f"{text!r:.200} is no model URI; write STORE/NAME@sha256:DIGEST or "
                "STORE/NAME@CHANNEL, such as s3://my-bucket/models/churn@live"
            )
        root, name, pointer = match.group("root", "name", "pointer")
        if not NAME.fullmatch(name):
            raise ArtifactError(f"{name!r:.80} is no model name; it must match {NAME.pattern}")
        if pointer.startswith("sha256:"):
            return cls(root=root, name=name, digest=_digest(pointer))
        if not CHANNEL_NAME.fullmatch(pointer):
            raise ArtifactError(
                f"{pointer!r:.80} is neither sha256:DIGEST nor a channel; "
                f"a channel matches {CHANNEL_NAME.pattern}"
            )
        return cls(root=root, name=name, channel=pointer)

    def __str__(self) -> str:
        pointer = f"sha256:{self.digest}" if self.digest else self.channel
        return f"{self.root}/{self.name}@{pointer}"

    def pinned(self, digest: str) -> ModelUri:
        """The same model at a fixed version."""
        return ModelUri(root=self.root, name=self.name, digest=digest)

    @property
    def channel_path(self) -> str:
        """Where the channel's file lies, relative to the root."""
        return f"{self.name}/channels/{self.channel}.json"

    @property
    def manifest_path(self) -> str:
        """Where the version's manifest lies, relative to the root."""
        return self.blob_path(MANIFEST_NAME)

    def blob_path(self, file: str) -> str:
        """Where a file of the version lies, relative to the root."""
        return f"{self.name}/versions/{self.digest}/{file}"


def _digest(pointer: str) -> str:
    digest = pointer.removeprefix("sha256:")
    if not DIGEST.fullmatch(digest):
        raise ArtifactError(
            f"{pointer!r:.80} is no digest; expected sha256: and 64 lower-case hexadecimal digits"
        )
    return digest


class ChannelMove(NamedTuple):
    """One move of a channel.

    Attributes:
        version: Digest of the version that the channel pointed to after the move.
        action: What moved it.
        at: When, as ISO 8601 in UTC with seconds.
        by: Who moved it; empty where that was not written down.
    """

    version: str
    action: Literal["publish", "promote", "rollback"]
    at: str
    by: str = ""

    def document(self) -> dict[str, str]:
        """The move as JSON has it, without what is not known."""
        return {name: value for name, value in self._asdict().items() if value}


class Channel(NamedTuple):
    """A named pointer to a version, with every move it made, oldest first."""

    moves: tuple[ChannelMove, ...]

    @property
    def version(self) -> str:
        """Digest of the version that the channel points to."""
        return self.moves[-1].version

    @property
    def previous(self) -> str | None:
        """The version that a rollback goes to: the one before, not counting what was rolled back.

        None if there is none left.
        """
        stack: list[str] = []
        for move in self.moves:
            if move.action == "rollback" and len(stack) > 1:
                stack.pop()
            elif stack[-1:] != [move.version]:
                stack.append(move.version)
        return stack[-2] if len(stack) > 1 else None

    def moved(self, move: ChannelMove) -> Channel:
        """The channel after one more move."""
        return Channel(moves=(*self.moves, move))

    def to_bytes(self) -> bytes:
        """The channel's file: JSON, indented for people."""
        fields = {
            "schema_version": SCHEMA_VERSION,
            "version": self.version,
            "moves": [move.document() for move in self.moves],
        }
        return f"{json.dumps(fields, indent=2)}\n".encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Channel:
        """Read a channel's file; `ArtifactError` if it is none."""
        fields = Fields.from_json(data, "the channel's file")
        fields.schema_version("channel", SCHEMA_VERSION)
        moves = tuple(_move(move) for move in fields.children("moves"))
        if not moves or moves[-1].version != fields.text("version", DIGEST):
            raise ArtifactError("the version is not the last move's", where="version")
        return cls(moves=moves)


def _move(fields: Fields) -> ChannelMove:
    return ChannelMove(
        version=fields.text("version", DIGEST),
        action=fields.choice("action", _ACTIONS),
        at=fields.text("at"),
        # Readers of before pass it over, and writers of before left it out.
        by=fields.optional_text("by"),
    )
