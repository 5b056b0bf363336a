"""Object storage to verified bytes: what the function knows of `file://`, `s3://`, `gs://`, `az://`.

Nothing leaves this module that was not checked against the manifest, and the manifest itself
against the digest that names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from .artifact import Blob, Manifest
from .errors import ArtifactError, IntegrityError, ModelUnavailable
from .pointers import Channel, ModelUri

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from backports import zstd  # type: ignore[no-redef,unused-ignore]

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = [
    "Artifact",
    "Part",
    "fetch",
    "fetch_manifest",
    "open_store",
    "parts",
    "read",
    "read_blob",
    "resolve",
    "unpack",
    "unpack_part",
]

_Read = TypeVar("_Read")

# A frame may not ask for more than 128 MiB of window (2**27 bytes), whatever it says.
_WINDOW_LOG_MAX = 27
_CONNECT_SECONDS = 3
_MAX_MANIFEST_BYTES = 8 * 1024 * 1024


class Artifact(NamedTuple):
    """A model as it came from the store, every byte verified.

    Attributes:
        uri: The pinned URI it was read from.
        manifest: What it is.
        model: The unpacked ONNX file.
    """

    uri: ModelUri
    manifest: Manifest
    model: bytes


def open_store(  # noqa: PLR0913 - all but the URL have a default
    url: str,
    *,
    seconds: int = 20,
    retry_seconds: int = 20,
    plain_http: bool = False,
    credentials: Any = None,  # noqa: ANN401 - one of obstore's many providers
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
        if credentials is not None:
            options["credential_provider"] = credentials
        return from_url(url, **options)
    except (BaseError, ValueError, OSError) as error:
        raise ModelUnavailable(
            f"can't open the store {url}: {_brief(error)}", code="store"
        ) from error


def fetch(
    uri: ModelUri,
    *,
    seconds: int = 20,
    max_model_bytes: int = 4 * 1024**3,
    plain_http: bool = False,
) -> Artifact:
    """Read a model by its URI, following the channel if it names one.

    Args:
        uri: Pinned or by channel; the channel is read once.
        seconds: How long one read may take, retries included.
        max_model_bytes: Largest unpacked model that is accepted.
        plain_http: Whether an ``http://`` endpoint will do.

    Raises:
        ModelUnavailable: It can't be read; `code` is ``not_found``, ``denied`` or ``store``.
        IntegrityError: What was read is not what the manifest promises, twice in a row.
        ArtifactError: The manifest or the channel's file is not in the format.
    """
    store = open_store(uri.root, seconds=seconds, retry_seconds=seconds, plain_http=plain_http)
    pinned = resolve(store, uri)
    manifest = fetch_manifest(store, pinned)
    blob = manifest.blob("model")
    if (size := max(blob.size, blob.unpacked_size)) > max_model_bytes:
        raise ArtifactError(f"the model has {size:,} bytes; the limit is {max_model_bytes:,}")
    return Artifact(uri=pinned, manifest=manifest, model=read_blob(store, pinned, blob))


def resolve(store: ObjectStore, uri: ModelUri) -> ModelUri:
    """The pinned URI that a URI stands for; reads the channel's file if it names a channel."""
    if uri.digest:
        return uri
    data = read(store, uri.channel_path, most=_MAX_MANIFEST_BYTES)
    return uri.pinned(Channel.from_bytes(data).version)


def fetch_manifest(store: ObjectStore, pinned: ModelUri) -> Manifest:
    """The manifest of a pinned version, checked against its digest."""

    def verified() -> Manifest:
        data = read(store, pinned.manifest_path, most=_MAX_MANIFEST_BYTES)
        _expect(hashlib.sha256(data).hexdigest() == pinned.digest, pinned.manifest_path)
        return Manifest.from_bytes(data)

    return _twice(verified)


def read_blob(store: ObjectStore, pinned: ModelUri, blob: Blob) -> bytes:
    """The unpacked bytes of one of a version's blobs, checked packed and unpacked."""

    def verified() -> bytes:
        return unpack(blob, read(store, pinned.blob_path(blob.path), most=blob.size))

    return _twice(verified)


