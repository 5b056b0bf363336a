"""Clusterers, outlier detectors, mixtures and transformers that are models themselves."""

import numpy as np
from sklearn import (
    cluster,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_selection,
    impute,
    kernel_approximation,
    linear_model,
    mixture,
    neighbors,
    preprocessing,
    random_projection,
    svm,
    tree,
)
from sklearn.feature_extraction.text import TfidfTransformer

from tests.zoo.cases.sklearn_data import BINARY, COUNTS, GAPS, MATRIX, POSITIVE, TARGET, held

_TREE = tree.DecisionTreeClassifier(max_depth=4, random_state=0)

_UNSUPERVISED = {
    "KMeans": lambda: cluster.KMeans(3, n_init=1, random_state=0),
    "MiniBatchKMeans": lambda: cluster.MiniBatchKMeans(3, n_init=1, random_state=0),
    "GaussianMixture": lambda: mixture.GaussianMixture(2, random_state=0),
    "GaussianMixture, tied": lambda: mixture.GaussianMixture(
        2, covariance_type="tied", random_state=0
    ),
    "GaussianMixture, diagonal": lambda: mixture.GaussianMixture(
        2, covariance_type="diag", random_state=0
    ),
    "GaussianMixture, spherical": lambda: mixture.GaussianMixture(
        3, covariance_type="spherical", random_state=0
    ),
    "BayesianGaussianMixture": lambda: mixture.BayesianGaussianMixture(
        n_components=2, random_state=0
    ),
    "IsolationForest": lambda: ensemble.IsolationForest(n_estimators=10, random_state=0),
    "IsolationForest, contamination": lambda: ensemble.IsolationForest(
        n_estimators=10, contamination=0.1, max_features=3, random_state=0
    ),
    "LocalOutlierFactor": lambda: neighbors.LocalOutlierFactor(novelty=True),
    "OneClassSVM": lambda: svm.OneClassSVM(nu=0.1),
    "SGDOneClassSVM": lambda: linear_model.SGDOneClassSVM(random_state=0),
    "PCA": lambda: decomposition.PCA(2),
    "PCA, whitened": lambda: decomposition.PCA(3, whiten=True),
    "IncrementalPCA": lambda: decomposition.IncrementalPCA(2),
    "KernelPCA": lambda: decomposition.KernelPCA(2, kernel="rbf"),
    "TruncatedSVD": lambda: decomposition.TruncatedSVD(2, random_state=0),
    "GaussianRandomProjection": lambda: random_projection.GaussianRandomProjection(
        3, random_state=0
    ),
    "Binarizer": preprocessing.Binarizer,
    "KBinsDiscretizer, one-hot": lambda: preprocessing.KBinsDiscretizer(4),
    "KBinsDiscretizer, ordinal": lambda: preprocessing.KBinsDiscretizer(
        4, encode="ordinal", strategy="uniform"
    ),
    "MaxAbsScaler": preprocessing.MaxAbsScaler,
    "MinMaxScaler": preprocessing.MinMaxScaler,
    "MinMaxScaler, clipped": lambda: preprocessing.MinMaxScaler(clip=True),
    "Normalizer, L1": lambda: preprocessing.Normalizer("l1"),
    "Normalizer, L2": preprocessing.Normalizer,
    "Normalizer, largest": lambda: preprocessing.Normalizer("max"),
    "PolynomialFeatures": preprocessing.PolynomialFeatures,
    "PolynomialFeatures, interactions": lambda: preprocessing.PolynomialFeatures(
        3, interaction_only=True, include_bias=False
    ),
    "PowerTransformer": preprocessing.PowerTransformer,
    "PowerTransformer, not standardised": lambda: preprocessing.PowerTransformer(standardize=False),
    "QuantileTransformer": lambda: preprocessing.QuantileTransformer(n_quantiles=20),
    "QuantileTransformer, normal": lambda: preprocessing.QuantileTransformer(
        n_quantiles=20, output_distribution="normal"
    ),
    "RobustScaler": preprocessing.RobustScaler,
    "StandardScaler": preprocessing.StandardScaler,
    "StandardScaler, mean only": lambda: preprocessing.StandardScaler(with_std=False),
    "FunctionTransformer, identity": preprocessing.FunctionTransformer,
    "KNeighborsTransformer": lambda: neighbors.KNeighborsTransformer(n_neighbors=3),
    "RandomTreesEmbedding": lambda: ensemble.RandomTreesEmbedding(3, max_depth=2, random_state=0),
    "VarianceThreshold": lambda: feature_selection.VarianceThreshold(1.0),
}
_SUPERVISED = {
    "GenericUnivariateSelect": lambda: feature_selection.GenericUnivariateSelect(param=50),
    "SelectFdr": feature_selection.SelectFdr,
    "SelectFpr": feature_selection.SelectFpr,
    "SelectFwe": feature_selection.SelectFwe,
    "SelectKBest": lambda: feature_selection.SelectKBest(k=2),
    "SelectPercentile": lambda: feature_selection.SelectPercentile(percentile=50),
    "SelectFromModel": lambda: feature_selection.SelectFromModel(_TREE),
    "RFE": lambda: feature_selection.RFE(_TREE, n_features_to_select=2),
    "RFECV": lambda: feature_selection.RFECV(_TREE, cv=3),
    "NeighborhoodComponentsAnalysis": lambda: neighbors.NeighborhoodComponentsAnalysis(
        2, max_iter=10, random_state=0
    ),
}
_GAPS = {
    "SimpleImputer": impute.SimpleImputer,
    "SimpleImputer, median": lambda: impute.SimpleImputer(strategy="median"),
    "SimpleImputer, constant, indicator": lambda: impute.SimpleImputer(
        strategy="constant", fill_value=-1, add_indicator=True
    ),
    "KNNImputer": lambda: impute.KNNImputer(n_neighbors=3),
    "KNNImputer, by distance, indicator": lambda: impute.KNNImputer(
        weights="distance", add_indicator=True
    ),
    "QuantileTransformer, normal, missing values": lambda: preprocessing.QuantileTransformer(
        n_quantiles=20, output_distribution="normal"
    ),
    "StandardScaler, missing values": preprocessing.StandardScaler,
}
_FUNCTIONS = (
    (np.log1p, POSITIVE),
    (np.log1p, COUNTS),
    (np.expm1, MATRIX.astype("float32")),
    (np.sqrt, POSITIVE),
    (np.log10, POSITIVE.astype("float32")),
    (np.square, COUNTS),
    (np.arcsinh, MATRIX),
    (np.sin, MATRIX),
)
_UNKNOWN = {
    "NMF": lambda: decomposition.NMF(2, max_iter=50),
    "Birch": cluster.Birch,
    "Nystroem": kernel_approximation.Nystroem,
    "SplineTransformer": preprocessing.SplineTransformer,
}
_NO_ANSWER = {"DBSCAN": cluster.DBSCAN, "AgglomerativeClustering": cluster.AgglomerativeClustering}
_QUICK = {
    "KMeans",
    "GaussianMixture",
    "IsolationForest",
    "PCA",
    "StandardScaler",
    "OneClassSVM",
    "KBinsDiscretizer, ordinal",
    "SelectKBest",
    "SimpleImputer",
    "DBSCAN",
    "NMF",
}

