"""Keras models: from their files, as a user would, and live ones of every structure."""

import json

import numpy as np
import pytest

from coldpress.certification import certify
from coldpress.errors import ExportError, LoadError, SampleError, TrustError
from coldpress.exporters import attempts, reference
from coldpress.load import model_of
from coldpress.pipeline import export_file
from coldpress.sample import Sample
from coldpress_runtime.artifact import Signature
from coldpress_runtime.session import ModelSession

pytestmark = pytest.mark.xdist_group("tensorflow")


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_tutorial_network_answers_like_predict(tmp_path, tutorial_network, suffix):
    """The tutorial's network, from either kind of file, answers what model.predict answers."""
    assert json.loads((tutorial_network / "accuracy.json").read_text(encoding="utf-8")) > 0.8
    rows, predicted = (np.load(tutorial_network / f"{n}.npy") for n in ("rows", "predicted"))
    bundle = export_file(
        tutorial_network / f"network.{suffix}",
        tmp_path / "bundle",
        sample=tutorial_network / "rows.npy",
        trust=suffix == "h5",
    )
    (given,), (answered,) = bundle.manifest.signature.inputs, bundle.manifest.signature.outputs
    assert (given.datatype, given.shape) == ("FP32", (-1, 10))
    assert (answered.name, answered.shape) == ("dense_1", (-1, 1))
    session = ModelSession(bundle.unpacked(bundle.manifest.blob("model")))
    for batch in (rows[:1], rows):
        answer = session.run({given.name: batch.astype(np.float32)})
        np.testing.assert_allclose(answer["dense_1"], predicted[: len(batch)], atol=1e-6)
    assert (bundle.manifest.source.framework, bundle.manifest.source.format) == ("keras", suffix)
    assert bundle.manifest.runtime.ir_version <= 10
    assert bundle.manifest.runtime.opsets[""] == 18
    assert [batch.size for batch in bundle.certificate().batches] == [1, 2]


def test_several_inputs_and_outputs_keep_their_names(tmp_path, tutorial_network):
    """Inputs come by name and are cast, outputs keep theirs, and a second export is the same."""
    sample = tmp_path / "rows.npz"
    np.savez(sample, number=np.random.default_rng(0).random((20, 3)), kind=np.arange(20) % 5)
    model = tutorial_network / "two.keras"
    bundle, again = (export_file(model, tmp_path / turn, sample=sample) for turn in ("a", "b"))
    assert bundle.digest == again.digest
    signature = bundle.manifest.signature
    assert [(s.name, s.datatype) for s in signature.inputs] == [
        ("number", "FP32"),
        ("kind", "INT32"),
    ]
    assert [(s.name, s.shape) for s in signature.outputs] == [
        ("price", (-1, 1)),
        ("class", (-1, 3)),
    ]


def test_hdf5_needs_trust(tmp_path, tutorial_network):
    """A legacy file is refused with the layers that it names, since it can carry code."""
    with pytest.raises(TrustError, match="Dense") as caught:
        export_file(
            tutorial_network / "network.h5", tmp_path / "b", sample=tutorial_network / "rows.npy"
        )
    assert "Sequential" in caught.value.names
    assert caught.value.sha256 in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "lambda.keras", "Lambda layer with Python code, which is never run", id="lambda"
        ),
        pytest.param("own.keras", "needs 'Own', which is not part of Keras", id="own-class"),
        pytest.param("text.keras", "is not the zip archive that Keras 3 writes", id="no-zip"),
        pytest.param("zip.keras", "can't be read as a Keras model", id="other-zip"),
        pytest.param("text.h5", "is not HDF5", id="no-hdf5"),
        pytest.param("cut.h5", "can't be read as a Keras model", id="truncated"),
    ],
)
def test_bad_files_are_explained(tmp_path, tutorial_network, name, said):
    """A file that can't be read gets one sentence, even when it is trusted."""
    contents = {
        "text.keras": b"no archive",
        "text.h5": b"no archive",
        "zip.keras": b"PK\x05\x06" + b"\0" * 18,
        "cut.h5": (tutorial_network / "network.h5").read_bytes()[:4000],
    }
    path = tutorial_network / name
    if name in contents:
        path = tmp_path / name
        path.write_bytes(contents[name])
    with pytest.raises(LoadError, match=said) as caught:
        export_file(path, tmp_path / "b", sample=tutorial_network / "rows.npy", trust=True)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "b").exists()


def test_bad_samples_are_explained(tmp_path, tutorial_network):
    """A sample that doesn't fit the network's inputs gets one sentence that names them."""
    sample = tmp_path / "rows.npz"
    np.savez(sample, number=np.zeros((3, 3)), sort=np.zeros(3))
    with pytest.raises(SampleError, match="is missing 'kind' and has 'sort'"):
        export_file(tutorial_network / "two.keras", tmp_path / "b", sample=sample)


