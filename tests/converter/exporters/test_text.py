import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.errors import SampleError
from coldpress.pipeline import export


def test_a_word_among_numbers_is_a_sample_that_does_not_fit(tmp_path):
    """A word in a column of numbers is told as the model tells it, whichever row it stands in."""
    frame = pd.DataFrame(np.random.default_rng(0).random((20, 2)), columns=["a", "b"])
    model = LogisticRegression().fit(frame, frame["a"] > 0.5)
    frame["b"] = frame["b"].astype(str)
    frame.loc[7, "b"] = "wrong"
    with pytest.raises(SampleError, match="could not convert string to float: 'wrong'"):
        export(model, sample=frame, output=tmp_path / "bundle")
