"""Whether a request is signed as AWS would have it: checked by signing it once more."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

__all__ = ["is_signed"]


def is_signed(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, service: str
) -> bool:
    """Whether the tests' credentials signed it for a service, by Signature Version 4."""
    found = {name.lower(): value for name, value in headers.items()}
    authorization = found.get("authorization", "")
    if "SignedHeaders=" not in authorization:
        return False
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest(method, url, {name: found[name] for name in signed}, body)
    request.context["timestamp"] = found["x-amz-date"]
    auth = SigV4Auth(Credentials("testing", "testing"), service, "us-east-1")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return {"host", "x-amz-date"} <= set(signed) and authorization.endswith(
        f"{auth.scope(request)}, SignedHeaders={';'.join(signed)}, "
        f"Signature={auth.signature(text, request)}"
    )
