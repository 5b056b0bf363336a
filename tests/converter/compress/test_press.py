"""The search: what passes its gates and is smallest is taken, the rest is kept with a reason."""

import logging
import re
from dataclasses import replace

import numpy as np
import onnx
import pytest
from sklearn.ensemble import RandomForestClassifier

from coldpress.compress import _press as press_module
from coldpress.compress import press
from coldpress.compress.techniques import Candidate
from coldpress.errors import CompressionError
from coldpress.onnx_file import OnnxFile
from coldpress.wanted import Wanted

ANY = {"max_slowdown": None}


@pytest.fixture(scope="module")
def dense(networks, proven):
    """A dense network, proven, with the truth."""
    model, rows = networks["dense"]
    return proven(model.graph, rows, np.arange(len(rows)) % 16)


@pytest.fixture
def pressed(tmp_path):
    """A function that presses a proven model."""

    def press_it(given, **wanted):
        return press(
            given.model,
            given.reference,
            given.certificate,
            wanted=Wanted(**wanted),
            folder=tmp_path,
            progress=lambda _step: None,
        )

    return press_it


def only(monkeypatch, *candidates):
    """Let nothing but these be tried."""
    monkeypatch.setattr(press_module, "CANDIDATES", candidates)


def candidate(name, build):
    """A way to make a model smaller that is none of the real ones."""
    return Candidate(name=name, technique="int8", build=build)


def test_lossless_is_no_search(dense, pressed):
    """By default the model stays, with its exact certificate."""
    made = pressed(dense)
    assert (made.technique, made.model, made.candidates) == ("lossless", dense.model, ())
    assert made.certificate is dense.certificate


def test_smallest_of_all(dense, pressed):
    """All techniques are tried and ranked, and the smallest that passed is in the bundle."""
    made = pressed(dense, technique="smallest", min_agreement=0.9, **ANY)
    first, *others = made.candidates
    assert first.chosen
    assert first.technique == made.technique == "int4"
    assert [record for record in others if record.chosen] == []
    survivors = [record for record in made.candidates if record.accepted]
    assert first.bytes <= 1.001 * min(record.bytes for record in survivors)
    assert {record.technique for record in survivors} == {"lossless", "int8", "int4", "fp16"}
    sizes = [record.bytes for record in survivors[1:]]
    assert sizes == sorted(sizes)
    refused = made.candidates[len(survivors) :]
    assert refused
    assert all(record.reason and not record.accepted for record in refused)


def test_what_is_certified_is_what_serves(dense, pressed):
    """The lossy certificate is of the model that is handed over, and keeps the ladder's rungs."""
    made = pressed(dense, technique="int8", min_agreement=0.95, **ANY)
    certificate = made.certificate
    assert (made.technique, certificate.passed) == ("int8", True)
    assert (certificate.tolerance.kind, certificate.tolerance.min_agreement) == ("lossy", 0.95)
    assert certificate.rungs == dense.certificate.rungs != ()
    assert certificate.versions == dense.certificate.versions
    assert certificate.metric.name == "accuracy"
    rows = dense.reference.rows
    answers = made.model.open().run(dict(rows.tensors))["y"]
    wanted = rows.original(slice(0, rows.count))["y"]
    (check,) = certificate.outputs
    assert check.max_abs_diff == pytest.approx(np.abs(answers - wanted).max(), abs=1e-3)
    (record,) = [record for record in made.candidates if record.chosen]
    assert record.agreement == min(check.winner_agreement, check.fidelity)
    assert record.metric_drop == pytest.approx(certificate.metric.drop)
    assert record.latency_ratio > 0


def test_large_candidates_are_laid_out(monkeypatch, dense, pressed):
    """Weights in 4 bits that lie apart are mapped in the certified model, too."""
    from functools import partial

    from coldpress.layout import lay_out

    small = partial(lay_out, least_bytes=0, least_tensor=512)
    monkeypatch.setattr(press_module, "lay_out", small)
    made = pressed(dense, technique="int4", min_agreement=0.9, **ANY)
    assert made.model.weights.stat().st_size > 1000
    assert made.certificate.passed
    folders = [path for path in made.model.folder.parent.iterdir() if path.is_dir()]
    assert [folder for folder in folders if (folder / "weights.bin").exists()] == [
        made.model.folder
    ]


def test_the_original_is_asked_once(dense, pressed):
    """However many candidates there are, each slice of rows is asked once."""
    asked = []
    rows = dense.reference.rows

    def original(part):
        asked.append((part.start, part.stop))
        return rows.original(part)

    reference = replace(dense.reference, rows=replace(rows, original=original))
    pressed(replace(dense, reference=reference), technique="fp16", **ANY)
    assert len(asked) == len(set(asked)) > 0


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        pytest.param(
            {"technique": "int4", "min_agreement": 1.0},
            r"int4 does not pass its gates: .* answers too differently, .* where at least 100\.00% "
            r"is asked for; allow it with a lower --min-agreement",
            id="parity",
        ),
        pytest.param(
            {"technique": "fp16", "max_slowdown": 1e-6},
            r"fp16 does not pass .* is too slow, a row takes [\d.]+ times as long .* where 1e-06 "
            r"times is allowed; allow it with --max-slowdown any",
            id="latency",
        ),
    ],
)
def test_what_does_not_pass_is_told(dense, pressed, wanted, said):
    """A technique none of whose candidates passes gives one sentence: gate, figures, remedy."""
    with pytest.raises(CompressionError, match=said) as caught:
        pressed(dense, **(ANY | wanted))
    assert "\n" not in str(caught.value)


