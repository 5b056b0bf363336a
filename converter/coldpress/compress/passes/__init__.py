"""What takes bytes away and changes no answer: one pass a module.

A pass takes a message that it may change, and returns it with whether it did.
"""

from ._trees import has_trees
from .aside import bring_back, set_aside
from .slim import slim
from .tree_hitrates import drop_hitrates
from .tree_missing import drop_missing_tracks
from .tree_weights import drop_zero_weights

__all__ = [
    "bring_back",
    "drop_hitrates",
    "drop_missing_tracks",
    "drop_zero_weights",
    "has_trees",
    "set_aside",
    "slim",
]
