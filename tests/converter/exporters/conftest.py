"""Frameworks that warn while they are imported, so that a test which fails by warnings can't."""

import warnings

import pytest


@pytest.fixture(scope="module")
def keras():
    """Keras, with its random numbers begun anew."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import tensorflow as tf  # noqa: F401 - Keras runs on it
    keras.utils.set_random_seed(0)
    return keras
