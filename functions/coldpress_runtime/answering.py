"""One event, from the front that brought it through a dialect to the model and back.

Errors know nothing of HTTP: the one table that maps them to statuses stands here.
"""

from __future__ import annotations

import time
from typing import Any

from . import errors
from .dialects import Dialect, dialect_of
from .events import Intake, front_of, source_of
from .exchange import Request, Response, Source
from .models import LoadedModel, ModelHolder
from .serving import Serving
from .settings import Settings
from .telemetry import Telemetry

__all__ = ["STATUS", "Answering"]

# The most particular class of an error decides; subclasses stand before their bases.
STATUS: dict[type[errors.RuntimeFault], int] = {
    errors.UnsupportedMedia: 415,
    errors.PayloadTooLarge: 413,
    errors.RequestError: 400,
    errors.UnknownRoute: 404,
    errors.UnknownModel: 404,
    errors.MethodNotAllowed: 405,
    errors.ModelUnavailable: 503,
    errors.OutOfTime: 504,
}
_UNFORESEEN = 500
_MARGIN_SECONDS = 0.5
_DEFAULT_SECONDS = 60.0
_UNAVAILABLE = "the model is not available at the moment; try again later"
_INTERNAL = "the prediction failed; the function's log has the cause under request id "
_MOST_CHARACTERS = 6
_PLAIN = ("", "identity")
# Metrics and requests share a line, and CloudWatch takes no endless ones.
_LOGGED_CHARACTERS = 1024


