"""`coldpress certify`: what a bundle is compared with, what it says, and what it writes."""

import json

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.bundle import Bundle
from coldpress.pipeline import ModelSource, export_file

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
TRUTH = (ROWS["a"] > 0).astype(int)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a model, one of another model, rows, and the first one's bundle."""
    folder = tmp_path_factory.mktemp("made")
    joblib.dump(LogisticRegression().fit(ROWS, TRUTH), folder / "model.joblib")
    joblib.dump(LogisticRegression().fit(ROWS, 1 - TRUTH), folder / "other.joblib")
    ROWS.assign(churned=TRUTH, id=7).to_csv(folder / "rows.csv", index=False)
    source = ModelSource(model=folder / "model.joblib", trust=True)
    export_file(source, folder / "b", sample=folder / "rows.csv", labels="churned", drop=["id"])
    return folder


@pytest.fixture
def rows(made):
    """The options that name the rows."""
    return ("--data", made / "rows.csv", "--labels", "churned", "--drop", "id")


def test_golden_examples(run, made):
    """Without options a bundle is held against the answers that its original gave."""
    code, out, err = run("certify", made / "b")
    assert (code, err) == (0, "")
    assert out.startswith("Compared with the answers that the original gave")
    assert "5 rows" in out
    assert out.rstrip().endswith("The certificate passed.")


def test_rows_alone(run, made, rows):
    """With --data it is held against itself without optimisations, and its metric is shown."""
    code, out, _ = run("certify", made / "b", *rows)
    assert code == 0
    assert "optimisations disabled" in out
    assert "60 rows" in out
    assert "accuracy: " in out


def test_the_original(run, made, rows):
    """With --original it is held against that model, probes and all."""
    original = ("--original", made / "model.joblib", "--trust")
    code, out, _ = run("certify", made / "b", *original, *rows, "--json")
    found = json.loads(out)
    assert (code, found["passed"], found["rows"]) == (0, True, 60)
    assert found["original"].startswith("scikit-learn's own predict")
    assert found["probes"]


def test_a_published_model(run, made, tmp_path):
    """A model URI is fetched and certified as a bundle is."""
    assert run("publish", made / "b", tmp_path / "store", "--channel", "live")[0] == 0
    code, out, _ = run("certify", f"{tmp_path / 'store'}/model@live")
    assert code == 0
    assert "The certificate passed." in out


def test_a_difference_fails(run, made, rows):
    """Another model exits 1 with a sentence; the table and the JSON have all that was compared."""
    original = ("--original", made / "other.joblib", "--trust")
    code, out, err = run("certify", made / "b", *original, *rows)
    assert code == 1
    assert "not alike" in out
    assert "The certificate passed." not in out
    assert err.startswith("Error: the export does not answer like the original: output")
    code, out, _ = run("certify", made / "b", *original, *rows, "--json")
    document, _ = json.JSONDecoder().raw_decode(out)
    assert (code, document["passed"]) == (1, False)


def test_write(run, made, rows, keys, tmp_path):
    """--write puts the certificate in, and warns that the signature went with the old version."""
    export = ("export", made / "model.joblib", "--trust", "--sample", made / "rows.csv")
    signing = ("--labels", "churned", "--drop", "id", "--sign", keys / "ours.pem")
    assert run(*export, *signing, "-o", tmp_path / "b")[0] == 0
    before = Bundle.open(tmp_path / "b")
    original = ("--original", made / "model.joblib", "--trust", *rows, "--write")
    code, _, err = run("certify", tmp_path / "b", *original)
    assert code == 0
    assert f"Warning: {tmp_path / 'b'} lost its signature" in err
    after = Bundle.open(tmp_path / "b")
    assert after.certificate().passed
    assert (after.companion("model.sig"), after.manifest.schema_version) == (None, 3)
    assert after.record() == before.record()
    assert run("certify", tmp_path / "b", *original)[2] == ""
    other = ("--original", made / "other.joblib", "--trust", *rows, "--write")
    assert run("certify", tmp_path / "b", *other)[0] == 1
    assert run("publish", tmp_path / "b", tmp_path / "store")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["b", "--trust"], 2, "speak of an --original", id="trust-of-nothing"),
        pytest.param(["b", "--original", ""], 2, "the original has no name", id="no-name"),
        pytest.param(["b", "--labels", "y"], 2, "name a file that has them: --data", id="labels"),
        pytest.param(["b", "--drop", "y"], 2, "name a file that has them: --data", id="drop"),
        pytest.param(["b", "--original", "model.joblib"], 2, "needs rows", id="no-rows"),
        pytest.param(["b", "--write"], 2, "only a comparison with the original", id="write"),
        pytest.param(
            ["b", "--data", "rows.csv", "--write"], 2, "only a comparison", id="write-itself"
        ),
        pytest.param(["b", "--data", "gone.csv"], 2, "can't read the sample", id="no-file"),
        pytest.param(
            ["b", "--original", "model.joblib", "--data", "rows.csv"], 1, "--trust", id="no-trust"
        ),
        pytest.param(["nothing"], 2, "there is no directory nothing", id="nothing"),
        pytest.param(["."], 1, "is no bundle", id="no-bundle"),
    ],
)
def test_misused(run, made, monkeypatch, arguments, code, said):
    """What can't be compared is one sentence, and the bundle stays as it is."""
    monkeypatch.chdir(made)
    before = Bundle.open(made / "b")
    found, _, err = run("certify", *arguments)
    assert found == code
    assert said in err
    assert err.count("\n") == 1
    assert Bundle.open(made / "b") == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"{", "holds no golden examples", id="cut"),
        pytest.param(b'{"examples": [3]}', "holds no golden examples", id="number"),
        pytest.param(
            b'{"examples": [{"request": {"inputs": [{}]}, "response": {}}]}',
            "are no requests with their answers",
            id="no-tensors",
        ),
        pytest.param(b'{"examples": []}', "give the original and rows", id="none"),
    ],
)
def test_broken_golden_examples(run, make_bundle, data, said):
    """Golden examples that can't be read are one sentence, with what to do."""
    bundle = make_bundle()
    write_golden(bundle, data)
    code, _, err = run("certify", bundle.path)
    assert code == 1
    assert said in err
    assert err.count("\n") == 1


def write_golden(bundle, data):
    """Put other golden examples into a bundle, and their digest into its manifest."""
    from coldpress.bundle import plain_blob

    (bundle.path / "golden.json").write_bytes(data)
    new = plain_blob("golden", "golden.json", data)
    blobs = tuple(new if blob.role == "golden" else blob for blob in bundle.manifest.blobs)
    manifest = bundle.manifest._replace(blobs=blobs)
    (bundle.path / "manifest.json").write_bytes(manifest.to_bytes())