class Part(NamedTuple):
    """A frame of a blob, or the whole of it, and where it belongs.

    Attributes:
        path: The blob's file name, for errors.
        compression: ``zstd`` or ``none``.
        start: Offset of the first byte as stored.
        size: Length in bytes as stored.
        sha256: Digest of the stored bytes.
        unpacked_size: Length in bytes once decompressed.
    """

    path: str
    compression: str
    start: int
    size: int
    sha256: str
    unpacked_size: int


def parts(blob: Blob) -> Iterator[Part]:
    """A blob's frames in order; the blob itself where it has none."""
    start = 0
    for frame in blob.frames or (blob,):
        yield Part(
            path=blob.path,
            compression=blob.compression,
            start=start,
            size=frame.size,
            sha256=frame.sha256,
            unpacked_size=frame.unpacked_size,
        )
        start += frame.size


def unpack(blob: Blob, data: bytes) -> bytes:
    """Stored bytes to the bytes they stand for.

    Raises:
        IntegrityError: A length or digest differs from the blob's, or a frame is broken.
    """
    _expect(len(data) == blob.size, blob.path)
    stored = memoryview(data)
    unpacked = b"".join(
        unpack_part(part, stored[part.start : part.start + part.size]) for part in parts(blob)
    )
    _expect(hashlib.sha256(unpacked).hexdigest() == blob.unpacked_sha256, blob.path)
    return unpacked


def unpack_part(part: Part, data: bytes | memoryview) -> bytes | memoryview:
    """One part of a blob, from its stored bytes.

    Raises:
        IntegrityError: The length or the digest differs from the part's, or it is no sound frame.
    """
    _expect(len(data) == part.size, part.path)
    _expect(hashlib.sha256(data).hexdigest() == part.sha256, part.path)
    if part.compression == "none":
        _expect(part.unpacked_size == part.size, part.path)
        return data
    return _decompress(data, part)


def read(store: ObjectStore, path: str, *, most: int | None = None) -> bytes:
    """The bytes of one object.

    Args:
        store: Where it lies.
        path: Its path below the store's prefix.
        most: Refuse an object that is longer, before its body is read.

    Raises:
        ModelUnavailable: It can't be read; `code` is ``not_found``, ``denied`` or ``store``.
        IntegrityError: It is longer than `most`.
    """
    try:
        result = obstore.get(store, path)
        _expect(most is None or result.meta["size"] <= most, path)
        return bytes(result.bytes())
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{path} is not in the store", code="not_found") from error
    except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
        # Without the right to list, S3 answers 403 for an object that is not there, too.
        raise ModelUnavailable(
            f"access to {path} was denied, or it is not there: {_brief(error)}", code="denied"
        ) from error
    except (BaseError, OSError) as error:
        raise ModelUnavailable(f"can't read {path}: {_brief(error)}", code="store") from error


def _twice(attempt: Callable[[], _Read]) -> _Read:
    """One refetch where the bytes were not the promised ones, then the error."""
    try:
        return attempt()
    except IntegrityError:
        return attempt()


def _decompress(data: bytes | memoryview, part: Part) -> bytes:
    options = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    decompressor = zstd.ZstdDecompressor(options=options)
    try:
        unpacked: bytes = decompressor.decompress(data, max_length=part.unpacked_size + 1)
    except zstd.ZstdError as error:
        raise IntegrityError(f"{part.path} is no sound zstd frame: {error}") from error
    _expect(len(unpacked) == part.unpacked_size and decompressor.eof, part.path)
    _expect(not decompressor.unused_data, part.path)
    return unpacked


def _expect(condition: bool, path: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise IntegrityError(f"{path} is not what the manifest promises: altered or truncated")


def _brief(error: BaseException) -> str:
    # obstore appends a dump of its own structures after a blank line.
    return str(error).partition("\n\n")[0].replace("\n", " ")[:300]
