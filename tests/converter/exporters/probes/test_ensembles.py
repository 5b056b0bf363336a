import numpy as np
import pytest
from onnx import helper, numpy_helper

from coldpress.exporters.probes._ensembles import ensembles, holds


def by_number():
    """The root looks at feature 1; where that holds, the next at feature 0; nodes out of order."""
    return helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml",
        nodes_treeids=[0] * 5, nodes_nodeids=[3, 0, 1, 2, 4],
        nodes_featureids=[0, 1, 0, 0, 0], nodes_values=[0.0, 2.5, -1.5, 0.0, 0.0],
        nodes_modes=["LEAF", "BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF"],
        nodes_truenodeids=[0, 1, 3, 0, 0], nodes_falsenodeids=[0, 2, 4, 0, 0],
        target_treeids=[0] * 3, target_nodeids=[2, 3, 4], target_ids=[0] * 3,
        target_weights=[1.0, 2.0, 3.0], n_targets=1,
    )  # fmt: skip


def by_index():
    """The same tree for the operator that holds leaves apart."""
    return helper.make_node(
        "TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, tree_roots=[0],
        nodes_featureids=[1, 0], nodes_modes=numpy_helper.from_array(np.array([0, 1], np.uint8)),
        nodes_splits=numpy_helper.from_array(np.array([2.5, -1.5], np.float64)),
        nodes_truenodeids=[1, 0], nodes_trueleafs=[0, 1],
        nodes_falsenodeids=[2, 1], nodes_falseleafs=[1, 1],
        leaf_targetids=[0] * 3,
        leaf_weights=numpy_helper.from_array(np.array([2.0, 3.0, 1.0], np.float64)),
    )  # fmt: skip


@pytest.mark.parametrize("make", [by_number, by_index], ids=lambda make: make.__name__)
def test_nodes_know_what_stands_above_them(make, trees):
    """Every version of the operator gives the same inner nodes, parents and sides."""
    (found,) = ensembles(trees.graph([make()]))
    root = int(np.flatnonzero(found.threshold == 2.5)[0])
    below = int(np.flatnonzero(found.threshold == -1.5)[0])
    assert found.tensor == "x"
    assert (found.feature[root], found.mode[root], found.parent[root]) == (1, 0, -1)
    assert (found.feature[below], found.mode[below], found.parent[below]) == (0, 1, root)
    assert found.side[below]
    assert (found.mode >= 0).sum() == 2


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(0, [True, True, False], id="at most"),
        pytest.param(1, [True, False, False], id="less"),
        pytest.param(2, [False, True, True], id="at least"),
        pytest.param(3, [False, False, True], id="more"),
        pytest.param(4, [False, True, False], id="equal"),
        pytest.param(5, [True, False, True], id="not equal"),
    ],
)
def test_modes_compare(mode, expected):
    """Each mode compares the value with the threshold as ONNX says."""
    assert holds(np.array([1.0, 2.0, 3.0]), 2.0, mode).tolist() == expected
