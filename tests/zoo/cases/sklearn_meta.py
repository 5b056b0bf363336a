"""Estimators that are made of others."""

from sklearn import (
    calibration,
    compose,
    ensemble,
    frozen,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    pipeline,
    preprocessing,
    svm,
    tree,
)

from tests.zoo.cases.sklearn_data import (
    BINARY,
    FLAGS,
    MATRIX,
    MIXED,
    NUMBERS,
    TARGET,
    THREE,
    TWO,
    held,
)

_LOGISTIC = linear_model.LogisticRegression()
_TREE = tree.DecisionTreeClassifier(max_depth=4, random_state=0)
_FOREST = ensemble.RandomForestClassifier(8, random_state=0)
_REGRESSION_TREE = tree.DecisionTreeRegressor(max_depth=4, random_state=0)
_SCALED = pipeline.make_pipeline(preprocessing.StandardScaler(), _LOGISTIC)
_SCALED_FOREST = pipeline.make_pipeline(preprocessing.StandardScaler(), _FOREST)
_CLASSIFIERS = [("logistic", _LOGISTIC), ("tree", _TREE), ("forest", _SCALED_FOREST)]
_REGRESSORS = [("ridge", linear_model.Ridge()), ("tree", _REGRESSION_TREE)]
_FEW = {"n_estimators": 4, "random_state": 0}

_SCALERS = (
    preprocessing.MaxAbsScaler(),
    preprocessing.MinMaxScaler(),
    preprocessing.RobustScaler(),
    preprocessing.StandardScaler(),
)

