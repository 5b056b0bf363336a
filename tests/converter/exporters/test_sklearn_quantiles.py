"""Quantile transformations: what the graph gives on the quantiles, beside them and beyond."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from coldpress.exporters.sklearn import attempts
from coldpress.pipeline import export
from coldpress.sample import Sample

RANDOM = np.random.default_rng(8)
# Smooth, whole, of two values and of one, and each also missing.
_PARTS = (RANDOM.normal(size=400), RANDOM.integers(0, 6, 400), RANDOM.random(400) > 0.7)
WHOLE = np.column_stack([*_PARTS, RANDOM.exponential(50, 400), np.full(400, 2.0)])
ROWS = np.where(RANDOM.random(WHOLE.shape) < 0.1, np.nan, WHOLE)


def around(quantiles):
    """The quantiles, a little beside them, as far off as counts for an end, and far beyond."""
    steps = (0, 5e-8, -5e-8, 2e-7, -2e-7, 1e-3, -1e-3, 1e6, -1e6)
    return np.vstack([quantiles + step for step in steps])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 2, 7, 300])
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_quantiles_are_scikit_learns(distribution, count, dtype):
    """Whatever the distribution, the number of quantiles and the type of the rows."""
    rows = ROWS.astype(dtype)
    model = QuantileTransformer(n_quantiles=count, output_distribution=distribution).fit(rows)
    asked = np.r_[rows, around(model.quantiles_), np.full((1, 5), np.nan)].astype(dtype)
    session = attempts(model, Sample.of(rows))[0].export().model.open()
    found = session.run({"input": asked})["variable"]
    assert found.dtype == dtype
    expected = model.transform(asked)
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype is np.float32 else 1e-9)


def test_a_pipeline_is_proven(tmp_path):
    """A model after the transformation, of rows with repeats and without gaps."""
    model = make_pipeline(
        QuantileTransformer(n_quantiles=50, output_distribution="normal"), Ridge()
    )
    model.fit(WHOLE, WHOLE[:, 0] + WHOLE[:, 1])
    bundle = export(model, sample=WHOLE, output=tmp_path / "b")
    assert [rung.name for rung in bundle.certificate().rungs] == ["float64"]
