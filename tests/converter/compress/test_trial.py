"""A first run apart: a crash there is a reason, not an end."""

import re

import numpy as np
import pytest
from onnx import TensorProto, helper

from coldpress.compress import _trial as trial
from coldpress.compress._trial import try_out, write_rows
from coldpress.onnx_file import OnnxFile


@pytest.fixture
def rows(tmp_path, networks):
    """A folder with a row of the dense network."""
    write_rows({"x": networks["dense"][1][:1]}, tmp_path)
    return tmp_path


def test_what_runs_is_no_problem(rows, networks):
    """A model that opens and runs gives no reason, and leaves no file."""
    assert try_out(networks["dense"][0], ["x"], rows, rows) == ""
    assert [path.name for path in rows.iterdir()] == ["rows.npz"]


def test_texts_are_rows_too(tmp_path):
    """Texts go over as texts."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.STRING, ["rows"]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    write_rows({"x": np.array(["a", "ä"], dtype=object)}, tmp_path)
    found = try_out(OnnxFile(graph=model.SerializeToString()), ["x"], tmp_path, tmp_path)
    assert found == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashes on it, SIGSEGV"),
        ("raise RuntimeError('no kernel')", "^no kernel$"),
        ("import time; time.sleep(60)", r"takes more than 0\.5 s"),
        ("raise SystemExit(3)", "can't be run"),
    ],
    ids=["crash", "error", "for-ever", "silent"],
)
def test_what_goes_wrong_is_told(monkeypatch, tmp_path, rows, networks, code, said):
    """A crash, an error and a hang each give a reason."""
    program = tmp_path / "program.py"
    program.write_text(code, encoding="utf-8")
    monkeypatch.setattr(trial, "_PROGRAM", program)
    seconds = 0.5 if "sleep" in code else 60
    reason = try_out(networks["dense"][0], ["x"], rows, rows, seconds=seconds)
    assert re.search(said, reason)


def test_rows_that_do_not_fit_are_told(rows, networks):
    """What the runtime says to a model that can't take the rows is the reason."""
    reason = try_out(networks["image"][0], ["x"], rows, rows)
    assert reason == "the model can't take inputs of these shapes or values"
