"""Classifiers, alone."""

from sklearn import (
    discriminant_analysis,
    ensemble,
    gaussian_process,
    linear_model,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)

from tests.zoo.cases.sklearn_data import (
    BINARY,
    COUNTS,
    FLAGS,
    GAPS,
    MATRIX,
    MIXED,
    NUMBERS,
    POSITIVE,
    THREE,
    held,
)

_FEW = {"n_estimators": 10, "random_state": 0}

CASES = (
    held("LogisticRegression", linear_model.LogisticRegression, THREE, quick=True),
    held("LogisticRegression, binary", linear_model.LogisticRegression, BINARY, quick=True),
    held("LogisticRegression, booleans", linear_model.LogisticRegression, BINARY > 0),
    held(
        "LogisticRegression, float32",
        linear_model.LogisticRegression,
        THREE,
        rows=MATRIX.astype("float32"),
    ),
    held("LogisticRegression, integers", linear_model.LogisticRegression, THREE, rows=COUNTS),
    held("LogisticRegressionCV", lambda: linear_model.LogisticRegressionCV(cv=3), THREE),
    held("SGDClassifier", lambda: linear_model.SGDClassifier(random_state=0), THREE),
    held(
        "SGDClassifier, log loss",
        lambda: linear_model.SGDClassifier(loss="log_loss", random_state=0),
        THREE,
    ),
    held(
        "SGDClassifier, modified Huber",
        lambda: linear_model.SGDClassifier(loss="modified_huber", random_state=0),
        THREE,
    ),
    held(
        "SGDClassifier, modified Huber, binary",
        lambda: linear_model.SGDClassifier(loss="modified_huber", random_state=0),
        BINARY,
    ),
    held("Perceptron", lambda: linear_model.Perceptron(random_state=0), THREE),
    held(
        "PassiveAggressiveClassifier",
        lambda: linear_model.PassiveAggressiveClassifier(random_state=0),
        THREE,
    ),
    held("RidgeClassifier", linear_model.RidgeClassifier, THREE, quick=True),
    held("RidgeClassifier, binary", linear_model.RidgeClassifier, BINARY),
    held("RidgeClassifier, two targets", linear_model.RidgeClassifier, FLAGS),
    held("RidgeClassifierCV", linear_model.RidgeClassifierCV, THREE),
    held(
        "LinearDiscriminantAnalysis",
        discriminant_analysis.LinearDiscriminantAnalysis,
        THREE,
        quick=True,
    ),
    held(
        "LinearDiscriminantAnalysis, binary",
        discriminant_analysis.LinearDiscriminantAnalysis,
        BINARY,
    ),
    held(
        "QuadraticDiscriminantAnalysis", discriminant_analysis.QuadraticDiscriminantAnalysis, THREE
    ),
    held("GaussianNB", naive_bayes.GaussianNB, THREE, quick=True),
    held("BernoulliNB", naive_bayes.BernoulliNB, THREE),
    held(
        "BernoulliNB, binarised counts",
        lambda: naive_bayes.BernoulliNB(binarize=2),
        THREE,
        rows=COUNTS,
    ),
    held("MultinomialNB", naive_bayes.MultinomialNB, THREE, rows=COUNTS),
    held("MultinomialNB, binary", naive_bayes.MultinomialNB, BINARY, rows=POSITIVE),
    held("ComplementNB", naive_bayes.ComplementNB, THREE, rows=COUNTS),
    held("CategoricalNB", lambda: naive_bayes.CategoricalNB(min_categories=20), THREE, rows=COUNTS),
    held("KNeighborsClassifier", neighbors.KNeighborsClassifier, THREE, quick=True),
    held(
        "KNeighborsClassifier, distances",
        lambda: neighbors.KNeighborsClassifier(weights="distance"),
        THREE,
    ),
    held(
        "KNeighborsClassifier, distances, Manhattan",
        lambda: neighbors.KNeighborsClassifier(weights="distance", p=1),
        THREE,
        quick=True,
    ),
    held(
        "KNeighborsClassifier, distances, two targets",
        lambda: neighbors.KNeighborsClassifier(weights="distance"),
        FLAGS,
    ),
    held(
        "KNeighborsClassifier, distances, two and three classes, Chebyshev",
        lambda: neighbors.KNeighborsClassifier(weights="distance", metric="chebyshev"),
        MIXED,
    ),
    held(
        "KNeighborsClassifier, cosine",
        lambda: neighbors.KNeighborsClassifier(metric="cosine"),
        THREE,
    ),
    held("KNeighborsClassifier, two targets", neighbors.KNeighborsClassifier, FLAGS),
    held(
        "RadiusNeighborsClassifier",
        lambda: neighbors.RadiusNeighborsClassifier(50.0, weights="distance"),
        THREE,
    ),
    held(
        "RadiusNeighborsClassifier, uniform, of outliers",
        lambda: neighbors.RadiusNeighborsClassifier(1.5, outlier_label="none"),
        THREE,
        quick=True,
    ),
    held(
        "RadiusNeighborsClassifier, Manhattan, outliers of a class, float32",
        lambda: neighbors.RadiusNeighborsClassifier(2.5, p=1, outlier_label=0),
        BINARY,
        rows=MATRIX.astype("float32"),
    ),
    held(
        "MLPClassifier",
        lambda: neural_network.MLPClassifier((8,), max_iter=60, random_state=0),
        THREE,
    ),
    held(
        "MLPClassifier, binary",
        lambda: neural_network.MLPClassifier((8,), max_iter=60, random_state=0),
        BINARY,
    ),
    held(
        "MLPClassifier, two targets",
        lambda: neural_network.MLPClassifier((8,), max_iter=60, random_state=0),
        FLAGS,
    ),
    held(
        "GaussianProcessClassifier",
        lambda: gaussian_process.GaussianProcessClassifier(optimizer=None),
        BINARY,
        quick=True,
        refused="operator that onnxruntime has not",
    ),
    held(
        "GaussianProcessClassifier, three classes",
        lambda: gaussian_process.GaussianProcessClassifier(optimizer=None),
        THREE,
        refused="operator that onnxruntime has not",
    ),
    held("SVC", svm.SVC, THREE, quick=True),
    held("SVC, binary", svm.SVC, BINARY),
    held("SVC, probabilities", lambda: svm.SVC(probability=True, random_state=0), THREE),
    held("SVC, binary probabilities", lambda: svm.SVC(probability=True, random_state=0), BINARY),
    held(
        "SVC, one against one", lambda: svm.SVC(decision_function_shape="ovo", kernel="poly"), THREE
    ),
    held(
        "SVC, linear kernel, ties broken", lambda: svm.SVC(kernel="linear", break_ties=True), THREE
    ),
    held("NuSVC", lambda: svm.NuSVC(nu=0.2), NUMBERS),
    held("NuSVC, sigmoid kernel", lambda: svm.NuSVC(nu=0.2, kernel="sigmoid"), BINARY),
    held("LinearSVC", svm.LinearSVC, THREE),
    held("LinearSVC, binary", svm.LinearSVC, BINARY),
    held(
        "DecisionTreeClassifier",
        lambda: tree.DecisionTreeClassifier(random_state=0),
        THREE,
        quick=True,
    ),
    held(
        "DecisionTreeClassifier, missing values",
        lambda: tree.DecisionTreeClassifier(random_state=0),
        THREE,
        rows=GAPS,
    ),
    held(
        "DecisionTreeClassifier, two targets",
        lambda: tree.DecisionTreeClassifier(random_state=0),
        FLAGS,
    ),
    held("ExtraTreeClassifier", lambda: tree.ExtraTreeClassifier(random_state=0), THREE),
    held(
        "RandomForestClassifier", lambda: ensemble.RandomForestClassifier(**_FEW), THREE, quick=True
    ),
    held("RandomForestClassifier, binary", lambda: ensemble.RandomForestClassifier(**_FEW), BINARY),
    held(
        "RandomForestClassifier, missing values",
        lambda: ensemble.RandomForestClassifier(**_FEW),
        BINARY,
        rows=GAPS,
    ),
    held(
        "RandomForestClassifier, two targets",
        lambda: ensemble.RandomForestClassifier(**_FEW),
        FLAGS,
    ),
    held("ExtraTreesClassifier", lambda: ensemble.ExtraTreesClassifier(**_FEW), THREE),
    held(
        "GradientBoostingClassifier",
        lambda: ensemble.GradientBoostingClassifier(**_FEW),
        THREE,
        quick=True,
    ),
    held(
        "GradientBoostingClassifier, exponential",
        lambda: ensemble.GradientBoostingClassifier(loss="exponential", **_FEW),
        BINARY,
    ),
    held(
        "GradientBoostingClassifier, zero start",
        lambda: ensemble.GradientBoostingClassifier(init="zero", **_FEW),
        BINARY,
    ),
    held(
        "HistGradientBoostingClassifier",
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=8),
        THREE,
        quick=True,
    ),
    held(
        "HistGradientBoostingClassifier, missing values",
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=8),
        BINARY,
        rows=GAPS,
    ),
    held(
        "HistGradientBoostingClassifier, categories",
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, categorical_features=[0]),
        BINARY,
        rows=COUNTS,
        quick=True,
    ),
    held("AdaBoostClassifier", lambda: ensemble.AdaBoostClassifier(**_FEW), THREE, quick=True),
    held(
        "AdaBoostClassifier, deeper trees",
        lambda: ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=3), **_FEW),
        BINARY,
    ),
)
