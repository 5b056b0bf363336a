"""Timing by turns."""

from coldpress.latency import median_ms


def test_calls_go_by_turns():
    """Each is called once to warm up, then all by turns, as often as each other."""
    order = []
    figures = median_ms(lambda: order.append("a"), lambda: order.append("b"))
    assert order[:6] == ["a", "b"] * 3
    assert order.count("a") == order.count("b") == figures[0][1] + 1
    assert figures[0][1] == figures[1][1] >= 3
    assert all(milliseconds >= 0 for milliseconds, _ in figures)
