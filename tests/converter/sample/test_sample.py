"""Samples of every kind, and what is wrong with the bad ones."""

import numpy as np
import pandas as pd
import pytest

from coldpress.errors import SampleError, UsageError
from coldpress.sample import MOST_ROWS, Sample, read_sample

FRAME = pd.DataFrame({"age": [20, 30, 40], "city": ["Ulm", "Bonn", "Ulm"]})


@pytest.fixture
def write(tmp_path):
    """A function that writes a file and returns its path."""

    def write_file(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif isinstance(content, dict):
            np.savez(path, **content)
        elif isinstance(content, np.ndarray):
            np.save(path, content)
        elif name.lower().endswith(".csv"):
            content.to_csv(path, index=False)
        else:
            content.to_parquet(path)
        return path

    return write_file


@pytest.mark.parametrize("name", ["s.csv", "s.parquet", "S.CSV"])
def test_reads_tables(write, name):
    """A table comes back with its columns and rows."""
    sample = read_sample(write(name, FRAME))
    pd.testing.assert_frame_equal(sample.frame, pd.DataFrame(FRAME), check_dtype=False)


def test_reads_one_array(write):
    """An .npy file is one array without a name."""
    sample = read_sample(write("s.npy", np.eye(3)))
    assert sample.columns == ("",)
    assert sample.rows == 3


def test_reads_named_arrays(write):
    """An .npz file is arrays by name."""
    sample = read_sample(write("s.npz", {"left": np.eye(3), "right": np.arange(3)}))
    assert sample.columns == ("left", "right")
    assert sample.rows == 3


def test_byte_order_mark_is_no_column_name(write):
    """A spreadsheet's mark at the start of the file is not part of the first name."""
    assert read_sample(write("s.csv", b"\xef\xbb\xbfa,b\n1,2\n")).columns == ("a", "b")


def test_quoted_line_breaks_are_one_row(write):
    """A line break inside quotes does not make a file ragged."""
    sample = read_sample(write("s.csv", 'a,b\n"one\ntwo",2\n\n'))
    assert sample.frame["a"].tolist() == ["one\ntwo"]


def test_counted_headers_are_names(write):
    """A header that counts up from 0, as pandas writes it for a plain matrix, is one."""
    matrix = pd.DataFrame(np.arange(6.0).reshape(2, 3))
    sample = read_sample(write("s.csv", matrix))
    assert sample.columns == ("0", "1", "2")
    assert sample.frame.to_numpy().tolist() == matrix.to_numpy().tolist()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        pytest.param(["DE", "NA", "None"], ["DE", "NA", "None"], id="words"),
        pytest.param(["null", "nan", "x"], ["null", "nan", "x"], id="more-words"),
        pytest.param(["DE", "", "NA"], ["DE", None, "NA"], id="empty-among-words"),
        pytest.param(["1.5", "NA", "NaN"], [1.5, None, None], id="numbers"),
        pytest.param(["1", "", "2"], [1.0, None, 2.0], id="empty-among-numbers"),
        pytest.param(["inf", "-1", "nan"], [np.inf, -1.0, None], id="infinity"),
    ],
)
def test_words_stay_words(write, cells, values):
    """Empty cells are missing everywhere, and spellings of NaN among numbers only."""
    rows = "".join(f"{cell},1\n" for cell in cells)
    read = read_sample(write("s.csv", f"a,b\n{rows}")).frame["a"]
    found = zip(read, read.isna(), strict=True)
    assert [None if missing else cell for cell, missing in found] == values


def test_words_are_the_same_from_either_format(write):
    """A table with a country called NA is the same sample as CSV and as Parquet."""
    table = pd.DataFrame({"country": ["DE", "NA", "FR"], "size": [1.0, np.nan, 2.0]})
    samples = [read_sample(write(name, table)).frame for name in ("s.csv", "s.parquet")]
    pd.testing.assert_frame_equal(*samples, check_dtype=False)


def test_drops_columns(write):
    """Columns to drop are gone."""
    assert read_sample(write("s.csv", FRAME), drop=("city",)).columns == ("age",)


def test_long_samples_are_thinned_evenly():
    """At most 10,000 rows stay, the first and the last among them, always the same."""
    sample = Sample.of(np.arange(25_001)[:, None]).capped()
    rows = sample.arrays[""][:, 0]
    assert sample.rows == MOST_ROWS
    assert (rows[0], rows[-1]) == (0, 25_000)
    assert set(np.diff(rows)) == {2, 3}