STEPS = np.random.default_rng(0).normal(size=(10, 5, 4)).astype(np.float32)


def exported(model, sample):
    """The export, and its certificate."""
    (attempt,) = attempts(model_of(model), Sample.of(sample))
    found = attempt.export()
    return found, certify(found.reference, found.model.open(), packages=())


def test_free_length_is_proven_at_other_lengths(keras):
    """Recurrence over any number of steps is held against the original at lengths of its own."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((None, 4)), layers.LSTM(3), layers.Dense(2, "gelu")])
    found, certificate = exported(model, STEPS)
    again, _ = exported(model, STEPS)
    assert found.model.graph == again.model.graph
    assert found.model.open().inputs[0].shape == (-1, -1, 4)
    lengths = [probe for probe in certificate.probes if probe.name.startswith("lengths")]
    assert [(p.name, p.binding, p.passed) for p in lengths] == [
        (f"lengths ({size})", True, True) for size in (1, 3, 6, 11)
    ]
    assert certificate.passed


def test_structures_of_inputs_and_outputs_are_kept(keras):
    """Nested inputs come by their own names, and nested outputs by their keys."""
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((2,), name="right")
    answers = {"sum": layers.Dense(1)(left), "both": [layers.Dense(2)(right), right]}
    model = keras.Model([left, {"inner": right}], answers)
    sample = {"left": STEPS[:, 0], "right": STEPS[:, 1, :2]}
    found, certificate = exported(model, sample)
    assert certificate.passed
    session = found.model.open()
    assert [s.name for s in session.inputs] == ["left", "right"]
    assert [s.name for s in session.outputs] == ["both_0", "both_1", "sum"]
    signature = Signature(inputs=session.inputs, outputs=session.outputs)
    held = reference(model_of(model), Sample.of(sample), signature)
    assert certify(held, session, packages=()).passed


def test_constants_from_outside_are_no_inputs(keras):
    """What a Normalization layer has seen is part of the graph."""
    scaled = keras.layers.Normalization()
    scaled.adapt(STEPS[:, 0] * 3 + 1)
    found, certificate = exported(keras.Sequential([keras.Input((4,)), scaled]), STEPS[:, 0])
    assert certificate.passed
    assert len(found.model.open().inputs) == 1


def subclassed(keras, call):
    """A model of one layer with a call of its own."""
    return type("Own", (keras.Model,), {"call": call})()


@pytest.mark.parametrize(
    ("call", "given", "names"),
    [
        pytest.param(lambda _self, inputs: inputs * 2, [STEPS], ["inputs"], id="one"),
        pytest.param(
            lambda _self, inputs: inputs["b"] - inputs["a"],
            [{"b": STEPS, "a": STEPS * 2}],
            ["a", "b"],
            id="dictionary",
        ),
        pytest.param(
            lambda _self, first, second: first - second,
            [STEPS, STEPS * 2],
            ["first", "second"],
            id="arguments",
        ),
    ],
)
def test_subclassed_models_take_what_they_were_called_with(keras, call, given, names):
    """A model that declares nothing is exported from the sample, after it was called once."""
    model = subclassed(keras, call)
    model(*given)
    sample = {"a": STEPS * 2, "b": STEPS, "first": STEPS, "second": STEPS * 2, "inputs": STEPS}
    found, certificate = exported(model, {name: sample[name] for name in names})
    assert certificate.passed
    assert [spec.name for spec in found.model.open().inputs] == names


def looked_up(keras):
    """A model that looks words up."""
    words = keras.Input((1,), dtype="string", name="word")
    return keras.Model(words, keras.layers.StringLookup(vocabulary=["red", "blue"])(words))


def noisy(keras):
    """A model that adds random numbers."""
    model = subclassed(keras, lambda _self, x: x + keras.random.normal((1, 5, 4)))
    model(STEPS)
    return model


@pytest.mark.parametrize(
    ("make", "sample", "said"),
    [
        pytest.param(looked_up, np.array([["red"], ["x"]], object), "looks words up", id="words"),
        pytest.param(noisy, STEPS, "in another way each time", id="random"),
        pytest.param(
            lambda keras: subclassed(keras, lambda _self, x: x), STEPS, "call it once", id="unbuilt"
        ),
        pytest.param(
            lambda keras: keras.Sequential([keras.Input((4,), sparse=True), keras.layers.Dense(1)]),
            STEPS[:, 0],
            "is sparse or ragged",
            id="sparse",
        ),
    ],
)
def test_what_has_no_right_export_is_refused(keras, make, sample, said):
    """A model whose answers no graph gives gets one sentence."""
    with pytest.raises(ExportError, match=said) as caught:
        exported(make(keras), sample)
    assert "\n" not in str(caught.value)
