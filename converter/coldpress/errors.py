"""What can go wrong in the converter: one tree, whose messages say what to do next.

Errors cross the boundary between the process that asks for an export and the one that makes it, so
each can be written as JSON and rebuilt as the same class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "BuildError",
    "BundleError",
    "CertificationError",
    "ColdpressError",
    "CompressionError",
    "DeployError",
    "ExportError",
    "LoadError",
    "MissingExtraError",
    "SampleError",
    "SignatureError",
    "StoreError",
    "TrustError",
    "UsageError",
    "brief",
    "printable",
]

_BRIEF = 300


class ColdpressError(Exception):
    """The base of every error that Coldpress raises on purpose.

    The message is one sentence that says what is wrong and what to do. Whatever else a subclass
    keeps is an attribute of the same name as its keyword argument, and is fit for JSON.
    """

    exit_code: ClassVar[int] = 1

    def to_record(self) -> dict[str, Any]:
        """The error as a JSON object: its class, message and data."""
        return {"type": type(self).__name__, "message": str(self), "data": dict(vars(self))}

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> ColdpressError:
        """The error that `to_record` wrote; of an unknown class, a plain `ColdpressError`."""
        classes = {error.__name__: error for error in _tree(ColdpressError)}
        kind = classes.get(record["type"], ColdpressError)
        return kind(record["message"], **record["data"])


class UsageError(ColdpressError):
    """Coldpress was asked for something that has no meaning: an option, a name, a sample."""

    exit_code = 2


class SampleError(UsageError):
    """The sample can't be read, or doesn't fit the model."""


class TrustError(ColdpressError):
    """The file can run code when it is read, and nobody said that it may.

    Attributes:
        sha256: Digest of the file's bytes, 64 lower-case hexadecimal digits.
        names: The globals that the file names, as ``module.name``, sorted.
        complete: Whether the whole file could be searched for them.
    """

    def __init__(self, message: str, *, sha256: str, names: Sequence[str], complete: bool) -> None:
        super().__init__(message)
        self.sha256 = sha256
        self.names = list(names)
        self.complete = complete


class LoadError(ColdpressError):
    """The model's file can't be read as what its suffix says."""


class ExportError(ColdpressError):
    """The model can't be written as ONNX."""


class CertificationError(ColdpressError):
    """The export doesn't answer like the original.

    Attributes:
        output: Name of the output at fault.
        rows: Indices into the sample, the first five at most.
        difference: Largest absolute difference, or the number of rows for labels.
    """

    def __init__(
        self, message: str, *, output: str, rows: Sequence[int], difference: float
    ) -> None:
        super().__init__(message)
        self.output = output
        self.rows = list(rows)
        self.difference = difference


class CompressionError(ColdpressError):
    """The model can't be made smaller in the way that was asked for, at the price allowed."""


class BundleError(ColdpressError):
    """A bundle can't be written or read, or is not what its manifest says."""


class SignatureError(ColdpressError):
    """A bundle is not signed, or not by the key that was given, or not as it is now."""


class StoreError(ColdpressError):
    """A store can't be reached, refuses, or holds something else than it should."""


class BuildError(ColdpressError):
    """The function's package can't be built."""


class DeployError(ColdpressError):
    """A deployment can't be done, or what was deployed does not answer as it should."""


class MissingExtraError(ColdpressError):
    """A package is missing that one of Coldpress's extras would have installed.

    Attributes:
        extra: The extra's name.
    """

    def __init__(self, message: str, *, extra: str) -> None:
        super().__init__(message)
        self.extra = extra

    @classmethod
    def needed_by(cls, what: str, extra: str) -> MissingExtraError:
        """The error with the line to type, for something that needs an extra."""
        return cls(f"{what} needs the {extra} extra: pip install 'coldpress[{extra}]'", extra=extra)


def brief(error: BaseException | str, most: int = _BRIEF) -> str:
    """What someone else's error says, on one line, for a message.

    Args:
        error: The error, or its words.
        most: How many characters there are at most; what is longer ends after a whole word.
    """
    words = " ".join(str(error).split())
    if len(words) <= most:
        return words
    return f"{words[:most].rpartition(' ')[0] or words[:most]} …"


def printable(text: str) -> str:
    """A text on one line, with what a terminal would take for a command shown as its escape."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def _tree(root: type[ColdpressError]) -> Iterator[type[ColdpressError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)
