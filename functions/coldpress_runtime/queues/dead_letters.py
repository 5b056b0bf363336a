"""Where messages go that no later try can answer: the dead-letter queue, with the reason.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

__all__ = ["DeadLetters", "QueueClient"]

_REASON = "coldpress-error"
_MOST_ATTRIBUTES = 10
# A message's limit, and what its attributes with the reason may take of it.
_MOST_BYTES = 1024 * 1024
_ATTRIBUTE_BYTES = 16 * 1024
_REASON_CHARACTERS = 512


class QueueClient(Protocol):
    """What is needed of boto3's client of SQS."""

    def send_message(self, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's own
        """Send a message to a queue."""


class DeadLetters:
    """Takes messages out of their queue's way.

    Args:
        url: URL of the dead-letter queue; empty if none is to be filled but by the queue's own
            redrive policy.
        client: Makes a client of SQS; called with the first message.
    """

    def __init__(self, url: str, client: Callable[[], QueueClient]) -> None:
        self._url = url
        self._make = client
        self._made: QueueClient | None = None
        self._making = Lock()

    def take(self, record: dict[str, Any], reason: str) -> bool:
        """Send a message on, as it came, with the reason as the attribute ``coldpress-error``.

        Args:
            record: The message, as the event has it.
            reason: Why it can't be answered.

        Returns:
            Whether there is a queue that takes it; without one it has to go back.
        """
        if not self._url:
            return False
        attributes = {
            name: _sendable(attribute)
            for name, attribute in (record.get("messageAttributes") or {}).items()
        }
        room = len(record["body"].encode()) <= _MOST_BYTES - _ATTRIBUTE_BYTES
        if room and (_REASON in attributes or len(attributes) < _MOST_ATTRIBUTES):
            attributes[_REASON] = {"DataType": "String", "StringValue": _plain(reason)}
        self._client().send_message(
            QueueUrl=self._url,
            MessageBody=record["body"],
            MessageAttributes=attributes,
            **self._order(record),
        )
        return True

    def _order(self, record: dict[str, Any]) -> dict[str, str]:
        """What a FIFO queue wants besides."""
        if not self._url.endswith(".fifo"):
            return {}
        group = (record.get("attributes") or {}).get("MessageGroupId") or record["messageId"]
        return {"MessageGroupId": group, "MessageDeduplicationId": record["messageId"]}

    def _client(self) -> QueueClient:
        with self._making:  # boto3 makes one client at a time
            self._made = self._made or self._make()
            return self._made


def _sendable(attribute: dict[str, Any]) -> dict[str, Any]:
    """An attribute in the words of the API rather than the event's."""
    kind = attribute["dataType"]
    if kind.startswith("Binary"):
        value = binascii.a2b_base64(attribute["binaryValue"])
        return {"DataType": kind, "BinaryValue": value}
    return {"DataType": kind, "StringValue": attribute["stringValue"]}


def _plain(text: str) -> str:
    """Text without the characters that SQS refuses."""
    shown = text[:_REASON_CHARACTERS]
    return "".join(each if each.isprintable() else "?" for each in shown) or "?"
