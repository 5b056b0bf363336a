"""One event through the handler, as `coldpress invoke` does."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldpress.errors import UsageError
from coldpress.registry import describe
from coldpress_runtime.errors import NotARequest
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.queues.messages import is_batch

from .handler import Handler, LocalContext, latest_fault, load_batch, load_handler

__all__ = ["Invocation", "invoke", "read_event"]

_SERVER_ERROR = 500
_RETURNED = "batchItemFailures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What became of one event.

    Attributes:
        response: What the handler returned.
        status: The HTTP status; 200 for a direct invocation that succeeded, and for messages that
            were all answered; 503 if one goes back to its queue.
        logs: What the function wrote to its log, one JSON object a line.
    """

    response: dict[str, Any]
    status: int
    logs: str

    @property
    def fault(self) -> str:
        """What went wrong, if the function did not do what it is for; empty if it did."""
        if self.status < _SERVER_ERROR:
            return ""
        returned = len(self.response.get(_RETURNED, ()))
        messages = "1 message" if returned == 1 else f"{returned} messages"
        what = f"gives {messages} back" if returned else f"answered {self.status}"
        return f"the function {what}: {self._cause}"

    @property
    def _cause(self) -> str:
        """What the function logged as its latest fault, or else as its latest refusal."""
        if fault := latest_fault(self.logs):
            return fault
        lines = [json.loads(line) for line in self.logs.splitlines() if line.startswith("{")]
        return next((line["error"] for line in lines[::-1] if "error" in line), "")

    @property
    def body(self) -> str:
        """The answer as it is sent, taken out of the proxy response if there is one."""
        text = self.response.get("body")
        return text if isinstance(text, str) else json.dumps(self.response)


def invoke(model: ModelUri, event: object, *, results: str = "") -> Invocation:
    """Load the function with a model and let it answer one event.

    Args:
        model: The model to serve.
        event: An API Gateway event, an inference request, or the messages of a queue.
        results: URL of the place for the answers to messages.

    Raises:
        StoreError: The model is not in the store.
        UsageError: The event is none that a function answers, or messages' answers have no place.
    """
    describe(model)
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        handler = _handler_of(event, model, results)
        try:
            response = handler(event, LocalContext())
        except NotARequest as error:
            raise UsageError(str(error)) from error
    return Invocation(response=response, status=_status(response), logs=log.getvalue())


def read_event(path: Path) -> object:
    """An event from a JSON file.

    Raises:
        UsageError: The file can't be read or is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"can't read the event {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the event {path} is not JSON: {error}") from error


def _handler_of(event: object, model: ModelUri, results: str) -> Handler:
    """The function that answers such events."""
    if not is_batch(event):
        return load_handler(model)
    if not results:
        raise UsageError(
            "the event holds messages of a queue; name a place for their answers with --results, "
            "such as ./answers"
        )
    return load_batch(model, results=results)


def _status(response: dict[str, Any]) -> int:
    if response.get(_RETURNED):
        return 503
    status = response.get("statusCode", response.get("status", 200))
    return status if isinstance(status, int) else 200
