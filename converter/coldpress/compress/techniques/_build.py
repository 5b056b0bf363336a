"""Making a candidate: what its technique does, and what all of them need afterwards."""

from __future__ import annotations

import onnx

from ._candidate import Candidate, Material
from ._finish import finished

__all__ = ["build"]


def build(candidate: Candidate, material: Material) -> onnx.ModelProto:
    """The candidate's model, with everything inside.

    Raises:
        Exception: Whatever the tool stumbled over.
    """
    return finished(candidate.build(material), material.model.proto())
