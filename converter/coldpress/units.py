"""Quantities as people read them."""

from __future__ import annotations

__all__ = ["human_bytes", "human_figure"]

_HUNDRED = 99.95


def human_bytes(size: int) -> str:
    """A size in bytes with a decimal unit, such as ``158.2 kB``."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:  # noqa: PLR2004 - decimal units
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.2f} GB"


def human_figure(figure: float, form: str = ".3g") -> str:
    """A ratio or a time of any size, such as ``0.0412``, ``4.5`` or ``12,346``: no exponents.

    Args:
        figure: The figure; not negative.
        form: How one below 100 is written.
    """
    return f"{figure:,.0f}" if figure >= _HUNDRED else format(figure, form)