OBJECTS = np.array([{"a": 1}], dtype=object)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("s.csv", b"", "s.csv is empty", id="empty"),
        pytest.param("s.csv", "\n\n", "s.csv is empty", id="blank"),
        pytest.param("s.csv", "a,b\n", "has no rows", id="header-only"),
        pytest.param("s.csv", "1.5,2\n3,4\n", "has no header", id="headerless"),
        pytest.param("s.csv", "1,2,3\n4,5,6\n", "has no header", id="counted-from-1"),
        pytest.param("s.csv", "0,1.0\n2,3\n", "has no header", id="counted-in-fractions"),
        pytest.param("s.csv", "a,b\n1,2\n1,2,3\n", "row 3 has 3 fields", id="row-too-long"),
        pytest.param("s.csv", "a,b\n1,2\n1\n", "row 3 has 1 fields", id="row-too-short"),
        pytest.param("s.csv", "a,b\n1,2,3\n4,5,6\n", "row 2 has 3 fields", id="header-too-short"),
        pytest.param("s.csv", "a,a\n1,2\n", "more than one column named 'a'", id="same-names"),
        pytest.param("s.csv", "a;b\n1;2\n", "separated by ';'", id="semicolons"),
        pytest.param("s.csv", b"a,b\n\xff\xfe,2\n", "not text in UTF-8", id="not-text"),
        pytest.param("s.csv", b"PAR1\x00\x01", "s.csv", id="binary"),
        pytest.param("s.parquet", b"a,b\n1,2\n", "no Parquet file", id="not-parquet"),
        pytest.param("s.npy", b"a,b\n1,2\n", "no .npy file", id="not-npy"),
        pytest.param("s.npz", b"PK\x03\x04", "no .npz file", id="broken-zip"),
        pytest.param("s.npy", np.array(1.0), "a single value", id="scalar"),
        pytest.param("s.npy", np.zeros((0, 3)), "has no rows", id="no-rows"),
        pytest.param("s.npy", np.zeros(3, complex), "has the type complex", id="complex"),
        pytest.param("s.npy", OBJECTS, "holds Python objects", id="npy-objects"),
        pytest.param("s.npz", {"a": OBJECTS}, "holds Python objects", id="npz-objects"),
        pytest.param("s.npz", {"a": np.eye(2), "b": np.eye(3)}, "differ in length", id="lengths"),
    ],
)
def test_bad_files_are_explained(write, name, content, said):
    """A file that is no sample gets one sentence that names it, and status 2."""
    with pytest.raises(SampleError) as caught:
        read_sample(write(name, content))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_truncated_arrays_are_explained(write):
    """An array cut short is not read as far as it goes."""
    path = write("s.npy", np.arange(1000))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(SampleError, match=r"no \.npy file"):
        read_sample(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("s.xlsx", "ending in .csv, .parquet, .npy, .npz", id="suffix"),
        pytest.param("gone.csv", "can't read the sample", id="missing"),
    ],
)
def test_misuse_is_explained(tmp_path, name, said):
    """A file of another kind, or none at all, is misuse."""
    with pytest.raises(UsageError, match=said):
        read_sample(tmp_path / name)


@pytest.mark.parametrize(
    ("drop", "said"),
    [
        pytest.param(("label",), "no column 'label' to drop; it has 'age', 'city'", id="unknown"),
        pytest.param(("age", "city"), "no columns left", id="all"),
    ],
)
def test_bad_drops_are_explained(write, drop, said):
    """What can't be dropped is named."""
    with pytest.raises(SampleError, match=said):
        read_sample(write("s.csv", FRAME), drop=drop)


def test_labels_of_no_column_are_explained(write):
    """A column of labels that is not there is told as one of labels."""
    with pytest.raises(SampleError, match="no column 'truth' for the labels; it has 'age', 'city'"):
        read_sample(write("s.csv", FRAME)).labelled("truth")


@pytest.mark.parametrize(
    "data", [pytest.param([[1.0]], id="list"), pytest.param({"a": [1]}, id="lists-by-name")]
)
def test_other_objects_are_refused(data):
    """A live sample is a table or arrays, nothing that would have to be guessed."""
    with pytest.raises(SampleError, match="give a DataFrame, a numpy array"):
        Sample.of(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pd.DataFrame({"a": [None, None], "b": [np.nan, np.nan]}), id="table"),
        pytest.param(np.full((3, 2), np.nan), id="array"),
        pytest.param({"a": np.full(2, np.nan), "b": np.full((2, 4), np.nan)}, id="arrays"),
    ],
)
def test_nothing_but_gaps_is_refused(data):
    """Rows without a single value would prove nothing."""
    with pytest.raises(SampleError, match="every value of the sample is missing; give it"):
        Sample.of(data).check_values()


def test_what_keeps_its_values_in_an_array_is_one():
    """Tensors, one that has a gradient too, and a column of a table."""
    tensor = pytest.importorskip("torch").ones((2, 3), requires_grad=True)
    taken = Sample.of({"x": tensor, "words": pd.Series(["a", "b"])}).arrays
    assert taken["x"].tolist() == [[1.0] * 3] * 2
    assert taken["words"].tolist() == ["a", "b"]


def test_zip_bombs_are_refused(tmp_path):
    """An .npz that would unpack to a thousand times its size is refused before it is read."""
    path = tmp_path / "rows.npz"
    np.savez_compressed(path, x=np.zeros((300, 2**17)))
    with pytest.raises(SampleError, match=r"rows\.npz is .* as a zip bomb does"):
        read_sample(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["s.csv", "s.parquet", "s.npy", "s.npz"])
def test_damaged_samples_give_errors_of_ours(write, name):
    """However a sample's bytes are cut off or changed, it is read or one sentence says why not."""
    content = {".npy": np.eye(4), ".npz": {"a": np.eye(4), "b": np.arange(4)}}.get(name[1:], FRAME)
    path = write(name, content)
    whole, chance = path.read_bytes(), np.random.default_rng(len(name))
    for index in range(150):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 2, 8])):
            changed[chance.integers(len(changed))] = chance.integers(256)
        if index % 4 == 0:
            del changed[chance.integers(1, len(changed)) :]
        path.write_bytes(changed)
        try:
            read_sample(path)
        except UsageError as error:
            # A sentence, whichever of the readers said why.
            assert "\n" not in str(error)  # noqa: PT017 - it may be read as well


def test_damaged_compression_is_explained(tmp_path):
    """Packed arrays whose data are damaged are no traceback of zlib's."""
    path = tmp_path / "s.npz"
    np.savez_compressed(path, a=np.zeros((100, 100)))
    data = bytearray(path.read_bytes())
    data[50:60] = b"\xff" * 10
    path.write_bytes(data)
    with pytest.raises(SampleError, match=r"s\.npz is no \.npz file that can be read"):
        read_sample(path)
