"""How a model is fetched, how onnxruntime is set up, what a request may hold: choices in one place.

Standard library only: the settings hold these options long before onnxruntime is imported.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "MEGABYTES_PER_CPU",
    "FetchOptions",
    "Limits",
    "SessionOptions",
    "model_memory_for",
    "threads_for",
    "unpacked_bytes_for",
    "values_for",
]

# Lambda gives one vCPU for each 1,769 MB of memory, and six at most:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEGABYTES_PER_CPU = 1769
_MOST_CPUS = 6
_MEGABYTE = 1024**2
# What the interpreter, numpy and onnxruntime take (62 MB), and a request of some size.
_RUNTIME_MEGABYTES = 128
_VALUE_BYTES = 128
_LEAST_VALUES = 64 * 1024


class FetchOptions(NamedTuple):
    """How a model is fetched.

    Attributes:
        seconds: How long one read may take, retries included.
        streams: How many parts of a large blob are under way at once.
        max_model_bytes: Largest unpacked model that is accepted, weights included.
        scratch: Directory for what is too large to hold twice.
        plain_http: Whether an ``http://`` endpoint will do.
    """

    seconds: int = 20
    streams: int = 8
    max_model_bytes: int = 4 * 1024**3
    scratch: str = "/tmp"  # noqa: S108 - Lambda's own; what lies there is private and hashed
    plain_http: bool = False


class SessionOptions(NamedTuple):
    """What may be chosen about a session; docs/function-settings.md has the variables.

    Attributes:
        threads: Threads that one operator may use, at least 1.
        spinning: Whether threads that wait for the next operator keep a vCPU busy; worth it only
            where there are several threads and nothing else runs.
        prepacking: Whether onnxruntime copies weights into the layout that its kernels like best:
            faster on batches of 2 to 128 rows, two to three times on the small ones of them, for
            the time and the memory of a copy. None packs unless the weights lie apart from the
            graph: those are large.
    """

    threads: int = 1
    spinning: bool = False
    prepacking: bool | None = None

    def packs(self, *, apart: bool) -> bool:
        """Whether weights are prepacked, if they lie apart from the graph or not."""
        return not apart if self.prepacking is None else self.prepacking


def threads_for(megabytes: int) -> int:
    """The vCPUs that a function with this much memory has, rounded, from 1 to 6."""
    return max(1, min(_MOST_CPUS, round(megabytes / MEGABYTES_PER_CPU)))


def model_memory_for(megabytes: int) -> int:
    """Bytes that a function with this much memory may fill with models.

    Three quarters of what the runtime leaves, since opening one takes more than keeping it; an
    eighth of the whole where that would be less.
    """
    return max(megabytes // 8, (megabytes - _RUNTIME_MEGABYTES) * 3 // 4) * _MEGABYTE


def unpacked_bytes_for(megabytes: int) -> int:
    """Bytes that a request may unpack to in a function with this much memory, from 8 to 32 MB.

    Beside the body itself there are its values, and what its brackets are counted with.
    """
    return max(8, min(32, megabytes // 32)) * _MEGABYTE


def values_for(megabytes: int) -> int:
    """Values that a function with this much memory may make objects of for one request.

    Half of what the runtime leaves, at 128 bytes each: a number takes 32, an empty list or object
    up to 160 with the text that it comes from.
    """
    left = max(0, megabytes - _RUNTIME_MEGABYTES) * _MEGABYTE
    return max(_LEAST_VALUES, left // 2 // _VALUE_BYTES)


class Limits(NamedTuple):
    """What a request and its answer may hold; docs/function-settings.md has the variables.

    Attributes:
        body_bytes: Largest body as it comes, inclusive.
        unpacked_bytes: Largest body once its content encoding is undone, inclusive.
        ratio: How many times larger than what came that may be, beyond a megabyte.
        depth: How many lists and objects of a JSON body may stand within one another.
        rank: How many dimensions a tensor may have.
        elements: How many values the tensors of a request may have, all together.
        values: How many values its JSON, its CSV or a tensor of strings may have, lists and objects
            counted with them: what becomes an object of Python's each.
        response_bytes: Largest answer as Lambda sends it, inclusive.
    """

    body_bytes: int = 6 * 1024**2
    unpacked_bytes: int = 32 * 1024**2
    ratio: int = 100
    depth: int = 100
    rank: int = 16
    elements: int = 16 * 1024**2
    values: int = values_for(MEGABYTES_PER_CPU)
    response_bytes: int = 6_000_000
