"""Ways to make a model smaller that cost some accuracy: one technique a module."""

from ._build import build
from ._candidate import Candidate, Material
from ._list import CANDIDATES
from ._tensors import is_weight

__all__ = ["CANDIDATES", "Candidate", "Material", "build", "is_weight"]
