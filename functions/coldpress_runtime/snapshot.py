"""SnapStart: what happens before Lambda takes a snapshot of the container, and after a restore.

Source: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["register"]

_SNAP_START = "snap-start"


def register(initialization: str, *, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Have Lambda's runtime call two functions, if it is about to take a snapshot.

    Without SnapStart, or in a runtime that has no hooks, nothing happens.

    Args:
        initialization: ``AWS_LAMBDA_INITIALIZATION_TYPE``.
        before: Called when INIT is over and before the snapshot; an error fails the deployment.
        after: Called when a copy of the container starts from the snapshot.
    """
    if initialization != _SNAP_START:
        return
    try:
        import snapshot_restore_py as hooks  # noqa: PLC0415 - the runtime's own, with SnapStart only
    except ImportError:
        return
    hooks.register_before_snapshot(before)
    hooks.register_after_restore(after)
