"""Records and invocations: rows of named columns, as JSON in several forms and as CSV."""

import csv
import io
import json
from contextlib import suppress
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldpress_runtime.artifact import Signature, TensorSpec
from coldpress_runtime.dialects import invocations, records
from coldpress_runtime.dialects.table import tensors_of
from coldpress_runtime.errors import (
    PayloadTooLarge,
    RequestError,
    UnknownModel,
    UnknownRoute,
    UnsupportedMedia,
)
from coldpress_runtime.options import Limits
from coldpress_runtime.serving import Serving
from tests.functions.coldpress_runtime.dialects.tables import OTHER, ROW, invoke, predict, request

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=150)
CELLS = {"age": 30, "city": "Ulm", "vip": True}

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["width", "height", "depth", "columns", "data", "instances", "inputs"]),
            children,
        )
    ),
    max_leaves=10,
)


def test_records_are_answered_by_name(matrix):
    """Each record gets its label and a score by each class's name, in whatever order it names."""
    assert predict(matrix, [OTHER, {"width": 0, "height": 1, "depth": 0}]) == [
        {"label": 0, "scores": {"no": 3, "yes": 0.25}},
        {"label": 1, "scores": {"no": 0, "yes": 1}},
    ]


def test_a_single_record_gets_a_single_answer(matrix):
    """An object alone is answered by an object alone."""
    (listed,) = predict(matrix, [OTHER])
    assert predict(matrix, OTHER, path="/predict/breast-cancer") == listed


def test_null_is_a_missing_number(matrix):
    """Among floating-point numbers null is NaN, which comes back as null."""
    assert predict(matrix, [ROW])[0]["scores"] == {"no": None, "yes": None}


def test_columns_that_are_inputs_go_by_either_name(columns):
    """A column has its input's name or the feature's, and a value or a list of one."""
    told = [{"age_out": [30], "city_name_out": ["Ulm"], "vip_out": True}]
    assert predict(columns, [CELLS]) == told
    assert predict(columns, [{"age": [30], "city_name": "Ulm", "vip": True}]) == told


def test_inputs_that_are_no_columns_go_by_name(single):
    """Where nothing has a name but the input, a record has that, with lists within."""
    assert predict(single, [{"x": [1, 2]}, {"x": [3, 4.5]}]) == [{"y": 3}, {"y": 7.5}]


WRONG_RECORDS = {
    "no records": ([], "the records must be a list of one object for each row, not an empty one"),
    "text": ("a", "the records must be a list of one object for each row, not strings"),
    "not all objects": ([OTHER, 3], "record 1 must be an object, not whole numbers"),
    "missing": ([{"width": 1, "height": 2}], "missing column 'depth'"),
    "unknown": ([{**OTHER, "colour": 1}], "unknown column 'colour'; this model takes 'width'"),
    "missing in a later one": ([OTHER, {"width": 1, "depth": 2}], "missing column 'height' in rec"),
    "text for a number": ([OTHER, {**OTHER, "height": "1"}], "column 'height' in row 1 is FP32"),
    "list for a number": ([{**OTHER, "depth": [1]}], "column 'depth' in row 0 is FP32, but its"),
    "out of range": ([{**OTHER, "depth": 1e300}], "column 'depth' in row 0: a value is out of"),
}


@pytest.mark.parametrize(("document", "message"), WRONG_RECORDS.values(), ids=WRONG_RECORDS.keys())
def test_wrong_records_are_refused(matrix, document, message):
    """What does not fit is told by column and row, in one short sentence."""
    with pytest.raises(RequestError) as caught:
        predict(matrix, document)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({**CELLS, "age": 1.5}, "column 'age' in row 0 is INT64"),
        ({**CELLS, "age": None}, "column 'age' in row 0 is INT64, but its data hold null"),
        ({**CELLS, "city": None}, 'hold null; send "" where a text is missing'),
        ({**CELLS, "vip": 1}, "column 'vip' in row 0 is BOOL"),
        ({**CELLS, "city_name": "a"}, "unknown column 'city_name'"),
    ],
    ids=["fraction", "missing number", "missing text", "no boolean", "both names"],
)
def test_wrong_cells_are_refused(columns, cells, message):
    """Nothing is converted to what an input takes."""
    with pytest.raises(RequestError, match=message):
        predict(columns, [cells])


def test_too_many_values_are_refused(matrix):
    """The limit counts all values of a request."""
    with pytest.raises(PayloadTooLarge, match="more than 5 values"):
        predict(matrix, [OTHER, OTHER], limits=Limits(elements=5))


