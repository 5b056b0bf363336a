"""PyTorch's animals: the usual architectures, each trained for a few steps on made-up rows."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tests.zoo.case import Built, Case

_SLOW = ("LSTM, bidirectional, two layers", "transformer encoder", "attention", "GRU")
_ROWS, _FRESH, _STEPS = 48, 64, 5


def _numbers(seed, rows, *shape):
    return np.random.default_rng(seed).normal(size=(rows, *shape)).astype(np.float32)


def _words(seed, rows, length, count=50):
    return np.random.default_rng(seed).integers(0, count, (rows, length))


def _leaves(answer):
    if isinstance(answer, torch.Tensor):
        return [answer] if answer.is_floating_point() else []
    parts = answer.values() if isinstance(answer, dict) else answer
    return [leaf for part in parts for leaf in _leaves(part)]


def _train(module, rows):
    """A few steps of gradient descent towards zero: weights and statistics leave their start."""
    tensors = {name: torch.from_numpy(array) for name, array in rows.items()}
    optimiser = torch.optim.SGD(module.parameters(), lr=0.01)
    module.train()
    for _ in range(_STEPS):
        optimiser.zero_grad()
        answer = module(**tensors)
        sum(leaf.square().mean() for leaf in _leaves(answer)).backward()
        optimiser.step()
    return module.eval()


def _built(make: Callable[[], nn.Module], rows: Callable[[int, int], dict]) -> Built:
    torch.manual_seed(0)
    sample, fresh = rows(1, _ROWS), rows(2, _FRESH)
    module = _train(make(), sample)
    if len(sample) == 1:
        (sample,), (fresh,) = sample.values(), fresh.values()
    return Built(model=module, sample=sample, fresh=fresh)


class _Recurrent(nn.Module):
    """Scores of the last step, and the states after it."""

    def __init__(self, kind, **options):
        super().__init__()
        self.inner = kind(4, 8, batch_first=True, **options)
        self.head = nn.Linear(16 if options.get("bidirectional") else 8, 3)

    def forward(self, steps):
        answers, states = self.inner(steps)
        return self.head(answers[:, -1]), states


class _Encoder(nn.Module):
    """A transformer's encoder over words, with their places and with gaps masked."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 16, padding_idx=0)
        self.places = nn.Parameter(torch.randn(1, 12, 16))
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 3)

    def forward(self, tokens):
        mask = tokens == 0
        mask = mask & ~mask.all(dim=1, keepdim=True)
        inner = self.layers(self.words(tokens) + self.places, src_key_padding_mask=mask)
        return self.head(inner.mean(1)).softmax(-1)


class _Attention(nn.Module):
    """Attention of queries to a memory, with its weights."""

    def __init__(self):
        super().__init__()
        self.inner = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, query, memory):
        answer, weights = self.inner(query, memory, memory)
        return {"answer": answer, "weights": weights}


class _Sum(nn.Module):
    """Two towers that are added, one of numbers and one of words."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(5, 8), nn.EmbeddingBag(50, 8, mode="mean")
        self.head = nn.Linear(8, 1)

    def forward(self, numbers, words):
        return self.head(functional.relu(self.left(numbers) + self.right(words)))


class _Heads(nn.Module):
    """A trunk with a price, a class and the trunk itself."""

    def __init__(self):
        super().__init__()
        self.trunk, self.price, self.kind = nn.Linear(6, 8), nn.Linear(8, 1), nn.Linear(8, 4)

    def forward(self, features):
        inner = functional.gelu(self.trunk(features))
        return {"price": self.price(inner), "class": self.kind(inner).argmax(-1), "trunk": inner}


class _Residual(nn.Module):
    """A block of convolutions around which its input goes."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.block = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1)
        )
        self.head = nn.Linear(8, 5)

    def forward(self, image):
        inner = self.first(image)
        inner = functional.relu(inner + self.block(inner))
        return self.head(functional.adaptive_avg_pool2d(inner, 1).flatten(1))


class _Signal(nn.Module):
    """A convolution along any number of steps, and attention among them."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Conv1d(4, 8, 3, padding=1), nn.Linear(8, 2)

    def forward(self, steps):
        inner = self.first(steps.transpose(1, 2)).transpose(1, 2)
        weights = (inner @ inner.transpose(1, 2)).softmax(-1)
        return self.head(weights @ inner)


class _Fused(nn.Module):
    """Attention of three axes, which torch writes through TorchScript only."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 8)

    def forward(self, steps):
        inner = self.inner(steps)
        return functional.scaled_dot_product_attention(inner, inner, inner)


