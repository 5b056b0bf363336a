"""What a dialect may ask of the function while it answers one request."""

from __future__ import annotations

from .errors import UnknownModel
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

    Attributes:
        limits: What a request may hold.
        used: The model that the request was answered with; None until it is had.
    """

    __slots__ = ("_models", "_seconds", "limits", "used")

    def __init__(
        self, models: ModelHolder, seconds: float, limits: Limits = _DEFAULT_LIMITS
    ) -> None:
        self._models = models
        self._seconds = seconds
        self.limits = limits
        self.used: LoadedModel | None = None

    def model(self, name: str = "", version: str = "") -> LoadedModel:
        """The model that a request names; without a name, the one that is served.

        Raises:
            UnknownModel: This function serves another model, or another version of it.
            ModelUnavailable: The model can't be had now.
        """
        model = self.used = self._models.get(seconds=self._seconds)
        served = model.manifest.name
        if name not in ("", served):
            raise UnknownModel(f"unknown model '{name:.64}'; this function serves '{served}'")
        if version not in ("", model.version):
            raise UnknownModel(
                f"unknown version '{version:.80}' of '{served}'; this function serves "
                f"{model.version}"
            )
        return model

    def predict(self, model: LoadedModel, tensors: Tensors) -> Tensors:
        """The model's outputs by name.

        Raises:
            RequestError: The tensors are not what the model takes.
            PredictionFailed: onnxruntime failed on tensors that fit.
        """
        check_inputs(model.manifest.signature, tensors)
        return model.session.run(tensors)
