"""Cross-origin requests: which pages may call the function from a browser.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["cors_headers", "preflight_headers"]

_ANY = "*"
_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:\s*,\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_MOST_NAMES = 2000
_AN_HOUR = "3600"
# What a page may read beside the headers that it always may.
_EXPOSED = "inference-header-content-length, retry-after"


def cors_headers(headers: Mapping[str, str], origins: Sequence[str]) -> dict[str, str]:
    """What an answer says of the page that asked; nothing where that is none of the allowed.

    Args:
        headers: The request's.
        origins: The origins that are allowed, or ``*``.
    """
    origin = headers.get("origin", "")
    if _ANY in origins:
        return (
            {}
            if not origin
            else {"access-control-allow-origin": _ANY, "access-control-expose-headers": _EXPOSED}
        )
    if origin not in origins:
        return {"vary": "origin"}
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": _EXPOSED,
        "vary": "origin",
    }


def preflight_headers(headers: Mapping[str, str], methods: Sequence[str]) -> dict[str, str]:
    """What a browser is told that asks before it sends, once its page is allowed.

    Args:
        headers: The request's.
        methods: What the path answers.
    """
    if "access-control-request-method" not in headers:
        return {}
    told = {
        "access-control-allow-methods": ", ".join(methods),
        "access-control-max-age": _AN_HOUR,
    }
    asked = headers.get("access-control-request-headers", "")[:_MOST_NAMES]
    if _NAMES.fullmatch(asked):
        told["access-control-allow-headers"] = asked
    return told
