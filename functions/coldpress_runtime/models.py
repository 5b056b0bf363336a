"""The warm container's one piece of state: the model it serves, loaded once, behind a lock."""

from __future__ import annotations

import time
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from .artifact import Manifest, Signature, TensorSpec
from .errors import ArtifactError, ModelUnavailable
from .options import SessionOptions
from .pointers import ModelUri
from .settings import Settings

if TYPE_CHECKING:
    from .fetching import Artifact
    from .session import ModelSession

__all__ = ["LoadedModel", "ModelHolder"]


class LoadedModel(NamedTuple):
    """A model that answers.

    Attributes:
        manifest: What it is.
        version: The digest that is served.
        session: The open session.
        load_ms: Milliseconds from the start of the fetch to the open session.
        note: Why it takes more memory than it would have to; empty if it does not.
    """

    manifest: Manifest
    version: str
    session: ModelSession
    load_ms: float
    note: str = ""


class ModelHolder:
    """Loads the model that the settings name, once, however many requests wait for it.

    A failure is never kept: the next request tries again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._model: LoadedModel | None = None
        self._fetch: _Fetch | None = None

    def begin(self) -> None:
        """Start fetching in a thread, so that imports and transfer overlap."""
        if self._fetch is None and not self._settings.problems:
            self._fetch = _Fetch(self._settings)
            self._fetch.start()

    @property
    def loaded(self) -> LoadedModel | None:
        """The model if it is loaded already; never waits."""
        return self._model

    def get(self, *, seconds: float | None = None) -> LoadedModel:
        """The model, loaded if need be.

        Args:
            seconds: How long to wait for the bytes; afterwards the fetch goes on for the next
                call. None waits as long as the fetch takes.

        Raises:
            ModelUnavailable: It can't be had now; `code` says why, for the log.
        """
        model = self._model
        if model is None:
            until = None if seconds is None else time.monotonic() + seconds
            if not self._lock.acquire(timeout=-1 if seconds is None else seconds):
                raise _loading()
            try:
                model = self._model = self._model or self._load(until)
            finally:
                self._lock.release()
        return model

    def _load(self, until: float | None) -> LoadedModel:
        if problems := self._settings.problems:
            raise ModelUnavailable("; ".join(problems), code="configuration", retry_after=60)
        self.begin()
        fetch = self._fetch
        if fetch is None or not fetch.finished(until):
            raise _loading()
        self._fetch = None
        return _opened(fetch.artifact(), fetch.began, self._settings.session)


class _Fetch(Thread):
    """The fetch under way, with its outcome; a thread, since Lambda has two vCPUs in INIT."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="fetch", daemon=True)
        self.began = time.perf_counter()
        self._settings = settings
        self._artifact: Artifact | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        # Imported here, so that the main thread can import onnxruntime at the same time.
        from .fetching import fetch  # noqa: PLC0415

        try:
            uri = ModelUri.parse(self._settings.model_uri)
            self._artifact = fetch(uri, self._settings.fetch)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._error = error

    def finished(self, until: float | None) -> bool:
        self.join(None if until is None else max(0.0, until - time.monotonic()))
        return not self.is_alive()

    def artifact(self) -> Artifact:
        if self._artifact is None:
            raise _as_unavailable(self._error) from self._error
        return self._artifact


def _opened(artifact: Artifact, began: float, options: SessionOptions) -> LoadedModel:
    from .session import ModelSession  # noqa: PLC0415 - the fetch starts before this import

    try:
        session = ModelSession(artifact.model, weights=artifact.weights, options=options)
        _check_signature(artifact.manifest.signature, session)
    except Exception as error:
        raise _as_unavailable(error) from error
    return LoadedModel(
        manifest=artifact.manifest,
        version=artifact.uri.digest,
        session=session,
        load_ms=(time.perf_counter() - began) * 1000,
        note=artifact.note,
    )


def _check_signature(stated: Signature, session: ModelSession) -> None:
    """A manifest that promises tensors which the model has not would fail request by request."""
    if _types(stated.inputs) != _types(session.inputs) or not (
        _types(stated.outputs) <= _types(session.outputs)
    ):
        raise ArtifactError("the model's inputs or outputs are not these", where="signature")


def _types(specs: tuple[TensorSpec, ...]) -> set[tuple[str, str]]:
    return {(spec.name, spec.datatype) for spec in specs}


def _loading() -> ModelUnavailable:
    return ModelUnavailable("the model is still on its way", code="loading", retry_after=1)


def _as_unavailable(error: BaseException | None) -> ModelUnavailable:
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
