"""Proof that an export answers like its original, on the sample and through the runtime."""

from ._certificate import Certificate
from ._certify import certify
from ._checks import BatchCheck, Metric, OutputCheck, ProbeCheck, Rung
from ._figures import DECADES
from ._machine import cpu_flags, versions_of
from ._reading import read_certificate
from ._tolerance import EXACT, LOSSY, Tolerance

__all__ = [
    "DECADES",
    "EXACT",
    "LOSSY",
    "BatchCheck",
    "Certificate",
    "Metric",
    "OutputCheck",
    "ProbeCheck",
    "Rung",
    "Tolerance",
    "certify",
    "cpu_flags",
    "read_certificate",
    "versions_of",
]
