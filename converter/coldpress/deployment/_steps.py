"""Each step of a deployment as the command that would do it alone."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ._prepared import Prepared
from .models_bucket import MODELS_STACK

__all__ = [
    "ask_step",
    "bucket_step",
    "build_step",
    "export_step",
    "in_folder",
    "promote_step",
    "publish_step",
    "template_step",
]


def export_step(ready: Prepared) -> str:
    """The model's file to a bundle."""
    order, source = ready.order, ready.order.source
    words = ["coldpress", "export", str(source.model), "--sample", str(order.sample)]
    words += ["-o", str(ready.made_bundle), "--name", ready.name]
    words += ["--trust"] if source.trust else []
    words += ["--weights", str(source.weights)] if source.weights else []
    words += ["--signature", source.signature] if source.signature else []
    words += [word for plugin in source.plugins for word in ("--plugin", plugin)]
    words += ["--labels", order.labels] if order.labels else []
    words += [word for column in order.drop for word in ("--drop", column)]
    words += ["--compress", order.compress] if order.compress != "lossless" else []
    return shlex.join([*words, "--force"])


def bucket_step(store: str) -> str:
    """The bucket of the account; no command of its own."""
    bucket = store.split("/")[2]
    return f"# make the bucket {bucket}, by the stack {MODELS_STACK}, unless it is there"


def template_step(ready: Prepared) -> str:
    """The shipped template where the tool runs; no command of its own."""
    return f"# lay the shipped template down in {ready.folder}"


def publish_step(ready: Prepared, store: str) -> str:
    """The bundle to the store."""
    return _there(ready, ["coldpress", "publish", str(ready.made_bundle), store])


def build_step(ready: Prepared) -> str:
    """The function's package."""
    words = ["coldpress", "build", "-o", str(ready.archive.parent)]
    words += ["--python", ready.python, "--arch", ready.architecture]
    return shlex.join(words)


def in_folder(ready: Prepared, command: list[str]) -> str:
    """A tool's command, run where its template is."""
    words = shlex.join(command)
    here = ready.folder.absolute() == Path.cwd()
    return words if here else f"(cd {shlex.quote(str(ready.folder))} && {words})"


def promote_step(ready: Prepared, uri: str) -> str:
    """The channel to the version."""
    return _there(ready, ["coldpress", "promote", uri, "--channel", ready.order.stage])


def _there(ready: Prepared, words: list[str]) -> str:
    """A command that asks the store in the deployment's region, if that is none of the shell's."""
    region = ready.region
    known = region in (None, os.environ.get("AWS_REGION"))
    return shlex.join(words) if known else f"AWS_REGION={region} {shlex.join(words)}"


def ask_step(ready: Prepared) -> str:
    """What is deployed, asked; no command of its own."""
    return f"# ask {ready.stack} the golden examples of {ready.name}, through its URL"
