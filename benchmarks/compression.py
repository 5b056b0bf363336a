"""What compression gives and costs: models trained here, pressed in every way there is.

    python -m benchmarks.compression [--models dense convolutional transformer] [--least 0.99]

Prints Markdown: for each model and candidate the bytes before and as stored, accuracy before and
after on rows that were not trained on, the time of one row relative to the lossless model, and what
the gates say; then the quickstart's forest, beside its pickle and beside scikit-learn. Sizes and
accuracies hold on any machine; times only on one where nothing else runs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import joblib
import pandas as pd

from coldpress.certification import Certificate
from coldpress.compress import Pressed, press
from coldpress.compress._stored import stored_bytes
from coldpress.latency import median_ms
from coldpress.load import model_of
from coldpress.proving import Proven, prove
from coldpress.record import CandidateRecord
from coldpress.sample import Sample
from coldpress.wanted import Wanted

from .compression_models import MODELS, Trained

_ROOT = Path(__file__).parent.parent
_HEAD = (
    "| model | technique | candidate | before | stored | ratio | accuracy | after | agreement "
    "| latency | |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|"
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    ways = {way.__name__: way for way in MODELS}
    parser.add_argument("--models", nargs="*", choices=ways, default=list(ways), help="which")
    parser.add_argument("--least", type=float, default=0.99, help="least agreement that passes")
    chosen = parser.parse_args()
    print(_HEAD)
    for name in chosen.models:
        _press(ways[name](), chosen.least)
    _forest()


def _press(trained: Trained, least: float) -> None:
    # Any time will do: the table shows it, and who is too slow is still of a size.
    wanted = Wanted(technique="smallest", min_agreement=least, max_slowdown=None)
    sample = replace(Sample.of(trained.rows), truth=trained.truth)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        proven = prove(model_of(trained.graph), sample, folder, _silent)
        pressed = _pressed(proven, wanted, folder)
    for record in pressed.candidates:
        if record.bytes is not None or not record.reason.startswith("there is no"):
            print(_row(trained, record, proven.certificate))


def _pressed(proven: Proven, wanted: Wanted, folder: Path) -> Pressed:
    return press(
        proven.model,
        proven.reference,
        proven.certificate,
        wanted=wanted,
        folder=folder,
        progress=_silent,
    )


def _row(trained: Trained, record: CandidateRecord, certificate: Certificate) -> str:
    before, stored = len(trained.graph), record.bytes
    accuracy = certificate.metric.original if certificate.metric else None
    drop = record.metric_drop
    after = None if accuracy is None or drop is None else accuracy - drop
    cells = [
        trained.name,
        record.technique,
        record.name,
        f"{before / 1e6:.1f} MB",
        _text(stored and stored / 1e6, "{:.2f} MB"),
        _text(stored and before / stored, "{:.2f} ×"),
        _text(accuracy, "{:.4f}"),
        _text(after, "{:.4f}"),
        _text(record.agreement, "{:.2%}"),
        _text(record.latency_ratio, "{:.2f} ×"),
        record.reason,
    ]
    return f"| {' | '.join(cells)} |"


def _text(figure: float | None, form: str) -> str:
    return "" if figure is None else form.format(figure)


def _forest() -> None:
    """The quickstart's forest beside its pickle, and its one-row latency beside scikit-learn's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train = _ROOT / "examples" / "quickstart" / "train.py"
        subprocess.run([sys.executable, str(train), name], check=True, capture_output=True)
        model, frame = joblib.load(folder / "model.joblib"), pd.read_csv(folder / "rows.csv")
        proven = prove(model_of(model), Sample.of(frame), folder, _silent)
        session = proven.model.open()
        row = {key: array[:1] for key, array in proven.reference.rows.tensors.items()}
        one = frame[:1]
        original, export = median_ms(lambda: model.predict_proba(one), lambda: session.run(row))
        pickle = (folder / "model.joblib").stat().st_size
        stored = stored_bytes(proven.model, folder)
    print("\n| the quickstart's forest | before | after | ratio |\n|---|--:|--:|--:|")
    print(f"| bytes: pickle, stored | {pickle:,} | {stored:,} | {pickle / stored:.1f} × |")
    ratio = original[0] / export[0]
    print(f"| ms for one row | {original[0]:.3f} | {export[0]:.4f} | {ratio:.0f} × |")


def _silent(_step: str) -> None:
    """Report progress to nobody."""


if __name__ == "__main__":
    main()
