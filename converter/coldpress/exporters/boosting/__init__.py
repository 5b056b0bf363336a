"""XGBoost, LightGBM and CatBoost: their trees as one operator, their last step as nodes of our own.

Each library says in a format of its own what it learnt, down to the last tree; that is read here
whole, since the converters that there are leave out what a model needs to be right: weights of
dropped trees, the round that was best, links, the value that stands for missing.
"""

from ._attempts import attempts, reference

__all__ = ["attempts", "reference"]
