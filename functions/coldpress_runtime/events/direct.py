"""Direct invocations: the event is an inference request of the Open Inference Protocol.

Beside the protocol's own fields it may name the model and the version, as an answer does.
"""

from __future__ import annotations

from typing import Any

import orjson

from coldpress_runtime.errors import NotARequest, RequestError
from coldpress_runtime.exchange import Request, Response, Source

from .proxy import text_of

__all__ = ["ANSWER_BYTES", "parse", "render", "sent_bytes"]

# 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES = 6 * 1024**2
# Lambda's runtime writes the answer anew: a space follows each comma and colon, and exponents have
# two digits.
_LONGER = (b",", b":", b"e")
# What SQS, SNS, S3, DynamoDB and Kinesis call what they deliver; Kafka; and MQ.
_BATCHES = ("Records", "records", "messages")
_NAMES = (("models", "model_name"), ("versions", "model_version"))


def parse(event: Any, base_path: str = "") -> Request:  # noqa: ANN401, ARG001 - as `Front` says
    """Read an event; see `Front`.

    Raises:
        NotARequest: It is what a queue, a topic or a stream delivers, and an answer ends that.
    """
    if _is_delivered(event):
        raise NotARequest(
            "the event holds records rather than a request: give the messages of an SQS queue to "
            "batch.handler; records of other sources are not read"
        )
    if not isinstance(event, dict) or "inputs" not in event:
        raise RequestError(
            "the event is neither an API's nor an inference request; to invoke the function "
            'directly, send {"inputs": [{"name", "shape", "datatype", "data"}]}'
        )
    try:
        body = orjson.dumps(event)
    except TypeError as error:
        raise RequestError(f"the event can't be read as JSON: {error}") from error
    return Request(source=Source.DIRECT, method="POST", path=_path(event), body=body)


def render(_event: object, response: Response) -> dict[str, Any]:
    """The document itself, with the status beside the error where there is one; see `Front`."""
    document: dict[str, Any] = orjson.loads(response.body)
    return {**document, "status": response.status} if response.failed else document


def sent_bytes(response: Response) -> int:
    """At most how many bytes the answer takes once it is written anew; see `Front`."""
    body = response.body
    escaped = 0 if body.isascii() else 4 * (len(body) - len(body.decode()))
    return len(body) + sum(body.count(mark) for mark in _LONGER) + escaped


def _is_delivered(event: object) -> bool:
    """Whether an event is what a queue, a topic or a stream delivers, alone or in a list."""
    if isinstance(event, list):
        return bool(event) and all(
            isinstance(each, dict) and "eventSource" in each for each in event
        )
    return (
        isinstance(event, dict)
        and "inputs" not in event
        and any(event.get(name) and not isinstance(event[name], str) for name in _BATCHES)
    )


def _path(event: dict[str, Any]) -> str:
    named = [f"/{part}/{text_of(event, key)}" for part, key in _NAMES if key in event]
    return f"/v2{''.join(named)}/infer"
