"""Opening stores for the tool: paths and URLs as people type them, credentials from profiles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coldpress_runtime.artifact import MANIFEST_NAME
from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.settings import asks_for_plain_http
from coldpress_runtime.store import open_store

from .errors import StoreError, UsageError
from .store_errors import CREDENTIALS, store_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["bundle_or_uri", "connect", "model_uri", "profile_variables", "store_url"]

# A version's file may be large and the line slow; a server that is gone is noticed all the same.
_TRANSFER_SECONDS = 3600
_SCHEMES = ("file", "s3", "gs", "az")


def store_url(text: str) -> str:
    """A store's URL from what a person types: a URL, or a path on this machine.

    Raises:
        UsageError: The URL's scheme is none that is read, or it names no bucket.
    """
    if not text.strip():
        raise UsageError(
            "the store has no name; write a path, or a URL such as s3://my-bucket/models"
        )
    scheme, separator, rest = text.partition("://")
    if not separator:
        if Path(text).is_file():
            raise UsageError(f"the store {text} is a file; name a directory, or a URL")
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
    if not text.strip():
        raise UsageError("the model has no name; write STORE/NAME@live or STORE/NAME@sha256:DIGEST")
    location, separator, pointer = text.rpartition("@")
    if not separator and (Path(text) / MANIFEST_NAME).is_file():
        raise UsageError(
            f"{text} is a bundle that is not published yet; coldpress publish {text} STORE prints "
            "its URI"
        )
    if not separator:
        raise UsageError(
            f"{text!r} names no version; add a channel, such as {text}@live, or @sha256:DIGEST"
        )
    root, _, name = location.rstrip("/").rpartition("/")
    try:
        return ModelUri.parse(f"{store_url(root or '.')}/{name}@{pointer}")
    except ArtifactError as error:
        raise UsageError(str(error)) from error


def bundle_or_uri(text: str) -> Path | ModelUri:
    """What a person means by a model: the directory of that name, or else a published one's URI.

    Raises:
        UsageError: It is neither.
    """
    if not text.strip():
        raise UsageError("the model has no name; name a bundle, or a model as STORE/NAME@live")
    if Path(text).is_dir():
        return Path(text)
    if Path(text).is_file():
        raise UsageError(
            f"{text} is a file; name a bundle's directory, which coldpress export makes, or a "
            "published model as STORE/NAME@live"
        )
    if "@" not in text and "://" not in text:
        raise UsageError(
            f"there is no directory {text}; name a bundle, or a model as STORE/NAME@live"
        )
    return model_uri(text)


def connect(url: str, *, create: bool = False, seconds: int = _TRANSFER_SECONDS) -> ObjectStore:
    """Open a store; for ``s3://``, with the AWS profile's credentials if there are no others.

    Args:
        url: The store's URL.
        create: For ``file://``, make the directory if it isn't there.
        seconds: How long one request may take.

    Raises:
        StoreError: It can't be opened.
        UsageError: The environment's endpoint is no URL.
    """
    if url.startswith("s3://"):
        _check_endpoint()
    session = _profile_session() if url.startswith("s3://") else None
    with store_errors(url):
        return open_store(
            url,
            seconds=seconds,
            plain_http=asks_for_plain_http(os.environ),
            credentials=_provider(session) if session else None,
            region="" if session or not url.startswith("s3://") else _configured_region(),
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


def _check_endpoint() -> None:
    # obstore ends the process with a panic on an endpoint that is no URL.
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        parts = urlsplit(os.environ.get(name) or "https://default")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"{name} is {os.environ[name]!r}; it must be an http:// or https:// URL"
            )


def _profile_session() -> Any:  # noqa: ANN401 - boto3 publishes no types
    """A boto3 session that has credentials, if the environment has none; else None."""
    if any(os.environ.get(name) for name in CREDENTIALS):
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


def _configured_region() -> str:
    """The region of AWS's own settings where the environment has none; empty if they have none."""
    if any(os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")):
        return ""
    try:
        import boto3  # noqa: PLC0415 - comes with the extra `aws`
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
    except ImportError:
        return ""
    try:
        return boto3.Session().region_name or ""
    except BotoCoreError:  # such as an unknown profile, where the environment has credentials
        return ""


def _provider(session: Any) -> Any:  # noqa: ANN401 - as above
    """The session's credentials for obstore, renewed before they expire."""
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - needs boto3

    return Boto3CredentialProvider(session)
