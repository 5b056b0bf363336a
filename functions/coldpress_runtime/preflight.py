"""A version of the function held against its model's golden examples, before it has traffic."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from .errors import ModelUnavailable, PreflightFailed
from .fetching import store_of
from .golden_check import answer_of, compare_examples
from .settings import Settings
from .store import fetch_manifest, read_blob, resolve

if TYPE_CHECKING:
    from .session import Tensors

__all__ = ["check_version"]

# What is asked where a bundle has no examples: whether the model is there.
_READY = {
    "version": "2.0",
    "rawPath": "/v2/health/ready",
    "headers": {},
    "requestContext": {"stage": "$default", "http": {"method": "GET"}},
}
_OK = 200


def check_version(settings: Settings, invoke: Callable[[bytes], bytes], seconds: float) -> None:
    """Ask a version of the function its model's golden examples, and compare what it answers.

    Args:
        settings: What the function is told; the first model's examples are asked.
        invoke: Invokes the version with an event, as JSON, and gives its answer.
        seconds: How long all of it may take.

    Raises:
        GoldenMismatch: It answers otherwise than the original model, or not in time.
        PreflightFailed: Its bundle has no examples, and it is not ready.
        ModelUnavailable: The bundle can't be read.
    """
    if settings.problems:
        raise ModelUnavailable("; ".join(settings.problems), code="configuration")
    uri = settings.models[0]
    store = store_of(uri.root, settings.fetch)
    pinned = resolve(store, uri)
    manifest = fetch_manifest(store, pinned)
    version = _Version(invoke, time.monotonic() + seconds)
    if manifest.golden is None:
        version.ready()
        return
    golden = read_blob(store, pinned, manifest.golden)
    compare_examples(golden, version.asked, manifest)


class _Version:
    """The version that is asked."""

    def __init__(self, invoke: Callable[[bytes], bytes], until: float) -> None:
        self._invoke = invoke
        self._until = until

    def ready(self) -> None:
        answer = self._answer(_READY)
        if answer.get("statusCode") != _OK:
            raise PreflightFailed(f"it is not ready: {answer.get('body', '')!r:.300}")

    def asked(self, request: Mapping[str, Any]) -> Tensors:
        answer = self._answer(request)
        if "outputs" not in answer:
            raise PreflightFailed(f"it answers {answer.get('error', 'no prediction')!r:.300}")
        return {output["name"]: answer_of(output) for output in answer["outputs"]}

    def _answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if time.monotonic() > self._until:
            raise PreflightFailed("the time for it is over")
        answer: dict[str, Any] = orjson.loads(self._invoke(orjson.dumps(event)))
        return answer
