import warnings

import numpy as np
import pytest

from coldpress.certification import certify
from coldpress.exporters.probes import probed

COLUMNS = {
    "age": np.arange(12, dtype=np.float32).reshape(-1, 1) + 0.5,
    "rooms": np.arange(12).reshape(-1, 1) % 3,
    "city": np.array([["Ulm"], ["Bonn"]] * 6, dtype=object),
}


def silent(tensors):
    """An original that takes anything and always says the same."""
    return {"y": np.zeros((len(next(iter(tensors.values()))), 1), np.float32)}


def strict(tensors):
    """One that wants an age, and knows its cities."""
    if np.isnan(tensors["age"]).any():
        raise ValueError("an age is missing")
    if not set(tensors["city"].ravel().tolist()) <= {"Ulm", "Bonn"}:
        raise ValueError("never heard of it")
    return silent(tensors)


def made(trees, ask=silent, tensors=COLUMNS, framework="scikit-learn", **options):
    """Probes by name."""
    held = trees.reference(ask, tensors, **options)
    return {probe.name: probe for probe in probed(held, framework=framework).probes}


def changed(probe, name):
    """The values of a column that no row of the sample has."""
    known = COLUMNS[name].ravel().tolist()
    return [value for value in probe.tensors[name].ravel().tolist() if value not in known]


def test_every_kind_of_column_gets_its_probes(trees):
    """Numbers get gaps, infinities and extremes; whole ones unseen numbers; words odd ones."""
    found = made(trees)
    assert np.isnan(changed(found["missing values"], "age")).all()
    assert set(changed(found["infinities"], "age")) == {np.inf, -np.inf}
    assert {*changed(found["largest values"], "rooms")} == {-(2**63), 2**63 - 1}
    assert {*changed(found["values beyond the sample"], "age")} == {-10.5, 22.5}
    assert np.signbit(found["values near zero"].tensors["age"]).any()
    assert {*changed(found["unseen numbers"], "rooms")} == {-1, 3, 1002}
    assert "zz" in changed(found["unseen categories"], "city")
    assert "" in changed(found["empty text"], "city")
    assert max(map(len, changed(found["long text"], "city"))) >= 10_000
    assert "ULM" in changed(found["other case"], "city")
    assert any("日本" in text for text in changed(found["languages"], "city"))


def test_what_the_original_refuses_is_kept_apart(trees):
    """Columns that accept a value are compared, though another refuses it, which is told."""
    tensors = COLUMNS | {"income": COLUMNS["age"] * 3}
    held = trees.reference(strict, tensors)
    found = {probe.name: probe for probe in probed(held, framework="scikit-learn").probes}
    assert found["missing values in 'income'"].original(slice(0, 2))
    with pytest.raises(ValueError, match="an age is missing"):
        found["missing values in 'age', all columns"].original(slice(0, None))


def test_a_column_of_known_words_gets_no_odd_ones(trees):
    """That an original refuses what it has never heard of is told once."""
    found = made(trees, strict)
    with pytest.raises(ValueError, match="never heard of it"):
        found["unseen categories"].original(slice(0, None))
    assert "languages" not in found


def test_empty_text_is_a_missing_value_where_the_sample_says_so(trees):
    """A column with gaps in the sample gets further ones."""
    gaps = COLUMNS | {"city": np.array([["Ulm"], [""]] * 6, dtype=object)}
    assert "" in made(trees, tensors=gaps)["missing values"].tensors["city"][-8:]


@pytest.mark.parametrize("framework", ["keras", "torch", "onnx"])
def test_networks_are_told_what_is_no_number_and_spared_what_is_undefined(trees, framework):
    """NaN binds nothing where it is calculated with, and tables get no number beyond their end."""
    found = made(trees, framework=framework)
    assert not found["missing values"].binding
    assert not found["infinities"].binding
    assert not any(changed(probe, "rooms") for probe in found.values())


