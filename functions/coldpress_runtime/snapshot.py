"""SnapStart: what happens before Lambda takes a snapshot of the container, and after a restore.

Source: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["register"]

_SNAP_START = "snap-start"


def register(initialization: str, *, before: Callable[[], None], after: Callable[[], None]) -> bool:
    """Have Lambda's runtime call two functions, if it is about to take a snapshot.

    Args:
        initialization: ``AWS_LAMBDA_INITIALIZATION_TYPE``.
        before: Called when INIT is over and before the snapshot; an error fails the deployment.
        after: Called when a copy of the container starts from the snapshot.

    Returns:
        Whether they will be called: not without SnapStart, nor in a runtime that has no hooks.
    """
    if initialization != _SNAP_START:
        return False
    try:
        import snapshot_restore_py as hooks  # noqa: PLC0415 - the runtime's own, with SnapStart only
    except ImportError:
        return False
    hooks.register_before_snapshot(before)
    hooks.register_after_restore(after)
    return True
