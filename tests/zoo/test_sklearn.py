"""The quick models of the scikit-learn group; `make zoo` judges all of them."""

import pytest

from tests.zoo.all_cases import quick_cases
from tests.zoo.verdict import surprise


@pytest.mark.parametrize("case", quick_cases("scikit-learn"), ids=lambda case: case.name)
def test_no_wrong_bundle(case):
    """A model becomes a bundle that is right on rows it never saw, or is refused as expected."""
    assert not surprise(case)
