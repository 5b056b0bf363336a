"""What one request may ask of the models."""

import time

import numpy as np
import pytest

from coldpress_runtime.errors import OutOfTime
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.serving import Serving
from coldpress_runtime.settings import Settings


def test_a_run_that_was_held_up_does_not_refuse_all_others(store_model, local_root):
    """A slow run is held against as many values, and less so with each request it has refused."""
    uri = store_model(local_root).put().live
    serving = Serving(
        ModelHolder(Settings.from_environment({"MODEL_URI": uri})),
        10,
        deadline=time.monotonic() + 50,
    )
    model = serving.model()
    model.usage.slowest = (60.0, 90)
    # A third of the values may take twenty seconds, and fifty are left.
    serving.predict(model, {"input": np.zeros((1, 30))})
    with pytest.raises(OutOfTime, match="may take up to 60 s"):
        serving.predict(model, {"input": np.zeros((3, 30))})
    serving.predict(model, {"input": np.zeros((3, 30))})
