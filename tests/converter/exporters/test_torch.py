"""PyTorch modules, programs and scripts: right, or refused for a reason."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from coldpress.certification import certify
from coldpress.errors import CertificationError, ExportError, SampleError
from coldpress.exporters import attempts, reference
from coldpress.load import TorchModel, TrainedModel, model_of
from coldpress.pipeline import export
from coldpress.sample import Sample
from coldpress_runtime.artifact import Signature

pytestmark = pytest.mark.xdist_group("torch")

ROWS = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)


class Way(nn.Module):
    """A module whose forward is a function."""

    def __init__(self, way):
        super().__init__()
        self.inner, self.way = nn.Linear(4, 2), way

    def forward(self, x):
        """Ask the function."""
        return self.way(self.inner, x)


class Branching(nn.Module):
    """A branch on values."""

    def forward(self, x):
        """Take it."""
        if x.sum() > 0:
            return x * 2
        return x - 1


class Named(nn.Module):
    """Two inputs, one of which may be left out, and nested outputs, one of them an input."""

    def forward(self, numbers, words, scale=None):
        """Answer with all of them."""
        del scale
        inner = numbers * words[:, :1]
        return {"numbers": numbers, "inner": {"both": inner, "list": [inner + 1, inner + 2]}}


def turning():
    """A module with a complex number in it."""
    module = nn.Linear(4, 2)
    module.register_buffer("phase", torch.ones(1, dtype=torch.complex64))
    return module


def exported(model, sample, rung=0):
    """The export of one rung, and its certificate."""
    trained = model_of(model)
    attempt = attempts(trained, Sample.of(sample))[rung]
    found = attempt.export()
    return found, certify(found.reference, found.model.open(), packages=())


def exported_by_any(module):
    """The export of the first rung that makes one; else the last one's error."""
    *earlier, last = attempts(model_of(module), Sample.of(ROWS))
    for attempt in earlier:
        with contextlib.suppress(ExportError):
            return attempt.export()
    return last.export()


def seeded(make):
    """A module with the same weights every time."""
    torch.manual_seed(0)
    return make()


@pytest.mark.parametrize("rung", [0, 1], ids=["program", "script"])
def test_same_module_gives_the_same_bytes_without_traces_of_its_place(rung):
    """A module answers alike through either way, in bytes that know no path and no source."""
    module = seeded(
        lambda: nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.GELU(), nn.Linear(8, 3))
    )
    (found, certificate), (again, _) = (exported(module, ROWS, rung) for _ in range(2))
    assert certificate.passed, certificate
    assert [batch.size for batch in certificate.batches] == [1, 2]
    assert found.model.graph == again.model.graph
    for trace in (b"site-packages", b"forward", b".py", b"aten"):
        assert trace not in found.model.graph
    proto = found.model.proto()
    assert proto.ir_version <= 10
    assert [(o.domain, o.version) for o in proto.opset_import] == [("", 18)]
    assert module.training, "a live module keeps its mode"


def test_names_are_those_of_forward_and_of_its_answer():
    """Inputs are called like parameters, outputs like keys; what is left out is no input."""
    sample = {"words": np.ones((5, 2), np.int64), "numbers": ROWS[:5]}
    found, certificate = exported(Named(), sample)
    signature = found.model.open()
    assert certificate.passed
    assert [(s.name, s.datatype) for s in signature.inputs] == [
        ("numbers", "FP32"),
        ("words", "INT64"),
    ]
    assert [s.name for s in signature.outputs] == [
        *("numbers_2", "inner_both", "inner_list", "inner_list_2"),
    ]


@pytest.mark.parametrize(
    ("module", "sample", "datatype"),
    [
        pytest.param(nn.Linear(4, 2), ROWS.astype(np.float64), "FP32", id="float64"),
        pytest.param(nn.Linear(4, 2), (ROWS * 9).astype(np.int64), "FP32", id="whole-numbers"),
        pytest.param(nn.Linear(4, 2).double(), ROWS, "FP64", id="double-module"),
        pytest.param(nn.Embedding(9, 2), np.arange(8).reshape(4, 2), "INT64", id="embedding"),
        pytest.param(nn.Embedding(9, 2), np.ones((4, 2)), "INT64", id="embedding-of-floats"),
    ],
)
def test_types_are_what_the_module_takes(module, sample, datatype):
    """A sample is cast to what the module takes, which is found by asking it."""
    found, certificate = exported(module, sample)
    assert certificate.passed
    assert found.model.open().inputs[0].datatype == datatype


