"""The queue function's handler: messages in, their answers in object storage.

A function of its own beside `predict`, since a queue wants other rights, another timeout and
another concurrency than callers who wait.
"""

from __future__ import annotations

import os

# numpy's BLAS, which inference never calls, would start a busy thread for each vCPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from typing import TYPE_CHECKING, Any

from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings

# ruff: noqa: E402 - the first lines come first
_settings = Settings.from_environment(os.environ)
_models = ModelHolder(_settings)
_models.begin()

# The model is on its way while these are imported.
from coldpress_runtime.answering import Answering
from coldpress_runtime.queues.dead_letters import DeadLetters
from coldpress_runtime.queues.results import Results
from coldpress_runtime.queues.worker import Worker
from coldpress_runtime.telemetry import Telemetry

if TYPE_CHECKING:
    from coldpress_runtime.queues.dead_letters import QueueClient

__all__ = ["handler"]


def _client() -> QueueClient:
    """A client of SQS; Lambda's runtime has boto3, and the package need not."""
    import boto3  # noqa: PLC0415 - only a message that can't be answered is worth its time

    client: QueueClient = boto3.client("sqs")
    return client


_telemetry = Telemetry(_settings)
_worker = Worker(
    _settings,
    Answering(_settings, _models, _telemetry),
    Results(_settings),
    DeadLetters(_settings.dead_letter_queue, _client),
    _telemetry,
)


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own interface
    """Answer a batch of messages.

    Args:
        event: What an SQS event source sends.
        context: Lambda's context; the remaining time is read.

    Returns:
        A partial batch response: the messages that go back to the queue. The event source has to
        ask for it (``FunctionResponseTypes: [ReportBatchItemFailures]``).

    Raises:
        NotARequest: The event is no queue's.
    """
    return _worker.handle(event, context)
