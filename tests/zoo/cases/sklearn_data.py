"""Rows that the scikit-learn cases are trained on, exported with and judged by."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.zoo.case import Built, Case

TRAINED = 200
RANDOM = np.random.default_rng(11)
ROWS = 700

MATRIX = RANDOM.normal(size=(ROWS, 5)) * [1, 2, 0.5, 3, 1] + [0, 1, 0, -2, 4]
POSITIVE = np.abs(MATRIX) + 0.01
COUNTS = RANDOM.poisson(3, size=(ROWS, 5))
GAPS = np.where(RANDOM.random(MATRIX.shape) < 0.1, np.nan, MATRIX)
_score = MATRIX[:, 0] + MATRIX[:, 1] / 3 - 0.3 + RANDOM.normal(size=ROWS) / 4
BINARY = (_score > 0).astype(int)
THREE = np.array(["low", "mid", "high"])[np.digitize(_score, [-0.6, 0.6])]
NUMBERS = np.digitize(_score, [-0.6, 0.6]) * 2 + 1
TARGET = MATRIX @ [1.0, 0.2, 3.0, 0.5, -1.0] + RANDOM.normal(size=ROWS) / 4
TWO = np.c_[TARGET, MATRIX @ [0.0, 1.0, -1.0, 0.3, 0.1]]
FLAGS = np.c_[BINARY, MATRIX[:, 3] > -2].astype(int)
MIXED = np.c_[BINARY, NUMBERS]


def held(
    name: str,
    make: Callable[[], object],
    target: object = None,
    *,
    rows: object = MATRIX,
    quick: bool = False,
    refused: str | None = None,
) -> Case:
    """A case whose model is fitted on the first rows, exported with them, judged by the rest.

    Args:
        name: The case's.
        make: Gives the unfitted model.
        target: What to predict, by row; None for models that learn without.
        rows: A matrix, a table or a list of columns of it.
        quick: As the case's.
        refused: As the case's.
    """

    def build() -> Built:
        own = [] if target is None else [target[:TRAINED]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = make().fit(rows[:TRAINED], *own)
        sample = rows.to_frame() if isinstance(rows, pd.Series) else rows
        return Built(model=model, sample=sample[:TRAINED], fresh=sample[TRAINED:])

    return Case(name=name, group="scikit-learn", build=build, quick=quick, refused=refused)