@pytest.mark.parametrize(
    ("framework", "binding"),
    [pytest.param("xgboost", True, id="booster"), pytest.param("onnx", True, id="foreign file")],
)
def test_trees_alone_are_bound_by_everything(trees, framework, binding):
    """Where trees look at the inputs themselves, infinities have a defined way to go."""
    file = trees.file(trees.graph([trees.stump(0.5, taken="x")]))
    rows = {"x": np.array([[0.0, 1.0], [2.0, 3.0]], np.float32)}
    held = trees.reference(silent, rows)
    found = {probe.name: probe for probe in probed(held, framework=framework, model=file).probes}
    names = ("thresholds", "missing values", "infinities", "largest values", "values near zero")
    assert [found[name].binding for name in names] == [binding] * 5


def test_probes_are_the_same_each_time(trees):
    """Two references of the same sample get the same rows."""
    first, second = (made(trees) for _ in range(2))
    assert list(first) == list(second)
    for name, probe in first.items():
        for key, values in probe.tensors.items():
            numbers = values.dtype.kind == "f"
            assert np.array_equal(values, second[name].tensors[key], equal_nan=numbers)


def test_columns_are_called_as_in_the_sample(trees):
    """A matrix has the names of its features, and numbers where it has none."""

    def fussy(tensors):
        if np.isnan(tensors["input"][:, 1]).any():
            raise ValueError("no")
        return silent(tensors)

    matrix = {"input": np.ones((4, 2), np.float32)}
    assert "missing values in 'b', all columns" in made(trees, fussy, matrix, features=("a", "b"))
    assert "missing values in column 0" in made(trees, fussy, matrix)


def test_wide_rows_get_a_few_probes_only(trees):
    """Rows of an image are probed in some places, and there are never many of them."""
    images = {"image": np.zeros((5, 16, 16, 3), np.float32)}
    found = made(trees, tensors=images, framework="keras")
    assert max(probe.count for probe in found.values()) <= 64
    wide = {"input": np.zeros((5, 5000), np.float32)}
    found = made(trees, tensors=wide)
    assert max(probe.count for probe in found.values()) <= 500


def test_a_fixed_number_of_rows_is_filled(trees):
    """An original that takes four rows at a time is asked four at a time."""

    def by_four(tensors):
        if len(tensors["x"]) % 4:
            raise ValueError("four, please")
        return silent(tensors)

    held = trees.reference(by_four, {"x": np.ones((8, 3), np.float32)})
    found = probed(held, framework="onnx", batch=4).probes
    assert found
    assert all(probe.count % 4 == 0 for probe in found)
    assert all(probe.original(slice(0, 4)) for probe in found)


def test_an_original_that_cannot_be_asked_gets_none(trees):
    """Without a way to ask, a reference stays as it is."""
    held = trees.reference(silent, COLUMNS)
    assert probed(held, framework="torch").probes
    without = type(held)(rows=held.rows, described="deaf")
    assert probed(without, framework="torch") is without


def test_warnings_of_the_original_are_no_refusal(trees):
    """An original that only warns has answered."""

    def nervous(tensors):
        warnings.warn("oh", UserWarning, stacklevel=1)
        return silent(tensors)

    found = made(trees, nervous)
    assert found["infinities"].original(slice(0, 1))


def test_infinite_answers_are_compared_without_a_word(trees):
    """An export that says infinity or NaN as its original does is right."""
    file = trees.file(trees.graph([trees.stump(0.5, taken="x")]))

    def ask(tensors):
        return {"y": np.where(tensors["x"][:, :1] <= 0.5, 1.0, 2.0).astype(np.float32)}

    held = trees.reference(ask, {"x": np.array([[0.0, 1.0], [2.0, 3.0]], np.float32)})
    found = certify(probed(held, framework="onnx", model=file), file.open(), packages=())
    assert found.passed
    assert {probe.name for probe in found.probes if not probe.accepted} == set()
