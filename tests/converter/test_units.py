"""Quantities as people read them."""

import pytest

from coldpress.units import human_bytes, human_figure


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (33_600_000, "33.6 MB"), (2**31, "2.15 GB")],
)
def test_sizes_have_decimal_units(size, text):
    """A size has the unit that leaves it a few digits."""
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("figure", "form", "text"),
    [
        (0.0412, ".3g", "0.0412"), (4.5, ".3g", "4.5"), (99.94, ".3g", "99.9"),
        (99.96, ".3g", "100"), (1234.5, ".3g", "1,234"), (1e6, ".1f", "1,000,000"),
        (4.0, ".1f", "4.0"), (99.96, ".1f", "100"),
    ],
)  # fmt: skip
def test_figures_have_no_exponents(figure, form, text):
    """From 100 on a figure is whole, with separators; below, it has the form that is asked for."""
    assert human_figure(figure, form) == text