def test_table_goes_to_the_one_input():
    """The columns of a DataFrame are one matrix."""
    import pandas as pd

    found, certificate = exported(nn.Linear(4, 2), pd.DataFrame(ROWS, columns=list("abcd")))
    assert certificate.passed
    assert found.model.open().inputs[0].shape == (-1, 4)


@pytest.mark.parametrize("shift", [0, -9], ids=["one-way", "the-other"])
def test_branches_of_tensors_are_kept(shift):
    """What the refusal of Python's branches advises is exported with both its ways."""
    module = Way(
        lambda inner, x: torch.cond(x.sum() > 0, lambda y: y * 2, lambda y: y - 1, (inner(x),))
    )
    found, certificate = exported(module, ROWS + shift)
    assert certificate.passed
    assert "If" in {node.op_type for node in found.model.proto().graph.node}


def test_program_keeps_its_free_axes_and_is_tried_at_other_lengths():
    """Axes that a program leaves free stay so, and binding probes have other lengths."""
    free = ({0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC},)
    steps = np.random.default_rng(1).normal(size=(6, 5, 4)).astype(np.float32)
    module = seeded(lambda: Way(lambda inner, x: inner(x).cumsum(1))).eval()
    program = torch.export.export(module, (torch.from_numpy(steps),), dynamic_shapes=free)
    found, certificate = exported(program, steps)
    assert found.model.open().inputs[0].shape == (-1, -1, 4)
    lengths = [probe for probe in certificate.probes if probe.name.startswith("lengths")]
    assert [(p.name, p.binding, p.passed) for p in lengths] == [
        (f"lengths ({size})", True, True) for size in (1, 3, 6, 11)
    ]
    assert certificate.passed


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_fixed_rows_of_a_program_stay_fixed(tmp_path, rows):
    """A program for some rows is served so many, from its export to its latency."""
    program = torch.export.export(nn.Linear(4, 2).eval(), (torch.zeros(rows, 4),))
    bundle = export(program, sample=ROWS, output=tmp_path / "bundle")
    assert bundle.manifest.signature.inputs[0].shape == (rows, 4)
    assert bundle.certificate().passed


@pytest.mark.parametrize("least", [3, 4])
def test_a_program_for_many_rows_is_refused(least):
    """A program that has no answer for a single row is refused, with the least that it takes."""
    free = {"input": {0: torch.export.Dim("rows", min=least, max=64)}}
    program = torch.export.export(nn.Linear(4, 2).eval(), (torch.zeros(8, 4),), dynamic_shapes=free)
    with pytest.raises(ExportError, match=f"takes {least} rows at least, and a served model must"):
        exported(program, ROWS)
    free = {"input": {0: torch.export.Dim("rows", min=2)}}
    program = torch.export.export(nn.Linear(4, 2).eval(), (torch.zeros(8, 4),), dynamic_shapes=free)
    assert exported(program, ROWS)[1].passed


class Counting(nn.Module):
    """A forward that counts its calls in a buffer and in Python."""

    def __init__(self):
        super().__init__()
        self.inner, self.calls = nn.Linear(4, 2), 0
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        """Count, and answer alike."""
        self.count += 1
        return self.inner(x)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda module: module, id="module"),
        pytest.param(torch.jit.script, id="script"),
        pytest.param(lambda m: torch.export.export(m, (torch.zeros(2, 4),)), id="program"),
    ],
)
@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
def test_an_export_leaves_a_live_model_as_it_is(made):
    """A forward that changes a buffer changes a copy."""
    module = Counting().eval()
    model = made(module)
    assert exported(model, ROWS)[1].passed
    state = model.state_dict() if isinstance(model, nn.Module) else model.state_dict
    assert module.count == 0
    assert state["count"] == 0


