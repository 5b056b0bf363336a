"""Room on Python's stack: what nests deeply takes no chunk of it again and again."""

import json

# A module that calls a function from ever deeper, and counts the pages that each depth cost.
DEEP = """
import resource

def leaf(a=0, b=0, c=0, d=0, e=0, f=0, g=0, h=0, i=0, j=0, k=0, l=0, m=0, n=0, o=0, p=0):
    pass  # with a frame larger than that of the other, which therefore ends where this has no room

def cost(depth):
    if depth:
        return cost(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(2000):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

COSTS = [cost(depth) for depth in range(200)]
"""


def test_no_depth_costs_a_chunk_a_call(run_python, tmp_path):
    """Wherever a loop stands in a nest of imports, its calls ask the system for no memory."""
    (tmp_path / "deep.py").write_text(DEEP)
    code = f"""
import json, sys
from coldpress_runtime import headroom

sys.path.append({str(tmp_path)!r})
headroom.load("deep")
print(json.dumps(sys.modules["deep"].COSTS))
"""
    costs = json.loads(run_python(code)[-1])
    assert len(costs) == 200
    assert max(costs) < 1000
