"""What stores raise, in one sentence that names the store, the reason and the cure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from coldpress_runtime.errors import ArtifactError, ModelUnavailable

from .errors import StoreError

__all__ = ["CREDENTIALS", "store_errors"]

# Variables that give obstore credentials for S3, each in its own way.
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_CHECK_CREDENTIALS = (
    "check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID) and the bucket's policy"
)
_NO_CREDENTIALS = (
    "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
    "pip install 'coldpress[aws]' to use an AWS profile"
)
# S3's error code → what it means and what to do.
_S3_CODES = {
    "AccessDenied": f"access was denied; {_CHECK_CREDENTIALS}",
    "ExpiredToken": "the credentials have expired; sign in again",
    "InvalidAccessKeyId": f"S3 does not know the access key; {_CHECK_CREDENTIALS}",
    "NoSuchBucket": "there is no such bucket; create it, or check its name",
    "PermanentRedirect": "the bucket is in another region than is asked; set AWS_REGION to it, and "
    "deploy there",
    "SignatureDoesNotMatch": f"the secret key is not the access key's; {_CHECK_CREDENTIALS}",
}
_CODE = re.compile(r"<Code>(\w+)</Code>")
_MACHINE_CREDENTIALS = "169.254.169.254"  # where obstore asks an EC2 machine for its own


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Turn whatever a store raises into a `StoreError`."""
    try:
        yield
    except ArtifactError as error:
        raise StoreError(f"store {url}: {error}") from error
    except (ModelUnavailable, BaseError, OSError) as error:
        raise StoreError(f"store {url}: {_explained(error, url)}") from error


def _explained(error: Exception, url: str) -> str:
    cause = error.__cause__ or error
    text = str(cause)
    if isinstance(error, ModelUnavailable) and error.__cause__ is None:
        return text  # of what was read, not of the store
    if (code := _CODE.search(text)) and code[1] in _S3_CODES:
        return _S3_CODES[code[1]]
    if isinstance(cause, FileNotFoundError):
        missing = str(error) if isinstance(error, ModelUnavailable) else "no such bucket or object"
        return f"{missing}; coldpress channels STORE lists what there is"
    if isinstance(cause, PermissionDeniedError | UnauthenticatedError | PermissionError):
        return f"access was denied; {_CHECK_CREDENTIALS}"
    return _remote(text) if url.startswith("s3://") else _local(cause)


def _remote(text: str) -> str:
    if not any(os.environ.get(name) for name in CREDENTIALS):
        return (
            _NO_CREDENTIALS
            if _MACHINE_CREDENTIALS in text
            else f"{_brief(text)}; {_NO_CREDENTIALS}"
        )
    if "error sending request" in text:
        return "the server does not answer; check AWS_ENDPOINT_URL, AWS_REGION and the network"
    return f"{_brief(text)}; check the bucket's name, AWS_REGION and the network"


def _local(cause: BaseException) -> str:
    if "Unable to canonicalize" in str(cause):
        return "there is no such directory"
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.strerror}: {cause.filename or ''}".rstrip(": ")
    return _brief(str(cause))


def _brief(text: str) -> str:
    # obstore appends a dump of its own structures after a blank line.
    return text.partition("\n\n")[0].replace("\n", " ")[:300]
