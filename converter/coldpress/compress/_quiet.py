"""Tools that log and print as they go, kept to themselves."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

__all__ = ["quietly"]


@contextmanager
def quietly() -> Iterator[None]:
    """Let nothing through of logs, warnings and prints, and leave logging as it was.

    onnxruntime's quantisers log to the root logger, and one of them sets it up when imported.
    """
    root = logging.getLogger()
    handlers, level, before = [*root.handlers], root.level, logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.disable(before)
