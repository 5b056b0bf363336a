"""What may be asked for."""

import pytest

from coldpress.errors import UsageError
from coldpress.wanted import Wanted


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"technique": "int2"}, "'int2' is no way to compress; choose one of lossless, int8"),
        ({"min_agreement": 99}, "from 0 to 1, not 99"),
        ({"min_agreement": float("nan")}, "from 0 to 1, not nan"),
        ({"max_metric_drop": -0.1}, "by 0 or more, not by -0.1"),
        ({"max_slowdown": 0}, "ratio above 0, not 0"),
    ],
    ids=["technique", "percent", "nan", "drop", "slowdown"],
)
def test_values_without_meaning_are_refused(wanted, said):
    """A value that can't be meant gets one sentence."""
    with pytest.raises(UsageError, match=said):
        Wanted(**wanted)


def test_the_tolerance_is_lossy():
    """What is asked for is what certification holds a lossy model to."""
    tolerance = Wanted(min_agreement=0.97, max_metric_drop=0.02).tolerance
    assert tolerance.kind == "lossy"
    assert (tolerance.min_agreement, tolerance.max_metric_drop) == (0.97, 0.02)
