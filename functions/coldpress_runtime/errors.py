"""What can go wrong inside the function; one tree, which knows nothing of HTTP."""

from collections.abc import Iterable

__all__ = [
    "ArtifactError",
    "IntegrityError",
    "MethodNotAllowed",
    "ModelUnavailable",
    "NotARequest",
    "OutOfTime",
    "PayloadTooLarge",
    "PredictionFailed",
    "PreflightFailed",
    "RequestError",
    "ResultNotKept",
    "RuntimeFault",
    "SwapFailed",
    "UnknownModel",
    "UnknownRoute",
    "UnknownVersion",
    "UnsupportedMedia",
    "quoted",
]

_SHOWN_NAMES = 8


class RuntimeFault(Exception):
    """The base of every error that the runtime raises on purpose.

    Attributes:
        code: A short, stable identifier for logs and metrics.
    """

    code = "fault"


class ArtifactError(RuntimeFault):
    """A manifest, channel or model URI is not in the format; `where` names the field.

    Attributes:
        where: Dotted path of the field at fault, such as ``signature.inputs[0].shape``.
    """

    code = "artifact"

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class ModelUnavailable(RuntimeFault):
    """The model can't be had at the moment; asking again later may help.

    Attributes:
        retry_after: Whole seconds after which the caller may try again.
    """

    code = "model_unavailable"

    def __init__(self, message: str, *, code: str | None = None, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        if code is not None:
            self.code = code


class IntegrityError(ModelUnavailable):
    """Stored bytes are not the ones that the manifest promises."""

    code = "integrity"


class SwapFailed(RuntimeFault):
    """The version that a channel points to by now is not served; the one before still is.

    Its code is ``swap_`` and the cause's own code.
    """

    code = "swap"

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.code = f"swap_{cause}"


class ResultNotKept(RuntimeFault):
    """An answer could not be put where it belongs; its message goes back to the queue.

    Its code is ``result_`` and the cause's own code.
    """

    code = "result"

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.code = f"result_{cause}"


class OutOfTime(RuntimeFault):
    """The model takes longer than there is time left before Lambda ends the invocation."""

    code = "out_of_time"


class RequestError(RuntimeFault):
    """The request is not one that this model can answer; the message says why."""

    code = "bad_request"


class NotARequest(RuntimeFault):
    """The event is nobody's who waits for an answer, so that an answer would be lost with it.

    The handler raises it: then a queue keeps its messages.
    """

    code = "not_a_request"


class UnsupportedMedia(RequestError):
    """The body's content type or encoding is none that the function reads."""

    code = "unsupported_media"


class PayloadTooLarge(RequestError):
    """The request's body, or the answer to it, is larger than the limit."""

    code = "too_large"


class UnknownRoute(RuntimeFault):
    """No dialect knows the path."""

    code = "unknown_route"


class UnknownModel(RuntimeFault):
    """The path names a model or a version that this function does not serve."""

    code = "unknown_model"


class UnknownVersion(UnknownModel):
    """The function serves another version of the model; it may serve that one later."""

    code = "unknown_version"


class MethodNotAllowed(RuntimeFault):
    """The path exists, but not for this HTTP method.

    Attributes:
        allowed: The methods that the path answers.
    """

    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class PredictionFailed(RuntimeFault):
    """The session raised on tensors that had passed every check."""

    code = "prediction_failed"


class PreflightFailed(RuntimeFault):
    """A version of the function does not answer what it is asked before it has traffic."""

    code = "preflight"


def quoted(names: Iterable[str]) -> str:
    """Names for an error, in quotes: the first few of them, none too long, and how many follow."""
    names = list(names)
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(f"'{name:.64}'" for name in names[:_SHOWN_NAMES]) + more