class _Branching(nn.Module):
    """Two layers, and a sum over all rows that decides between them."""

    def __init__(self):
        super().__init__()
        self.warm, self.cold = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, features):
        return self.warm(features) if features.sum() > 0 else self.cold(features)


class _Crowded(nn.Module):
    """A layer that answers otherwise from sixty rows on."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 2)

    def forward(self, features):
        answer = self.inner(features)
        return answer * 2 if features.shape[0] > 60 else answer


def _perceptron():
    return nn.Sequential(
        nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3), nn.Softmax(1)
    )


def _convolution():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)
    )


def _normalised():
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.SiLU(), nn.LayerNorm(8), nn.Linear(8, 2)
    )


def _embedding():
    return nn.Sequential(nn.Embedding(50, 8), nn.Flatten(), nn.Linear(40, 2))


def _scripted(make, rows):
    built = _built(make, rows)
    return Built(model=torch.jit.script(built.model), sample=built.sample, fresh=built.fresh)


def _program(make, rows):
    """A program whose rows and length are free, as its author may keep them."""
    built = _built(make, rows)
    example = torch.from_numpy(built.sample[:3])
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.export.export(built.model, (example,), dynamic_shapes=(free,))
    return Built(model=program, sample=built.sample, fresh=built.fresh)


def _typed(dtype, make, rows):
    built = _built(make, rows)
    return Built(model=built.model.to(dtype), sample=built.sample, fresh=built.fresh)


def _rows(name, *shape):
    return lambda seed, rows: {name: _numbers(seed, rows, *shape)}


def _tokens(name, length):
    return lambda seed, rows: {name: _words(seed, rows, length)}


def _two(seed, rows):
    return {"numbers": _numbers(seed, rows, 5), "words": _words(seed, rows, 4)}


def _pair(seed, rows):
    return {"query": _numbers(seed, rows, 3, 8), "memory": _numbers(seed + 9, rows, 7, 8)}


def _case(name, build, make, rows, **options):
    quick = name not in _SLOW
    return Case(name=name, group="torch", build=partial(build, make, rows), quick=quick, **options)


_STEPS_OF_FOUR = _rows("steps", 7, 4)

CASES = (
    _case("MLP", _built, _perceptron, _rows("input", 6)),
    _case("CNN", _built, _convolution, _rows("input", 1, 8, 8)),
    _case("LSTM", _built, partial(_Recurrent, nn.LSTM), _STEPS_OF_FOUR),
    _case(
        "LSTM, bidirectional, two layers",
        _built,
        partial(_Recurrent, nn.LSTM, num_layers=2, bidirectional=True),
        _STEPS_OF_FOUR,
    ),
    _case("GRU", _built, partial(_Recurrent, nn.GRU), _STEPS_OF_FOUR),
    _case("transformer encoder", _built, _Encoder, _tokens("tokens", 12)),
    _case("attention", _built, _Attention, _pair),
    _case("multi-input, embedding bag", _built, _Sum, _two),
    _case("multi-output", _built, _Heads, _rows("features", 6)),
    _case("embedding", _built, _embedding, _tokens("input", 5)),
    _case("batch-norm", _built, _normalised, _rows("input", 6)),
    _case("residual", _built, _Residual, _rows("image", 3, 8, 8)),
    _case("convolution in time, exported program, free length", _program, _Signal, _STEPS_OF_FOUR),
    _case("attention of three axes", _built, _Fused, _STEPS_OF_FOUR),
    _case("residual, TorchScript", _scripted, _Residual, _rows("image", 3, 8, 8)),
    _case("multi-output, TorchScript", _scripted, _Heads, _rows("features", 6)),
    _case("data-dependent, TorchScript", _scripted, _Branching, _rows("features", 4)),
    _case("data-dependent", _built, _Branching, _rows("features", 4), refused="data-dependent"),
    _case("by number of rows", _built, _Crowded, _rows("features", 4), refused="numbers of rows"),
    _case(
        "bfloat16",
        partial(_typed, torch.bfloat16),
        _perceptron,
        _rows("input", 6),
        refused="is bfloat16",
    ),
    _case("float64", partial(_typed, torch.float64), _perceptron, _rows("input", 6)),
    _case(
        "float16",
        partial(_typed, torch.float16),
        _perceptron,
        _rows("input", 6),
        refused="does not answer like the original",
    ),
)