_BINARY = {
    "StackingClassifier, binary": lambda: ensemble.StackingClassifier(_CLASSIFIERS, cv=3),
    "VotingClassifier, hard, binary": lambda: ensemble.VotingClassifier(_CLASSIFIERS),
    "CalibratedClassifierCV, sigmoid, binary": lambda: calibration.CalibratedClassifierCV(
        _TREE, cv=3
    ),
    "CalibratedClassifierCV, isotonic, binary": lambda: calibration.CalibratedClassifierCV(
        _LOGISTIC, method="isotonic", cv=3
    ),
    "CalibratedClassifierCV, of LinearSVC": lambda: calibration.CalibratedClassifierCV(
        svm.LinearSVC(), cv=3
    ),
    "TunedThresholdClassifierCV": lambda: model_selection.TunedThresholdClassifierCV(
        _LOGISTIC, cv=3
    ),
    "TunedThresholdClassifierCV, of a scaled forest": (
        lambda: model_selection.TunedThresholdClassifierCV(_SCALED_FOREST, cv=3)
    ),
    "FixedThresholdClassifier": lambda: model_selection.FixedThresholdClassifier(
        _LOGISTIC, threshold=0.3
    ),
    "FixedThresholdClassifier, of decisions": lambda: model_selection.FixedThresholdClassifier(
        svm.LinearSVC(), threshold=0.3
    ),
    "OneVsRestClassifier, binary": lambda: multiclass.OneVsRestClassifier(_LOGISTIC),
    "OneVsRestClassifier, of SVC, binary": lambda: multiclass.OneVsRestClassifier(svm.SVC()),
    "OneVsOneClassifier, of LinearSVC, binary": lambda: multiclass.OneVsOneClassifier(
        svm.LinearSVC()
    ),
}
_THREE = {
    "StackingClassifier": lambda: ensemble.StackingClassifier(_CLASSIFIERS, cv=3),
    "StackingClassifier, passthrough": lambda: ensemble.StackingClassifier(
        _CLASSIFIERS, cv=3, passthrough=True, final_estimator=_TREE
    ),
    "VotingClassifier, hard": lambda: ensemble.VotingClassifier(_CLASSIFIERS),
    "VotingClassifier, soft": lambda: ensemble.VotingClassifier(_CLASSIFIERS, voting="soft"),
    "VotingClassifier, soft, weighted": lambda: ensemble.VotingClassifier(
        _CLASSIFIERS, voting="soft", weights=[1, 2, 3]
    ),
    "VotingClassifier, hard, weighted": lambda: ensemble.VotingClassifier(
        _CLASSIFIERS, weights=[1, 2, 4]
    ),
    "CalibratedClassifierCV, sigmoid": lambda: calibration.CalibratedClassifierCV(_SCALED, cv=3),
    "CalibratedClassifierCV, isotonic": lambda: calibration.CalibratedClassifierCV(
        _FOREST, method="isotonic", cv=3
    ),
    "CalibratedClassifierCV, temperature": lambda: calibration.CalibratedClassifierCV(
        _LOGISTIC, method="temperature", cv=3
    ),
    "CalibratedClassifierCV, no ensemble": lambda: calibration.CalibratedClassifierCV(
        _LOGISTIC, ensemble=False, cv=3
    ),
    "BaggingClassifier": lambda: ensemble.BaggingClassifier(_TREE, **_FEW),
    "BaggingClassifier, some features": lambda: ensemble.BaggingClassifier(
        _LOGISTIC, max_features=3, **_FEW
    ),
    "BaggingClassifier, of SVC": lambda: ensemble.BaggingClassifier(svm.SVC(), **_FEW),
    "BaggingClassifier, of LinearSVC, some features": lambda: ensemble.BaggingClassifier(
        svm.LinearSVC(), max_features=3, **_FEW
    ),
    "BaggingClassifier, of pipelines with RidgeClassifier": lambda: ensemble.BaggingClassifier(
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.RidgeClassifier()),
        max_features=0.8,
        **_FEW,
    ),
    "BaggingClassifier, of pipelines": lambda: ensemble.BaggingClassifier(_SCALED, **_FEW),
    "OneVsRestClassifier": lambda: multiclass.OneVsRestClassifier(_LOGISTIC),
    "OneVsRestClassifier, of LinearSVC": lambda: multiclass.OneVsRestClassifier(svm.LinearSVC()),
    "OneVsRestClassifier, of SVC": lambda: multiclass.OneVsRestClassifier(svm.SVC()),
    "OneVsRestClassifier, of SVC with probabilities": lambda: multiclass.OneVsRestClassifier(
        svm.SVC(probability=True, random_state=0)
    ),
    "OneVsOneClassifier, of SVC": lambda: multiclass.OneVsOneClassifier(svm.SVC(kernel="poly")),
    "CalibratedClassifierCV, of SVC": lambda: calibration.CalibratedClassifierCV(svm.SVC(), cv=3),
    "OneVsRestClassifier, of pipelines": lambda: multiclass.OneVsRestClassifier(_SCALED),
    "OneVsOneClassifier": lambda: multiclass.OneVsOneClassifier(_LOGISTIC),
    "OneVsOneClassifier, of LinearSVC": lambda: multiclass.OneVsOneClassifier(svm.LinearSVC()),
    "OutputCodeClassifier": lambda: multiclass.OutputCodeClassifier(_LOGISTIC, random_state=0),
    "GridSearchCV": lambda: model_selection.GridSearchCV(
        _SCALED, {"logisticregression__C": [0.1, 1]}, cv=3
    ),
    "RandomizedSearchCV": lambda: model_selection.RandomizedSearchCV(
        _TREE, {"max_depth": [2, 3, 5]}, n_iter=2, cv=3, random_state=0
    ),
    "GridSearchCV, of LinearSVC": lambda: model_selection.GridSearchCV(
        svm.LinearSVC(), {"C": [0.1, 1]}, cv=3
    ),
    "Pipeline, scaler and logistic": lambda: _SCALED,
    "Pipeline, scaler and forest": lambda: _SCALED_FOREST,
    "Pipeline, nested": lambda: pipeline.make_pipeline(preprocessing.RobustScaler(), _SCALED),
    "Pipeline, passthrough step": lambda: pipeline.Pipeline(
        [("nothing", "passthrough"), ("tree", _TREE)]
    ),
    "FrozenEstimator": lambda: frozen.FrozenEstimator(
        linear_model.LogisticRegression().fit(MATRIX[:200], THREE[:200])
    ),
}
_FLAGS = {
    "MultiOutputClassifier": lambda: multioutput.MultiOutputClassifier(_LOGISTIC),
    "MultiOutputClassifier, of forests": lambda: multioutput.MultiOutputClassifier(_SCALED_FOREST),
    "MultiOutputClassifier, without probabilities": lambda: multioutput.MultiOutputClassifier(
        svm.LinearSVC()
    ),
    "ClassifierChain": lambda: multioutput.ClassifierChain(_LOGISTIC),
    "OneVsRestClassifier, several labels": lambda: multiclass.OneVsRestClassifier(_LOGISTIC),
    "OneVsRestClassifier, several labels, of SVC": lambda: multiclass.OneVsRestClassifier(
        svm.SVC()
    ),
}
_TARGETS = {
    "StackingRegressor": lambda: ensemble.StackingRegressor(_REGRESSORS, cv=3),
    "VotingRegressor": lambda: ensemble.VotingRegressor(_REGRESSORS),
    "VotingRegressor, weighted": lambda: ensemble.VotingRegressor(_REGRESSORS, weights=[1, 3]),
    "BaggingRegressor": lambda: ensemble.BaggingRegressor(_REGRESSION_TREE, **_FEW),
    "BaggingRegressor, some features": lambda: ensemble.BaggingRegressor(
        _REGRESSION_TREE, max_features=3, **_FEW
    ),
    "AdaBoostRegressor, of Ridge": lambda: ensemble.AdaBoostRegressor(linear_model.Ridge(), **_FEW),
    "TransformedTargetRegressor": lambda: compose.TransformedTargetRegressor(
        linear_model.Ridge(), transformer=preprocessing.StandardScaler()
    ),
    "TransformedTargetRegressor, a function": lambda: compose.TransformedTargetRegressor(
        linear_model.Ridge(), func=_identity, inverse_func=_identity, check_inverse=False
    ),
    "GridSearchCV, of Ridge": lambda: model_selection.GridSearchCV(
        linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=3
    ),
    "Pipeline, polynomial and Ridge": lambda: pipeline.make_pipeline(
        preprocessing.PolynomialFeatures(), linear_model.Ridge()
    ),
}
_TWO = {
    "MultiOutputRegressor": lambda: multioutput.MultiOutputRegressor(_REGRESSION_TREE),
    "RegressorChain": lambda: multioutput.RegressorChain(linear_model.Ridge()),
}
_REFUSED = {
    "TransformedTargetRegressor, a function": "Python function",
}
_QUICK = {
    "StackingClassifier", "VotingClassifier, hard", "VotingClassifier, soft", "GridSearchCV",
    "CalibratedClassifierCV, sigmoid", "BaggingClassifier", "OneVsRestClassifier",
    "OneVsOneClassifier", "MultiOutputClassifier", "StackingRegressor",
    "Pipeline, scaler and forest", "TransformedTargetRegressor, a function", "BaggingRegressor",
}  # fmt: skip


def _identity(values):
    return values


def _all(makers, target):
    return [
        held(name, make, target, quick=name in _QUICK, refused=_REFUSED.get(name))
        for name, make in makers.items()
    ]


CASES = (
    *_all(_BINARY, BINARY),
    *_all(_THREE, THREE),
    *_all(_FLAGS, FLAGS),
    *_all(_TARGETS, TARGET),
    *_all(_TWO, TWO),
    *(
        held(
            f"Pipeline, {type(scaler).__name__} and forest, float32",
            lambda scaler=scaler: pipeline.make_pipeline(scaler, _FOREST),
            THREE,
            rows=MATRIX.astype("float32"),
        )
        for scaler in _SCALERS
    ),
    held(
        "MultiOutputClassifier, two and three classes",
        lambda: multioutput.MultiOutputClassifier(_TREE),
        MIXED,
    ),
    held(
        "CalibratedClassifierCV, numbers",
        lambda: calibration.CalibratedClassifierCV(_LOGISTIC, cv=3),
        NUMBERS,
    ),
)
