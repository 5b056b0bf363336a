"""Object storage to verified bytes: what the function knows of `file://`, `s3://`, `gs://`, `az://`.

Nothing leaves this module that was not checked against the manifest, and the manifest itself
against the digest that names it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import from_url

from .artifact import CLAIM_BYTES, Blob, Manifest
from .credentials import token_file_option
from .errors import ArtifactError, ModelUnavailable
from .pointers import Channel, ModelUri
from .unpacking import expect, twice, unpack

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = [
    "fetch_manifest",
    "open_store",
    "read",
    "read_blob",
    "read_range",
    "resolve",
    "write_once",
]

_CONNECT_SECONDS = 3
_MAX_MANIFEST_BYTES = 8 * 1024 * 1024
# The action that a role may not do, and S3's own error codes for what is wrong with a key:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CONFLICT = re.compile(r"\b409\b|<Code>(?:ConditionalRequestConflict|OperationAborted)</Code>")
_KMS = re.compile(r"kms:[A-Z]|<Code>KMS\.")


def open_store(  # noqa: PLR0913 - all but the URL have a default
    url: str,
    *,
    seconds: int = 20,
    retry_seconds: int = 20,
    plain_http: bool = False,
    credentials: Any = None,  # noqa: ANN401 - one of obstore's many providers
    region: str = "",
    scratch: str = "/tmp",  # noqa: S108 - Lambda's own
    create: bool = False,
) -> ObjectStore:
    """A store at a URL such as ``s3://bucket/prefix``; no request is made yet.

    Args:
        url: Scheme, bucket and prefix. Credentials, region and endpoint come from the usual
            environment variables (``AWS_REGION``, ``AWS_ENDPOINT_URL``, …).
        seconds: How long one request may take, from its first byte to its last.
        retry_seconds: How long a request that fails is tried again.
        plain_http: Whether an ``http://`` endpoint will do.
        credentials: An obstore credential provider, in place of the environment's variables.
        region: For ``s3://``, the region in place of the environment's.
        scratch: Directory for the file that obstore reads a token from, where it needs one.
        create: For ``file://``, make the directory if it isn't there.

    Raises:
        ModelUnavailable: The URL names no store.
    """
    try:
        if url.startswith("file://"):
            return from_url(url, mkdir=create)
        client: Any = {
            "connect_timeout": f"{_CONNECT_SECONDS}s",
            "timeout": f"{seconds}s",
            "allow_http": plain_http,
        }
        retries: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=retry_seconds)}
        options: Any = {"client_options": client, "retry_config": retries}
        if region:
            options["region"] = region
        if credentials is not None:
            options["credential_provider"] = credentials
        elif url.startswith("s3://"):
            options |= token_file_option(os.environ, scratch)
        return from_url(url, **options)
    except (BaseError, ValueError, OSError) as error:
        raise ModelUnavailable(
            f"can't open the store {url}: {_brief(error)}", code="store"
        ) from error


def resolve(store: ObjectStore, uri: ModelUri) -> ModelUri:
    """The pinned URI that a URI stands for; reads the channel's file if it names a channel."""
    if uri.digest:
        return uri
    data = read(store, uri.channel_path, most=_MAX_MANIFEST_BYTES)
    try:
        return uri.pinned(Channel.from_bytes(data).version)
    except ArtifactError as error:
        raise ArtifactError(f"{uri.channel_path}: {error}") from error


def fetch_manifest(store: ObjectStore, pinned: ModelUri) -> Manifest:
    """The manifest of a pinned version, checked against its digest."""

    def verified() -> Manifest:
        data = read(store, pinned.manifest_path, most=_MAX_MANIFEST_BYTES)
        if len(data) == CLAIM_BYTES:
            raise ModelUnavailable(
                f"{pinned} is being deleted by coldpress gc; publish it again afterwards",
                code="not_found",
            )
        expect(hashlib.sha256(data).hexdigest() == pinned.digest, pinned.manifest_path)
        return Manifest.from_bytes(data)

    return twice(verified)


def read_blob(store: ObjectStore, pinned: ModelUri, blob: Blob) -> bytes:
    """The unpacked bytes of one of a version's blobs, read as one, checked packed and unpacked."""

    def verified() -> bytes:
        return unpack(blob, read(store, pinned.blob_path(blob.path), most=blob.size))

    return twice(verified)


def read(store: ObjectStore, path: str, *, most: int | None = None) -> bytes:
    """The bytes of one object.

    Args:
        store: Where it lies.
        path: Its path below the store's prefix.
        most: Refuse an object that is longer, before its body is read.

    Raises:
        ModelUnavailable: It can't be read; `code` is ``not_found``, ``denied``, ``kms`` (the key
            that it is encrypted with) or ``store``.
        IntegrityError: It is longer than `most`.
    """
    with _faults(path):
        result = obstore.get(store, path)
        expect(most is None or result.meta["size"] <= most, path)
        return bytes(result.bytes())


def read_range(store: ObjectStore, path: str, start: int, size: int) -> memoryview:
    """A part of an object, at least one byte; shorter if the object ends within it.

    Raises:
        ModelUnavailable: As `read`.
        IntegrityError: The object ends before it.
    """
    try:
        with _faults(path):
            return memoryview(obstore.get_range(store, path, start=start, length=size))
    except ModelUnavailable as error:
        expect(error.code != "store" or not _ends_before(store, path, start + size), path)
        raise


def write_once(store: ObjectStore, path: str, data: bytes) -> None:
    """Write an object, unless there is one already.

    Raises:
        ModelUnavailable: The store does not take it; as `read`.
    """
    with _faults(path, "write"):
        try:
            obstore.put(store, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError as error:
            # S3 says 412 of what is there, and 409 of two who write at once: then neither may be.
            if _CONFLICT.search(str(error)):
                raise ModelUnavailable(
                    f"can't write {path}: {_brief(error)}", code="store"
                ) from error


def _ends_before(store: ObjectStore, path: str, end: int) -> bool:
    """Whether an object is shorter, which stores report in many ways."""
    try:
        return obstore.head(store, path)["size"] < end
    except (BaseError, OSError):
        return False


@contextmanager
def _faults(path: str, doing: str = "read") -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{path} is not in the store", code="not_found") from error
    except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
        # Without the right to list, S3 answers 403 for an object that is not there, too.
        raise ModelUnavailable(
            f"access to {path} was denied, or it is not there: {_brief(error)}",
            code=_code(error, "denied"),
        ) from error
    except (BaseError, OSError) as error:
        raise ModelUnavailable(
            f"can't {doing} {path}: {_brief(error)}", code=_code(error, "store")
        ) from error


def _code(error: BaseException, otherwise: str) -> str:
    """``kms`` where it is the key that is denied, disabled or gone, rather than the object."""
    return "kms" if _KMS.search(str(error)) else otherwise


def _brief(error: BaseException) -> str:
    # obstore appends a dump of its own structures after a blank line.
    return str(error).partition("\n\n")[0].replace("\n", " ")[:300]
