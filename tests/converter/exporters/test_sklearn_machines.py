"""Support-vector machines inside other estimators: decisions of every kernel, votes and labels."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, NuSVC

from coldpress.errors import ExportError
from coldpress.exporters.sklearn import attempts
from coldpress.pipeline import export
from coldpress.sample import Sample

RANDOM = np.random.default_rng(9)
ROWS = RANDOM.normal(size=(400, 4)) * [1, 2, 3, 1] + [0, 1, 0, 0]
TRAINED, ASKED = ROWS[:200], np.r_[ROWS, ROWS * 100]
_SCORE = ROWS[:200, 0] + ROWS[:200, 1] ** 2 / 4
BINARY = (_SCORE > 1).astype(int)
FOUR = np.array(["a", "b", "c", "d"])[np.digitize(_SCORE, [-0.5, 0.5, 1.5])]
FLAGS = np.c_[BINARY, ROWS[:200, 2] > 0, ROWS[:200, 3] > 0].astype(int)
KERNELS = [
    {},
    {"kernel": "linear"},
    {"kernel": "poly"},
    {"kernel": "poly", "degree": 2, "coef0": 1.0},
    {"kernel": "sigmoid", "coef0": 0.5},
]


def check(model, target, tolerance=1e-7):
    """Hold what a model's first export gives against the model, on other rows, far ones too."""
    model.fit(TRAINED, target)
    found = attempts(model, Sample.of(TRAINED))[0].export().model.open().run({"input": ASKED})
    labels, scores = found.values()
    assert labels.tolist() == model.predict(ASKED).tolist()
    sure = hasattr(model, "predict_proba")
    expected = model.predict_proba(ASKED) if sure else model.decision_function(ASKED)
    expected = expected if expected.ndim > 1 else np.c_[-expected, expected]
    np.testing.assert_allclose(scores, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
@pytest.mark.parametrize("meta", [OneVsRestClassifier, OneVsOneClassifier])
@pytest.mark.parametrize("target", [BINARY, FOUR], ids=["two", "four"])
def test_decisions_are_scikit_learns(meta, kernel, target):
    """Of every kernel, of two classes and of more."""
    check(meta(SVC(**kernel)), target)


@pytest.mark.parametrize(
    ("model", "target"),
    [
        pytest.param(OneVsRestClassifier(NuSVC(nu=0.1)), FOUR, id="nu"),
        pytest.param(OneVsRestClassifier(SVC()), FLAGS, id="several-labels"),
        pytest.param(
            OneVsOneClassifier(make_pipeline(StandardScaler(), SVC())), FOUR, id="pipelines"
        ),
        pytest.param(CalibratedClassifierCV(SVC(), cv=2), FOUR, id="calibrated"),
        pytest.param(
            CalibratedClassifierCV(SVC(), cv=2, method="isotonic"), BINARY, id="calibrated-binary"
        ),
    ],
)
def test_machines_inside_others(model, target):
    """Wherever a decision is asked for."""
    check(model, target, 1e-6)


@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
@pytest.mark.parametrize("target", [BINARY, FOUR, FLAGS], ids=["two", "four", "several-labels"])
def test_labels_go_by_the_decision(target):
    """Also where there are probabilities, which may be for another class."""
    check(OneVsRestClassifier(SVC(probability=True, random_state=0)), target, 1e-5)


def test_kernels_of_ones_own_are_refused(tmp_path):
    """A Python function can't be exported; the kernels that can are named."""
    model = OneVsRestClassifier(SVC(kernel=lambda rows, others: rows @ others.T))
    with pytest.raises(ExportError, match="use 'linear', 'poly', 'rbf' or 'sigmoid'"):
        export(model.fit(TRAINED, FOUR), sample=TRAINED, output=tmp_path / "b")
