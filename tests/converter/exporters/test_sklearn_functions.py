"""numpy's functions of single numbers as steps: what the graph gives for numbers of every kind."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer

from coldpress.errors import ExportError
from coldpress.exporters.sklearn import attempts
from coldpress.exporters.sklearn._functions import _FUNCTIONS
from coldpress.pipeline import export
from coldpress.sample import Sample

RANDOM = np.random.default_rng(2)
EDGES = [0, -0.0, np.inf, -np.inf, np.nan, 1e-20, -1e-20, 0.5, -0.5, 1, -1, 2, -2, 1e8, 1e9, 1000]


def numbers(dtype):
    """Numbers of every size, special ones, and both ends of the type."""
    limits = np.finfo(dtype)
    sizes = RANDOM.normal(size=2000) * 10.0 ** RANDOM.integers(-8, 3, 2000)
    found = np.r_[sizes, EDGES, limits.max, limits.min, limits.tiny].astype(dtype)
    return np.c_[found, found[::-1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", _FUNCTIONS, ids=lambda function: function.__name__)
def test_a_function_gives_what_numpys_gives(function, dtype):
    """Near zero, beyond a function's domain, and for what is no number, in both types."""
    sample = np.abs(RANDOM.normal(size=(20, 2))).astype(dtype) + dtype(0.1)
    model = FunctionTransformer(function, inverse_func=np.sin, check_inverse=False)
    session = attempts(model.fit(sample), Sample.of(sample))[0].export().model.open()
    rows = numbers(dtype)
    with np.errstate(all="ignore"):
        expected = function(rows)
    found = session.run({"input": rows})["variable"]
    assert found.dtype == dtype
    # What lies below the normal numbers, some processors take for zero.
    np.testing.assert_allclose(
        found, expected, rtol=1e-6 if dtype is np.float32 else 1e-12, atol=np.finfo(dtype).tiny
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
def test_powers_are_scikit_learns(method, dtype):
    """Also those whose transformation is a logarithm; and a missing value stays missing."""
    sample = RANDOM.exponential(2, (60, 5)).astype(dtype) + dtype(0.1)
    model = PowerTransformer(method, standardize=False).fit(sample)
    model.lambdas_ = np.array([0.0, 2.0, 1.0, -0.5, 3.2])
    session = attempts(model, Sample.of(sample))[0].export().model.open()
    rows = RANDOM.exponential(2, (200, 5)) * 10.0 ** RANDOM.integers(-6, 2, (200, 5))
    rows = np.where(RANDOM.random(rows.shape) < 0.2, np.nan, rows).astype(dtype)
    rows = rows * (RANDOM.choice([-1, 1], rows.shape) if method == "yeo-johnson" else 1)
    found = session.run({"input": rows.astype(dtype)})["variable"]
    np.testing.assert_allclose(found, model.transform(rows.astype(dtype)), rtol=1e-4, atol=1e-7)


def test_functions_stand_beside_other_columns(tmp_path):
    """One of one column and one of two, of numbers and counts, are proven in a table."""
    table = pd.DataFrame(
        {"price": RANDOM.exponential(9, 150), "size": RANDOM.exponential(2, 150),
         "rooms": RANDOM.integers(1, 9, 150)}
    )  # fmt: skip
    columns = make_column_transformer(
        (FunctionTransformer(np.log1p, validate=True), ["price", "rooms"]),
        (FunctionTransformer(np.sqrt), ["size"]),
    )
    model = make_pipeline(columns, LinearRegression()).fit(table, table["price"])
    certificate = export(model, sample=table, output=tmp_path / "b").certificate()
    assert [rung.name for rung in certificate.rungs] == ["float64+int64"]
    assert certificate.passed


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(
            FunctionTransformer(np.round), "runs a Python function.*log1p", id="no-elementwise"
        ),
        pytest.param(
            FunctionTransformer(np.log1p, kw_args={"dtype": np.float64}),
            "runs a Python function",
            id="arguments",
        ),
    ],
)
def test_other_functions_are_refused(tmp_path, model, said):
    """What is no function of single numbers, or is given arguments, is refused."""
    rows = np.abs(RANDOM.normal(size=(60, 2)))
    model.fit(rows)
    with pytest.raises(ExportError, match=said):
        export(model, sample=rows, output=tmp_path / "b")