def test_a_metric_that_drops_is_told(monkeypatch, dense, pressed):
    """Where answers are near enough but the task is done worse, the metric's gate says so."""

    def blind_to_some(material):
        model = material.model.whole()
        (weight,) = [t for t in model.graph.initializer if t.name == "w1"]
        values = onnx.numpy_helper.to_array(weight).copy()
        values[:, :2] = 0
        weight.CopyFrom(onnx.numpy_helper.from_array(values, "w1"))
        return model

    only(monkeypatch, candidate("blind", blind_to_some))
    said = r"does the task too badly, its accuracy is 0\.\d+ instead of .*--max-metric-drop"
    with pytest.raises(CompressionError, match=said):
        pressed(dense, technique="int8", min_agreement=0.5, **ANY)


def test_forests_are_told_that_it_is_no_use(proven, pressed):
    """Trees have nothing to quantise: that is said, and the smallest of them is lossless."""
    rows = np.random.default_rng(0).normal(size=(60, 4))
    forest = proven(RandomForestClassifier(5, random_state=0).fit(rows, rows[:, 0] > 0), rows)
    with pytest.raises(CompressionError, match="does nothing for trees"):
        pressed(forest, technique="int8")
    made = pressed(forest, technique="smallest")
    assert (made.technique, made.model) == ("lossless", forest.model)
    (record,) = made.candidates
    assert (record.name, record.chosen, record.accepted) == ("lossless", True, True)


def test_models_without_weights_are_told(proven, pressed, doubler):
    """A model too small to press is told as such."""
    given = proven(doubler, np.eye(2, dtype=np.float32))
    with pytest.raises(CompressionError, match=r"no matrix of 1,024 numbers"):
        pressed(given, technique="int4")


def test_a_failed_proof_is_not_pressed(dense, pressed):
    """What failed its exact certificate keeps it: a lossy one would hide that."""
    failed = replace(dense, certificate=replace(dense.certificate, passed=False))
    made = pressed(failed, technique="smallest")
    assert (made.technique, made.certificate.passed) == ("lossless", False)


def test_failures_are_candidates_less(monkeypatch, dense, pressed):
    """What can't be built, opened or told apart is refused with its reason, and nothing stops."""

    def fails(_material):
        raise KeyError("node_7")

    def runs_out(_material):
        raise MemoryError

    def unknown(material):
        model = material.model.whole()
        model.graph.node[0].op_type = "NoSuchOperator"
        return model

    def other(material):
        model = material.model.whole()
        model.graph.output[0].name = "z"
        return model

    def larger(material):
        return material.model.whole()

    ways = (fails, runs_out, unknown, other, larger)
    only(monkeypatch, *(candidate(way.__name__, way) for way in ways))
    made = pressed(dense, technique="smallest", **ANY)
    assert made.technique == "lossless"
    reasons = {record.name: record.reason for record in made.candidates if not record.accepted}
    assert re.search("node_7", reasons["fails"])
    assert reasons["runs_out"] == "MemoryError"
    assert re.search("NoSuchOperator", reasons["unknown"])
    assert reasons["other"] == "its inputs or outputs are other ones"
    assert re.match(r"it is not smaller than the [\d,]+ bytes", reasons["larger"])
    assert next(record for record in made.candidates if record.name == "larger").bytes > 0


def test_over_two_gigabytes_is_refused_with_a_reason(monkeypatch, dense, pressed):
    """A model that no message can hold is refused by every technique, and goes on lossless."""
    monkeypatch.setattr("coldpress.onnx_file.MOST_BYTES", 1000)
    made = pressed(dense, technique="smallest", **ANY)
    reasons = {record.reason for record in made.candidates if not record.accepted}
    assert made.technique == "lossless"
    assert any("over 2 GB" in reason for reason in reasons)


def test_logging_stays_as_it_was(dense, pressed, caplog):
    """The quantisers' logs are kept to themselves, and their settings undone."""
    root = logging.getLogger()
    before = root.level, [*root.handlers], logging.root.manager.disable
    pressed(dense, technique="int4", min_agreement=0.9, **ANY)
    assert (root.level, [*root.handlers], logging.root.manager.disable) == before
    assert caplog.records == []


def test_labels_of_the_file_are_kept(networks, tmp_path, proven):
    """Class labels that the file itself says are there after pressing."""
    model, rows = networks["dense"]
    given = proven(model.graph, rows)
    labelled = OnnxFile(
        graph=given.model.graph, folder=given.model.folder, labels={"y": tuple("abcdefghijklmnop")}
    )
    made = press(
        labelled,
        given.reference,
        given.certificate,
        wanted=Wanted(technique="fp16", max_slowdown=None),
        folder=tmp_path,
        progress=lambda _step: None,
    )
    assert made.model.labels == labelled.labels
