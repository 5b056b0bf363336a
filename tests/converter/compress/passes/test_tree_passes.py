"""What goes from a tree ensemble: not one bit of an answer changes by it."""

import numpy as np
import onnx
import pytest
from onnx import helper
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier

from coldpress.compress.passes import drop_hitrates, drop_missing_tracks, drop_zero_weights
from coldpress.onnx_file import OnnxFile
from coldpress_runtime.session import DTYPES

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(300, 4))
THREE = np.digitize(MATRIX[:, 0] + MATRIX[:, 1], [-0.5, 0.5])
FLAGS = "nodes_missing_value_tracks_true"


def attribute_names(model):
    """Names of the attributes of all nodes."""
    return {found.name for node in model.graph.node for found in node.attribute}


def answers(model, rows):
    """What the runtime says."""
    session = OnnxFile(graph=model.SerializeToString()).open()
    spec = session.inputs[0]
    return session.run({spec.name: rows.astype(DTYPES[spec.datatype])})


def ensemble(**attributes):
    """A graph of one classifier, of which a pass sees only these attributes."""
    node = helper.make_node("TreeEnsembleClassifier", ["x"], ["l", "p"], domain="ai.onnx.ml")
    node.attribute.extend(helper.make_attribute(*pair) for pair in attributes.items())
    return helper.make_model(helper.make_graph([node], "trees", [], []))


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        pytest.param(RandomForestClassifier(20, random_state=0), THREE, id="forest"),
        pytest.param(RandomForestClassifier(20, max_depth=3), THREE, id="shallow-forest"),
        pytest.param(RandomForestClassifier(20, random_state=0), THREE > 0, id="two-classes"),
        pytest.param(ExtraTreesClassifier(20, random_state=0), THREE, id="extra-trees"),
        pytest.param(DecisionTreeClassifier(), THREE, id="tree"),
        pytest.param(GradientBoostingClassifier(n_estimators=5), THREE, id="boosting"),
        pytest.param(RandomForestRegressor(20, random_state=0), MATRIX[:, 0], id="regressor"),
        pytest.param(HistGradientBoostingRegressor(max_iter=9), MATRIX[:, 0], id="histogram"),
    ],
)
def test_answers_stay_to_the_bit(exported, estimator, target):
    """Trimmed trees give the very same labels and scores, on rows never seen, too."""
    made = exported(estimator.fit(MATRIX, target), MATRIX).model.proto()
    rows = np.concatenate([MATRIX, RANDOM.normal(size=(500, 4))])
    before = answers(made, rows)
    for trim in (drop_hitrates, drop_missing_tracks, drop_zero_weights):
        made, _ = trim(made)
    after = answers(made, rows)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)
    assert "nodes_hitrates" not in attribute_names(made)


def test_hit_rates_go():
    """Hit rates go in both forms, the rest stays, and a second time there is nothing to do."""
    model = ensemble(nodes_hitrates=[1.0, 2.0], nodes_values=[0.5, 0.0])
    made, changed = drop_hitrates(model)
    assert (attribute_names(made), changed) == ({"nodes_values"}, True)
    assert drop_hitrates(made)[1] is False


@pytest.mark.parametrize(
    ("flags", "changed"), [([0, 0, 0], True), ([0, 1, 0], False)], ids=["all-zero", "some"]
)
def test_flags_for_missing_values_go_where_they_say_nothing(flags, changed):
    """Flags that are all 0 go; where one is set, all of them stay."""
    made, found = drop_missing_tracks(ensemble(**{FLAGS: flags}))
    assert found is changed
    assert (FLAGS in attribute_names(made)) is not changed


@pytest.mark.parametrize(
    ("weights", "more", "kept"),
    [
        pytest.param([0.0, 1.0, 0.5, 0.5], {}, [1.0, 0.5, 0.5], id="a-zero-goes"),
        pytest.param([0.0, 0.0, 0.5, 0.5], {}, None, id="a-leaf-of-zeros-stays"),
        pytest.param([0.0, 1.0, 0.0, 1.0], {}, None, id="a-class-of-zeros-stays"),
        pytest.param([0.0, -1.0, 0.5, 0.5], {}, None, id="negative-votes"),
        pytest.param([0.0, 1.0, 0.5, 0.5], {"post_transform": "SOFTMAX"}, None, id="transformed"),
        pytest.param([0.0, 1.0, 0.5, 0.5], {"base_values": [1.0, 1.0]}, None, id="base-values"),
    ],
)
def test_votes_of_zero_go_where_that_is_safe(weights, more, kept):
    """Entries of weight 0 go with their indices, but where their presence may matter."""
    model = ensemble(
        class_weights=weights, class_ids=[0, 1, 0, 1], class_nodeids=[1, 1, 2, 2],
        class_treeids=[0, 0, 0, 0], **more,
    )  # fmt: skip
    made, changed = drop_zero_weights(model)
    found = {a.name: onnx.helper.get_attribute_value(a) for a in made.graph.node[0].attribute}
    assert changed is (kept is not None)
    assert found["class_weights"] == (kept or weights)
    assert found["class_ids"] == ([1, 0, 1] if kept else [0, 1, 0, 1])
    assert len(found["class_nodeids"]) == len(found["class_treeids"]) == len(found["class_ids"])
