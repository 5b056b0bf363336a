"""Keras layers of which TensorFlow's graph goes wrong where a size is open, written otherwise.

Called directly they are right for every size, and their exports are held against that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

__all__ = ["open_sizes"]


@contextmanager
def open_sizes() -> Iterator[None]:
    """Have such layers follow any size, as long as a model is traced."""
    import keras  # noqa: PLC0415 - there is a Keras model, so it is imported

    layers = keras.layers
    with ExitStack() as stack:
        stack.enter_context(_calling(layers.TimeDistributed, _over_steps))
        stack.enter_context(_calling(layers.UpSampling2D, _enlarged))
        yield


@contextmanager
def _calling(kind: Any, make: Callable[[Callable[..., Any]], Any]) -> Iterator[None]:  # noqa: ANN401
    own = kind.call
    kind.call = make(own)
    try:
        yield
    finally:
        kind.call = own


def _over_steps(own: Callable[..., Any]) -> Callable[..., Any]:
    """All steps as rows of one call: Keras maps over them there, by a loop of a wrong length.

    Only a layer that mixes rows could tell, and it fails the certificate.
    """

    def call(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:  # noqa: ANN401
        from keras import ops  # noqa: PLC0415 - it is there

        if inputs.shape[1] is not None:
            return own(layer, inputs, training=training, mask=mask)
        inner = layer.layer
        given = {"training": training} if inner._call_has_training_arg else {}  # noqa: SLF001 - as Keras
        if mask is not None and inner._call_has_mask_arg:  # noqa: SLF001 - as above
            given["mask"] = ops.reshape(mask, (-1, *ops.shape(mask)[2:]))
        _, steps, *sizes = ops.shape(inputs)
        answer = inner.call(ops.reshape(inputs, (-1, *sizes)), **given)
        return ops.reshape(answer, (-1, steps, *ops.shape(answer)[1:]))

    return call


def _enlarged(own: Callable[..., Any]) -> Callable[..., Any]:
    """A resize by TensorFlow's own function: Keras's compares the size, which is not known yet."""

    def call(layer: Any, inputs: Any) -> Any:  # noqa: ANN401 - untyped package
        import tensorflow as tf  # noqa: PLC0415 - Keras runs on it

        if layer.interpolation == "nearest" or None not in inputs.shape[1:]:
            return own(layer, inputs)
        first = layer.data_format == "channels_first"
        image = tf.transpose(inputs, [0, 2, 3, 1]) if first else inputs
        size = tf.shape(image)[1:3] * tf.constant(layer.size)
        answer = tf.image.resize(image, size, method=layer.interpolation)
        return tf.transpose(answer, [0, 3, 1, 2]) if first else answer

    return call
