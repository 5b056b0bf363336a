"""The report: one HTML file that says what a model is, and how far its export can be trusted."""

from ._render import render

__all__ = ["render"]
