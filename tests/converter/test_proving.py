"""The ladder's rungs, and what is tried on each."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from coldpress import proving
from coldpress.errors import CertificationError, ExportError, SampleError
from coldpress.load import model_of
from coldpress.onnx_file import OnnxFile
from coldpress.proving import prove
from coldpress.sample import Sample

ROWS = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)


def network():
    """Two operators on four numbers."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 4]) for n in "xy")
    nodes = [helper.make_node("Exp", ["x"], ["h"]), helper.make_node("Neg", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "graph", [x], [y])
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return model.SerializeToString()


def spoilt(model):
    """A simplification that gets it wrong."""
    proto = onnx.load_model_from_string(model.graph)
    proto.graph.node[1].op_type = "Abs"
    return replace(model, graph=proto.SerializeToString())


def test_a_wrong_simplification_is_undone(monkeypatch, tmp_path):
    """Where only the simplified model fails its proof, the model as it was is proven and taken."""
    monkeypatch.setattr(proving, "simplified", spoilt)
    proven = prove(model_of(network()), Sample.of(ROWS), tmp_path, lambda _step: None)
    assert proven.certificate.passed
    assert proven.model.graph == network()


def test_a_wrong_model_is_compared_once(monkeypatch, tmp_path):
    """What simplifying did not change is not compared again when it fails."""
    told = []
    real = proving.attempts

    def wrong(trained, sample):
        (attempt,) = real(trained, sample)
        made = attempt.export()
        bad = replace(made, model=spoilt(OnnxFile(graph=network())))
        return (replace(attempt, export=lambda: bad),)

    monkeypatch.setattr(proving, "attempts", wrong)
    with pytest.raises(CertificationError):
        prove(model_of(network()), Sample.of(ROWS), tmp_path, told.append)
    assert len([step for step in told if step.startswith("Comparing")]) == 1


def test_a_sample_without_a_value_proves_nothing(tmp_path):
    """Rows of nothing but gaps are refused before anything is exported."""
    with pytest.raises(SampleError, match="every value of the sample is missing"):
        prove(model_of(network()), Sample.of(ROWS * np.nan), tmp_path, lambda _step: None)


def test_every_way_that_failed_is_told(monkeypatch, tmp_path):
    """Where no way holds, the error tells the last one's reason, and those of the others."""
    real = proving.attempts

    def refused():
        raise ExportError("no operator for that")

    def wrong(trained, sample):
        (attempt,) = real(trained, sample)
        bad = replace(attempt.export(), model=spoilt(OnnxFile(graph=network())))
        return (
            replace(attempt, name="wide", export=refused),
            replace(attempt, name="narrow", export=lambda: bad),
        )

    monkeypatch.setattr(proving, "attempts", wrong)
    said = r"differs .* \(in narrow; before that, wide: no operator for that\)$"
    with pytest.raises(CertificationError, match=said):
        prove(model_of(network()), Sample.of(ROWS), tmp_path, lambda _step: None)
