"""What is asked of a deployment, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from coldpress.pipeline import ModelSource
from coldpress_runtime.pointers import ModelUri

__all__ = ["Deployed", "Order", "Shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be deployed, and how.

    Attributes:
        source: A model to export, with what is known of it; a bundle's directory; or a model URI.
        sample: For a model to export, the file with its rows.
        name: The exported model's name; its file's, if None.
        labels: The sample's column with true labels.
        drop: Columns of the sample that are left out.
        compress: How the exported model is made smaller.
        store: Where it is published; a bucket of the account, if None.
        tool: ``sam`` or ``serverless``; the project's, or else whichever there is, if None.
        stage: What ends the stack's name, and names the channel that comes to point to the version.
        stack: The stack's name; the project's, or else the model's and the stage, if None.
        region: Where to; the project's, the environment's or the profile's, if None.
        parameters: The template's parameters, in the place of the project's own values.
        tags: Tags of the stack, which CloudFormation gives to all that is in it; without any, those
            of the project.
        project: Folder that has a template of ours; if None, the current one, and the shipped
            template where that has none.
        output: Folder for what is made on the way; ``build``, if None. A project has its own.
        build: Whether the function's package is built, or taken as it lies in `output`.
        patience: How many seconds it may take, once it is deployed, until it answers.
    """

    source: ModelSource
    sample: Path | None = None
    name: str | None = None
    labels: str | None = None
    drop: tuple[str, ...] = ()
    compress: str = "lossless"
    store: str | None = None
    tool: str | None = None
    stage: str = "live"
    stack: str | None = None
    region: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    project: Path | None = None
    output: Path | None = None
    build: bool = True
    patience: float = 120.0

    @property
    def folder(self) -> Path:
        """Where the project is, if there is one."""
        return self.project or Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A model that answers.

    Attributes:
        uri: The version that was deployed, pinned.
        stack: The stack.
        tool: What deployed it.
        url: Where it answers.
        asked: How many golden examples it answered as the original did; 0 where it has none.
        unasked: Why it was not asked; empty if it was.
        channel: The channel that points to it now.
        curl: A command that asks it.
    """

    uri: ModelUri
    stack: str
    tool: str
    url: str
    asked: int
    unasked: str
    channel: str
    curl: str


class Shown(Protocol):
    """Who is told how far it is."""

    output: IO[str]
    """Where a tool's own output goes."""

    def command(self, text: str) -> None:
        """A step begins, which this command would do alone."""

    def doing(self, step: str) -> None:
        """Something of it takes a while."""

    def clear(self) -> None:
        """Somebody else is about to print."""
