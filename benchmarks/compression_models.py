"""Models to compress, trained here on data that is anywhere, so that accuracy means something.

scikit-learn's digits, and the source of Python's own standard library.
"""

from __future__ import annotations

import io
import math
import re
import sysconfig
import tempfile
import warnings
import zlib
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

__all__ = ["MODELS", "Trained"]

Labelled: TypeAlias = tuple[np.ndarray, np.ndarray]

_OPSET = 18
_MOST_ROWS = 1000
_WIDTH = 3584
# The transformer: words of a window, of how many kinds, and its sizes.
_WORDS, _VOCABULARY, _DIMENSION, _LAYERS = 24, 8192, 512, 3
_PACKAGES = ("asyncio", "email", "unittest", "xml", "multiprocessing", "ctypes", "http", "logging")
_WINDOWS = 1200  # of each package


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A model with rows that it has not seen.

    Attributes:
        name: What it is.
        graph: The ONNX file.
        rows: What it takes, ``(rows, …)``.
        truth: The class of each row.
    """

    name: str
    graph: bytes
    rows: np.ndarray
    truth: np.ndarray


def dense() -> Trained:
    """Three dense layers over scikit-learn's digits, 52 MB."""
    torch.manual_seed(0)
    module = nn.Sequential(
        *(nn.Linear(64, _WIDTH), nn.ReLU()),
        *(nn.Linear(_WIDTH, _WIDTH), nn.ReLU()),
        *(nn.Linear(_WIDTH, 10), nn.Softmax(-1)),
    )
    return _fitted("dense, digits", module, _digits(), epochs=8, rate=3e-4)


def convolutional() -> Trained:
    """A small convolutional network over the same digits."""
    torch.manual_seed(0)
    module = nn.Sequential(
        *(nn.Conv2d(1, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()),
        *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(128, 128, 3, padding=1), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(2048, 10), nn.Softmax(-1)),
    )
    rows, truth = _digits()
    images = rows.reshape(-1, 1, 8, 8)
    return _fitted("convolutional, digits", module, (images, truth), epochs=8, rate=1e-3)


def transformer() -> Trained:
    """An encoder that tells which package some words of source are from, 55 MB."""
    torch.manual_seed(0)
    return _fitted("transformer, source", _Encoder(), _sources(), epochs=1, rate=3e-4)


MODELS: tuple[Callable[[], Trained], ...] = (dense, convolutional, transformer)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(_VOCABULARY, _DIMENSION)
        self.places = nn.Parameter(torch.randn(_WORDS, _DIMENSION) * 0.02)
        nn.init.normal_(self.words.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(
            _DIMENSION, 8, 4 * _DIMENSION, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.classes = nn.Linear(_DIMENSION, len(_PACKAGES))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Probabilities of the packages, ``(batch, packages)``."""
        hidden = self.layers(self.words(words) + self.places)
        return torch.softmax(self.classes(hidden.mean(1)), -1)


def _digits() -> Labelled:
    rows, truth = load_digits(return_X_y=True)
    return (rows / 16).astype(np.float32), truth


def _sources() -> Labelled:
    """Windows of words of each package, as numbers, and the package's number."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    generator = np.random.default_rng(0)
    rows, truth = [], []
    for number, package in enumerate(_PACKAGES):
        texts = [p.read_text("utf-8", "replace") for p in sorted((folder / package).rglob("*.py"))]
        words = [zlib.crc32(w.encode()) for w in re.findall(r"\w+", "\n".join(texts))]
        starts = generator.integers(0, len(words) // _WORDS, _WINDOWS) * _WORDS
        # A window is drawn once, so that none is in both halves.
        for start in np.unique(starts):
            rows.append([word % _VOCABULARY for word in words[start : start + _WORDS]])
            truth.append(number)
    return np.array(rows, dtype=np.int64), np.array(truth)


def _fitted(name: str, module: nn.Module, data: Labelled, *, epochs: int, rate: float) -> Trained:
    """Train on seven tenths of the rows, and keep the others."""
    rows, truth = data
    seen, unseen, seen_truth, unseen_truth = train_test_split(
        rows, truth, test_size=0.3, random_state=0, stratify=truth
    )
    _fit(module, torch.tensor(seen), torch.tensor(seen_truth), epochs=epochs, rate=rate)
    return Trained(
        name=name,
        graph=_exported(module.eval(), torch.tensor(seen[:2])),
        rows=unseen[:_MOST_ROWS],
        truth=unseen_truth[:_MOST_ROWS],
    )


def _fit(
    module: nn.Module, rows: torch.Tensor, truth: torch.Tensor, *, epochs: int, rate: float
) -> None:
    batch = 32
    optimiser = torch.optim.AdamW(module.parameters(), rate)
    steps = epochs * math.ceil(len(rows) / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(epochs):
        order = torch.randperm(len(rows))
        for part in (order[start : start + batch] for start in range(0, len(rows), batch)):
            loss = nn.functional.nll_loss(torch.log(module(rows[part]) + 1e-9), truth[part])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()
            schedule.step()


def _exported(module: nn.Module, example: torch.Tensor) -> bytes:
    options: dict[str, Any] = {
        "dynamic_shapes": ({0: torch.export.Dim("rows")},),
        "input_names": ["rows"],
        "output_names": ["probabilities"],
        "opset_version": _OPSET,
        "external_data": False,
        "verbose": False,
    }
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        with redirect_stdout(io.StringIO()):
            torch.onnx.export(module, (example,), path, dynamo=True, **options)
        return path.read_bytes()