class Answering:
    """Answers events with the container's models.

    Args:
        settings: What the function was told.
        models: What it serves.
        telemetry: Where each request is told.
    """

    def __init__(self, settings: Settings, models: ModelHolder, telemetry: Telemetry) -> None:
        self._settings = settings
        self._models = models
        self._telemetry = telemetry
        models.report_to(telemetry)

    def answer(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
        """What the handler returns for an event; see `predict.handler`."""
        front = front_of(source_of(event))
        return front.render(event, self.respond(front, event, context)[0])

    def respond(
        self,
        intake: Intake,
        event: Any,  # noqa: ANN401 - Lambda's own
        context: Any,  # noqa: ANN401 - Lambda's own
    ) -> tuple[Response, LoadedModel | None]:
        """The answer to an event, and the model that was asked; None if none was.

        Args:
            intake: What reads the event.
            event: The event.
            context: Lambda's context; the request id and the remaining time are read.

        Raises:
            NotARequest: The event is nobody's who would hear the answer.
        """
        began = time.perf_counter()
        call = _Call(intake, event, context)
        try:
            response = self._answered(call)
        except errors.NotARequest:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            response = self._refused(call, error)
        if call.request is not None:
            response = self._finished(call.request, response)
        self._report(call, response, began)
        return response, call.serving.used if call.serving else None

    def serving(self, seconds: float, deadline: float | None = None) -> Serving:
        """The models, for one request that may wait so long, and must have ended by a time."""
        return Serving(self._models, seconds, self._settings.limits, deadline=deadline)

    def _answered(self, call: _Call) -> Response:
        request = call.request = call.intake.parse(call.event, self._settings.base_path)
        dialect = call.dialect = dialect_of(request.path)
        allowed = dialect.methods(request.path)
        if request.method == "OPTIONS":
            return self._options(request, allowed)
        if request.method == "HEAD" and "GET" in allowed:
            request = request._replace(method="GET")
        if request.method not in allowed:
            raise errors.MethodNotAllowed(
                f"{request.path:.200} answers {' and '.join(allowed)}, not {request.method:.16}",
                allowed=_methods(allowed),
            )
        serving = call.serving = self.serving(*_patience(call.context))
        response = dialect.answer(self._plain(request), serving)
        return self._within_limits(call, _packed(request, response))

    def _plain(self, request: Request) -> Request:
        """The request with its body as the client meant it."""
        limits = self._settings.limits
        if len(request.body) > limits.body_bytes:
            raise errors.PayloadTooLarge(
                f"the body has {len(request.body):,} bytes; the limit is {limits.body_bytes:,}"
            )
        encoding = request.headers.get("content-encoding", "")
        if encoding.lower() in _PLAIN:
            return request
        from .bodies import expanded  # noqa: PLC0415 - for clients that compress

        # REST APIs undo it themselves, and say nothing of that in the headers.
        undone = request.source is Source.REST_API
        body = expanded(request.body, encoding, limits, may_be_undone=undone)
        return request._replace(body=body)

    def _within_limits(self, call: _Call, response: Response) -> Response:
        most = min(self._settings.limits.response_bytes, call.intake.ANSWER_BYTES)
        # No byte becomes more than six characters: most answers need no count of their marks.
        if _MOST_CHARACTERS * len(response.body) <= most:
            return response
        if (size := call.intake.sent_bytes(response)) > most:
            raise errors.PayloadTooLarge(
                f"the answer has {size:,} bytes and at most {most:,} "
                "can be sent; ask for fewer rows or name the outputs that you need"
            )
        return response

    def _options(self, request: Request, allowed: tuple[str, ...]) -> Response:
        methods = _methods(allowed)
        headers = {"allow": ", ".join(methods)}
        if self._settings.cors_origins:
            from .cors import preflight_headers  # noqa: PLC0415 - for browsers

            headers |= preflight_headers(request.headers, methods)
        return Response(status=204, body=b"", headers=headers, content_type="")

    def _finished(self, request: Request, response: Response) -> Response:
        """The answer with what belongs to HTTP rather than to a dialect."""
        if request.method == "HEAD":
            response = response._replace(body=b"")
        if self._settings.cors_origins:
            from .cors import cors_headers  # noqa: PLC0415 - for browsers

            told = cors_headers(request.headers, self._settings.cors_origins)
            varies = [each["vary"] for each in (response.headers, told) if "vary" in each]
            if varies:
                told["vary"] = ", ".join(varies)
            response = response._replace(headers={**response.headers, **told})
        return response

    def _refused(self, call: _Call, error: Exception) -> Response:
        kinds = (code for kind, code in STATUS.items() if isinstance(error, kind))
        status = next(kinds, _UNFORESEEN)
        code = error.code if isinstance(error, errors.RuntimeFault) else "unexpected"
        headers: dict[str, str] = {}
        message = _printable(error)
        if isinstance(error, errors.MethodNotAllowed):
            headers["allow"] = ", ".join(error.allowed)
        elif isinstance(error, errors.ModelUnavailable):
            self._telemetry.failure(message, error, request_id=call.request_id)
            headers["retry-after"] = str(error.retry_after)
            message = _UNAVAILABLE
        elif status == _UNFORESEEN:
            self._telemetry.failure(message, error, request_id=call.request_id)
            message = f"{_INTERNAL}{call.request_id}"
        elif error.__cause__ is not None:  # which is no fault, and logged nowhere else
            call.cause = _printable(error.__cause__)[:_LOGGED_CHARACTERS]
        body = (call.dialect or dialect_of("")).refusal(status, code, message)
        return Response(status=status, body=body, headers=headers, error=message, code=code)

    def _report(self, call: _Call, response: Response, began: float) -> None:
        request = call.request
        self._telemetry.answered(
            request_id=call.request_id,
            method=request.method if request else "",
            path=request.path[:_LOGGED_CHARACTERS] if request else "",
            status=response.status,
            latency_ms=(time.perf_counter() - began) * 1000,
            request_bytes=len(request.body) if request else 0,
            response_bytes=len(response.body),
            error=response.error,
            cause=call.cause,
            model=call.serving.used if call.serving else None,
        )


class _Call:
    """An event on its way; what is not known of it yet is None."""

    __slots__ = (
        "cause",
        "context",
        "dialect",
        "event",
        "intake",
        "request",
        "request_id",
        "serving",
    )

    def __init__(self, intake: Intake, event: Any, context: Any) -> None:  # noqa: ANN401 - Lambda's
        self.intake = intake
        self.event = event
        self.context = context
        self.request_id = str(getattr(context, "aws_request_id", ""))
        self.request: Request | None = None
        self.cause = ""
        self.dialect: Dialect | None = None
        self.serving: Serving | None = None


def _methods(allowed: tuple[str, ...]) -> tuple[str, ...]:
    """What a path answers, with the methods that every one has."""
    return (*allowed, *(("HEAD",) if "GET" in allowed else ()), "OPTIONS")


def _printable(error: BaseException) -> str:
    """What an error says, without halves of surrogate pairs.

    JSON can spell them, but they fit into no answer and no log line.
    """
    return str(error).encode(errors="replace").decode()


def _packed(request: Request, response: Response) -> Response:
    """The answer compressed, where the client asks for that and the front can hand it on."""
    accepted = request.headers.get("accept-encoding", "")
    # REST APIs compress by themselves, and would take what we compress for text.
    if not accepted or request.source is Source.REST_API:
        return response
    from .bodies import compressed  # noqa: PLC0415 - for clients that ask for it

    return compressed(response, accepted)


def _patience(context: Any) -> tuple[float, float | None]:  # noqa: ANN401 - Lambda's own interface
    """Seconds that may pass before a model is there, and when Lambda ends the invocation."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return _DEFAULT_SECONDS, None
    left = remaining() / 1000
    return max(0.0, left - _MARGIN_SECONDS), time.monotonic() + left
