"""What is asked of a booster, whichever library it is of: its graph, and its own answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from coldpress.errors import ExportError, brief
from coldpress.load.zipmap import unwrap_zipmaps
from coldpress.onnx_file import Label

from .ensembles import Form, read_lightgbm, read_xgboost, write

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Booster", "Columns", "booster_of"]

# CatBoost's losses whose predictions are exponentials.
_EXPONENTIAL = ("Poisson", "Tweedie")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that a model takes, as scikit-learn's attributes say it.

    Attributes:
        feature_names_in_: Their names, in order; None where it was fitted without names.
        n_features_in_: How many.
    """

    feature_names_in_: tuple[str, ...] | None
    n_features_in_: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Booster:
    """A booster.

    Attributes:
        columns: What it takes.
        classes: Class labels, in its order; empty if it is no classifier.
        described: The original and how it is asked, for the certificate.
        narrow_name: What its float32 graph is called among the ways to export.
        takes_double: Whether it compares its input as float64.
        graph: Its graph, which takes float64 if it is told so.
        ask: Its answers to a matrix, one for each of the graph's outputs.
    """

    columns: Columns
    classes: tuple[Label, ...]
    described: str
    narrow_name: str
    takes_double: bool
    graph: Callable[[bool], onnx.ModelProto]
    ask: Callable[[NDArray[Any]], list[NDArray[Any]]]


def booster_of(model: Any) -> Booster:  # noqa: ANN401 - untyped packages
    """What is asked of a model of one of the three libraries.

    Raises:
        ExportError: It is not fitted, or would be exported wrongly.
    """
    root = next(
        base.__module__.partition(".")[0]
        for base in type(model).__mro__
        if base.__module__.partition(".")[0] in _MAKERS
    )
    return _MAKERS[root](model)


def _xgboost(model: Any) -> Booster:  # noqa: ANN401 - untyped package
    import xgboost  # noqa: PLC0415 - there is a model of it

    wrapped = isinstance(model, xgboost.XGBModel)
    core = _fitted(model.get_booster) if wrapped else model
    rounds = getattr(model, "best_iteration", None) if wrapped else None
    missing = model.missing if wrapped else None
    ensemble = read_xgboost(core, rounds=None if rounds is None else rounds + 1, missing=missing)
    classes = _classes(model) if hasattr(model, "predict_proba") else ()
    names = core.feature_names
    form = Form(classes=classes, flat=True)

    def plain(matrix: NDArray[Any]) -> list[NDArray[Any]]:
        # Names are given as the model knows them: it would refuse a matrix without.
        return [core.predict(xgboost.DMatrix(matrix.astype(np.float32), feature_names=names))]

    ask = _estimator_answers(model, classes) if wrapped else plain
    kind = f"{type(model).__name__}'s own predict"
    return Booster(
        columns=Columns(
            feature_names_in_=tuple(names) if names else None, n_features_in_=ensemble.features
        ),
        classes=classes,
        described=f"XGBoost's {kind}{' and predict_proba' if classes else ''}, on the sample",
        narrow_name="float32",
        takes_double=False,
        graph=lambda _double: write(ensemble, form),
        ask=ask,
    )


def _lightgbm(model: Any) -> Booster:  # noqa: ANN401 - untyped package
    import lightgbm  # noqa: PLC0415 - there is a model of it

    wrapped = isinstance(model, lightgbm.LGBMModel)
    core = _fitted(lambda: model.booster_) if wrapped else model
    ensemble = read_lightgbm(core)
    classes = _classes(model) if hasattr(model, "predict_proba") else ()
    names = core.feature_name()
    given = None if names == [f"Column_{i}" for i in range(len(names))] else tuple(names)

    def plain(matrix: NDArray[Any]) -> list[NDArray[Any]]:
        return [np.asarray(core.predict(matrix))]

    return Booster(
        columns=Columns(feature_names_in_=given, n_features_in_=ensemble.features),
        classes=classes,
        described=f"LightGBM's {type(model).__name__}, its own predict"
        f"{' and predict_proba' if classes else ''}, on the sample as given",
        narrow_name="float32, thresholds rounded down",
        takes_double=True,
        graph=lambda double: write(ensemble, Form(double=double, classes=classes, flat=True)),
        ask=_estimator_answers(model, classes) if wrapped else plain,
    )