FORMS = {
    "split": {"dataframe_split": {"columns": list(OTHER), "index": [7], "data": [[4, 0.25, 3]]}},
    "split without an index": {"dataframe_split": {"columns": list(OTHER), "data": [[4, 0.25, 3]]}},
    "records": {"dataframe_records": [OTHER]},
    "instances": {"instances": [[3, 0.25, 4]]},
    "named instances": {"instances": [{"x": [3, 0.25, 4]}]},
    "inputs": {"inputs": [[3, 0.25, 4]]},
    "named inputs": {"inputs": {"x": [[3, 0.25, 4]]}, "params": {}},
    "instances by column": {"instances": [OTHER]},
    "inputs by column": {"inputs": {name: [value] for name, value in OTHER.items()}},
}


@pytest.mark.parametrize("document", FORMS.values(), ids=FORMS.keys())
def test_every_form_gets_the_same(matrix, document):
    """MLflow's four forms of a row get one answer; of several outputs it is an object."""
    assert invoke(matrix, document) == [{"label": 0, "scores": [3, 0.25]}]


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": {"columns": ["b", "a"], "data": [[1, 2], [3, 4]]}},
        {"dataframe_records": [{"b": 1, "a": 2}, {"b": 3, "a": 4}]},
    ],
    ids=["split", "records"],
)
def test_columns_without_names_are_told_by_their_places(single, document):
    """A matrix that has no names takes a table's columns as they stand."""
    assert invoke(single, document) == [3, 7]


def test_a_table_without_columns_is_refused(single):
    """Rows of nothing are no table."""
    with pytest.raises(RequestError, match="has no columns"):
        invoke(single, {"dataframe_records": [{}]})


def test_a_table_of_another_width_is_refused(single):
    """Columns without names are counted at least."""
    with pytest.raises(RequestError, match="has 3 columns, and this model, which has no names"):
        invoke(single, {"dataframe_records": [{"a": 1, "b": 2, "c": 3}]})


def test_booleans_are_answered_as_such(matrix):
    """Classes that are booleans are JSON's own, as a label and as names of scores."""
    label = TensorSpec(name="label", datatype="INT64", shape=(-1,), labels=(False, True))
    scores = TensorSpec(name="scores", datatype="FP32", shape=(-1, 2), labels=(False, True))
    with_booleans = matrix.get().manifest.signature._replace(outputs=(label, scores))
    loaded = matrix.get()
    changed = loaded._replace(manifest=loaded.manifest._replace(signature=with_booleans))
    answer = predict(SimpleNamespace(get=lambda *_, **__: changed, names=("x",)), [OTHER])
    assert answer == [{"label": False, "scores": {"false": 3, "true": 0.25}}]


def test_a_single_output_goes_without_its_name(single):
    """Of one output the predictions are its values."""
    assert invoke(single, {"instances": [[1, 2], [3, 4]]}) == [3, 7]


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": {name: [value] for name, value in CELLS.items()}},
        {"instances": [CELLS]},
        {"inputs": {"age": [[30]], "city_name": [["Ulm"]], "vip": [True]}},
        {"instances": [{"age": [30], "city_name": ["Ulm"], "vip": True}]},
        {"instances": [{"age": 30, "city_name": "Ulm", "vip": True}]},
        {"inputs": {"age": [30], "city_name": ["Ulm"], "vip": [True]}},
    ],
    ids=["columns", "rows", "inputs", "rows of inputs", "values of inputs", "lists of inputs"],
)
def test_columns_that_are_inputs_go_by_either_name_in_any_form(columns, document):
    """Features named as MLflow's clients know them, or inputs as the model does, nested or not."""
    (told,) = invoke(columns, document)
    assert told == {"age_out": [30], "city_name_out": ["Ulm"], "vip_out": True}


UNEQUAL_COLUMNS = {
    "lengths": ({"width": [1, 2], "height": [1], "depth": [1, 2]}, "differ in their number of val"),
    "no list": ({"width": 1, "height": [1], "depth": [1]}, "column 'width' must be a list"),
    "empty": ({"width": [], "height": [], "depth": []}, "send at least one row"),
    "unknown": ({"width": [1], "height": [1], "size": [1]}, "unknown column 'size'"),
}


@pytest.mark.parametrize(
    ("columns", "message"), UNEQUAL_COLUMNS.values(), ids=UNEQUAL_COLUMNS.keys()
)
def test_columns_that_make_no_table_are_refused(matrix, columns, message):
    """Columns by name have a value for each row, all of them."""
    with pytest.raises(RequestError, match=message):
        invoke(matrix, {"inputs": columns})


def test_inputs_that_are_no_rows_are_answered_whole(totals):
    """Tensors in, tensors out: a model need not have rows to be asked by its inputs."""
    asked = {"inputs": {"scale": 1.0, "x": [[1, 2], [3, 4]]}}
    assert invoke(totals, asked) == {"total": 14, "echo": 1}


