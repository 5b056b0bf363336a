"""An HTTP server that turns each request into a real HTTP-API event, so that curl works locally."""

from __future__ import annotations

import base64
import contextlib
import errno
import io
import os
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from coldpress.errors import ColdpressError, MissingExtraError
from coldpress.registry import describe
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.settings import Settings

from .handler import Handler, LocalContext, latest_fault, load_docs, load_handler

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["application", "http_api_event", "serve"]

_BACKLOG = 128
# An HTTP API's limit: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_MOST_BYTES = 10_000_000
# Answered once the first model is loaded, however long that takes.
_READY = {
    "version": "2.0",
    "rawPath": "/v2/health/ready",
    "requestContext": {"stage": "$default", "http": {"method": "GET"}},
}
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
        app = application(_loaded(models), load_docs())
        ready()
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _loaded(models: Sequence[ModelUri]) -> Handler:
    """The handler with the first model loaded; what it logs meanwhile is said in one sentence."""
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        handler = load_handler(*models)
        answer = handler(_READY, LocalContext())
    if answer["statusCode"] != HTTPStatus.OK:
        raise ColdpressError(f"{models[0]} can't be loaded: {latest_fault(log.getvalue())}")
    return handler


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        cure = "another port with --port" if taken else "an address of this machine with --host"
        # Python's own sentence names the address a second time, in brackets.
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ColdpressError(f"can't listen on {host}:{port}: {reason}; choose {cure}") from error


def application(handler: Handler, docs: Handler | None = None) -> ASGIApp:
    """The ASGI application: every request, of any method and path, becomes an event for a handler.

    Args:
        handler: Predict's.
        docs: The pages', if they are served, too.
    """
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - as in `serve`
    from starlette.requests import ClientDisconnect, Request  # noqa: PLC0415
    from starlette.responses import JSONResponse, Response  # noqa: PLC0415

    pages = _base_path()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return
        if body is None:
            too_large = JSONResponse({"message": "Request Entity Too Large"}, status_code=413)
            await too_large(scope, receive, send)
            return
        chosen = docs if docs and _is_page(scope["path"].removeprefix(pages)) else handler
        result = await run_in_threadpool(chosen, http_api_event(request, body), LocalContext())
        content = result["body"].encode()
        if result["isBase64Encoded"]:
            content = base64.b64decode(content)
        response = Response(content, status_code=result["statusCode"], headers=result["headers"])
        if request.method == "HEAD":  # whose length would be that of GET's answer
            del response.headers["content-length"]
        await response(scope, receive, send)

    return answer


async def _body(request: Request) -> bytes | None:
    """The body, or None where an API would not hand it on; no more of it is kept than that."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= _MOST_BYTES:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if size <= _MOST_BYTES else None


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
    text = _text(request, body)
    if text is not None:
        event["body"] = text
    elif body:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def _text(request: Request, body: bytes) -> str | None:
    """The body as text, where it is some; compressed bytes are none, whatever they hold."""
    encoded = request.headers.get("content-encoding", "identity").strip().lower() != "identity"
    if not body or encoded or not _is_text(request.headers.get("content-type", "")):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


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


def _base_path() -> str:
    return Settings.from_environment(os.environ).base_path


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
