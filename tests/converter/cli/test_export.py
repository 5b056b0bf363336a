"""`coldpress export` with what it can be asked for, and the whole way of a lossy model."""

import json
import shutil
from operator import methodcaller

import joblib
import numpy as np
import pytest
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression

from coldpress.bundle import Bundle
from coldpress.signing import verify
from tests.converter.compress.conftest import CENTRES, CLASSES, WIDTH, dense_network

RANDOM = np.random.default_rng(3)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a network and a classifier, and rows of each with their true classes."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "net.onnx").write_bytes(dense_network())
    truth = np.arange(160) % CLASSES
    rows = (CENTRES[truth] + RANDOM.normal(scale=0.3, size=(160, WIDTH))).astype(np.float32)
    np.savez(folder / "net.npz", x=rows, truth=truth)
    numbers = RANDOM.normal(size=(60, 3))
    np.save(folder / "rows.npy", numbers)
    joblib.dump(LogisticRegression().fit(numbers, numbers[:, 0] > 0), folder / "model.joblib")
    sly = LogisticRegression().fit(numbers, numbers[:, 0] > 0)
    # It answers nothing but zeros, which no export of its coefficients does.
    sly.predict_proba = methodcaller("dot", np.zeros((3, 2)))
    joblib.dump(sly, folder / "sly.joblib")
    return folder


@pytest.fixture
def network(made):
    """The command that exports the network with its labels."""
    return ("export", made / "net.onnx", "--sample", made / "net.npz", "--labels", "truth")


def test_the_whole_way_of_a_lossy_model(run, network, keys, tmp_path):
    """A model that lost something is exported, signed, published, and answers as it did before."""
    limits = ("--min-agreement", "0.98", "--max-slowdown", "any", "--max-metric-drop", "0.05")
    place, store = tmp_path / "net", tmp_path / "store"
    code, out, err = run(
        *network, "--compress", "fp16", *limits, "--sign", keys / "ours.pem", "-o", place
    )
    assert (code, err) == (0, "")
    assert "● │ fp16" in out
    bundle = Bundle.open(place)
    assert bundle.manifest.compression == "fp16"
    assert "lossy, as close to the original as was asked for on" in run("inspect", place)[1]
    certificate = bundle.certificate()
    assert (certificate.passed, certificate.tolerance.kind) == (True, "lossy")
    assert (certificate.tolerance.min_agreement, certificate.tolerance.max_metric_drop) == (
        0.98, 0.05,
    )  # fmt: skip
    assert certificate.metric.original == 1
    assert bundle.record().sizes[-1].bytes < bundle.record().sizes[0].bytes / 1.7
    verify(bundle, keys / "ours.pub")
    assert run("publish", place, store, "--channel", "live")[0] == 0
    (tmp_path / "event.json").write_text(json.dumps(bundle.golden()[0]["request"]))
    model = f"{store}/net@live"
    code, out, _ = run("invoke", "--model", model, "--event", tmp_path / "event.json")
    answered = json.loads(out)["outputs"][0]["data"]
    expected = bundle.golden()[0]["response"]["outputs"][0]["data"]
    assert code == 0
    np.testing.assert_allclose(answered, expected, atol=1e-2)


def test_a_lossy_model_that_is_not_good_enough(run, network, tmp_path):
    """Where no candidate passes, the error says which gate stopped it, and nothing is written."""
    code, _, err = run(
        *network, "--compress", "fp16", "--max-slowdown", "0.0001", "-o", tmp_path / "net"
    )
    assert code == 1
    assert "a row takes" in err
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        pytest.param(["--min-agreement", "0.9"], "--min-agreement speaks of a mod", id="agreement"),
        pytest.param(["--max-slowdown", "any"], "--max-slowdown speaks of a model", id="slowdown"),
        pytest.param(["--max-metric-drop", "0.1"], "--max-metric-drop speaks of", id="metric"),
        pytest.param(
            ["--compress", "int8", "--max-metric-drop", "0.1"], "with --labels", id="no-labels"
        ),
        pytest.param(["--compress", "int8", "--max-slowdown", "-1"], "above 0", id="negative"),
        pytest.param(["--compress", "int8", "--max-slowdown", "fast"], "not 'fast'", id="word"),
        pytest.param(["--compress", "int8", "--min-agreement", "2"], "0<=x<=1", id="too-much"),
        pytest.param(["--compress", "zip"], "is not one of", id="technique"),
        pytest.param(["--sign", "gone.pem"], "can't read the key gone.pem", id="key"),
    ],
)
def test_misused(run, made, tmp_path, limits, said):
    """A limit that nothing is held against, and what is no limit or key, exit 2 at once."""
    model = ("export", made / "model.joblib", "--sample", made / "rows.npy", "--trust")
    code, _, err = run(*model, *limits, "-o", tmp_path / "b")
    assert code == 2
    assert said in err
    assert not (tmp_path / "b").exists()


