"""The docs function's routes, on Powertools' event handler: one resolver for each kind of front."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    ApiGatewayResolver,
    APIGatewayRestResolver,
    LambdaFunctionUrlResolver,
    Response,
)
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from coldpress_runtime import errors
from coldpress_runtime.events import front_of, source_of
from coldpress_runtime.exchange import JSON, Source
from coldpress_runtime.exchange import Response as Answer
from coldpress_runtime.settings import Settings
from coldpress_runtime.telemetry import Telemetry

from .assets import PAGES, asset
from .catalogue import Catalogue, catalogue_document
from .openapi import openapi_document

__all__ = ["Pages"]

_RESOLVERS: dict[Source, type[ApiGatewayResolver]] = {
    Source.REST_API: APIGatewayRestResolver,
    Source.HTTP_API: APIGatewayHttpResolver,
    Source.LOAD_BALANCER: ALBResolver,
}
_FUNCTION_URL = ".lambda-url."
_READ = ("GET", "HEAD", "OPTIONS")
_OTHER = ["POST", "PUT", "PATCH", "DELETE"]
_STATUS: dict[type[Exception], int] = {
    errors.RequestError: 400,
    errors.UnknownRoute: 404,
    errors.MethodNotAllowed: 405,
    errors.ModelUnavailable: 503,
}
_UNAVAILABLE = "the models can't be read from their store at the moment; try again later"
_INTERNAL = "the page can't be made; the function's log has the cause under request id "
_DIRECT = "this function answers HTTP requests only; open it behind an API or a function URL"
_MALFORMED = "the event lacks what its front always sends"

# Nothing from another host, no script or style within a page, no frame around it. Swagger UI
# brings its pictures as data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


class Pages:
    """Answers the docs function's events.

    Args:
        settings: What the function was told.
        telemetry: Where faults are told.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._catalogue = Catalogue(settings, telemetry)
        self._resolver = cache(self._made)

    def answer(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
        """What the handler returns for an event; see `docs.handler`."""
        source = source_of(event)
        if source is Source.DIRECT:
            return _refused(event, source, _DIRECT)
        domain = str(event["requestContext"].get("domainName"))
        kind = LambdaFunctionUrlResolver if _FUNCTION_URL in domain else _RESOLVERS[source]
        try:
            return self._resolver(kind).resolve(event, context)
        except (LookupError, TypeError, AttributeError) as error:
            # Routes have their own handler: this is Powertools reading what no front sends.
            self._telemetry.failure(f"the event can't be read: {error!r}", error)
            return _refused(event, source, _MALFORMED)

    def _made(self, kind: type[ApiGatewayResolver]) -> ApiGatewayResolver:
        prefix = self._settings.base_path
        app = kind(strip_prefixes=[prefix] if prefix else None)
        for path, name in PAGES.items():
            self._add(app, path, _page(name))
        self._add(app, "/openapi.json", self._openapi)
        self._add(app, "/catalogue", self._listing)
        self._add(app, "/static/<name>", _static)
        app.not_found(_not_found)
        app.exception_handler(Exception)(self._refusal(app))
        return app

    def _add(
        self, app: ApiGatewayResolver, path: str, answer: Callable[..., Response[Any]]
    ) -> None:
        # REST APIs compress by themselves.
        packed = not isinstance(app, APIGatewayRestResolver)
        app.get(path, compress=packed)(answer)
        app.head(path)(_without_body(answer))
        app.route(path, method="OPTIONS")(_options)
        app.route(path, method=_OTHER)(_refuse_method)

    def _openapi(self) -> Response[Any]:
        return _json(200, openapi_document(self._catalogue.entries()))

    def _listing(self) -> Response[Any]:
        return _json(200, catalogue_document(self._catalogue.entries()))

    def _refusal(self, app: ApiGatewayResolver) -> Callable[[Exception], Response[Any]]:
        def refuse(error: Exception) -> Response[Any]:
            status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
            request_id = str(getattr(app.lambda_context, "aws_request_id", ""))
            headers, message = {}, str(error)
            if status >= 500:  # noqa: PLR2004 - HTTP's own boundary
                self._telemetry.failure(message, error, request_id=request_id)
                message = f"{_INTERNAL}{request_id}"
            if isinstance(error, errors.ModelUnavailable):
                headers["retry-after"] = str(error.retry_after)
                message = _UNAVAILABLE
            elif isinstance(error, errors.MethodNotAllowed):
                headers["allow"] = ", ".join(error.allowed)
            return _json(status, {"error": message}, headers)

        return refuse


def _refused(event: object, source: Source, message: str) -> dict[str, Any]:
    body = orjson.dumps({"error": message})
    return front_of(source).render(event, Answer(400, body, error=message))


def _page(name: str) -> Callable[[], Response[Any]]:
    def page() -> Response[Any]:
        return _static(name)

    return page


def _static(name: str) -> Response[Any]:
    found = asset(name)
    return Response(200, found.content_type, found.body.decode(), headers=dict(_HEADERS))


def _not_found(_error: NotFoundError) -> Response[Any]:
    return _json(404, {"error": "nothing is served here; see / and /docs"})


def _options(**_path: str) -> Response[Any]:
    return Response(204, headers={"allow": ", ".join(_READ)}, body="")


def _refuse_method(**_path: str) -> Response[Any]:
    raise errors.MethodNotAllowed("this path answers GET and HEAD only", allowed=_READ)


def _without_body(answer: Callable[..., Response[Any]]) -> Callable[..., Response[Any]]:
    def head(**path: str) -> Response[Any]:
        response = answer(**path)
        response.body = ""
        return response

    return head


def _json(status: int, document: object, headers: dict[str, str] | None = None) -> Response[Any]:
    body = orjson.dumps(document).decode()
    return Response(status, JSON, body, headers={**_HEADERS, **(headers or {})})
