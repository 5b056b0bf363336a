"""The model that every variant of the cold start serves, as each of them is given it.

A scaler and a random forest of 100 trees on scikit-learn's breast-cancer data, as the quickstart's,
fitted on arrays so that no variant needs pandas for column names. Writes into a folder:
``model.pkl``, ``rows.npy`` (30 features of float64) and ``expected.json``, the model's own answers
to the event's rows.

    python -m benchmarks.model FOLDER EVENT
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["write"]

_TREES = 100


def write(folder: Path, event: Path) -> None:
    """Train the model and write what the variants need."""
    folder.mkdir(parents=True, exist_ok=True)
    features, target = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=_TREES, random_state=0)
    model = make_pipeline(StandardScaler(), forest).fit(features[::2], target[::2])
    (folder / "model.pkl").write_bytes(pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL))
    np.save(folder / "rows.npy", features[1::2])
    request = json.loads(json.loads(event.read_bytes())["body"])
    rows = np.array(request["inputs"][0]["data"])
    expected = {
        "label": model.predict(rows).tolist(),
        "probabilities": model.predict_proba(rows).tolist(),
    }
    (folder / "expected.json").write_text(json.dumps(expected), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
