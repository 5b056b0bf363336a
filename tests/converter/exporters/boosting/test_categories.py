"""Columns of pandas' type category: in LightGBM's models, and in samples that lost the type."""

import numpy as np
import pandas as pd
import pytest
from lightgbm import Booster, LGBMClassifier, LGBMRegressor
from sklearn.ensemble import VotingRegressor
from xgboost import XGBRegressor

from coldpress.errors import ExportError, SampleError
from coldpress.exporters.boosting._columns import input_names
from coldpress.exporters.boosting._families import read
from coldpress.exporters.boosting._graph import graph_of
from coldpress.exporters.boosting._placing import places_of
from coldpress.exporters.boosting._sample import lay_out
from coldpress.pipeline import export
from coldpress.sample import Sample, read_sample
from coldpress_runtime.session import ModelSession

RANDOM = np.random.default_rng(5)
COUNT = 240
NUMBER = RANDOM.normal(size=COUNT)
WORDS = RANDOM.choice(["zeta", "alpha", "mü", "beta"], COUNT)
FLOORS = RANDOM.integers(3, 7, COUNT) * 10
SCORE = NUMBER + np.sin(FLOORS) + (WORDS > "b") * 1.0
SMALL = {"n_estimators": 6, "num_leaves": 10, "verbose": -1, "n_jobs": 1}
SETS = {"min_data_per_group": 5, "cat_smooth": 1}
TABLE = pd.DataFrame(
    {
        "home.dest": pd.Categorical(WORDS, categories=["zeta", "mü", "beta", "alpha", "never"]),
        "number": NUMBER,
        "floor": pd.Categorical(FLOORS),
        "size": pd.Categorical(np.where(NUMBER > 0, "s", "l"), ["s", "l"], ordered=True),
    }
)
GAPPY = TABLE.mask(RANDOM.random(TABLE.shape) < 0.15)
PLAIN = GAPPY.astype({"home.dest": object, "size": object, "floor": float})


def lgb(kind=LGBMRegressor, table=GAPPY, target=SCORE, **options):
    """A small trained model."""
    return kind(**SMALL | SETS | options).fit(table, target)


MODEL = lgb()


def answers(model, sample, rows):
    """What the original and its graph answer to rows, after a sample."""
    laid = lay_out(read(model), Sample.of(sample))
    tensors = lay_out(read(model), Sample.of(rows)).inputs.tensors(tuple(laid.inputs.columns))
    kinds = {"f": {4: 1, 8: 11}, "O": {8: 8}, "b": {1: 9}}
    given = {name: kinds[a.dtype.kind][a.dtype.itemsize] for name, a in tensors.items()}
    graph = graph_of(laid.boosted, given=given, wide=True)
    answer = ModelSession(graph.SerializeToString()).run(tensors)
    return model.predict(rows), next(reversed(answer.values()))[:, 0]


