"""Proof that an export answers like its original, on the sample and through the runtime."""

from ._certificate import BatchCheck, Certificate, OutputCheck, Rung
from ._certify import certify
from ._machine import versions_of

__all__ = ["BatchCheck", "Certificate", "OutputCheck", "Rung", "certify", "versions_of"]
