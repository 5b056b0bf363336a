"""Keras's animals: the usual architectures, each trained for a few steps on made-up rows."""

import os
from collections.abc import Callable
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import Input, layers, ops

from tests.zoo.case import Built, Case

_QUICK = ("MLP", "GRU, fixed length", "multi-input", "multi-output", "residual", "random numbers")
_ROWS, _FRESH, _STEPS = 48, 64, 3


def _numbers(*shape):
    return lambda rng, rows: rng.normal(size=(rows, *shape)).astype(np.float32)


def _words(length, count=50):
    return lambda rng, rows: rng.integers(0, count, (rows, length)).astype(np.int32)


def _built(make: Callable[[], keras.Model], kinds: dict[str, Callable]) -> Built:
    """A model after a few steps towards zero: weights and statistics leave their start."""
    keras.utils.set_random_seed(0)
    sample, fresh = (
        {name: kind(np.random.default_rng(seed), rows) for name, kind in kinds.items()}
        for seed, rows in ((1, _ROWS), (2, _FRESH))
    )
    model = make()
    fed = next(iter(sample.values())) if len(sample) == 1 else sample
    answer = model(fed)
    leaves = keras.tree.map_structure(lambda leaf: np.zeros(leaf.shape, np.float32), answer)
    losses = keras.tree.map_structure(lambda _: "mse", answer)
    # Eagerly: to trace a step costs a second, and there are three.
    model.compile("sgd", loss=losses, run_eagerly=True)
    for _ in range(_STEPS):
        model.train_on_batch(fed, leaves)
    model.run_eagerly = False
    if len(sample) == 1:
        (sample,), (fresh,) = sample.values(), fresh.values()
    return Built(model=model, sample=sample, fresh=fresh)


def _case(name, make, kinds, **options):
    # Tracing alone takes TensorFlow seconds for most of them.
    quick = name in _QUICK
    return Case(
        name=name, group="keras", build=partial(_built, make, kinds), quick=quick, **options
    )


def _mlp():
    return keras.Sequential(
        [Input((6,)), layers.Dense(16, "relu"), layers.Dropout(0.5), layers.Dense(3, "softmax")]
    )


