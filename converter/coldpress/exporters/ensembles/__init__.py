"""Boosters read tree by tree and written as ONNX: what the ready-made converters get wrong.

onnxmltools 1.16 loses the sigmoid of a logistic `XGBRegressor`, knows no DART, no multi-output and
no rankers, drops the average of LightGBM's forests, and refuses some objectives (all measured). A
booster is a list of trees, a constant and a link function, so that is what is written here.
"""

from ._ensemble import Ensemble, Linear, Link, Tree
from ._lightgbm import read_lightgbm
from ._write import Form, write
from ._xgboost import read_xgboost

__all__ = ["Ensemble", "Form", "Linear", "Link", "Tree", "read_lightgbm", "read_xgboost", "write"]
