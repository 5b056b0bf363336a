"""A batch of messages: each is answered, put aside, or given back, and none is lost.

What is answered is kept before its message leaves the queue. What no later try can answer goes to
the dead-letter queue; what one may goes back, and so does what there is no time for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any, NamedTuple

from coldpress_runtime.answering import Answering
from coldpress_runtime.errors import ModelUnavailable, RuntimeFault
from coldpress_runtime.settings import Settings
from coldpress_runtime.telemetry import Telemetry

from . import messages
from .dead_letters import DeadLetters
from .results import Results

__all__ = ["Worker"]

# Keeping an answer is waiting for the store: this many do so side by side.
_SIDE_BY_SIDE = 8
# What is left of the time when the answer of the handler itself has to be on its way.
_MARGIN_SECONDS = 1.0
_DEFAULT_SECONDS = 60.0
_FAILED, _UNFORESEEN = 400, 500
# What may be gone with the next version that a channel brings.
_PASSING = ("unknown_version",)

Record = dict[str, Any]


class Worker:
    """Answers the messages of a queue.

    Args:
        settings: What the function was told.
        answering: Answers a request.
        results: Keeps answers.
        dead_letters: Takes what can't be answered.
        telemetry: Where faults are told.
    """

    def __init__(
        self,
        settings: Settings,
        answering: Answering,
        results: Results,
        dead_letters: DeadLetters,
        telemetry: Telemetry,
    ) -> None:
        self._problems = (*settings.problems, *_problems(settings))
        self._answering = answering
        self._results = results
        self._dead_letters = dead_letters
        self._telemetry = telemetry

    def handle(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
        """What the handler returns for an event; see `batch.handler`."""
        records = messages.records_of(event)
        clock = _Clock.of(context)
        if self._problems:
            error = ModelUnavailable("; ".join(self._problems), code="configuration")
            self._telemetry.failure(str(error), error, request_id=clock.request_id)
            return _given_back(records)
        # Before any message is timed; if it fails, each message is told why.
        with suppress(RuntimeFault):
            self._answering.serving(max(0.0, clock.left - _MARGIN_SECONDS)).ready()
        groups = _groups(records)
        self._settle(groups, clock)
        return _given_back([record for group in groups for record in group.left])

    def _settle(self, groups: Sequence[_Group], clock: _Clock) -> None:
        """Settle what there is time for; what still runs at the end of it goes back, too."""
        pool = ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(groups)), "message")
        pending = [pool.submit(self._settle_group, group, clock) for group in groups]
        wait(pending, timeout=max(0.0, clock.left - _MARGIN_SECONDS))
        pool.shutdown(wait=False, cancel_futures=True)

    def _settle_group(self, group: _Group, clock: _Clock) -> None:
        """Settle messages in their order, up to the first that can't be."""
        for record in group.records:
            try:
                if not self._is_settled(record, clock):
                    return
            except Exception as error:  # noqa: BLE001 - whatever it is, the message is not lost
                self._telemetry.failure(str(error), error, request_id=record["messageId"])
                return
            group.settled += 1

    def _is_settled(self, record: Record, clock: _Clock) -> bool:
        if not clock.has_time:
            return False
        began = time.monotonic()
        call = clock.for_message(record["messageId"])
        response, model = self._answering.respond(messages, record, call)
        if response.status >= _FAILED or model is None:
            permanent = response.status < _UNFORESEEN and response.code not in _PASSING
            return permanent and self._dead_letters.take(record, response.error or "")
        self._results.keep(model, messages.key_of(record), response.body)
        clock.took(time.monotonic() - began)
        return True


class _Call(NamedTuple):
    """Lambda's context for one message, which is known to the log by its own id."""

    aws_request_id: str
    clock: _Clock

    def get_remaining_time_in_millis(self) -> int:
        return int(max(0.0, self.clock.left - _MARGIN_SECONDS) * 1000)


class _Clock:
    """How much of the invocation's time is left, and how long a message has taken at most."""

    def __init__(self, request_id: str, seconds: float) -> None:
        self.request_id = request_id
        self._end = time.monotonic() + seconds
        self._slowest = 0.0

    @classmethod
    def of(cls, context: Any) -> _Clock:  # noqa: ANN401 - Lambda's own interface
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        seconds = _DEFAULT_SECONDS if remaining is None else remaining() / 1000
        return cls(str(getattr(context, "aws_request_id", "")), seconds)

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    @property
    def has_time(self) -> bool:
        """Whether a message as slow as the slowest so far would end in time."""
        return self.left > _MARGIN_SECONDS + self._slowest

    def took(self, seconds: float) -> None:
        self._slowest = max(self._slowest, seconds)

    def for_message(self, name: str) -> _Call:
        return _Call(name, self)


class _Group:
    """Messages that have an order among them, and how many of them are settled."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.settled = 0

    @property
    def left(self) -> list[Record]:
        return self.records[self.settled :]


def _groups(records: Sequence[Record]) -> list[_Group]:
    groups: dict[str, _Group] = {}
    for record in records:
        groups.setdefault(messages.group_of(record), _Group()).records.append(record)
    return list(groups.values())


def _problems(settings: Settings) -> Iterator[str]:
    """What is wrong with the variables that only messages need."""
    if "://" not in settings.results:
        yield (
            "COLDPRESS_RESULTS must be the URL of a place for answers, such as "
            f"s3://my-bucket/answers, not {settings.results!r:.80}"
        )
    if settings.dead_letter_queue and "://" not in settings.dead_letter_queue:
        yield (
            "COLDPRESS_DEAD_LETTER_QUEUE must be the URL of a queue, not "
            f"{settings.dead_letter_queue!r:.80}"
        )


def _given_back(records: Sequence[Record]) -> dict[str, Any]:
    """A partial batch response; see the event source's ``ReportBatchItemFailures``."""
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in records]}
