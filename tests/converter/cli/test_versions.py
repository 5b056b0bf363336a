"""What became of a model's versions, as the command line tells it."""

import json

import numpy as np
import pytest
from filelock import FileLock
from sklearn.linear_model import LinearRegression

import coldpress
from coldpress.bundle import Bundle


def test_history_diff_and_gc(run, published):
    """What happened is told; two versions are compared; what nobody names goes, and is told of."""
    code, out, _ = run("history", published, "--json")
    (move,) = json.loads(out)
    assert (code, move["action"], move["channel"]) == (0, "publish", "live")
    code, out, _ = run("diff", f"{published}/churn@live", f"{published}/churn@live")
    assert code == 0
    assert "it is one version" in out
    code, out, _ = run("gc", published, "--keep", 1, "--min-days", 0, "--dry-run", "--json")
    (model,) = json.loads(out)["models"]
    assert (code, model["deleted"], len(model["kept"])) == (0, [], 1)
    code, out, _ = run("gc", published, "--min-days", 0)
    assert code == 0
    assert "churn: 0 deleted" in out


def test_gc_beside_another_one(run, published):
    """What is busy is told, and the exit code is 1; other models are collected."""
    with FileLock(published / "churn" / ".gc.lock"):
        code, out, err = run("gc", published, "--min-days", 0)
        assert (code, out) == (1, "")
        assert err == "Error: another coldpress gc of churn is under way; wait for it\n"
        code, out, _ = run("gc", published, "--min-days", 0, "--json")
        assert code == 1
        assert "under way" in json.loads(out)["models"][0]["busy"]


@pytest.mark.parametrize("command", ["history", "gc"])
def test_a_model_that_is_not_there(run, published, command):
    """A model's name that is none is misuse, and the models that there are are named."""
    code, out, err = run(command, published, "--model", "absent")
    assert (code, out) == (2, "")
    assert err == f"Error: there is no model 'absent' in {published.as_uri()}; it has churn\n"


@pytest.fixture
def line(tmp_path):
    """A bundle of a straight line, of as many columns."""

    def make(name, *, factor=1.0, columns=2):
        sample = np.random.default_rng(0).normal(size=(40, columns))
        model = LinearRegression().fit(sample, sample.sum(axis=1) * factor)
        return coldpress.export(model, sample=sample, output=tmp_path / name, name="line").path

    return make


def test_diff_lists_what_differs(run, line):
    """What is the same has one line, by name; machines are told all of it."""
    old, new = line("one"), line("twice", factor=2.0)
    code, out, _ = run("diff", old, new)
    first, second, *facts, same = out.splitlines()
    assert code == 0
    assert (first[:6], second[:6]) == ("- line", "+ line")
    assert any("'variable' differs by at most" in fact for fact in facts)
    assert not {fact.split()[0] for fact in facts} & {"takes", "source"}
    assert same.startswith("  the same: signature, ")
    assert same.endswith("source")
    told = json.loads(run("diff", old, new, "--json")[1])
    assert told["compatible"]
    assert told["old"]["source"] == told["new"]["source"]


def test_diff_names_answers_that_are_the_same(run, line):
    """Another certificate alone makes another version, whose answers are the same."""
    old, new = line("one"), line("again")
    bundle = Bundle.open(new)
    proof = bundle.manifest.certificate._replace(rows=bundle.manifest.certificate.rows + 1)
    changed = bundle.manifest._replace(certificate=proof)
    (new / "manifest.json").write_bytes(changed.to_bytes())
    _, out, _ = run("diff", old, new)
    *_, fact, same = out.splitlines()
    assert fact.split()[0] == "proof"
    assert same == "  the same: signature, size, source, 'variable' on 10 rows"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            {"max_abs_diff": 1.01e-7}, "1.0400e-07 → passed on 10 rows, 1.0100e-07", id="far"
        ),
        pytest.param({"label_agreement": 0.9}, "rows, 1.0e-07, 90.0% of labels", id="labels"),
        pytest.param({"tolerance": "lossy"}, "→ passed, lossy on 10 rows", id="tolerance"),
    ],
)
def test_diff_hides_nothing_by_rounding(run, line, change, told):
    """Certificates that look alike and are not are told apart."""
    old, new = line("one"), line("again")
    for path, facts in ((old, {}), (new, change)):
        manifest = Bundle.open(path).manifest
        proof = manifest.certificate._replace(rows=10, max_abs_diff=1.04e-7)._replace(**facts)
        (path / "manifest.json").write_bytes(manifest._replace(certificate=proof).to_bytes())
    out = run("diff", old, new)[1]
    (fact,) = (each for each in out.splitlines() if each.startswith("  proof"))
    assert told in fact


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"versions": {"scikit-learn": "1"}}, "scikit-learn", id="framework"),
        pytest.param({"format": "onnx"}, "object → onnx", id="format"),
        pytest.param({"sha256": "ab" * 32}, "another model file", id="file"),
    ],
)
def test_diff_tells_what_made_the_export(run, line, change, told):
    """Another library, another format or another file is another source."""
    old, new = line("one"), line("again")
    manifest = Bundle.open(new).manifest
    source = manifest.source._replace(**change)
    (new / "manifest.json").write_bytes(manifest._replace(source=source).to_bytes())
    out = run("diff", old, new)[1]
    (fact,) = (each for each in out.splitlines() if each.startswith("  source"))
    assert told in fact
    document = json.loads(run("diff", old, new, "--json")[1])
    assert document["new"]["source_versions"] == source.versions


def test_diff_says_what_callers_meet(run, line):
    """A signature that differs is told, and so is that nothing could be asked."""
    code, out, _ = run("diff", line("two"), line("three", columns=3), "--fail-on-change")
    assert code == 1
    assert "takes    input 'input' has the shape [-1, 3], had [-1, 2]" in out
    assert "answers  not compared: they take other inputs" in out
    assert "signature" not in out
