"""The docs function's handler: catalogue, OpenAPI document, Swagger UI and playground.

A function of its own beside `predict`, so that neither Powertools' event handler nor any page is
on the way of a prediction.
"""

from __future__ import annotations

import os
from typing import Any

from coldpress_runtime.docs.pages import Pages
from coldpress_runtime.settings import Settings
from coldpress_runtime.telemetry import Telemetry

__all__ = ["handler"]

_settings = Settings.from_environment(os.environ)
_pages = Pages(_settings, Telemetry(_settings))


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own interface
    """Answer one event.

    Args:
        event: What an API, a function URL or a load balancer sends.
        context: Lambda's context; the request id is read.

    Returns:
        The proxy response that the event's source expects.
    """
    return _pages.answer(event, context)