def test_keep_failed(run, made, tmp_path):
    """A failed export is no bundle; with --keep-failed it is one that publish refuses."""
    model = ("export", made / "sly.joblib", "--sample", made / "rows.npy", "--trust")
    code, _, err = run(*model, "-o", tmp_path / "b")
    assert code == 1
    assert "does not answer like the original" in err
    assert not (tmp_path / "b").exists()
    code, out, err = run(*model, "--keep-failed", "-o", tmp_path / "b")
    assert code == 0
    assert "failed on 60 rows" in out
    assert "Warning: the export does not answer like the original" in err
    assert "coldpress publish refuses this bundle" in err
    assert run("publish", tmp_path / "b", tmp_path / "store")[0] == 1


@pytest.mark.parametrize("name", ["out[a]", "p[/x]", ":bug:"], ids=["tag", "end", "emoji"])
def test_paths_are_printed_as_they_are(run, made, tmp_path, monkeypatch, name):
    """What rich would take for markup stands in every message as it was given."""
    monkeypatch.chdir(tmp_path)
    model = ("export", made / "model.joblib", "--sample", made / "rows.npy", "--trust")
    code, out, err = run(*model, "-o", f"{name}/b")
    assert (code, err) == (0, "")
    assert f"Wrote {name}/b; coldpress report {name}/b shows it." in out
    assert f"Next: coldpress publish {name}/b STORE" in out
    assert run("report", f"{name}/b")[1] == f"{name}/b/report.html\n"
    assert f"Error: {name}/b is there already" in run(*model, "-o", f"{name}/b")[2]
    code, out, _ = run("publish", f"{name}/b", f"{name}/store")
    assert code == 0
    assert run("certify", f"{name}/b")[0] == 0


MODULE = """
import numpy as np
from sklearn.linear_model import LogisticRegression
from torch import nn

ROWS = np.load("rows.npy")

def net():
    return nn.Linear(3, 2)

def fitted():
    return LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)
"""


@pytest.mark.parametrize(
    ("factory", "options", "warned"),
    [
        pytest.param("net", [], True, id="own-weights"),
        pytest.param("net", ["--json"], True, id="own-weights-as-json"),
        pytest.param("net", ["--weights", "net.safetensors"], False, id="weights"),
        pytest.param("fitted", [], False, id="estimator"),
    ],
)
def test_a_network_without_weights_is_told(
    run, made, tmp_path, monkeypatch, factory, options, warned
):
    """A factory's network goes without --weights, with a warning that it may be untrained."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_factories.py").write_text(MODULE, encoding="utf-8")
    shutil.copy(made / "rows.npy", tmp_path)
    state = {"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}
    save_file(state, tmp_path / "net.safetensors")
    model = ("export", f"own_factories:{factory}", "--trust", "--sample", "rows.npy", "-o", "b")
    code, out, err = run(*model, *options)
    assert code == 0
    assert ("Warning: no --weights were given" in err) is warned
    assert ("unless it loads or trains them" in " ".join(err.split())) is warned
    if "--json" not in options:
        assert ("(factory, its own weights)" in out) is warned
        assert ("(factory, its own weights)" in run("inspect", "b")[1]) is warned
    else:
        assert json.loads(out)["source"]["sha256"] == ""
