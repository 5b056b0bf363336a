"""Converters that a plugin registers come before those of skl2onnx and of Coldpress."""

import lightgbm
import numpy as np
import pytest
from onnx import TensorProto
from skl2onnx import _parse, _supported_operators, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coldpress.errors import ExportError
from coldpress.exporters import attempts
from coldpress.load import model_of
from coldpress.pipeline import export
from coldpress.sample import Sample

ROWS = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)


class Nothing(lightgbm.LGBMRegressor):
    """A booster that predicts nothing but zeros."""

    def predict(self, rows, **_):
        """Zeros, ``(rows,)``."""
        return np.zeros(len(rows))


class Called(Exception):
    """A plugin's converter was asked."""


@pytest.fixture(autouse=True)
def registrations():
    """What skl2onnx knows is put back afterwards."""
    maps = (_supported_operators.sklearn_operator_name_map, _parse.sklearn_parsers_map)
    before = [dict(each) for each in maps]
    yield
    for each, kept in zip(maps, before, strict=True):
        each.clear()
        each.update(kept)


def called(scope, operator, container):
    """A converter that says that it was asked."""
    del scope, operator, container
    raise Called("the plugin's converter")


def column(operator):
    """One number to a row."""
    operator.outputs[0].type = FloatTensorType([None, 1])


def zeros(scope, operator, container):
    """No number is less than itself."""
    given, answer = operator.inputs[0].full_name, operator.outputs[0].full_name
    names = [scope.get_unique_variable_name(name) for name in ("place", "first", "less")]
    container.add_initializer(names[0], TensorProto.INT64, [1], [0])
    container.add_node("Gather", [given, names[0]], names[1], axis=1)
    container.add_node("Less", [names[1], names[1]], names[2])
    container.add_node("Cast", names[2], answer, to=TensorProto.FLOAT)


def test_a_plugin_converts_its_own_kind_of_booster(tmp_path):
    """A subclass of a booster's class that has a converter keeps it, however often it exports."""
    update_registered_converter(Nothing, "PluginsNothing", column, zeros)
    model = make_pipeline(StandardScaler(), Nothing(n_estimators=2, verbose=-1))
    model.fit(ROWS, ROWS[:, 0])
    for name in ("first", "second"):
        bundle = export(model, sample=ROWS, output=tmp_path / name)
        assert bundle.certificate().passed


@pytest.mark.parametrize(
    ("model", "target"),
    [
        pytest.param(StandardScaler(), None, id="converter"),
        pytest.param(
            MultiOutputClassifier(LogisticRegression()),
            np.c_[ROWS[:, 0] > 0, ROWS[:, 1] > 0].astype(int),
            id="parser",
        ),
    ],
)
def test_a_plugin_replaces_converters_of_ours(model, target):
    """A plugin's converter of a class that Coldpress converts itself is the one that is asked."""

    def shape(operator):
        operator.outputs[0].type = Int64TensorType([None, 3])

    def parser(scope, model, inputs, custom_parsers=None):
        del custom_parsers
        alias = _supported_operators.sklearn_operator_name_map[type(model)]
        operator = scope.declare_local_operator(alias, model)
        operator.inputs = inputs
        operator.outputs.append(scope.declare_local_variable("plugins", FloatTensorType()))
        return operator.outputs

    kind = type(model)
    update_registered_converter(kind, f"Plugins{kind.__name__}", shape, called, parser=parser)
    model.fit(ROWS) if target is None else model.fit(ROWS, target)
    first, *_ = attempts(model_of(model), Sample.of(ROWS))
    with pytest.raises(ExportError, match="the plugin's converter"):
        first.export()
    assert _parse.sklearn_parsers_map[kind] is parser
