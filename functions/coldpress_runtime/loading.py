"""From a model's URI to a session that answers: the fetch in a thread, the opening in the caller's.

A failure is one of `ModelUnavailable`, whatever went wrong; its code says what, for the log.
"""

from __future__ import annotations

import time
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from .artifact import Manifest, Signature, TensorSpec
from .errors import ArtifactError, ModelUnavailable
from .options import FetchOptions, SessionOptions
from .pointers import ModelUri

if TYPE_CHECKING:
    from .fetching import Artifact
    from .session import ModelSession

__all__ = ["Fetch", "LoadedModel", "Usage", "as_unavailable", "let_go", "opened", "still_loading"]


class Usage:
    """What is noticed of a loaded model while it answers.

    Attributes:
        slowest: Its slowest run so far, in seconds and elements of its inputs; 0 before the first.
        load_told: Whether its load time has been counted.
        memory_bytes: What it takes, as far as is known; 0 where nobody counts.
    """

    __slots__ = ("load_told", "memory_bytes", "slowest")

    def __init__(self) -> None:
        self.slowest = (0.0, 1)
        self.load_told = False
        self.memory_bytes = 0

    def ran(self, seconds: float, elements: int) -> None:
        """Remember a run."""
        self.slowest = max(self.slowest, (seconds, elements))

    def expected(self, elements: int) -> float:
        """Seconds that a run may take: as long as the slowest, less for a smaller one's share."""
        seconds, most = self.slowest
        return seconds * min(1.0, elements / max(1, most))

    def doubt(self) -> None:
        """Think of the slowest run as half as slow; else one that was held up would refuse all."""
        seconds, elements = self.slowest
        self.slowest = (seconds / 2, elements)


class LoadedModel(NamedTuple):
    """A model that answers.

    Attributes:
        manifest: What it is.
        version: The digest that is served.
        session: The open session.
        load_ms: Milliseconds from the start of the fetch to the open session.
        usage: What is noticed of it.
        note: Why it takes more memory than it would have to; empty if it does not.
    """

    manifest: Manifest
    version: str
    session: ModelSession
    load_ms: float
    usage: Usage
    note: str = ""


class Fetch(Thread):
    """The fetch under way, with its outcome; a thread, since Lambda has two vCPUs in INIT.

    Args:
        uri: The model.
        options: How it is fetched.

    Attributes:
        uri: The model.
        began: When, as `time.perf_counter` says it.
        read_at: The same, as `time.monotonic` says it: no channel was read before.
    """

    def __init__(self, uri: ModelUri, options: FetchOptions) -> None:
        super().__init__(name="fetch", daemon=True)
        self.uri = uri
        self.began = time.perf_counter()
        self.read_at = time.monotonic()
        self._options = options
        self._artifact: Artifact | None = None
        self._error: BaseException | None = None
        self._given_up = False

    def run(self) -> None:
        """Fetch; what goes wrong is kept for whoever waits."""
        # Imported here, so that the main thread can import onnxruntime at the same time.
        from .fetching import fetch  # noqa: PLC0415

        try:
            self._artifact = fetch(self.uri, self._options)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._error = error

    def finished(self, until: float | None) -> bool:
        """Wait for the end, at most until a time on the monotonic clock; whether it has come."""
        self.join(None if until is None else max(0.0, until - time.monotonic()))
        self._given_up = self.is_alive()
        return not self._given_up

    @property
    def stale(self) -> bool:
        """Whether it failed after the last caller gave up: that failure is nobody's any more."""
        return self._given_up and self._error is not None

    def artifact(self) -> Artifact:
        """What was fetched, once it is finished.

        Raises:
            ModelUnavailable: It failed.
        """
        if self._artifact is None:
            raise as_unavailable(self._error) from self._error
        return self._artifact


def opened(artifact: Artifact, began: float, options: SessionOptions) -> LoadedModel:
    """A fetched model, open.

    Args:
        artifact: What was fetched.
        began: When the fetch did, as `time.perf_counter` says it.
        options: How onnxruntime is set up.

    Raises:
        ModelUnavailable: It can't be opened, or is not what its manifest says.
    """
    from .session import ModelSession  # noqa: PLC0415 - the fetch starts before this import

    try:
        _check_name(artifact.uri, artifact.manifest)
        session = ModelSession(artifact.model, weights=artifact.weights, options=options)
        _check_signature(artifact.manifest.signature, session)
    except Exception as error:
        let_go(artifact.manifest)
        raise as_unavailable(error) from error
    return LoadedModel(
        manifest=artifact.manifest,
        version=artifact.uri.digest,
        session=session,
        load_ms=(time.perf_counter() - began) * 1000,
        usage=Usage(),
        note=artifact.note,
    )


def let_go(manifest: Manifest) -> None:
    """Have the files of a model that is open no more give way to the next large one's."""
    if any(blob.frames for blob in manifest.blobs):
        from .scratch import release  # noqa: PLC0415 - small models have no files

        for blob in manifest.blobs:
            release(blob)


def still_loading() -> ModelUnavailable:
    """What a caller hears whose time is up before the model is there."""
    return ModelUnavailable("the model is still on its way", code="loading", retry_after=1)


def as_unavailable(error: BaseException | None) -> ModelUnavailable:
    """Whatever kept a model from being loaded, as the one error that says so."""
    if isinstance(error, ModelUnavailable):
        return error
    if isinstance(error, MemoryError):
        return ModelUnavailable(
            "the model does not fit into the function's memory; give it more, or more /tmp for "
            "a large model's weights",
            code="load",
        )
    code = error.code if isinstance(error, ArtifactError) else "load"
    cause = str(error) or type(error).__name__
    return ModelUnavailable(f"the model can't be loaded: {cause}", code=code)


def _check_name(uri: ModelUri, manifest: Manifest) -> None:
    """Callers ask for the name in the URI, and answers bear the manifest's."""
    if manifest.name != uri.name:
        raise ArtifactError(
            f"the model is '{manifest.name}', and it was asked for as '{uri.name}'", where="name"
        )


def _check_signature(stated: Signature, session: ModelSession) -> None:
    """A manifest that promises tensors which the model has not would fail request by request."""
    if _types(stated.inputs) != _types(session.inputs) or not (
        _types(stated.outputs) <= _types(session.outputs)
    ):
        raise ArtifactError("the model's inputs or outputs are not these", where="signature")


def _types(specs: tuple[TensorSpec, ...]) -> set[tuple[str, str]]:
    return {(spec.name, spec.datatype) for spec in specs}
