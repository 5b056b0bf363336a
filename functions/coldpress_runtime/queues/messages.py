"""SQS events to messages, and a message to the request that it is.

The body is a request's body; the message attributes ``path`` and ``content-type`` say which
protocol's, and go without saying for the Open Inference Protocol. The module is an `Intake`.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import hashlib
from typing import Any

from coldpress_runtime.errors import NotARequest, RequestError
from coldpress_runtime.events.proxy import text_of
from coldpress_runtime.exchange import JSON, Request, Response, Source

__all__ = ["ANSWER_BYTES", "group_of", "is_batch", "key_of", "parse", "records_of", "sent_bytes"]

# An answer goes to object storage: what the settings allow is the only limit.
ANSWER_BYTES = 10**15
_SOURCE = "aws:sqs"
_PATH = "/v2/infer"


def is_batch(event: object) -> bool:
    """Whether an event is an SQS event source's."""
    records = event.get("Records") if isinstance(event, dict) else None
    return (
        isinstance(records, list)
        and bool(records)
        and all(isinstance(each, dict) and each.get("eventSource") == _SOURCE for each in records)
    )


def records_of(event: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """The messages of an event, as they came.

    Raises:
        NotARequest: It is no queue's event, or a message has no id by which to give it back.
    """
    if not is_batch(event):
        raise NotARequest(
            "this function answers the messages of an SQS queue, and the event has none; send "
            "requests to predict.handler"
        )
    records: list[dict[str, Any]] = event["Records"]
    if not all(isinstance(each.get("messageId"), str) and each["messageId"] for each in records):
        raise NotARequest("a message of the event has no messageId by which it could be given back")
    return records


def group_of(record: dict[str, Any]) -> str:
    """What orders a message among others: the group in a FIFO queue; else only the message."""
    group = _fields(record, "attributes").get("MessageGroupId")
    fifo = str(record.get("eventSourceARN")).endswith(".fifo")
    return f"group {group}" if fifo and group else f"message {record['messageId']}"


def parse(record: dict[str, Any], base_path: str = "") -> Request:  # noqa: ARG001 - as `Intake` says
    """The request that a message is; see `Intake`."""
    return Request(
        source=Source.DIRECT,
        method="POST",
        path=_attribute(record, "path") or _PATH,
        headers={"content-type": _attribute(record, "content-type") or JSON},
        body=text_of(record, "body").encode(),
    )


def sent_bytes(response: Response) -> int:
    """How many bytes the answer takes; see `Intake`."""
    return len(response.body)


def key_of(record: dict[str, Any]) -> str:
    """The SHA-256 of what a message asks, in hexadecimal digits.

    It is that of path, content type and body, each but the last followed by a line break: the
    same question has the same key, however often it is sent or delivered.
    """
    request = parse(record)
    asked = f"{request.path}\n{request.headers['content-type']}\n".encode()
    return hashlib.sha256(asked + request.body).hexdigest()


def _attribute(record: dict[str, Any], name: str) -> str:
    attribute = _fields(record, "messageAttributes").get(name)
    if attribute is None:
        return ""
    if not isinstance(attribute, dict) or not isinstance(attribute.get("stringValue"), str):
        raise RequestError(f"the message attribute {name} must be of the type String")
    value = text_of(attribute, "stringValue")
    # A line break would let two questions have one key.
    if not value.isprintable():
        raise RequestError(
            f"the message attribute {name} holds characters that are none of its kind"
        )
    return value


def _fields(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}