CASES = (
    *(held(name, make, quick=name in _QUICK) for name, make in _UNSUPERVISED.items()),
    *(held(name, make, BINARY, quick=name in _QUICK) for name, make in _SUPERVISED.items()),
    *(held(name, make, rows=GAPS, quick=name in _QUICK) for name, make in _GAPS.items()),
    held(
        "PowerTransformer, Box-Cox",
        lambda: preprocessing.PowerTransformer("box-cox"),
        rows=POSITIVE,
    ),
    held(
        "PowerTransformer, Box-Cox, not standardised, missing values",
        lambda: preprocessing.PowerTransformer("box-cox", standardize=False),
        rows=np.abs(GAPS) + 0.01,
    ),
    held(
        "PowerTransformer, missing values, float32",
        preprocessing.PowerTransformer,
        rows=GAPS.astype("float32"),
        quick=True,
    ),
    held(
        "IsolationForest, some features, missing values, float32",
        lambda: ensemble.IsolationForest(
            n_estimators=100, contamination=0.1, max_features=0.6, random_state=0
        ),
        rows=GAPS.astype("float32"),
    ),
    held(
        "RandomTreesEmbedding, counts",
        lambda: ensemble.RandomTreesEmbedding(20, random_state=0),
        rows=COUNTS,
    ),
    held(
        "KNNImputer, float32",
        impute.KNNImputer,
        rows=GAPS.astype("float32"),
    ),
    held(
        "KNNImputer, tied whole numbers",
        impute.KNNImputer,
        rows=np.where(np.isnan(GAPS), np.nan, COUNTS),
        refused="at the same distance",
    ),
    held(
        "QuantileTransformer, normal, counts",
        lambda: preprocessing.QuantileTransformer(n_quantiles=20, output_distribution="normal"),
        rows=COUNTS,
    ),
    held("MaxAbsScaler, clipped", lambda: preprocessing.MaxAbsScaler(clip=True), rows=GAPS),
    *(
        held(
            f"FunctionTransformer, {function.__name__} of {rows.dtype}",
            lambda function=function: preprocessing.FunctionTransformer(function, validate=True),
            rows=rows,
            quick=rows is COUNTS,
        )
        for function, rows in _FUNCTIONS
    ),
    held("TfidfTransformer", TfidfTransformer, rows=COUNTS),
    held(
        "OneHotEncoder, numbers",
        lambda: preprocessing.OneHotEncoder(handle_unknown="ignore"),
        rows=COUNTS,
    ),
    held(
        "OrdinalEncoder, numbers",
        lambda: preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        rows=COUNTS,
    ),
    held(
        "TargetEncoder, numbers",
        lambda: preprocessing.TargetEncoder(random_state=0),
        TARGET,
        rows=COUNTS,
    ),
    held(
        "LinearDiscriminantAnalysis, as last transformer",
        lambda: feature_selection.SelectFromModel(
            discriminant_analysis.LinearDiscriminantAnalysis()
        ),
        BINARY,
        rows=MATRIX,
    ),
    *(
        held(name, make, rows=POSITIVE, quick=name in _QUICK, refused="no converter")
        for name, make in _UNKNOWN.items()
    ),
    *(
        held(name, make, quick=name in _QUICK, refused="answers for new rows")
        for name, make in _NO_ANSWER.items()
    ),
)