STRANGE = TABLE.assign(
    **{"home.dest": pd.Categorical(np.where(NUMBER > 0.5, "strange", WORDS))},
    floor=pd.Categorical(np.where(NUMBER < -0.5, 35, FLOORS)),
)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(MODEL, id="gaps"),
        pytest.param(lgb(table=TABLE), id="none-missing"),
        pytest.param(lgb(zero_as_missing=True), id="zero-as-missing"),
        pytest.param(Booster(model_str=MODEL.booster_.model_to_string()), id="file"),
    ],
)
@pytest.mark.parametrize("rows", [TABLE, GAPPY, STRANGE], ids=["known", "missing", "unseen"])
def test_categories_get_the_codes_of_training(model, rows):
    """Known, missing and unseen categories go the ways of the original, in any order of theirs."""
    floors = rows["floor"].cat
    turned = rows.assign(floor=floors.reorder_categories(floors.categories[::-1]))
    own, given = answers(model, GAPPY, turned)
    np.testing.assert_allclose(given, own, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_files_of_either_kind_are_samples(tmp_path, suffix):
    """A CSV file has lost the types of its columns: the model's own lists give them back."""
    path = tmp_path / f"rows.{suffix}"
    GAPPY.to_csv(path, index=False) if suffix == "csv" else GAPPY.to_parquet(path)
    sample = read_sample(path)
    bundle = export(MODEL, sample=sample.frame, output=tmp_path / "b")
    inputs = bundle.manifest.signature.inputs
    told = [(spec.name, spec.datatype) for spec in inputs]
    assert told == [
        ("home_dest", "BYTES"),
        ("number", "FP64"),
        ("floor", "FP64"),
        ("size", "BYTES"),
    ]
    assert bundle.manifest.signature.features == tuple(GAPPY)
    probes = {probe.name for probe in bundle.certificate().probes if probe.accepted}
    assert {"unseen categories", "missing values", "unseen numbers", "thresholds"} <= probes


def test_categories_of_numbers_stay_in_one_matrix(tmp_path):
    """Where all columns are numbers, there is one input, as of any other model."""
    table = GAPPY[["number", "floor"]]
    model = lgb(LGBMClassifier, table, np.where(SCORE > 0, "yes", "no"))
    bundle = export(model, sample=table, output=tmp_path / "b")
    assert [spec.shape for spec in bundle.manifest.signature.inputs] == [(-1, 2)]
    assert bundle.manifest.signature.features == ("number", "floor")


LISTS = tuple(read(MODEL).lists)
TWO = tuple(np.array(each) for each in ([1, 2], [1, 2, 3]))


@pytest.mark.parametrize(
    ("lists", "frame", "places"),
    [
        pytest.param(LISTS, GAPPY, (0, 2, 3), id="types"),
        pytest.param(LISTS, PLAIN, (0, 2, 3), id="text"),
        pytest.param(LISTS, PLAIN.assign(number=FLOORS > 40), (0, 2, 3), id="flags"),
        pytest.param(LISTS, PLAIN.drop(columns="size").assign(z="x"), None, id="other-words"),
        pytest.param(LISTS, PLAIN.assign(number=30), None, id="two-ways"),
        pytest.param(LISTS, PLAIN.assign(number="text"), None, id="more-words"),
        pytest.param(LISTS, PLAIN.astype({"size": "category"}), (0, 2, 3), id="some-types"),
        pytest.param(LISTS, GAPPY.assign(number=GAPPY["size"]), None, id="more-types"),
        pytest.param(TWO, pd.DataFrame({"a": [1, 2], "b": [3, 3]}), (0, 1), id="in-order"),
        pytest.param(TWO, pd.DataFrame({"a": [3, 3], "b": [1, 2]}), None, id="out-of-order"),
    ],
)
def test_lists_find_their_columns_or_are_refused(lists, frame, places):
    """Types say which columns have categories; without them, the only way that fits."""
    unknown = [False] * frame.shape[1]
    if places:
        assert places_of(lists, unknown, frame, "rows.csv") == places
        return
    with pytest.raises(SampleError, match=r"rows\.csv .*Parquet"):
        places_of(lists, unknown, frame, "rows.csv")


def test_the_model_tells_which_features_it_lists():
    """A feature whose codes the model lists has categories, so that no other can have them."""
    booster = read(MODEL)
    assert booster.listed == (True, False, True, False)
    twice = PLAIN.assign(number=30)
    assert places_of(LISTS, booster.listed, twice, "rows.csv") == (0, 2, 3)


def test_types_that_a_model_knows_nothing_of_are_refused():
    """A column of the type category is no column of codes: its numbers would be taken for them."""
    table = TABLE[["number", "floor"]].astype(float)
    model = LGBMRegressor(**SMALL, **SETS).fit(table, SCORE, categorical_feature=["floor"])
    with pytest.raises(SampleError, match="'floor' of the sample has the pandas type category"):
        lay_out(read(model), Sample.of(table.astype({"floor": "category"})))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(
            VotingRegressor([("own", LGBMRegressor(**SMALL, **SETS))]),
            "exported only alone",
            id="inside",
        ),
        pytest.param(
            XGBRegressor(n_estimators=3, n_jobs=1, enable_categorical=True),
            "takes an unseen one for the next",
            id="xgboost",
        ),
    ],
)
def test_what_would_be_wrong_is_refused(tmp_path, model, said):
    """XGBoost 3.2 takes an unseen word for another; estimators around boosters hand codes on."""
    with pytest.raises(ExportError, match=said):
        export(model.fit(TABLE, SCORE), sample=TABLE, output=tmp_path / "b")


def test_names_are_what_onnx_can_carry():
    """Every column gets a name of its own, which is no output's."""
    names = input_names(("a b", "a.b", "a_b_1", "1st", "label", "größe"), ("label",))
    assert names == ("a_b", "a_b_1", "a_b_1_1", "_1st", "label_1", "gr__e")
