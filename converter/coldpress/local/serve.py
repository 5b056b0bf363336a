"""An HTTP server that turns each request into a real HTTP-API event, so that curl works locally."""

from __future__ import annotations

import base64
import contextlib
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coldpress.errors import ColdpressError, MissingExtraError
from coldpress.registry import describe
from coldpress_runtime.pointers import ModelUri

from .handler import Handler, LocalContext, load_docs, load_handler

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["application", "http_api_event", "serve"]

_BACKLOG = 128
# What the docs function answers; everything else is predict's.
_PAGES = ("/", "/docs", "/openapi.json", "/catalogue")
_ASSETS = "/static/"
# HTTP APIs hand on text and JSON as they are, and everything else in base64.
_TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")


def serve(
    models: Sequence[ModelUri],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    ready: Callable[[], None],
) -> None:
    """Serve models until interrupted, which is how it is meant to end.

    Args:
        models: What to serve, at least one; the first is loaded at once, others when asked for.
        host: Address to listen on.
        port: Port to listen on.
        ready: Called once the first model is loaded and the address is taken.

    Raises:
        MissingExtraError: Starlette or uvicorn is not installed.
        StoreError: A model is not in the store.
        ColdpressError: The address can't be bound.
    """
    try:
        import uvicorn  # noqa: PLC0415 - comes with the extra `serve`
    except ImportError as error:
        raise MissingExtraError.needed_by("coldpress serve", "serve") from error
    for model in models:
        describe(model)
    with _listening(host, port) as listener:
        # What the function logs goes to standard error; standard output belongs to the user.
        with contextlib.redirect_stdout(sys.stderr):
            app = application(load_handler(*models), load_docs())
        ready()
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        cure = "another port with --port" if taken else "an address of this machine with --host"
        raise ColdpressError(
            f"can't listen on {host}:{port}: {error.strerror or error}; choose {cure}"
        ) from error


def application(handler: Handler, docs: Handler | None = None) -> ASGIApp:
    """The ASGI application: every request, of any method and path, becomes an event for a handler.

    Args:
        handler: Predict's.
        docs: The pages', if they are served, too.
    """
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - as in `serve`
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import Response  # noqa: PLC0415

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        event = http_api_event(request, await request.body())
        chosen = docs if docs and _is_page(scope["path"]) else handler
        result = await run_in_threadpool(chosen, event, LocalContext())
        body = result["body"].encode()
        if result["isBase64Encoded"]:
            body = base64.b64decode(body)
        response = Response(body, status_code=result["statusCode"], headers=result["headers"])
        await response(scope, receive, send)

    return answer


def http_api_event(request: Request, body: bytes) -> dict[str, Any]:
    """The event that API Gateway's HTTP API (payload format 2.0) would send for a request.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.scope["path"],
        "rawQueryString": request.url.query,
        "headers": _joined(request.headers.items()),
        "requestContext": _context(request),
        "isBase64Encoded": False,
    }
    if request.query_params:
        event["queryStringParameters"] = _joined(request.query_params.multi_items())
    if body and _is_text(request.headers.get("content-type", "")):
        event["body"] = body.decode(errors="replace")
    elif body:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def _context(request: Request) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "accountId": "anonymous",
        "apiId": "local",
        "domainName": request.url.hostname or "localhost",
        "http": {
            "method": request.method,
            "path": request.scope["path"],
            "protocol": f"HTTP/{request.scope['http_version']}",
            "sourceIp": request.client.host if request.client else "",
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": LocalContext().aws_request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _is_page(path: str) -> bool:
    return path in _PAGES or path.startswith(_ASSETS)


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith(_TEXT_TYPES) or kind.endswith(("+json", "+xml"))


def _joined(items: list[tuple[str, str]]) -> dict[str, str]:
    """Repeated names joined with commas, as the HTTP API does."""
    joined: dict[str, str] = {}
    for name, value in items:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
