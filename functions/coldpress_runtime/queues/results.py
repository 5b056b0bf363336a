"""Where answers to messages go: an object for each question and version of the model.

It is made once. So a message that comes twice, or is sent twice, has one answer, and whoever knows
the question and the version knows where it lies.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coldpress_runtime.errors import ModelUnavailable, ResultNotKept
from coldpress_runtime.fetching import store_of
from coldpress_runtime.models import LoadedModel
from coldpress_runtime.settings import Settings
from coldpress_runtime.store import write_once

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["Results"]


class Results:
    """Keeps answers in object storage, below the URL that the settings name.

    Args:
        settings: ``COLDPRESS_RESULTS``, and how long a request of the store may take.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.results
        self._fetch = settings.fetch

    def keep(self, model: LoadedModel, key: str, answer: bytes) -> str:
        """Keep an answer, unless there is one already.

        Args:
            model: What answered.
            key: What was asked; see `messages.key_of`.
            answer: The answer's body.

        Returns:
            Where it lies, as a URL.

        Raises:
            ResultNotKept: The store does not take it now.
        """
        path = f"{model.manifest.name}/{model.version}/{key}.json"
        try:
            write_once(self._store, path, answer)
        except ModelUnavailable as error:
            raise ResultNotKept(f"the answer is not kept: {error}", cause=error.code) from error
        return f"{self._url.rstrip('/')}/{path}"

    @cached_property
    def _store(self) -> ObjectStore:
        return store_of(self._url, self._fetch, create=True)