def _catboost(model: Any) -> Booster:  # noqa: ANN401 - untyped package
    if not model.is_fitted():
        raise ExportError(f"the {type(model).__name__} is not fitted; fit it first")
    if model.get_cat_feature_indices() or model.get_text_feature_indices():
        raise ExportError(
            "the CatBoost model has categorical or text features, which its ONNX can't hold; "
            "encode them as numbers before it"
        )
    loss = str(model.get_all_params().get("loss_function", ""))
    classifies = hasattr(model, "predict_proba")
    width = np.asarray(model.predict(np.zeros((2, len(model.feature_names_)))))
    if not classifies and (loss.startswith("MultiRMSE") or width.ndim > 1):
        raise ExportError(
            "a CatBoost model with several targets would be exported wrongly (catboost issue "
            "1940); train one model for each target"
        )
    classes = _classes(model) if classifies else ()
    names = list(model.feature_names_)
    given = None if names == [str(i) for i in range(len(names))] else tuple(names)
    return Booster(
        columns=Columns(feature_names_in_=given, n_features_in_=len(names)),
        classes=classes,
        described=f"CatBoost's {type(model).__name__}, its own predict"
        f"{' and predict_proba' if classes else ''}, on the sample as given",
        narrow_name="float32",
        takes_double=False,
        graph=lambda _double: _catboost_graph(model, loss),
        ask=_estimator_answers(model, classes),
    )


def _catboost_graph(model: Any, loss: str) -> onnx.ModelProto:  # noqa: ANN401 - untyped package
    """CatBoost's own ONNX, with the names that all exports have."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            model.save_model(str(path), format="onnx")
        except Exception as error:
            raise ExportError(f"CatBoost can't write the model as ONNX: {brief(error)}") from error
        proto = onnx.load(path)
    for name in unwrap_zipmaps(proto):
        if proto.graph.output[-1].name == name:
            _rename(proto, name, "probabilities")
    _rename(proto, proto.graph.input[0].name, "input")
    if proto.graph.output[0].name == "predictions":
        _finish_regressor(proto, exponent=loss.startswith(_EXPONENTIAL))
    for number, node in enumerate(proto.graph.node):
        node.name = node.name or f"node_{number}"
    proto.ir_version = 10  # before 4, weights would have to stand among the inputs, too
    del proto.metadata_props[:]
    return proto


def _finish_regressor(proto: onnx.ModelProto, *, exponent: bool) -> None:
    """Give predictions as (rows,), which is what CatBoost declares, and through the link function.

    CatBoost's own graph gives (rows, 1), and leaves the exponential of a count out.
    """
    _rename(proto, "predictions", "column")
    value = proto.graph.output[0]
    value.name = "prediction"
    graph, make = proto.graph, onnx.helper.make_node
    if exponent:
        graph.node.append(make("Exp", ["column"], ["exponential"]))
    last = "exponential" if exponent else "column"
    graph.node.append(make("Squeeze", [last, "last_axis"], ["prediction"]))
    graph.initializer.append(onnx.helper.make_tensor("last_axis", onnx.TensorProto.INT64, [1], [1]))
    if not any(opset.domain == "" for opset in proto.opset_import):
        proto.opset_import.append(onnx.helper.make_opsetid("", 18))


def _rename(proto: onnx.ModelProto, old: str, new: str) -> None:
    for node in proto.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in (*proto.graph.input, *proto.graph.output):
        if value.name == old:
            value.name = new


def _estimator_answers(
    model: Any,  # noqa: ANN401 - untyped packages
    classes: tuple[Label, ...],
) -> Callable[[NDArray[Any]], list[NDArray[Any]]]:
    def ask(matrix: NDArray[Any]) -> list[NDArray[Any]]:
        if not classes:
            return [np.asarray(model.predict(matrix))]
        label = np.asarray(model.predict(matrix)).reshape(len(matrix))
        if label.dtype.kind in "UO":
            label = label.astype(str).astype(object)
        else:
            label = label.astype(np.int64)
        return [label, np.asarray(model.predict_proba(matrix))]

    return ask


def _classes(model: Any) -> tuple[Label, ...]:  # noqa: ANN401 - untyped packages
    found = np.asarray(model.classes_)
    if found.ndim != 1:
        raise ExportError("the classifier has several targets; train one for each of them")
    if found.dtype.kind in "UO":
        return tuple(str(label) for label in found.tolist())
    whole = found.astype(np.int64)
    if not np.array_equal(whole, found):
        raise ExportError("the classifier's labels are fractions; give whole numbers or words")
    return tuple(int(label) for label in whole)


def _fitted(get: Callable[[], Any]) -> Any:  # noqa: ANN401 - untyped packages
    try:
        return get()
    except Exception as error:
        raise ExportError(f"the booster is not fitted; fit it first ({brief(error)})") from error


_MAKERS: dict[str, Callable[[Any], Booster]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
}
