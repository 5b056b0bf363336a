"""Regressors, alone."""

from sklearn import (
    cross_decomposition,
    ensemble,
    gaussian_process,
    linear_model,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn.gaussian_process import kernels

from tests.zoo.cases.sklearn_data import COUNTS, GAPS, MATRIX, TARGET, TWO, held

_FEW = {"n_estimators": 10, "random_state": 0}
_POSITIVE = abs(TARGET) + 0.5

_LINEAR = {
    "ARDRegression": linear_model.ARDRegression,
    "BayesianRidge": linear_model.BayesianRidge,
    "ElasticNet": linear_model.ElasticNet,
    "ElasticNetCV": lambda: linear_model.ElasticNetCV(cv=3, alphas=10),
    "HuberRegressor": linear_model.HuberRegressor,
    "Lars": linear_model.Lars,
    "LarsCV": lambda: linear_model.LarsCV(cv=3),
    "Lasso": linear_model.Lasso,
    "LassoCV": lambda: linear_model.LassoCV(cv=3, alphas=10),
    "LassoLars": lambda: linear_model.LassoLars(0.01),
    "LassoLarsCV": lambda: linear_model.LassoLarsCV(cv=3),
    "LassoLarsIC": linear_model.LassoLarsIC,
    "LinearRegression": linear_model.LinearRegression,
    "LinearSVR": lambda: svm.LinearSVR(random_state=0),
    "OrthogonalMatchingPursuit": linear_model.OrthogonalMatchingPursuit,
    "OrthogonalMatchingPursuitCV": linear_model.OrthogonalMatchingPursuitCV,
    "PassiveAggressiveRegressor": lambda: linear_model.PassiveAggressiveRegressor(random_state=0),
    "QuantileRegressor": linear_model.QuantileRegressor,
    "RANSACRegressor": lambda: linear_model.RANSACRegressor(random_state=0),
    "Ridge": linear_model.Ridge,
    "RidgeCV": linear_model.RidgeCV,
    "SGDRegressor": lambda: linear_model.SGDRegressor(random_state=0),
    "TheilSenRegressor": lambda: linear_model.TheilSenRegressor(
        random_state=0, max_subpopulation=100
    ),
}
_POSITIVE_TARGETS = {
    "GammaRegressor": linear_model.GammaRegressor,
    "PoissonRegressor": linear_model.PoissonRegressor,
    "TweedieRegressor": lambda: linear_model.TweedieRegressor(power=1.5),
    "TweedieRegressor, identity": lambda: linear_model.TweedieRegressor(power=0),
}
_TWO_TARGETS = {
    "MultiTaskElasticNet": linear_model.MultiTaskElasticNet,
    "MultiTaskElasticNetCV": lambda: linear_model.MultiTaskElasticNetCV(cv=3, alphas=10),
    "MultiTaskLasso": linear_model.MultiTaskLasso,
    "MultiTaskLassoCV": lambda: linear_model.MultiTaskLassoCV(cv=3, alphas=10),
    "PLSRegression": cross_decomposition.PLSRegression,
    "LinearRegression, two targets": linear_model.LinearRegression,
    "KNeighborsRegressor, two targets": neighbors.KNeighborsRegressor,
    "RandomForestRegressor, two targets": lambda: ensemble.RandomForestRegressor(**_FEW),
    "MLPRegressor, two targets": lambda: neural_network.MLPRegressor(
        hidden_layer_sizes=(8,), max_iter=60, random_state=0
    ),
}

CASES = (
    *(
        held(name, make, TARGET, quick=name in {"Ridge", "LinearRegression", "RANSACRegressor"})
        for name, make in _LINEAR.items()
    ),
    *(held(name, make, _POSITIVE) for name, make in _POSITIVE_TARGETS.items()),
    *(held(name, make, TWO) for name, make in _TWO_TARGETS.items()),
    held("LinearRegression, integers", linear_model.LinearRegression, TARGET, rows=COUNTS),
    held(
        "LinearRegression, float32",
        linear_model.LinearRegression,
        TARGET,
        rows=MATRIX.astype("float32"),
        quick=True,
    ),
    held("PLSRegression, one target", cross_decomposition.PLSRegression, TARGET),
    held("KNeighborsRegressor", neighbors.KNeighborsRegressor, TARGET, quick=True),
    held(
        "KNeighborsRegressor, distances",
        lambda: neighbors.KNeighborsRegressor(weights="distance"),
        TARGET,
    ),
    held(
        "RadiusNeighborsRegressor",
        lambda: neighbors.RadiusNeighborsRegressor(50.0, weights="distance"),
        TARGET,
    ),
    held(
        "RadiusNeighborsRegressor, uniform, two targets, of outliers",
        lambda: neighbors.RadiusNeighborsRegressor(1.5),
        TWO,
    ),
    *(
        held(
            f"KNeighborsRegressor, {weights}, {metric}",
            lambda weights=weights, metric=metric, p=p: neighbors.KNeighborsRegressor(
                weights=weights, metric=metric, p=p
            ),
            TWO,
        )
        for weights in ("uniform", "distance")
        for metric, p in (("manhattan", 2), ("chebyshev", 2), ("minkowski", 3), ("cosine", 2))
    ),
    held(
        "MLPRegressor",
        lambda: neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=60, random_state=0),
        TARGET,
        quick=True,
    ),
    held(
        "GaussianProcessRegressor",
        lambda: gaussian_process.GaussianProcessRegressor(alpha=0.1, optimizer=None),
        TARGET,
    ),
    held(
        "GaussianProcessRegressor, Matern and noise",
        lambda: gaussian_process.GaussianProcessRegressor(
            2.0 * kernels.Matern(1.5, nu=1.5) + kernels.WhiteKernel(0.1), optimizer=None
        ),
        TARGET,
    ),
    held("SVR", svm.SVR, TARGET, quick=True),
    held("NuSVR", lambda: svm.NuSVR(kernel="poly", degree=2), TARGET),
    held(
        "DecisionTreeRegressor",
        lambda: tree.DecisionTreeRegressor(random_state=0),
        TARGET,
        quick=True,
    ),
    held(
        "DecisionTreeRegressor, missing values",
        lambda: tree.DecisionTreeRegressor(random_state=0),
        TARGET,
        rows=GAPS,
    ),
    held("ExtraTreeRegressor", lambda: tree.ExtraTreeRegressor(random_state=0), TARGET),
    held(
        "RandomForestRegressor", lambda: ensemble.RandomForestRegressor(**_FEW), TARGET, quick=True
    ),
    held("ExtraTreesRegressor", lambda: ensemble.ExtraTreesRegressor(**_FEW), TARGET),
    held(
        "GradientBoostingRegressor",
        lambda: ensemble.GradientBoostingRegressor(**_FEW),
        TARGET,
        quick=True,
    ),
    held(
        "GradientBoostingRegressor, quantile",
        lambda: ensemble.GradientBoostingRegressor(loss="quantile", **_FEW),
        TARGET,
    ),
    held(
        "HistGradientBoostingRegressor",
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=8),
        TARGET,
    ),
    held(
        "HistGradientBoostingRegressor, Poisson",
        lambda: ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=8),
        _POSITIVE,
    ),
    held(
        "HistGradientBoostingRegressor, missing values",
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=8),
        TARGET,
        rows=GAPS,
        quick=True,
    ),
    held("AdaBoostRegressor", lambda: ensemble.AdaBoostRegressor(**_FEW), TARGET),
)
