"""Each technique on a network that it is for, and on some that it is not."""

import numpy as np
import onnx
import pytest

from coldpress.compress.techniques import CANDIDATES, Material, build
from coldpress.compress.techniques import _prepared as prepared_module
from coldpress.compress.techniques._calibration import rows_to_calibrate
from coldpress.compress.techniques._processor import saturates
from coldpress.errors import CompressionError
from coldpress.onnx_file import OnnxFile, serialised

BY_NAME = {candidate.name: candidate for candidate in CANDIDATES}
MIXED = "int4 in blocks of 32, int8 products and embeddings"
BLOCKS = [name for name in BY_NAME if "in blocks" in name and name != MIXED]
# Candidate, network, how many times smaller it is at least, share of the variance kept at least.
FITTING = [
    ("int8 dynamic", "dense", 3, 0.999),
    ("int8 dynamic", "text", 2.5, 0.999),
    ("int8 dynamic, per channel", "dense", 3, 0.999),
    ("int8 static", "image", 2.5, 0.99),
    ("int8 static, products only", "image", 2.5, 0.99),
    *(("int8 weights, float32 products", name, 2.5, 0.999) for name in ("dense", "text", "image")),
    ("int8 weights, float32 products", "recurrent", 3, 0.999),
    *((name, "dense", 2.5 if "int8 in" in name else 4, 0.95) for name in BLOCKS),
    *((name, "text", 2.5 if "int8 in" in name else 3.5, 0.95) for name in BLOCKS),
    *(("fp16 weights, float32 products", name, 1.8, 0.99999) for name in ("dense", "recurrent")),
    (MIXED, "text", 3.5, 0.97),
    ("fp16 throughout", "dense", 1.8, 0.9999),
]


@pytest.fixture
def material(networks, tmp_path):
    """A function that gives a technique a network to work with."""

    def give(name):
        model, rows = networks[name]
        session = model.open()
        return Material(model=model, tensors={session.inputs[0].name: rows}, folder=tmp_path)

    return give


@pytest.mark.parametrize(
    ("name", "network", "times", "kept"), FITTING, ids=[f"{c[0]}-{c[1]}" for c in FITTING]
)
def test_techniques_make_smaller_and_keep_answers(material, name, network, times, kept):
    """A model is so many times smaller, takes and gives the same, and answers much the same."""
    given = material(network)
    made = OnnxFile(graph=serialised(build(BY_NAME[name], given)))
    before, after = given.model.open(), made.open()
    assert (after.inputs, after.outputs) == (before.inputs, before.outputs)
    assert given.model.size / made.size > times
    wanted, found = (s.run(given.tensors)["y"].astype(np.float64) for s in (before, after))
    lost = np.square(found - wanted).sum() / np.square(wanted - wanted.mean(axis=0)).sum()
    assert 1 - lost > kept
    domains = {node.domain for node in made.proto().graph.node}
    assert {opset.domain for opset in made.proto().opset_import} == domains | {""}


@pytest.mark.parametrize(
    ("name", "network", "said"),
    [
        ("int8 static", "dense", "no convolution"),
        ("int8 dynamic", "image", "no matrix product"),
        ("int4 in blocks of 32, int8 products", "recurrent", "no matrix product"),
        (MIXED, "dense", "no embedding"),
    ],
    ids=["static-dense", "dynamic-image", "blocks-recurrent", "mixed-dense"],
)
def test_techniques_say_what_they_are_not_for(material, name, network, said):
    """A technique refuses a model in which it would change nothing."""
    with pytest.raises(CompressionError, match=said):
        build(BY_NAME[name], material(network))


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_same_model_same_bytes(material, candidate):
    """Built twice, a candidate is the same to the byte."""
    network = {MIXED: "text"}.get(candidate.name, "dense")
    given = material("image" if "static" in candidate.name else network)
    assert serialised(build(candidate, given)) == serialised(build(candidate, given))


def test_numbers_beyond_float16_stay(material):
    """A weight that float16 can't hold stays in float32; if there is none else, that is said."""
    given = material("text")
    proto = given.model.proto()
    for tensor in proto.graph.initializer:
        if tensor.name != "axes":
            values = onnx.numpy_helper.to_array(tensor) * np.float32(1e6)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    huge = Material(
        model=OnnxFile(graph=proto.SerializeToString()), tensors=given.tensors, folder=given.folder
    )
    with pytest.raises(CompressionError, match="float16 can hold"):
        build(BY_NAME["fp16 weights, float32 products"], huge)


def test_calibration_takes_rows_from_the_whole_sample(material):
    """At most 256 rows are taken, evenly spaced, a few at a time."""
    given = material("dense")
    reader = rows_to_calibrate(given)
    batches = list(iter(reader.get_next, None))
    assert {batch["x"].shape for batch in batches} == {(8, 128)}
    assert len(batches) == 32
    np.testing.assert_array_equal(batches[0]["x"][0], given.tensors["x"][0])
    np.testing.assert_array_equal(batches[-1]["x"][-1], given.tensors["x"][-1])


def test_a_fixed_batch_is_calibrated_at_its_size(material):
    """A model that takes three rows at a time is calibrated three rows at a time."""
    given = material("image")
    proto = given.model.proto()
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3
    fixed = Material(
        model=OnnxFile(graph=proto.SerializeToString()), tensors=given.tensors, folder=given.folder
    )
    sizes = {len(batch["x"]) for batch in iter(rows_to_calibrate(fixed).get_next, None)}
    assert sizes == {3}


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_preparation_has_ways_round(material, monkeypatch, failures):
    """Where shapes can't be inferred, less is tried, down to the model as it is."""
    from onnxruntime.quantization import shape_inference

    calls, real = [], shape_inference.quant_pre_process

    def stumble(model, path, **options):
        calls.append(options)
        if len(calls) <= failures:
            raise RuntimeError("incomplete symbolic shape inference")
        real(model, path, **options)

    monkeypatch.setattr(shape_inference, "quant_pre_process", stumble)
    given = material("dense")
    path = given.folder / "prepared.onnx"
    prepared_module.write_prepared(given.model.whole(), path)
    assert len(calls) == min(failures + 1, 3)
    assert calls[1] == {"skip_symbolic_shape": True}
    session = OnnxFile(graph=path.read_bytes()).open()
    np.testing.assert_allclose(
        session.run(given.tensors)["y"], given.model.open().run(given.tensors)["y"], rtol=1e-4
    )


@pytest.mark.parametrize(
    ("machine", "flags", "answer"),
    [
        ("x86_64", ("avx2",), True),
        ("x86_64", ("avx2", "avx512_vnni"), False),
        ("x86_64", ("avx2", "avx_vnni"), False),
        ("aarch64", ("asimd",), False),
    ],
    ids=["avx2", "avx512-vnni", "avx-vnni", "arm"],
)
def test_weights_get_seven_bits_where_products_overflow(monkeypatch, machine, flags, answer):
    """Only x86 without VNNI saturates."""
    from coldpress.compress.techniques import _processor

    monkeypatch.setattr(_processor.platform, "machine", lambda: machine)
    monkeypatch.setattr(_processor, "cpu_flags", lambda: flags)
    assert saturates() is answer
