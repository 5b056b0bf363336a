"""What a process that reads somebody's model is kept from: secrets in its environment, the network.

It stands at the bottom, because the worker and what it starts both go by it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["environment", "leave_network"]

# What a child gets of its parent's environment: nothing that could be a secret or a proxy.
_KEPT = frozenset(
    {
        *("PATH", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "LD_LIBRARY_PATH"),
        *("DYLD_LIBRARY_PATH", "SYSTEMROOT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
        *("MKL_NUM_THREADS",),
    }
)
_SET = {
    # The same bytes for the same model: sets of strings are in the same order.
    "PYTHONHASHSEED": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# linux/sched.h; `os` has them from Python 3.12 on.
_NEW_NETWORK = 0x40000000
_NEW_USER = 0x10000000
# linux/prctl.h and linux/capability.h: to enter another's namespaces, or another process.
_DROP_FROM_BOUNDS = 24
_SYS_PTRACE, _SYS_ADMIN = 19, 21
_CAPABILITY_VERSION = 0x20080522


def environment(home: Path, own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a child process.

    Args:
        home: An empty directory for what the frameworks write.
        own: The environment to take what is harmless from.
    """
    kept = {key: value for key, value in own.items() if key in _KEPT or key.startswith("LC_")}
    return {**kept, **_SET, "HOME": str(home), "TMPDIR": str(home)}


def leave_network() -> bool:
    """Put this process, and what it starts, into a network of its own that reaches nothing.

    Loopback is gone, too. Call it before any thread starts. Files stay what they are: the user
    keeps the same number, inside and outside. Sockets that are files are not closed off. Root gives
    up what it takes to go back into its parent's network.

    Returns:
        Whether it was done: only Linux can, and a container or a policy may forbid it.
    """
    if sys.platform != "linux":
        return False
    if _has_left():
        return True
    # With rights, the network alone; without, in a namespace of users that grants them.
    for flags in (_NEW_NETWORK, _NEW_NETWORK | _NEW_USER):
        # What fails half-way leaves a process that can make no files: a child tries it first.
        if _rehearsed(flags):
            return _unshare(flags)
    return False


def _has_left() -> bool:
    """Whether not even loopback is there, as for what is started by a process that left."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sent:
        return sent.connect_ex(("127.0.0.1", 9)) == errno.ENETUNREACH


def _rehearsed(flags: int) -> bool:
    child = os.fork()
    if child == 0:
        done = False
        try:
            done = _unshare(flags)
        finally:
            os._exit(0 if done else 1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _unshare(flags: int) -> bool:
    user, group = os.getuid(), os.getgid()
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
            return False
        if flags & _NEW_USER:
            # user_namespaces(7): without a map, this user would be nobody.
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        else:
            _burn_the_bridge()
    except (OSError, AttributeError):
        return False
    return True


def _burn_the_bridge() -> None:
    """Give up, for good, what lets root enter the namespaces and the memory of its parent."""
    library = ctypes.CDLL(None)
    # capget(2): version and process, then effective, permitted and inheritable, twice 32 bits each.
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    if library.capget(header, sets) != 0:
        return
    for capability in (_SYS_PTRACE, _SYS_ADMIN):
        # Or root had it again after the next exec.
        library.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0)
        for index in range(3):
            sets[index] &= ~(1 << capability)
    library.capset(header, sets)