def _cnn():
    return keras.Sequential(
        [
            Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


def _any_size():
    """A convolution of images of any size."""
    return keras.Sequential(
        [Input((None, None, 3)), layers.Conv2D(4, 3, padding="same"), layers.Conv2D(1, 1)]
    )


def _recurrent(make, *, sequence=False, length=None):
    layer = make(8, return_sequences=sequence)
    return keras.Sequential([Input((length, 4)), layer, layers.Dense(2)])


def _bidirectional():
    return keras.Sequential(
        [
            Input((None, 4)),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.Bidirectional(layers.GRU(5)),
            layers.Dense(2),
        ]
    )


def _masked():
    """Words of which zero is none."""
    words = Input((None,), dtype="int32", name="words")
    inner = layers.Embedding(50, 8, mask_zero=True)(words)
    return keras.Model(words, layers.Dense(2)(layers.LSTM(6)(inner)))


def _masking():
    return keras.Sequential([Input((7, 4)), layers.Masking(0.0), layers.GRU(5), layers.Dense(1)])


def _attention():
    steps = Input((None, 8), name="steps")
    inner = layers.MultiHeadAttention(2, 4)(steps, steps)
    inner = layers.LayerNormalization()(steps + inner)
    return keras.Model(steps, layers.Dense(3)(layers.GlobalAveragePooling1D()(inner)))


def _cross_attention():
    query, memory = Input((None, 4), name="query"), Input((None, 4), name="memory")
    return keras.Model(
        {"query": query, "memory": memory}, layers.Attention(use_scale=True)([query, memory])
    )


def _several_inputs():
    number, word = Input((3,), name="number"), Input((1,), dtype="int32", name="word")
    inner = layers.Concatenate()([number, layers.Flatten()(layers.Embedding(9, 4)(word))])
    return keras.Model({"number": number, "word": word}, layers.Dense(1)(inner))


def _several_outputs():
    features = Input((6,), name="features")
    trunk = layers.Dense(8, "gelu")(features)
    outputs = {
        "price": layers.Dense(1)(trunk),
        "kinds": [layers.Dense(3, "softmax")(trunk), layers.Dense(2)(trunk)],
    }
    return keras.Model(features, outputs)


def _embedding():
    return keras.Sequential(
        [Input((5,), dtype="int32"), layers.Embedding(50, 8), layers.Flatten(), layers.Dense(2)]
    )


def _batch_norm():
    return keras.Sequential(
        [Input((6,)), layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dense(2)]
    )


def _residual():
    image = Input((8, 8, 3), name="image")
    first = layers.Conv2D(8, 3, padding="same")(image)
    inner = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(first))
    inner = layers.ReLU()(layers.Add()([first, inner]))
    return keras.Model(image, layers.Dense(5)(layers.GlobalMaxPooling2D()(inner)))


def _separable():
    return keras.Sequential(
        [
            Input((12, 4)),
            layers.SeparableConv1D(6, 3, padding="same"),
            layers.Conv1DTranspose(3, 2, strides=2),
            layers.UpSampling1D(2),
            layers.GlobalMaxPooling1D(),
        ]
    )


def _convolved_in_time():
    return keras.Sequential(
        [Input((4, 6, 6, 2)), layers.ConvLSTM2D(3, 3), layers.Flatten(), layers.Dense(2)]
    )


def _prepared():
    """Numbers scaled by what was seen before, and whole numbers in classes."""
    scaled = layers.Normalization()
    scaled.adapt(np.random.default_rng(3).normal(2, 5, (100, 6)))
    return keras.Sequential([Input((6,)), scaled, layers.Dense(3, "elu"), layers.Dense(2)])


def _augmented():
    """Images that are prepared, and turned and coloured at random while it is trained."""
    return keras.Sequential(
        [
            Input((8, 8, 3)),
            layers.Rescaling(2.0, offset=-1.0),
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.RandomHue(0.1, value_range=(-1, 1)),
            layers.GaussianNoise(0.1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


def _videos():
    """A convolution of each image of a film, however long that is."""
    return keras.Sequential(
        [
            Input((None, 8, 8, 3)),
            layers.TimeDistributed(layers.Conv2D(2, 3, activation="relu")),
            layers.TimeDistributed(layers.Flatten()),
            layers.GRU(3),
        ]
    )


def _enlarged():
    """Images of any size, enlarged."""
    return keras.Sequential(
        [
            Input((None, None, 3)),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.Conv2D(2, 3, padding="same"),
        ]
    )


def _text():
    words = Input((1,), dtype="string", name="word")
    found = layers.StringLookup(vocabulary=["red", "green", "blue"])(words)
    return keras.Model(words, layers.Flatten()(layers.Embedding(4, 2)(found)))


def _noisy():
    return keras.Sequential([Input((4,)), layers.Dense(2), _Noise()])


class _Noise(keras.layers.Layer):
    """Adds random numbers, even when it predicts."""

    def call(self, inputs):
        return inputs + keras.random.normal(ops.shape(inputs))


class Subclassed(keras.Model):
    """A model that says what it takes by being called."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = layers.Dense(8, "tanh"), layers.Dense(2)

    def call(self, inputs):
        """Two layers."""
        return self.head(self.inner(inputs))


class Pair(keras.Model):
    """The same, of a dictionary."""

    def __init__(self):
        super().__init__()
        self.left, self.right = layers.Dense(3), layers.Dense(3)

    def call(self, inputs):
        """Two towers, and one of them."""
        return {
            "sum": self.left(inputs["a"]) + self.right(inputs["b"]),
            "left": self.left(inputs["a"]),
        }


def _untrained(make, sample, fresh):
    keras.utils.set_random_seed(0)
    return Built(model=make(), sample=sample, fresh=fresh)


def _colours(seed):
    return np.random.default_rng(seed).choice(["red", "green", "pink"], (20, 1)).astype(object)


def _row(*shape):
    return {"x": _numbers(*shape)}


CASES = (
    _case("MLP", _mlp, _row(6)),
    _case("CNN", _cnn, _row(8, 8, 3)),
    _case("CNN, any size", _any_size, _row(8, 10, 3)),
    _case("LSTM, free length", partial(_recurrent, layers.LSTM), _row(7, 4)),
    _case(
        "LSTM, sequences, free length", partial(_recurrent, layers.LSTM, sequence=True), _row(7, 4)
    ),
    _case("GRU, free length", partial(_recurrent, layers.GRU), _row(7, 4)),
    _case("GRU, fixed length", partial(_recurrent, layers.GRU, length=7), _row(7, 4)),
    _case("SimpleRNN, free length", partial(_recurrent, layers.SimpleRNN), _row(7, 4)),
    _case("bidirectional, free length", _bidirectional, _row(7, 4)),
    _case("masked words, free length", _masked, {"x": _words(7)}),
    _case("masking", _masking, _row(7, 4)),
    _case("attention, free length", _attention, _row(7, 8)),
    _case(
        "cross-attention, free lengths",
        _cross_attention,
        {"query": _numbers(3, 4), "memory": _numbers(5, 4)},
    ),
    _case("multi-input", _several_inputs, {"number": _numbers(3), "word": _words(1, 9)}),
    _case("multi-output", _several_outputs, _row(6)),
    _case("embedding", _embedding, {"x": _words(5)}),
    _case("batch-norm", _batch_norm, _row(6)),
    _case("residual", _residual, _row(8, 8, 3)),
    _case("convolutions in time", _separable, _row(12, 4)),
    _case("ConvLSTM2D", _convolved_in_time, _row(4, 6, 6, 2)),
    _case("Normalization", _prepared, _row(6)),
    _case("augmented images", _augmented, _row(8, 8, 3)),
    _case("TimeDistributed, free length", _videos, _row(3, 8, 8, 3)),
    _case("UpSampling2D, bilinear, any size", _enlarged, _row(5, 6, 3)),
    _case("subclassed", Subclassed, _row(6)),
    _case("subclassed, of a dictionary", Pair, {"a": _numbers(4), "b": _numbers(2)}),
    Case(
        name="StringLookup",
        group="keras",
        build=partial(_untrained, _text, _colours(1), _colours(2)),
        refused="looks words up in a table",
    ),
    _case("random numbers", _noisy, _row(4), refused="in another way each time"),
)
