"""The companions that can be made from a bundle at any time: the report, the bill of materials."""

from __future__ import annotations

from coldpress.bom import bill_of_materials
from coldpress.bundle import BOM_NAME, REPORT_NAME, Bundle, replace_file
from coldpress.report import render

__all__ = ["write_companions"]


def write_companions(bundle: Bundle) -> None:
    """Write a bundle's report and bill of materials, over those that are there.

    Raises:
        BundleError: What they are made from can't be read, or they can't be written.
    """
    replace_file(bundle.path / REPORT_NAME, render(bundle).encode())
    replace_file(bundle.path / BOM_NAME, bill_of_materials(bundle))
