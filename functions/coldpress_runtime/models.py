"""The warm container's one piece of state: the models it serves, each loaded once, behind locks."""

from __future__ import annotations

import time
from threading import Lock, Thread
from typing import TYPE_CHECKING

from .errors import ModelUnavailable, UnknownModel, quoted
from .loading import Fetch, LoadedModel, opened, still_loading
from .pointers import ModelUri
from .settings import Settings

if TYPE_CHECKING:
    from .fetching import Artifact
    from .telemetry import Telemetry

__all__ = ["LoadedModel", "ModelHolder", "Slot"]

_LONG_AGO = float("-inf")


class Slot:
    """The place of one of the served models.

    Attributes:
        uri: What the settings name.
        model: The version that answers; None while none is loaded.
        fetch: The fetch under way, if there is one.
        loading: Held by who loads the model.
        refreshing: Held by who reads the channel again.
        read_at: When the channel was read last, on the monotonic clock.
        asked_at: When the model was asked for last, on the same.
        refused: What of the channel was refused last, so that it is logged once; empty if nothing.
    """

    __slots__ = (
        "asked_at", "fetch", "loading", "model", "read_at", "refreshing", "refused", "uri",
    )  # fmt: skip

    def __init__(self, uri: ModelUri) -> None:
        self.uri = uri
        self.model: LoadedModel | None = None
        self.fetch: Fetch | None = None
        self.loading = Lock()
        self.refreshing = Lock()
        self.read_at = _LONG_AGO
        self.asked_at = _LONG_AGO
        self.refused = ""


class ModelHolder:
    """Loads the models that the settings name, each once, however many requests wait for it.

    A failure is never kept: the next request tries again. Where there are several models, the
    least recently used ones leave when the memory for them is full. A channel is read again from
    time to time, and the version that it points to by then takes the place of the one before, off
    the requests' path; a request keeps the version that it was given.

    Args:
        settings: What is served, and how it is fetched and opened.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots = {uri.name: Slot(uri) for uri in settings.models}
        self._several = len(self._slots) > 1
        # One at a time: opening takes more memory than having, and what it took can be measured.
        self._opening = Lock()
        self._telemetry: Telemetry | None = None

    def report_to(self, telemetry: Telemetry) -> None:
        """Tell of swaps, and of versions that are refused, from now on."""
        self._telemetry = telemetry

    def begin(self) -> None:
        """Start fetching the first model in a thread, so that imports and transfer overlap."""
        if self._slots and not self._settings.problems:
            self._begin(next(iter(self._slots.values())))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models, in the settings' order."""
        return tuple(self._slots)

    @property
    def loaded(self) -> tuple[LoadedModel, ...]:
        """The models that are loaded already; never waits."""
        models = (slot.model for slot in self._slots.values())
        return tuple(model for model in models if model is not None)

    def renew(self) -> None:
        """Take what is known of channels as old; after a restore, nobody knows how old it is."""
        for slot in self._slots.values():
            slot.read_at = _LONG_AGO

    def get(self, name: str = "", *, seconds: float | None = None) -> LoadedModel:
        """A model, loaded if need be.

        Args:
            name: Its name; empty for the first.
            seconds: How long to wait for the bytes; afterwards the fetch goes on for the next
                call. None waits as long as the fetch takes.

        Raises:
            UnknownModel: None of the models has that name.
            ModelUnavailable: It can't be had now; `code` says why, for the log.
        """
        slot = self._slot(name)
        if self._several:
            slot.asked_at = time.monotonic()
        # A model that is evicted or swapped after this line is this caller's all the same.
        model = slot.model or self._loaded(slot, seconds)
        if slot.uri.channel:
            self._refresh_if_old(slot)
        return model

    def _slot(self, name: str) -> Slot:
        if problems := self._settings.problems:
            raise ModelUnavailable("; ".join(problems), code="configuration", retry_after=60)
        slot = self._slots.get(name or next(iter(self._slots), ""))
        if slot is None:
            raise UnknownModel(
                f"unknown model '{name:.64}'; this function serves {quoted(self._slots)}"
            )
        return slot

    def _loaded(self, slot: Slot, seconds: float | None) -> LoadedModel:
        until = None if seconds is None else time.monotonic() + seconds
        _acquire(slot.loading, until)
        try:
            model = slot.model = slot.model or self._load(slot, until)
        finally:
            slot.loading.release()
        return model

    def _load(self, slot: Slot, until: float | None) -> LoadedModel:
        fetch = self._begin(slot)
        if not fetch.finished(until):
            raise still_loading()
        try:
            artifact = fetch.artifact()
        except ModelUnavailable:
            slot.fetch = None  # whoever asks next tries again
            raise
        if _over(until):
            raise still_loading()
        _acquire(self._opening, until)
        try:
            slot.fetch = None
            slot.read_at = fetch.read_at
            return self._opened(slot, artifact, fetch.began)
        finally:
            self._opening.release()

    def _begin(self, slot: Slot) -> Fetch:
        fetch = slot.fetch
        if fetch is None or fetch.stale:
            fetch = slot.fetch = Fetch(slot.uri, self._settings.fetch)
            fetch.start()
        return fetch

    def _opened(self, slot: Slot, artifact: Artifact, began: float) -> LoadedModel:
        if not self._several:
            return opened(artifact, began, self._settings.session)
        from .memory import open_within  # noqa: PLC0415 - for several models only

        return open_within(
            self._settings.model_memory,
            lambda: opened(artifact, began, self._settings.session),
            artifact.manifest,
            slot,
            self._slots.values(),
        )

    def _refresh_if_old(self, slot: Slot) -> None:
        if not self._is_old(slot) or not slot.refreshing.acquire(blocking=False):
            return
        if not self._is_old(slot):  # somebody else has just read it
            slot.refreshing.release()
            return
        slot.read_at = time.monotonic()
        try:
            Thread(target=self._refresh, args=(slot,), name="refresh", daemon=True).start()
        except RuntimeError:  # the system has no thread to give; another request will try again
            slot.refreshing.release()

    def _is_old(self, slot: Slot) -> bool:
        return time.monotonic() - slot.read_at >= self._settings.channel_seconds

    def _refresh(self, slot: Slot) -> None:
        try:
            from .refreshing import refresh  # noqa: PLC0415 - a pinned model is never read again

            refresh(slot, self._settings, self._open_beside, self._telemetry)
        finally:
            slot.refreshing.release()

    def _open_beside(self, slot: Slot, artifact: Artifact, began: float) -> LoadedModel:
        with self._opening:
            return self._opened(slot, artifact, began)


def _over(until: float | None) -> bool:
    return until is not None and time.monotonic() > until


def _acquire(lock: Lock, until: float | None) -> None:
    seconds = -1 if until is None else max(0.0, until - time.monotonic())
    if not lock.acquire(timeout=seconds):
        raise still_loading()
