"""Content encodings: what a client compressed, opened within limits; what it asks for, compressed.

Sources: RFC 9110, sections 8.4 and 12.5.3; RFC 1950, 1951 and 1952 for the formats.
"""

from __future__ import annotations

import zlib

from .errors import PayloadTooLarge, RequestError, UnsupportedMedia
from .exchange import Response
from .options import Limits

__all__ = ["compressed", "expanded"]

_GZIP, _ZLIB, _RAW = 31, 15, -15
_GZIP_MAGIC = b"\x1f\x8b"
_READ = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31
# What is smaller gains nothing; what gains less than a tenth is not worth the client's time.
_WORTH_BYTES = 1024
_WORTH_RATIO = 0.9
_LEVEL = 1
# Small bodies may shrink as far as they like.
_FREE_BYTES = 1024 * 1024


def expanded(body: bytes, encoding: str, limits: Limits, *, may_be_undone: bool = False) -> bytes:
    """A body without its content encoding.

    Args:
        body: The body as it came.
        encoding: The header's value.
        limits: `unpacked_bytes` and, beyond a megabyte, `ratio`.
        may_be_undone: Whether the front may have undone the encoding and left the header; a body
            that does not begin as the encoding does is taken as it is then.

    Raises:
        UnsupportedMedia: The encoding is not ``gzip``, ``deflate`` or ``identity``, or there are
            several.
        PayloadTooLarge: It would have more bytes than the limits allow.
        RequestError: It is not in that encoding, cut off, or followed by something else.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return body
    if len(names) > 1 or names[0] not in _READ:
        raise UnsupportedMedia(
            f"content-encoding '{encoding:.64}' is not read; send gzip, deflate, or it plain"
        )
    if may_be_undone and not _begins_as(names[0], body):
        return body
    name, window = names[0], _READ[names[0]]
    if window == _ZLIB and not _has_zlib_header(body):
        window = _RAW  # as some clients mean it
    shrunk = max(_FREE_BYTES, limits.ratio * len(body))
    excess = (
        f"has more than {limits.unpacked_bytes:,} bytes once its {name} is undone, which is the "
        "limit; send fewer rows"
        if limits.unpacked_bytes <= shrunk
        else f"is more than {limits.ratio} times as large once its {name} is undone, which is the "
        "limit; send it plain"
    )
    return _expand(body, name, window, min(limits.unpacked_bytes, shrunk), excess)


def compressed(response: Response, accepted: str) -> Response:
    """The response in gzip, if the client takes that and it is worth it.

    Args:
        response: The answer, plain.
        accepted: The header ``Accept-Encoding``.
    """
    if len(response.body) < _WORTH_BYTES or not _accepts_gzip(accepted):
        return response
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    packed = packer.compress(response.body) + packer.flush()
    if len(packed) > _WORTH_RATIO * len(response.body):
        return response
    headers = {**response.headers, "content-encoding": "gzip", "vary": "accept-encoding"}
    return response._replace(body=packed, headers=headers)


def _expand(body: bytes, name: str, window: int, most: int, excess: str) -> bytes:
    """Every member of the body, one after the other, up to so many bytes."""
    parts, left = [], most
    while True:
        stream = zlib.decompressobj(window)
        try:
            part = stream.decompress(body, left + 1)
        except zlib.error as error:
            raise RequestError(f"the body is not in the {name} that it says it is") from error
        if len(part) > left:
            raise PayloadTooLarge(f"the body {excess}")
        parts.append(part)
        left -= len(part)
        if not stream.eof:
            raise RequestError(f"the body's {name} is cut off")
        body = stream.unused_data
        if not body:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if window != _GZIP:
            raise RequestError(f"something follows the body's {name}")


def _begins_as(name: str, body: bytes) -> bool:
    return _has_zlib_header(body) if _READ[name] == _ZLIB else body.startswith(_GZIP_MAGIC)


def _has_zlib_header(body: bytes) -> bool:
    return (
        len(body) > 1
        and body[0] & 0x0F == _ZLIB_METHOD
        and int.from_bytes(body[:2], "big") % _ZLIB_CHECK == 0
    )


def _accepts_gzip(accepted: str) -> bool:
    """Whether a quality above 0 is given to gzip or, where it is not named, to anything."""
    qualities = {}
    for choice in accepted.lower().split(","):
        name, _, parameter = choice.partition(";")
        weight = parameter.partition("q=")[2].strip()
        qualities[name.strip()] = weight.strip("0.") != "" if weight else True
    return qualities.get("gzip", qualities.get("*", False))
