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
from coldpress_runtime.pointers import ModelUri

from .handler import LocalContext, load_handler

__all__ = ["Invocation", "invoke", "read_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What became of one event.

    Attributes:
        response: What the handler returned.
        status: The HTTP status; 200 for a direct invocation that succeeded.
        logs: What the function wrote to its log, one JSON object a line.
    """

    response: dict[str, Any]
    status: int
    logs: str

    @property
    def cause(self) -> str:
        """What the function logged as its latest fault; empty if it logged none."""
        records = [json.loads(line) for line in self.logs.splitlines() if line.startswith("{")]
        faults = [record for record in records if record.get("level") == "ERROR"]
        return f"{faults[-1]['message']} ({faults[-1]['error_code']})" if faults else ""

    @property
    def body(self) -> str:
        """The answer as it is sent, taken out of the proxy response if there is one."""
        text = self.response.get("body")
        return text if isinstance(text, str) else json.dumps(self.response)


def invoke(model: ModelUri, event: object) -> Invocation:
    """Load the function with a model and let it answer one event.

    Args:
        model: The model to serve.
        event: An API Gateway event, or an inference request.

    Raises:
        StoreError: The model is not in the store.
    """
    describe(model)
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        response = load_handler(model)(event, LocalContext())
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


def _status(response: dict[str, Any]) -> int:
    status = response.get("statusCode", response.get("status", 200))
    return status if isinstance(status, int) else 200
