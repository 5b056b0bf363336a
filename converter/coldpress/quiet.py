"""Silence around frameworks and tools, which log and print as they go, for their own developers."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

__all__ = ["quietly", "unheard"]


@contextmanager
def quietly() -> Iterator[None]:
    """Let nothing through of logs, warnings and prints, and leave logging as it was.

    Logs are stopped by level rather than by logger: torch and tf2onnx log under a dozen names, and
    onnxruntime's quantisers to the root logger, which one of them sets up when it is imported.
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


def unheard(_told: object) -> None:
    """Tell nobody: the progress of whoever did not ask for it."""
