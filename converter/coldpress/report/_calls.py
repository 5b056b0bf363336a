"""How to call the model: lines to copy, with the first golden example as the request."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from coldpress.bundle import Bundle

__all__ = ["Calls", "calls"]

_URL = "https://API_ID.execute-api.REGION.amazonaws.com"
# A longer request, such as an image, goes into a file rather than on the page.
_LONGEST = 1200
_PYTHON = """\
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

session = boto3.Session()
request = AWSRequest(
    "POST",
    "{url}",
    data=open("request.json", "rb").read(),
    headers={{"content-type": "application/json"}},
)
SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
call = urllib.request.Request(request.url, request.data, dict(request.headers), method="POST")
print(urllib.request.urlopen(call).read().decode())"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Ways to call the model, as text.

    Attributes:
        request: The request's body; its beginning, where it is long.
        response: What the original answers to it; its beginning, where it is long.
        save: Writes the request into ``request.json``.
        curl: Asks the deployed function, signed.
        invoke: Asks the function on this machine.
        python: The same as `curl`.
        whole: Whether request and response are there as a whole.
    """

    request: str
    response: str
    save: str
    curl: str
    invoke: str
    python: str
    whole: bool


def calls(bundle: Bundle) -> Calls | None:
    """How to call a bundle's model; None where it has no golden example.

    Raises:
        BundleError: The golden examples can't be read.
    """
    examples = bundle.golden()
    if not examples:
        return None
    example = examples[0]
    name = bundle.manifest.name
    request, response = (json.dumps(example[side]) for side in ("request", "response"))
    return Calls(
        request=_begun(request),
        response=_begun(response),
        save=_save(request),
        curl=_curl(name),
        invoke="coldpress publish BUNDLE ./store --channel live\n"
        f"coldpress invoke --model ./store/{name}@live --event request.json --body",
        python=_python(name),
        whole=max(len(request), len(response)) <= _LONGEST,
    )


def _begun(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _save(request: str) -> str:
    if len(request) <= _LONGEST:
        return f"printf '%s' {shlex.quote(request)} > request.json"
    code = (
        "import json; print(json.dumps(json.load(open('golden.json'))['examples'][0]['request']))"
    )
    return f"python3 -c {shlex.quote(code)} > request.json"


def _curl(name: str) -> str:
    return (
        f"URL={_URL}\n"
        f'curl "$URL/v2/models/{name}/infer" \\\n'
        '  --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" \\\n'
        '  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\\n'
        '  --header "x-amz-security-token: $AWS_SESSION_TOKEN" \\\n'
        "  --header 'content-type: application/json' \\\n"
        "  --data @request.json"
    )


def _python(name: str) -> str:
    return _PYTHON.format(url=f"{_URL}/v2/models/{name}/infer")
