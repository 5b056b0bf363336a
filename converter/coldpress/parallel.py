"""Work in threads whose results come in the order of the work, however many threads there are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# zstd at level 19 takes some 90 MB a thread.
_MOST_THREADS = 8


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int | None = None
) -> Iterator[_Result]:
    """Do the same to each item, several at once; only so many results wait to be taken.

    Args:
        work: What to do: something that releases the GIL, such as hashing or compression.
        items: Taken one by one, in the caller's thread.
        threads: How many work at once, at least 1; by default as many as there are processors.

    Yields:
        The results in the items' order.
    """
    count = threads or min(_MOST_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(count)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
