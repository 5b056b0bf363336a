"""Whether a request is signed as AWS would have it: checked by signing it once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from tests.loopback import Asked

__all__ = ["is_signed"]


def is_signed(asked: Asked, url: str, service: str) -> bool:
    """Whether the tests' credentials signed it for a service, by Signature Version 4.

    Args:
        asked: The request.
        url: The server's address.
        service: Such as ``execute-api``.
    """
    authorization = asked.headers.get("authorization", "")
    if "SignedHeaders=" not in authorization:
        return False
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: asked.headers[name] for name in signed}
    request = AWSRequest(asked.method, f"{url}{asked.path}", headers, asked.body)
    request.context["timestamp"] = asked.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("testing", "testing"), service, "us-east-1")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return {"host", "x-amz-date"} <= set(signed) and authorization.endswith(
        f"{auth.scope(request)}, SignedHeaders={';'.join(signed)}, "
        f"Signature={auth.signature(text, request)}"
    )