WRONG_FORMS = {
    "none of them": ({}, "exactly one of 'dataframe_split', 'dataframe_records', 'instances'"),
    "two of them": ({"inputs": [], "instances": []}, "it has 'instances', 'inputs'"),
    "parameters": ({"instances": [[1, 2, 3]], "params": {"a": 1}}, "params are for models"),
    "another key": ({"instances": [[1, 2, 3]], "a": 1}, "unknown key 'a' beside 'instances'"),
    "a list": ([], "must be a JSON object, not lists"),
    "split a list": ({"dataframe_split": []}, "dataframe_split must be an object, not lists"),
    "no columns": ({"dataframe_split": {"data": [[1]]}}, "needs columns, a list of names"),
    "columns twice": ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "twice"),
    "no data": ({"dataframe_split": {"columns": ["a"]}}, "needs data, a list of one list for each"),
    "short row": ({"dataframe_split": {"columns": ["a"], "data": [[1], []]}}, "row 1 of"),
    "no records": ({"dataframe_records": []}, "the records must be a list"),
}


@pytest.mark.parametrize(("document", "message"), WRONG_FORMS.values(), ids=WRONG_FORMS.keys())
def test_wrong_forms_are_refused(matrix, document, message):
    """What is none of the four forms is refused, saying what they are or what is wrong in it."""
    with pytest.raises(RequestError) as caught:
        invoke(matrix, document)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("kind", ["application/xml", "application/x-npy", "x" * 5_000])
def test_another_content_type_is_refused(matrix, kind):
    """Both dialects say what they read."""
    for ask in (predict, invoke):
        with pytest.raises(UnsupportedMedia, match="send application/json"):
            ask(matrix, b"", kind=kind)


def test_one_value_for_all_rows_is_no_column():
    """A model that takes a scalar is asked another way, which the error names."""
    scalar = TensorSpec(name="x", datatype="FP32", shape=())
    with pytest.raises(RequestError, match="a single value for all rows; ask the model through"):
        tensors_of(Signature(inputs=(scalar,), outputs=()), {"x": [1]}, Limits())


def test_a_ping_has_no_body(matrix):
    """A function that is ready says so by its status alone."""
    answer = invocations.answer(request("/ping", b"", method="GET"), Serving(matrix, 10))
    assert (answer.status, answer.body, answer.content_type) == (200, b"", "")


def test_the_header_names_a_model(matrix):
    """SageMaker's header for several models names one, and an unknown one is refused."""
    header = "x-amzn-sagemaker-target-model"
    document = {"instances": [[1, 2, 3]]}
    assert invoke(matrix, document, **{header: "breast-cancer"})
    with pytest.raises(UnknownModel):
        invoke(matrix, document, **{header: "other"})


@pytest.mark.parametrize(
    ("dialect", "path", "expected"),
    [
        (invocations, "/ping", ("GET",)),
        (invocations, "/invocations/", ("POST",)),
        (records, "/predict", ("POST",)),
        (records, "/predict/a", ("POST",)),
    ],
    ids=["ping", "invocations", "records", "records of a model"],
)
def test_a_path_answers_a_method(dialect, path, expected):
    """Each path of the dialects is known."""
    assert dialect.methods(path) == expected


@pytest.mark.parametrize(
    ("dialect", "path"),
    [(invocations, "/ping/a"), (invocations, "/invocations/a"), (records, "/predict/a/b"),
     (records, "/predict/a/../b")],
)  # fmt: skip
def test_another_path_is_unknown(dialect, path):
    """Any other path is unknown."""
    with pytest.raises(UnknownRoute):
        dialect.methods(path)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "BAD_REQUEST"), (404, "RESOURCE_DOES_NOT_EXIST"), (415, "BAD_REQUEST"),
     (500, "INTERNAL_ERROR"), (503, "TEMPORARILY_UNAVAILABLE")],
)  # fmt: skip
def test_errors_have_mlflows_codes(status, code):
    """An error has MLflow's code and the sentence."""
    told = orjson.loads(invocations.refusal(status, "x", "é"))
    assert told == {"error_code": code, "message": "é"}


@REPEATABLE
@given(value=_values)
def test_any_json_is_answered_or_refused(matrix, value):
    """Whatever JSON is sent, it is answered or is the request's error."""
    body = json.dumps(value).encode(errors="surrogatepass")
    for ask in (predict, invoke):
        with suppress(RequestError):
            ask(matrix, body)


@REPEATABLE
@given(
    rows=st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.text(max_size=6), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_a_table_comes_back_whatever_its_form(columns, rows):
    """The same rows as records, as pandas' split and as CSV get the same answers."""
    names = ["age", "city", "vip"]
    as_records = [dict(zip(names, row, strict=True)) for row in rows]
    told = predict(columns, as_records)
    assert [(row["age_out"][0], row["city_name_out"][0], row["vip_out"]) for row in told] == rows
    split = {"columns": names, "data": [list(row) for row in rows]}
    assert invoke(columns, {"dataframe_split": split}) == told
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    assert invoke(columns, text.getvalue().encode(), kind="text/csv") == told
