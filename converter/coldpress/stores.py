"""Opening stores for the tool: paths and URLs, profiles' credentials, errors in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from coldpress_runtime.errors import ArtifactError, ModelUnavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.settings import asks_for_plain_http
from coldpress_runtime.store import open_store

from .errors import StoreError, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["connect", "model_uri", "profile_variables", "store_errors", "store_url"]

# A version's file may be large and the line slow; a server that is gone is noticed all the same.
_TRANSFER_SECONDS = 3600
_SCHEMES = ("file", "s3", "gs", "az")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def store_url(text: str) -> str:
    """A store's URL from what a person types: a URL, or a path on this machine.

    Raises:
        UsageError: The URL's scheme is none that is read, or it names no bucket.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return Path(os.path.abspath(text)).as_uri()  # noqa: PTH100 - resolve() would follow links
    if scheme not in _SCHEMES:
        raise UsageError(
            f"the store {text!r} has the scheme {scheme!r}; "
            f"use one of {', '.join(_SCHEMES)} or a path"
        )
    if not rest.strip("/"):
        raise UsageError(f"the store {text!r} names no bucket; write such as s3://my-bucket/models")
    return text.rstrip("/")


def model_uri(text: str) -> ModelUri:
    """A model's URI from what a person types: with a URL or a path before the name.

    Raises:
        UsageError: It is none; the message shows the form.
    """
    location, separator, pointer = text.rpartition("@")
    if not separator:
        raise UsageError(
            f"{text!r} names no version; add a channel, such as {text}@live, or @sha256:DIGEST"
        )
    root, _, name = location.rstrip("/").rpartition("/")
    try:
        return ModelUri.parse(f"{store_url(root or '.')}/{name}@{pointer}")
    except ArtifactError as error:
        raise UsageError(str(error)) from error


def connect(url: str, *, create: bool = False) -> ObjectStore:
    """Open a store; for ``s3://``, with the AWS profile's credentials if there are no others.

    Raises:
        StoreError: It can't be opened.
    """
    session = _profile_session() if url.startswith("s3://") else None
    with store_errors(url):
        return open_store(
            url,
            seconds=_TRANSFER_SECONDS,
            plain_http=asks_for_plain_http(os.environ),
            credentials=_provider(session) if session else None,
            create=create,
        )


def profile_variables() -> dict[str, str]:
    """The AWS profile's credentials and region as variables of an environment.

    Empty where the environment has credentials already, and where boto3, which knows profiles and
    single sign-on, is not installed or finds none.

    Raises:
        StoreError: The profile can't be read, or its sign-on has expired.
    """
    session = _profile_session()
    if session is None:
        return {}
    frozen = session.get_credentials().get_frozen_credentials()
    variables = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
        "AWS_REGION": session.region_name,
    }
    return {name: value for name, value in variables.items() if value}


def _profile_session() -> Any:  # noqa: ANN401 - boto3 publishes no types
    """A boto3 session that has credentials, if the environment has none; else None."""
    if any(os.environ.get(name) for name in _CREDENTIALS):
        return None
    try:
        import boto3  # noqa: PLC0415 - comes with the extra `aws`
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        session = boto3.Session()
        return session if session.get_credentials() else None
    except BotoCoreError as error:
        raise StoreError(
            f"the AWS profile can't be used: {error}; check AWS_PROFILE, or sign in with "
            "`aws sso login`"
        ) from error


def _provider(session: Any) -> Any:  # noqa: ANN401 - as above
    """The session's credentials for obstore, renewed before they expire."""
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - needs boto3

    return Boto3CredentialProvider(session)


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Turn whatever the store raises into a `StoreError` that names the store and the cure."""
    try:
        yield
    except ModelUnavailable as error:
        raise StoreError(
            f"store {url}: {error}{_cure(url, denied=error.code == 'denied')}"
        ) from error
    except ArtifactError as error:
        raise StoreError(f"store {url}: {error}") from error
    except FileNotFoundError as error:
        raise StoreError(f"store {url}: there is no such bucket or object") from error
    except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
        reason = f"store {url}: access was denied: {_brief(error)}{_cure(url, denied=True)}"
        raise StoreError(reason) from error
    except (BaseError, OSError) as error:
        raise StoreError(f"store {url}: {_brief(error)}{_cure(url, denied=False)}") from error


def _cure(url: str, *, denied: bool) -> str:
    if not url.startswith("s3://"):
        return ""
    if denied:
        return "; check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID) and the bucket's policy"
    if not any(os.environ.get(name) for name in _CREDENTIALS):
        return (
            "; there are no AWS credentials in the environment: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or pip install 'coldpress[aws]' to use an AWS profile"
        )
    return "; check the bucket's name, AWS_REGION and the network"


def _brief(error: BaseException) -> str:
    # obstore appends a dump of its own structures after a blank line.
    return str(error).partition("\n\n")[0].replace("\n", " ")[:300]
