"""The function's package: what `coldpress build` puts together for a Lambda runtime."""

from ._build import Package, build
from .target import ARCHITECTURES, DEFAULT_PYTHON, PYTHONS

__all__ = ["ARCHITECTURES", "DEFAULT_PYTHON", "PYTHONS", "Package", "build"]
