"""The models that are fuzzed.

`irises` is a table: four named columns in, a label and three named probabilities out. `echo` takes
and gives back a tensor of every datatype, a scalar, an empty one and an image.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import coldpress

__all__ = ["load", "publish"]

_ROOT = Path(__file__).parents[2]


def publish(folder: Path) -> str:
    """Publish the models below a folder; gives their pinned URIs, as MODEL_URI takes them."""
    # Before the fuzzer watches imports, nothing of the runtime's may be imported.
    from tests.conformance.echo import published

    irises = load_iris(as_frame=True)
    names = irises.target_names[irises.target]
    model = LogisticRegression(max_iter=200).fit(irises.data, names)
    bundle = coldpress.export(
        model, sample=irises.data[::7], output=folder / "irises", name="irises"
    )
    table = coldpress.publish(bundle, str(folder / "store")).uri
    return f"{table} {published((folder / 'echo').as_uri())}"


def load(uri: str, **environment: str) -> ModuleType:
    """The handler's module with the first model loaded; log lines and metrics are off."""
    quiet = {"COLDPRESS_LOG_REQUESTS": "off", "POWERTOOLS_METRICS_DISABLED": "true"}
    os.environ.update({"MODEL_URI": uri, **quiet, **environment})
    path = _ROOT / "functions" / "predict.py"
    spec = importlib.util.spec_from_file_location("predict_fuzzed", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
