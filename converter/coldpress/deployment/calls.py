"""How a deployed model is called: one request as this process makes it, and as curl does."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .aws import Account

__all__ = ["Endpoint", "endpoint_of"]

_SECONDS = 40
# A longer request is read from a file.
_LONGEST = 1500
_TOKEN = "COLDPRESS_TOKEN"  # noqa: S105 - a variable's name
# The outputs of the templates, and the service that a signature is for.
_URLS = {"HttpApiUrl": "execute-api", "RestApiUrl": "execute-api", "FunctionUrl": "lambda"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model answers, and how a caller proves who he is.

    Attributes:
        url: What stands before the paths, without a final slash.
        model: The model's name.
        auth: ``iam``, ``jwt`` or ``api-key``.
        service: For IAM, the service that a signature is for.
        api_key: For API keys, one that holds; else empty.
        account: Whose.
    """

    url: str
    model: str
    auth: str
    service: str
    api_key: str
    account: Account

    @property
    def infer_url(self) -> str:
        """Where the Open Inference Protocol's requests go."""
        return f"{self.url}/v2/models/{self.model}/infer"

    @property
    def can_ask(self) -> bool:
        """Whether this process has what a request needs: a token can't be made here."""
        return self.auth != "jwt" or bool(os.environ.get(_TOKEN))

    def ask(self, path: str, document: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
        """Send one request, signed as need be.

        Args:
            path: Below `url`.
            document: What to post; None gets.

        Returns:
            Status and body; status 0 where nothing answers, and what hinders instead of a body.
        """
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(  # noqa: S310 - of the stack's own output
            f"{self.url}{path}", data=body, headers=self._headers(f"{self.url}{path}", body)
        )
        try:
            return _answer(request)
        except (OSError, http.client.HTTPException) as error:
            return 0, (str(error) or type(error).__name__).encode()

    def curl(self, request: Mapping[str, Any], file: str) -> str:
        """The same as a command to copy.

        Args:
            request: What to ask.
            file: Where it lies, for a request that is too long for a line.
        """
        text = json.dumps(request)
        data = shlex.quote(text) if len(text) <= _LONGEST else f"@{shlex.quote(file)}"
        lines = [f"curl {shlex.quote(self.infer_url)}", *self._proof()]
        lines += ["-H 'content-type: application/json'", f"-d {data}"]
        return " \\\n  ".join(lines)

    def _proof(self) -> list[str]:
        if self.auth == "api-key":
            return ['-H "x-api-key: $API_KEY"']
        if self.auth == "jwt":
            return [f'-H "authorization: Bearer ${_TOKEN}"']
        return [
            f"--aws-sigv4 aws:amz:{self.account.region}:{self.service}",
            '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
            '-H "x-amz-security-token: $AWS_SESSION_TOKEN"',
        ]

    def _headers(self, url: str, body: bytes | None) -> dict[str, str]:
        headers = {"content-type": "application/json"} if body is not None else {}
        if self.auth == "api-key":
            return {**headers, "x-api-key": self.api_key}
        if self.auth == "jwt":
            return {**headers, "authorization": f"Bearer {os.environ.get(_TOKEN, '')}"}
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - comes with the extra `aws`
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - as above

        request = AWSRequest("GET" if body is None else "POST", url, headers, body)
        credentials = self.account.session.get_credentials()
        SigV4Auth(credentials, self.service, self.account.region).add_auth(request)
        return dict(request.headers)


def _answer(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def endpoint_of(account: Account, outputs: Mapping[str, str], model: str, auth: str) -> Endpoint:
    """The endpoint that a stack's outputs name.

    Raises:
        DeployError: An API key can't be read.
        KeyError: The outputs name none.
    """
    output = next(name for name in (*_URLS, "") if name in outputs or not name)
    return Endpoint(
        url=outputs[output].rstrip("/"),
        model=model,
        auth=auth,
        service=_URLS[output],
        api_key=account.api_key(outputs["ApiKeyId"]) if "ApiKeyId" in outputs else "",
        account=account,
    )
