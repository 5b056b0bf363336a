"""A transformer of your own, and the converter that says what it is in ONNX.

`coldpress export model.joblib --plugin clipping …` imports this module before the model is read.
"""

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxClip
from skl2onnx.common.data_types import guess_numpy_type
from sklearn.base import BaseEstimator, TransformerMixin


class QuantileClipper(TransformerMixin, BaseEstimator):
    """Cuts every number off at two quantiles of all training values.

    Args:
        share: How much to cut off at each end, between 0 and 0.5.
    """

    def __init__(self, share=0.05):
        self.share = share

    def fit(self, rows, _target=None):
        """Find the quantiles of `rows`, ``(rows, features)``."""
        self.n_features_in_ = np.shape(rows)[1]
        self.bounds_ = np.quantile(np.asarray(rows), [self.share, 1 - self.share])
        return self

    def transform(self, rows):
        """Cut off what lies beyond."""
        return np.clip(np.asarray(rows), *self.bounds_)


def _shape(operator):
    """The output is like the input: as many columns, of the same type."""
    given = operator.inputs[0].type
    operator.outputs[0].type = type(given)([None, operator.raw_operator.n_features_in_])


def _convert(scope, operator, container):
    """One Clip, whose bounds are constants."""
    rows = operator.inputs[0]
    kind = guess_numpy_type(rows.type)
    low, high = (np.array(bound, dtype=kind) for bound in operator.raw_operator.bounds_)
    outputs = operator.outputs[:1]
    clip = OnnxClip(rows, low, high, op_version=container.target_opset, output_names=outputs)
    clip.add_to(scope, container)


update_registered_converter(QuantileClipper, "ExampleQuantileClipper", _shape, _convert)
