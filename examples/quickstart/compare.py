"""The closing table: the pickled model against the function, on the same rows."""

import contextlib
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from coldpress.bundle import Bundle
from coldpress.local.handler import LocalContext, load_handler
from coldpress.stores import model_uri

ROUNDS = 200


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def request(rows: pd.DataFrame) -> dict[str, object]:
    """The rows as an inference request, which is what a direct invocation sends."""
    values = rows.to_numpy()
    tensor = {"name": "input", "datatype": "FP64", "shape": list(values.shape)}
    return {"inputs": [{**tensor, "data": values.ravel().tolist()}]}


def main() -> None:
    """Compare, time and print."""
    pickle, sample, bundle, uri = sys.argv[1:]
    model, rows = joblib.load(pickle), pd.read_csv(sample)
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        handler = load_handler(model_uri(uri))
        answer = handler(request(rows), LocalContext())
        one = rows.iloc[[0]]
        event = request(one)
        times = [
            (
                milliseconds(lambda: model.predict_proba(one)),
                milliseconds(lambda: handler(event, LocalContext())),
            )
            for _ in range(ROUNDS)
        ]
    outputs = {output["name"]: output for output in answer["outputs"]}
    probabilities = np.array(outputs["probabilities"]["data"]).reshape(len(rows), -1)
    difference = np.abs(probabilities - model.predict_proba(rows)).max()
    equal = (np.array(outputs["label"]["data"]) == model.predict(rows)).sum()
    theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
    stored = Bundle.open(Path(bundle)).manifest.blob("model")

    table = Table("", "scikit-learn, pickled", "the function", "", title="Side by side")
    size = Path(pickle).stat().st_size
    table.add_row(
        "model size", f"{size / 1000:.1f} kB", f"{stored.size / 1000:.1f} kB",
        f"{size / stored.size:.0f} times smaller",
    )  # fmt: skip
    table.add_row(
        "one row, median", f"{theirs:.2f} ms", f"{ours:.2f} ms", f"{theirs / ours:.0f} times faster"
    )
    table.add_row("labels equal", "", f"{equal} of {len(rows)}", f"{equal / len(rows):.0%}")
    table.add_row("largest difference", "", f"{difference:.1e}", "in a probability")
    Console().print(table)
    print(f"One row: scikit-learn's predict_proba against the handler, event to answer; {ROUNDS} "
          "calls each, in turn.")  # fmt: skip


main()
