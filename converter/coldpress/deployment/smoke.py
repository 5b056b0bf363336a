"""What was deployed, asked through its URL: the golden examples, as any caller would ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldpress.errors import DeployError, brief
from coldpress.stores import connect
from coldpress_runtime.artifact import Manifest
from coldpress_runtime.golden_check import GoldenMismatch, answer_of, compare_examples
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, read_blob

from .calls import Endpoint

if TYPE_CHECKING:
    from coldpress_runtime.session import Tensors

__all__ = ["Golden", "ask_golden", "golden_of"]

_OK = 200
_PAUSE_SECONDS = 2.0
_MEANINGS = {
    0: "nothing answers there; look at the API and its alias, and whether this machine may reach "
    "it, or wait for longer with --wait",
    401: "the credentials are not taken",
    403: "the caller may not invoke it: execute-api:Invoke on the API, or for a function URL "
    "lambda:InvokeFunctionUrl and lambda:InvokeFunction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """What a published version is asked, and should answer.

    Attributes:
        manifest: The version's manifest.
        data: Its golden examples as they lie in the store; empty where it has none.
    """

    manifest: Manifest
    data: bytes

    @property
    def request(self) -> dict[str, Any] | None:
        """The first example's request; None where there is none."""
        if not self.data:
            return None
        request: dict[str, Any] = json.loads(self.data)["examples"][0]["request"]
        return request


def golden_of(pinned: ModelUri) -> Golden:
    """The golden examples of a published version.

    Raises:
        ModelUnavailable: The version can't be read.
    """
    store = connect(pinned.root)
    manifest = fetch_manifest(store, pinned)
    data = b"" if manifest.golden is None else read_blob(store, pinned, manifest.golden)
    empty = not data or not json.loads(data)["examples"]
    return Golden(manifest=manifest, data=b"" if empty else data)


def ask_golden(
    endpoint: Endpoint,
    pinned: ModelUri,
    golden: Golden,
    *,
    progress: Callable[[str], None],
    patience: float,
) -> int:
    """Ask what was deployed each golden example, and compare the answers with the original's.

    Args:
        endpoint: Where it answers.
        pinned: The version that it has to be.
        golden: What that version is asked.
        progress: Called while it does not answer yet.
        patience: How many seconds it may take until it answers at all: a new API, a new right and a
            new version take a while to be known everywhere.

    Returns:
        How many examples were asked; 0 for a version without any, which was asked if it is ready.

    Raises:
        DeployError: It does not answer in time, or answers otherwise, or as another version.
    """
    asked = _Asked(endpoint, pinned, time.monotonic() + patience, progress)
    if not golden.data:
        asked.document(f"/v2/models/{pinned.name}/ready", None)
        return 0
    try:
        compare_examples(golden.data, asked.tensors, golden.manifest)
    except GoldenMismatch as error:
        raise DeployError(
            f"{endpoint.infer_url} does not answer as the certificate says: {error}; the channel "
            "was not moved, and `coldpress deploy` of the version before brings that back"
        ) from error
    return asked.count


class _Asked:
    """A deployed model that is asked, with patience until its first answer."""

    def __init__(
        self, endpoint: Endpoint, pinned: ModelUri, until: float, progress: Callable[[str], None]
    ) -> None:
        self._endpoint = endpoint
        self._pinned = pinned
        self._until = until
        self._progress = progress
        self.count = 0

    def tensors(self, request: dict[str, Any]) -> Tensors:
        """What it answers to one golden request."""
        answer = self.document(f"/v2/models/{self._pinned.name}/infer", request)
        self.count += 1
        return {output["name"]: answer_of(output) for output in answer["outputs"]}

    def document(self, path: str, request: dict[str, Any] | None) -> dict[str, Any]:
        """A document that it answers with, once it does and as the version that it should be."""
        while True:
            status, body = self._endpoint.ask(path, request)
            found = _document(body, request) if status == _OK else None
            other = None if found is None else self._other_version(found)
            if found is not None and not other:
                return found
            if time.monotonic() > self._until:
                raise DeployError(self._refusal(status, body, other))
            self._progress(f"Waiting for {self._endpoint.url} ({other or status or 'no answer'})")
            time.sleep(_PAUSE_SECONDS)

    def _other_version(self, answer: dict[str, Any]) -> str:
        version = answer.get("model_version", self._pinned.digest)
        return "" if version == self._pinned.digest else f"version {version:.12}"

    def _refusal(self, status: int, body: bytes, other: str | None) -> str:
        url = self._endpoint.infer_url
        if other:
            return (
                f"{url} still answers as {other}, not as sha256:{self._pinned.digest:.12}: traffic "
                "has not moved; CodeDeploy's console says why, and the log of the function "
                "CodeDeployHook_…"
            )
        said = brief(body.decode(errors="replace")) or "an empty answer"
        meaning = _MEANINGS.get(status)
        shown = f"{meaning} ({said})" if meaning and body else meaning or said
        return f"{url} was deployed, and answers {status or 'nothing'}: {shown}"


def _document(body: bytes, request: dict[str, Any] | None) -> dict[str, Any] | None:
    """A whole answer: to a request one with outputs, else any; None for what is neither."""
    if request is None and not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        return None
    whole = isinstance(document, dict) and (request is None or "outputs" in document)
    return document if whole else None