@pytest.mark.parametrize(
    ("module", "said"),
    [
        pytest.param(Branching(), "data-dependent control flow", id="values"),
        pytest.param(
            Way(lambda inner, x: inner(x) * (2 if x.shape[0] == 7 else 1)),
            r"some numbers of rows.*!= 7",
            id="seven-rows",
        ),
        pytest.param(
            Way(lambda inner, x: inner(x) * (2 if x.shape[0] > 8 else 1)),
            "some numbers of rows",
            id="many-rows",
        ),
        pytest.param(
            Way(lambda inner, x: inner(x).view(2, -1)), "fixes the number of rows", id="two-rows"
        ),
        pytest.param(
            Way(lambda inner, x: torch.linalg.svdvals(inner(x)[:, None])),
            "can't write the module as ONNX",
            id="operator",
        ),
        pytest.param(
            Way(lambda inner, x: x[0].sum().item() * torch.linalg.svdvals(inner(x)[:, None])),
            "can't write the module|takes for constants|into Python numbers",
            id="values-as-numbers",
        ),
        pytest.param(
            nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2, track_running_stats=False)),
            "depend on the other rows of a request.*'1' is a BatchNorm1d",
            id="other-rows",
        ),
        pytest.param(nn.Linear(4, 2).bfloat16(), "is bfloat16.*module.float", id="bfloat16"),
        pytest.param(turning(), "is complex64", id="complex"),
        pytest.param(nn.Linear(4, 2, device="meta"), "the device 'meta'", id="device"),
        pytest.param(Way(lambda _, x: torch.fft.fft(x)), "is complex64", id="complex-answer"),
        pytest.param(Way(lambda inner, x: (inner(x), 3)), "gives a int", id="number-answer"),
        pytest.param(Way(lambda _inner, _x: None), "gives no tensor", id="no-answer"),
        pytest.param(
            Way(lambda inner, x: inner(x) + torch.rand(1)), "in another way each time", id="random"
        ),
        pytest.param(
            Way(lambda inner, x: inner(x).to_sparse()), "gives a sparse tensor", id="sparse"
        ),
    ],
)  # fmt: skip
def test_what_has_no_right_export_is_refused(module, said, capfd):
    """Every rung refuses a module whose answers no graph gives, in one sentence and no print."""
    with pytest.raises(ExportError, match=said) as caught:
        exported_by_any(module)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_float16_is_named_where_it_fails(tmp_path):
    """A certificate that fails by torch's rounding says so."""
    module = seeded(lambda: nn.Sequential(nn.Linear(4, 64), nn.GELU(), nn.Linear(64, 2))).half()
    with pytest.raises(CertificationError, match=r"calculates in float16.*export module.float"):
        export(module, sample=ROWS * 9, output=tmp_path / "bundle")


def test_one_row_apart_is_found_by_the_certificate():
    """A module that answers otherwise for one row, which torch.export takes for nothing, fails."""
    module = Way(lambda inner, x: inner(x) * (2 if x.shape[0] == 1 else 1))
    _, certificate = exported(module, ROWS)
    assert isinstance(certificate.failure(), CertificationError)


@pytest.mark.parametrize(
    ("module", "sample", "said"),
    [
        pytest.param(nn.Linear(4, 2), ROWS[:, :3], "can't take the rows", id="columns"),
        pytest.param(nn.Linear(4, 2), ROWS.astype(str), "takes numbers only", id="text"),
        pytest.param(Named(), ROWS, "takes 'numbers', 'words', 'scale'", id="one-of-two"),
        pytest.param(Named(), {"numbers": ROWS, "other": ROWS}, "does not fit", id="other-name"),
    ],
)
def test_bad_samples_are_explained(module, sample, said):
    """A sample that a module can't take gets one sentence."""
    with pytest.raises(SampleError, match=said):
        attempts(model_of(module), Sample.of(sample))


def test_large_weights_lie_apart_as_long_as_they_are_needed():
    """Weights of many megabytes go to a file beside the graph, which goes with the export."""
    module = nn.Embedding(1_200_000, 8)
    found, certificate = exported(module, np.arange(10).reshape(5, 2))
    folder = found.model.folder
    assert certificate.passed
    assert len(found.model.graph) < 10_000
    assert found.model.size > 38_000_000
    assert sum(path.stat().st_size for path in folder.iterdir()) >= found.model.size - 10_000
    del found, certificate
    assert not folder.exists()


def test_reference_answers_in_the_form_of_a_signature():
    """The module answers other rows under the names that an export gave it."""
    module = seeded(lambda: nn.Linear(4, 2))
    found, _ = exported(module, ROWS)
    session = found.model.open()
    trained = model_of(TorchModel(module=module))
    assert isinstance(trained, TrainedModel)
    signature = Signature(inputs=session.inputs, outputs=session.outputs)
    held = reference(trained, Sample.of(ROWS + 1), signature)
    assert certify(held, session, packages=()).passed
    held.timed()


def test_external_data_is_checked_where_it_lies():
    """What lies apart is read back whole by onnx."""
    found, _ = exported(nn.Embedding(1_200_000, 8), np.arange(10).reshape(5, 2))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "whole.onnx"
        onnx.save(found.model.whole(), path)
        onnx.checker.check_model(path)
