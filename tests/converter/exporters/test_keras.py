"""Keras models, exported from their files as a user would; TensorFlow runs in the workers only."""

import json

import numpy as np
import pytest

from coldpress.errors import LoadError, SampleError, TrustError
from coldpress.pipeline import export_file
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
        pytest.param("text.keras", "is no zip archive that Keras 3 writes", id="no-zip"),
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
