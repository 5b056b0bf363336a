"""SavedModels: their signatures, right or refused for a reason."""

import warnings

import numpy as np
import pytest

from coldpress.certification import certify
from coldpress.errors import ExportError, SampleError
from coldpress.exporters import attempts, reference
from coldpress.load import SavedModel, model_of
from coldpress.sample import Sample
from coldpress_runtime.artifact import Signature

pytestmark = pytest.mark.xdist_group("tensorflow")

ROWS = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of several signatures, by their names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        module = tf.Module()
        module.weights = tf.Variable(np.ones((3, 2), np.float32))
        module.table = tf.constant(np.arange(300, dtype=np.float32))
        numbers, any_rank = tf.TensorSpec((None, 3), tf.float32), tf.TensorSpec(None, tf.float32)
        functions = {
            "many": (
                lambda steps, kind: {
                    "total": tf.reduce_sum(steps @ module.weights, 1),
                    "looked_up": tf.gather(module.table, kind),
                },
                [tf.TensorSpec((None, None, 3), tf.float32), tf.TensorSpec((None,), tf.int32)],
            ),
            "pairs": (lambda x: {"y": x @ module.weights}, [tf.TensorSpec((2, 3), tf.float32)]),
            "random": (lambda x: {"y": x + tf.random.normal((1, 3))}, [numbers]),
            "unknown": (lambda x: {"y": tf.linalg.svd(x[:, None], compute_uv=False)}, [numbers]),
            "complex": (lambda x: {"y": x}, [tf.TensorSpec((None, 3), tf.complex64)]),
            "any_rank": (lambda x: {"y": x}, [any_rank]),
        }
        signatures = {n: tf.function(f, input_signature=s) for n, (f, s) in functions.items()}
        folder = str(tmp_path_factory.mktemp("saved"))
        tf.saved_model.save(module, folder, signatures=signatures)
        loaded = tf.saved_model.load(folder)
    return {
        name: SavedModel(loaded=loaded, signature_name=name, function=loaded.signatures[name])
        for name in functions
    }


def exported(model, sample):
    """The export, and its certificate."""
    (attempt,) = attempts(model_of(model), Sample.of(sample))
    found = attempt.export()
    return found, certify(found.reference, found.model.open(), packages=())


def test_signature_answers_by_its_names_at_several_lengths(saved):
    """Inputs and outputs have the signature's names, and free lengths are proven."""
    sample = {"steps": np.repeat(ROWS[:, None], 5, axis=1), "kind": np.arange(12)}
    found, certificate = exported(saved["many"], sample)
    again, _ = exported(saved["many"], sample)
    assert found.model.graph == again.model.graph
    session = found.model.open()
    assert [(s.name, s.datatype, s.shape) for s in session.inputs] == [
        ("kind", "INT32", (-1,)),
        ("steps", "FP32", (-1, -1, 3)),
    ]
    assert [(s.name, s.shape) for s in session.outputs] == [
        ("looked_up", (-1,)),
        ("total", (-1, 2)),
    ]
    assert certificate.passed
    lengths = [p for p in certificate.probes if p.name.startswith("lengths")]
    assert [probe.passed for probe in lengths] == [True] * 4
    signature = Signature(inputs=session.inputs, outputs=session.outputs)
    held = reference(model_of(saved["many"]), Sample.of(sample), signature)
    assert certify(held, session, packages=()).passed
    assert held.timed()["looked_up"].shape == (1,)


def test_fixed_rows_stay_fixed(saved):
    """A signature for two rows is served two rows."""
    found, certificate = exported(saved["pairs"], ROWS)
    assert certificate.passed
    assert found.model.open().inputs[0].shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("random", "in another way each time"),
        ("unknown", "no ONNX for TensorFlow's Svd"),
        ("complex", "is complex64, which ONNX has not"),
        ("any_rank", "has no shape"),
    ],
)
def test_what_has_no_right_export_is_refused(saved, name, said):
    """A signature whose answers no graph gives gets one sentence."""
    with pytest.raises(ExportError, match=said):
        exported(saved[name], ROWS)


def test_bad_samples_are_explained(saved):
    """A sample that doesn't fit the signature gets one sentence that names its inputs."""
    with pytest.raises(SampleError, match="its inputs are 'kind', 'steps'"):
        exported(saved["many"], {"steps": ROWS, "sort": ROWS})
