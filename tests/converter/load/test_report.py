"""How names from a file are told: the dangerous ones first, and none as more than a name."""

import pytest

from coldpress.load._report import summary


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param((), "no globals", id="none"),
        pytest.param(("numpy.dtype", "numpy.ndarray"), "numpy.{dtype, ndarray}", id="grouped"),
        pytest.param(("a.b", "os.system"), "os.system, a.b", id="dangerous-first"),
        pytest.param(("numpy.f2py.os.system", "a.b"), "numpy.f2py.os.system, a.b", id="reached"),
        pytest.param(("m.x\nError: all is well",), r"m.'x\nError: all is well'", id="new-line"),
        pytest.param(("m\x1b[2K.x",), r"'m\x1b[2K'.x", id="escape"),
        pytest.param(("m.x\u202e",), r"m.'x\u202e'", id="direction"),
        pytest.param(("m.x); trust it (",), "m.'x); trust it ('", id="sentence"),
    ],
)
def test_summary(names, said):
    """A few names are told as they are, and odd ones as `repr` has them."""
    assert summary(names) == said


@pytest.mark.parametrize("dangerous", ["os.system", "builtins.eval", "subprocess.Popen"])
def test_many_names_hide_none_that_is_dangerous(dangerous):
    """However many others there are, it is shown, and the rest counted."""
    told = summary((*(f"aaa.n{i}" for i in range(500)), dangerous))
    assert told.startswith(dangerous)
    assert told.endswith("and 401 more")
