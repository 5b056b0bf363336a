"""What was deployed, asked through its URL: the golden examples, as any caller would ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coldpress.errors import DeployError, brief
from coldpress.stores import connect
from coldpress_runtime.golden_check import GoldenMismatch, answer_of, compare_examples
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import fetch_manifest, read_blob

from .calls import Endpoint

if TYPE_CHECKING:
    from coldpress_runtime.session import Tensors

__all__ = ["ask_golden", "golden_request"]

_OK = 200
_PAUSE_SECONDS = 2.0
_MEANINGS = {
    0: "nothing answers there",
    401: "the credentials are not taken",
    403: "the caller may not invoke it: execute-api:Invoke on the API, or for a function URL "
    "lambda:InvokeFunctionUrl and lambda:InvokeFunction",
}


def golden_request(pinned: ModelUri) -> dict[str, Any] | None:
    """The first golden example's request; None for a version that has none.

    Raises:
        ModelUnavailable: The version can't be read.
    """
    data = _golden(pinned)
    if data is None:
        return None
    request: dict[str, Any] = json.loads(data)["examples"][0]["request"]
    return request


def ask_golden(
    endpoint: Endpoint,
    pinned: ModelUri,
    *,
    progress: Callable[[str], None],
    patience: float,
) -> int:
    """Ask what was deployed each golden example, and compare the answers with the original's.

    Args:
        endpoint: Where it answers.
        pinned: The version that it has to be.
        progress: Called while it does not answer yet.
        patience: How many seconds it may take until it answers at all: a new API, a new right and a
            new version take a while to be known everywhere.

    Returns:
        How many examples were asked; 0 for a version without any, which was asked if it is ready.

    Raises:
        DeployError: It does not answer in time, or answers otherwise, or as another version.
    """
    asked = _Asked(endpoint, pinned, time.monotonic() + patience, progress)
    golden = _golden(pinned)
    if golden is None:
        asked.document(f"/v2/models/{pinned.name}/ready", None)
        return 0
    manifest = fetch_manifest(connect(pinned.root), pinned)
    try:
        compare_examples(golden, asked.tensors, manifest)
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
            found = _document(body) if status == _OK else None
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
            return f"{url} still answers as {other}, not as sha256:{self._pinned.digest:.12}"
        meaning = _MEANINGS.get(status) or brief(body.decode(errors="replace")) or "an empty answer"
        return f"{url} was deployed, and answers {status or 'nothing'}: {meaning}"


def _golden(pinned: ModelUri) -> bytes | None:
    store = connect(pinned.root)
    blob = fetch_manifest(store, pinned).golden
    if blob is None:
        return None
    data = read_blob(store, pinned, blob)
    return data if json.loads(data)["examples"] else None


def _document(body: bytes) -> dict[str, Any] | None:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
