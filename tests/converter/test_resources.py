"""Files that ship with Coldpress, found in a clone; tests/test_house.py looks into the wheel."""

import pytest

from coldpress.errors import ColdpressError
from coldpress.resources import resource


def test_finds_them_in_the_clone(root):
    """In a clone they lie where the repository has them."""
    assert resource("functions", "predict.py") == root / "functions" / "predict.py"
    assert resource("infra") == root / "infra"


def test_names_what_is_missing():
    """An installation that lacks a file is broken, and the error says which file."""
    with pytest.raises(ColdpressError, match=r"functions/none\.py is missing .* install it again"):
        resource("functions", "none.py")
