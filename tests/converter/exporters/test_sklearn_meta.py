"""Estimators around others, several targets, the ladder of repairs, and plugins."""

import importlib
import sys
import warnings

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from coldpress.errors import ExportError
from coldpress.load import load_model
from coldpress.pipeline import export

RANDOM = np.random.default_rng(5)
MATRIX = RANDOM.normal(size=(150, 3))
TARGET = MATRIX @ [1.0, 2.0, -1.0]
BINARY = (TARGET > 0).astype(int)
THREE = np.array(["low", "mid", "high"])[np.digitize(TARGET, [-1, 1])]
TWO = np.c_[BINARY, np.digitize(MATRIX[:, 0], [-0.5, 0.5])]
FLAGS = np.c_[BINARY, MATRIX[:, 0] > 0].astype(int)
LOGISTIC = LogisticRegression()
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


@pytest.mark.parametrize(
    ("model", "target"),
    [
        pytest.param(FixedThresholdClassifier(LOGISTIC, threshold=0.2), BINARY, id="threshold"),
        pytest.param(CalibratedClassifierCV(TREE, method="isotonic", cv=2), BINARY, id="isotonic"),
        pytest.param(
            CalibratedClassifierCV(make_pipeline(StandardScaler(), LOGISTIC), cv=2),
            THREE,
            id="calibrated-pipeline",
        ),
        pytest.param(OneVsOneClassifier(LinearSVC()), THREE, id="pairs"),
        pytest.param(OneVsOneClassifier(LinearSVC()), BINARY, id="pair"),
        pytest.param(OutputCodeClassifier(LOGISTIC, random_state=0), THREE, id="codes"),
        pytest.param(
            VotingClassifier([("a", LOGISTIC), ("b", TREE)], weights=[1, 3]), THREE, id="votes"
        ),
        pytest.param(
            RandomizedSearchCV(TREE, {"max_depth": [2, 3]}, n_iter=1, cv=2), THREE, id="search"
        ),
        pytest.param(FrozenEstimator(TREE.fit(MATRIX, THREE)), THREE, id="frozen"),
        pytest.param(LinearDiscriminantAnalysis(), BINARY, id="discriminant"),
        pytest.param(KNeighborsClassifier(weights="distance"), THREE, id="distances"),
        pytest.param(
            BaggingClassifier(LinearSVC(), 4, max_features=2, random_state=0), THREE, id="bagging"
        ),
        pytest.param(SelectKBest(k=1), MATRIX[:, 0] > 0, id="first-feature-alone"),
        pytest.param(ClassifierChain(LOGISTIC, order=[1, 0]), FLAGS, id="chain"),
        pytest.param(RegressorChain(Ridge()), np.c_[TARGET, -TARGET], id="regressor-chain"),
        pytest.param(
            TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
            np.abs(TARGET),
            id="target",
        ),
        pytest.param(
            HistGradientBoostingRegressor(loss="poisson", max_iter=5), np.abs(TARGET), id="poisson"
        ),
    ],
)
def test_converters_of_our_own_are_proven(tmp_path, model, target):
    """What skl2onnx converts wrongly, or not at all, answers like the original."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(MATRIX, target)
    assert export(model, sample=MATRIX, output=tmp_path / "b").manifest.certificate.passed


@pytest.mark.parametrize(
    ("model", "target"),
    [
        pytest.param(MultiOutputClassifier(TREE), TWO, id="around-others"),
        pytest.param(RandomForestClassifier(3, random_state=0), FLAGS, id="forest"),
    ],
)
def test_each_target_has_its_outputs(tmp_path, model, target):
    """Several targets become a label and probabilities each, with their own classes."""
    bundle = export(model.fit(MATRIX, target), sample=MATRIX, output=tmp_path / "b")
    outputs = bundle.manifest.signature.outputs
    names = [spec.name for spec in outputs]
    assert names == ["label_1", "label_2", "probabilities_1", "probabilities_2"]
    assert [spec.labels for spec in outputs[2:]] == [tuple(np.unique(c)) for c in target.T]


def test_a_matrix_of_labels_has_no_classes_of_its_own(tmp_path):
    """Zeros and ones of several labels are no classes; their probabilities' columns are."""
    model = OneVsRestClassifier(LogisticRegression()).fit(MATRIX, np.c_[FLAGS, 1 - BINARY])
    outputs = export(model, sample=MATRIX, output=tmp_path / "b").manifest.signature.outputs
    assert [(spec.name, len(spec.shape), spec.labels) for spec in outputs] == [
        ("label", 2, ()),
        ("probabilities", 2, (0, 1, 2)),
    ]


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()], ids=repr)
def test_repair_comes_before_wider_numbers(tmp_path, scaler):
    """Whole numbers that float32 can't tell apart are scaled before they become float32."""
    rows = 10**8 + RANDOM.poisson(3, size=(400, 5))
    model = make_pipeline(scaler, RandomForestClassifier(30, random_state=0))
    model.fit(rows, rows.sum(axis=1) % 3)
    rungs = export(model, sample=rows, output=tmp_path / "b").certificate().rungs
    held = [(rung.name, rung.held) for rung in rungs]
    assert held == [("int64", False), ("int64, scalers in float64", True)]


def test_target_through_a_python_function_is_refused(tmp_path):
    """A target's inverse that is no function of numpy's is named."""
    model = TransformedTargetRegressor(
        Ridge(), func=np.tan, inverse_func=np.arctan, check_inverse=False
    ).fit(MATRIX, TARGET)
    with pytest.raises(ExportError, match="through the Python function arctan, which"):
        export(model, sample=MATRIX, output=tmp_path / "b")


def own_inverse(values):
    """A target as it is."""
    return values


def test_a_function_is_called_by_its_name(tmp_path):
    """A message about a Python function names it rather than its place in memory."""
    model = TransformedTargetRegressor(Ridge(), func=own_inverse, inverse_func=own_inverse)
    with pytest.raises(ExportError, match="through the Python function own_inverse, which"):
        export(model.fit(MATRIX, TARGET), sample=MATRIX, output=tmp_path / "b")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(
            OneVsOneClassifier(AdaBoostClassifier(n_estimators=2)),
            "^OneVsOneClassifier asks for the decision function of the AdaBoostClassifier inside",
            id="decision",
        ),
        pytest.param(
            CalibratedClassifierCV(XGBClassifier(n_estimators=2, booster="gblinear"), cv=2),
            r"^the XGBoost model is linear \(gblinear\)",
            id="booster",
        ),
    ],
)
def test_refusals_of_parts_come_as_they_are(tmp_path, model, said):
    """What Coldpress itself refuses inside an estimator isn't told as a failure of skl2onnx's."""
    with pytest.raises(ExportError, match=said):
        export(model.fit(MATRIX, BINARY + (MATRIX[:, 1] > 1)), sample=MATRIX, output=tmp_path / "b")


def test_plugins_bring_converters(tmp_path, root, monkeypatch):
    """An estimator of one's own exports from its file beside the module with its converter."""
    monkeypatch.syspath_prepend(root / "examples" / "plugin")
    plugin = importlib.import_module("clipping")
    model = make_pipeline(plugin.QuantileClipper(), LogisticRegression()).fit(MATRIX, BINARY)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = load_model(tmp_path / "model.joblib", trust=True).model
    bundle = export(loaded, sample=MATRIX, output=tmp_path / "b")
    assert bundle.certificate().rungs[-1].name == "float64"
    monkeypatch.delitem(sys.modules, "clipping")
