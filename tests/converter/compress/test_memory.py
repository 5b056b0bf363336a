"""The original's answers, kept as far as there is room."""

import numpy as np
import pytest

from coldpress.compress._memory import remembering
from coldpress.exporters import Reference, Rows


def counting(asked, name="sample"):
    """Rows whose original counts how often it is asked."""

    def original(part):
        asked.append((part.start, part.stop))
        return {"y": np.zeros(part.stop - part.start)}

    return Rows(name=name, tensors={"x": np.zeros(10)}, original=original)


@pytest.mark.parametrize(
    ("most", "times"), [(1000, 1), (80, 1), (79, 2)], ids=["room", "just", "too-little"]
)
def test_answers_are_kept_while_there_is_room(most, times):
    """A slice is asked once; what does not fit any more is asked again."""
    asked, probed = [], []
    reference = Reference(rows=counting(asked), described="it", probes=(counting(probed, "edges"),))
    kept = remembering(reference, most)
    for _ in range(2):
        assert len(kept.rows.original(slice(0, 10))["y"]) == 10
        assert len(kept.probes[0].original(slice(2, 4))["y"]) == 2
    assert asked == [(0, 10)] * times
    assert probed == [(2, 4)]
    assert kept.described == "it"
