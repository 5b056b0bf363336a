"""The sample: rows that give an export its types, and on which it is compared with the original."""

from ._read import read_sample
from ._values import MOST_ROWS, Sample, quoted

__all__ = ["MOST_ROWS", "Sample", "quoted", "read_sample"]
