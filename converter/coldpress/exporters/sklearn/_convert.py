"""Conversion by skl2onnx, and the refusal of what it can't convert or converts wrongly."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

import onnx
from skl2onnx import convert_sklearn
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common._registration import get_converter
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from coldpress.errors import ExportError, brief
from coldpress.exporters.boosting._pipelines import register_boosters

from ._converters import CONVERTERS, PRECISE, SHAPES, register_missing, without_plugins
from ._functions import KNOWN, is_known
from ._inputs import Inputs, parts_of
from ._rewrite import rewritten
from ._targets import check_target

__all__ = ["check_convertible", "convert"]

_TYPES: dict[str, Any] = {
    "BOOL": BooleanTensorType,
    "INT64": Int64TensorType,
    "FP32": FloatTensorType,
    "FP64": DoubleTensorType,
    "BYTES": StringTensorType,
}
_OPSETS = {"": 21, "ai.onnx.ml": 3}


def check_convertible(model: BaseEstimator) -> None:
    """Refuse what would fail later with a worse message, or convert without one and be wrong.

    Raises:
        ExportError: The model is not fitted, runs a Python function, or holds an estimator of a
            kind that is not exported.
    """
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ExportError(f"the {type(model).__name__} is not fitted; fit it first") from error
    for name, part in _steps(model):
        if isinstance(part, FunctionTransformer) and (part.kw_args or not is_known(part.func)):
            raise ExportError(
                f"step '{name}' runs a Python function, which ONNX can't hold; replace the "
                "FunctionTransformer by scikit-learn's own transformers, by one of numpy's "
                f"{KNOWN} alone or, with --plugin, by a class of your own that has a converter"
            )
    for part in parts_of(model):
        if isinstance(part, GaussianProcessClassifier):
            raise ExportError(
                "GaussianProcessClassifier needs an operator that onnxruntime has not; use SVC "
                "with probability=True, or a calibrated one, instead"
            )
        if isinstance(part, TransformedTargetRegressor) and (reason := check_target(part)):
            raise ExportError(
                f"{type(part).__name__} {reason}, which ONNX can't hold; use a scaler, or one of "
                f"numpy's {KNOWN} as the inverse"
            )


def convert(
    model: BaseEstimator,
    inputs: Inputs,
    *,
    repaired: bool = False,
    sparse: Collection[int] = (),
) -> onnx.ModelProto:
    """The model as an ONNX graph, with class probabilities as a matrix.

    Args:
        model: The estimator.
        inputs: The sample as the graph takes it.
        sparse: Ids of boosters that are given sparse matrices.
        repaired: Whether scalers of a float32 graph calculate in float64; see `PRECISE`.

    Raises:
        ExportError: skl2onnx can't; the message names the step.
    """
    register_missing()
    equal = rewritten(model)
    register_boosters(equal)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            proto: onnx.ModelProto = convert_sklearn(
                equal,
                # A name of our own: skl2onnx's would be another one each time.
                name=type(model).__name__,
                initial_types=_initial_types(inputs),
                options=_options(equal, sparse),
                target_opset=_OPSETS,
                custom_conversion_functions=without_plugins(
                    {**CONVERTERS, **(PRECISE if repaired else {})}
                ),
                custom_shape_calculators=without_plugins(SHAPES),
            )
    except (MissingConverter, MissingShapeCalculator) as error:
        raise _no_converter(model, error) from error
    except ExportError:
        raise
    except Exception as error:
        raise ExportError(
            f"skl2onnx can't convert the {type(model).__name__}: {brief(error)}"
        ) from error
    return proto


def _initial_types(inputs: Inputs) -> list[tuple[str, Any]]:
    return [
        (name, _TYPES[inputs.datatypes[name]]([None, *values.shape[1:]]))
        for name, values in inputs.columns.items()
    ]


def _options(model: BaseEstimator, sparse: Collection[int]) -> dict[int, dict[str, Any]]:
    options: dict[int, dict[str, Any]] = {}
    for part in parts_of(model):
        if is_classifier(part) and not isinstance(part, Pipeline):
            # An empty entry keeps skl2onnx from turning the map on by itself in a pipeline.
            options[id(part)] = {"zipmap": False} if _takes_zipmap(part) else {}
    # CatBoost's are no estimators to scikit-learn, and so no parts.
    last = model
    while isinstance(last, Pipeline):
        last = last.steps[-1][1]
    if is_classifier(last):
        options.setdefault(id(last), {})
    for booster in sparse:
        options.setdefault(booster, {})["sparse"] = True
    return options


def _takes_zipmap(model: BaseEstimator) -> bool:
    alias = sklearn_operator_name_map.get(type(model))
    if alias is None:
        return False
    allowed = get_converter(alias).get_allowed_options() or ()
    return allowed == "passthrough" or "zipmap" in allowed


def _no_converter(model: BaseEstimator, error: Exception) -> ExportError:
    for name, part in _steps(model):
        if str(type(part)) in str(error):
            kind = f"{type(part).__module__}.{type(part).__qualname__}"
            where = f"step '{name}' is a {kind}" if name else f"the model is a {kind}"
            break
    else:
        where = f"a part of the model is a {brief(error)}"
    return ExportError(
        f"{where}, for which skl2onnx has no converter; replace it by another estimator, or name "
        "a module that registers a converter with --plugin"
    )


def _steps(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - also "drop"
    """Every named step, such as ``preprocess/numbers/scaler``, the model itself with ``""``."""
    yield path, part
    steps = (getattr(part, name, ()) for name in ("steps", "transformers_", "transformer_list"))
    for step in chain.from_iterable(steps):
        yield from _steps(step[1], f"{path}/{step[0]}" if path else step[0])
