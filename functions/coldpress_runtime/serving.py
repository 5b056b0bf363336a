"""What a dialect may ask of the function while it answers one request."""

from __future__ import annotations

import time

from .errors import OutOfTime, RequestError, UnknownVersion, quoted
from .models import LoadedModel, ModelHolder
from .options import Limits
from .session import Tensors, check_inputs

__all__ = ["Serving"]

_DEFAULT_LIMITS = Limits()


class Serving:
    """The models that one request may be answered with.

    Args:
        models: The container's models.
        seconds: How long the request may wait for one of them.
        limits: What a request may hold.
        deadline: When Lambda ends the invocation, on the monotonic clock; None if nobody says.

    Attributes:
        limits: What a request may hold.
        used: The model that the request was answered with; None until it is had.
    """

    __slots__ = ("_deadline", "_models", "_until", "limits", "used")

    def __init__(
        self,
        models: ModelHolder,
        seconds: float,
        limits: Limits = _DEFAULT_LIMITS,
        *,
        deadline: float | None = None,
    ) -> None:
        self._models = models
        self._until = time.monotonic() + seconds
        self._deadline = deadline
        self.limits = limits
        self.used: LoadedModel | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models that this function serves, loaded or not."""
        return self._models.names

    def ready(self) -> LoadedModel:
        """The first of the models, which INIT opens; the function is ready when it is there.

        Raises:
            ModelUnavailable: It can't be had now.
        """
        model = self.used = self._had("")
        return model

    def model(self, name: str = "", version: str = "") -> LoadedModel:
        """The model that a request names; without a name, the one that is served.

        A request is given the same version however often it asks.

        Raises:
            RequestError: There are several, and the request names none.
            UnknownModel: This function serves no such model, or another version of it.
            ModelUnavailable: The model can't be had now.
        """
        if not name and len(self.names) > 1:
            raise RequestError(
                "this function serves several models, and the request names none; name one of "
                f"{quoted(self.names)}"
            )
        model = self.used
        if model is None or name not in ("", model.manifest.name):
            model = self._had(name)
        if version not in ("", model.version):
            raise UnknownVersion(
                f"unknown version '{version:.80}' of '{model.manifest.name}'; this function serves "
                f"{model.version}"
            )
        self.used = model
        return model

    def predict(self, model: LoadedModel, tensors: Tensors) -> Tensors:
        """The model's outputs by name.

        Raises:
            RequestError: The tensors are not what the model takes.
            OutOfTime: The model has been seen to take longer than there is time left.
            PredictionFailed: onnxruntime failed on tensors that fit.
        """
        check_inputs(model.manifest.signature, tensors)
        elements = sum(array.size for array in tensors.values())
        self._check_time(model, elements)
        began = time.perf_counter()
        results = model.session.run(tensors)
        model.usage.ran(time.perf_counter() - began, elements)
        return results

    def _had(self, name: str) -> LoadedModel:
        return self._models.get(name, seconds=max(0.0, self._until - time.monotonic()))

    def _check_time(self, model: LoadedModel, elements: int) -> None:
        if self._deadline is None:
            return
        left, needed = self._deadline - time.monotonic(), model.usage.expected(elements)
        if needed > left:
            model.usage.doubt()
            raise OutOfTime(
                f"the model may take up to {needed:.3g} s and {max(left, 0):.3g} s are left; send "
                "fewer rows at once, or give the function a longer timeout"
            )
