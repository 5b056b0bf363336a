"""SavedModels: one signature each, and no graph that acts outside without trust."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from coldpress.errors import LoadError, TrustError, UsageError
from coldpress.load import SavedModel, Source, load_model

CHECKPOINT = Path("never") / "written"
ROWS = np.ones((4, 3), dtype=np.float32)


class Plain(tf.Module):
    """A product with a variable."""

    def __init__(self):
        self.weights = tf.Variable(tf.ones((3, 2)))

    def __call__(self, x):
        """Answer rows."""
        return {"y": x @ self.weights}


class Reader(Plain):
    """The same, and the length of a file."""

    def __call__(self, x):
        """Answer rows."""
        length = tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)
        return {"y": x @ self.weights + length}


class Writer(Plain):
    """The same, and a file written from a branch."""

    def __call__(self, x):
        """Answer rows."""
        y = x @ self.weights
        tf.cond(tf.reduce_sum(y) > 0, lambda: tf.io.write_file(str(CHECKPOINT), "x"), tf.no_op)
        tf.print("seen")
        return {"y": y}


class Saver(Plain):
    """The same, and a checkpoint written on the way."""

    def __call__(self, x):
        """Answer rows."""
        tf.raw_ops.SaveV2(
            prefix=str(CHECKPOINT),
            tensor_names=["x"],
            shape_and_slices=[""],
            tensors=[x],
        )
        return {"y": x @ self.weights}


class Caller(Plain):
    """The same, by a function of Python."""

    def __call__(self, x):
        """Answer rows."""
        y = tf.py_function(lambda value: value, [x], tf.float32)
        return {"y": tf.ensure_shape(y, (None, 3)) @ self.weights}


class Lookup(Plain):
    """The same, and the lines of any file as answers."""

    def __call__(self, x):
        """Answer rows."""
        table = tf.raw_ops.HashTableV2(
            key_dtype=tf.int64, value_dtype=tf.string, shared_name="lines"
        )
        filled = tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=table, filename="/etc/hostname", key_index=-1, value_index=-2
        )
        with tf.control_dependencies([filled]):
            line = tf.raw_ops.LookupTableFindV2(
                table_handle=table, keys=tf.constant([0], tf.int64), default_value=""
            )
        return {"y": x @ self.weights, "line": line}


class Sampler(Plain):
    """The same, and a draw by the frequencies that stand in a file."""

    def __call__(self, x):
        """Answer rows."""
        drawn = tf.raw_ops.FixedUnigramCandidateSampler(
            true_classes=tf.constant([[0]], tf.int64), num_true=1, num_sampled=1, unique=False,
            range_max=1, vocab_file="/etc/hostname",
        )  # fmt: skip
        return {"y": x @ self.weights, "drawn": drawn[0]}


def written(model, folder, names=("serving_default",)):
    """A SavedModel's directory, with signatures."""
    spec = tf.TensorSpec((None, 3), tf.float32, name="x")
    concrete = tf.function(model.__call__).get_concrete_function(spec)
    tf.saved_model.save(model, str(folder), signatures=dict.fromkeys(names, concrete))
    return folder


def load(folder, **options):
    """What loading the directory gives."""
    return load_model(Source(path=str(folder), **options))


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        pytest.param(("serving_default", "b"), None, "serving_default", id="default"),
        pytest.param(("serving_default", "b"), "b", "b", id="named"),
        pytest.param(("only",), None, "only", id="only-one"),
    ],
)
def test_signatures_are_chosen(tmp_path, names, wanted, chosen):
    """The named signature is taken, or the default, or the only one; it needs no trust."""
    trained = load(written(Plain(), tmp_path / "m", names), signature=wanted)
    assert (trained.framework, trained.format) == ("tensorflow", "savedmodel")
    assert isinstance(trained.model, SavedModel)
    assert trained.model.signature_name == chosen
    answer = trained.model.function(x=tf.constant(ROWS))
    np.testing.assert_array_equal(answer["y"], ROWS @ np.ones((3, 2)))
    assert len(trained.sha256) == 64


def test_models_that_keras_exports_are_taken(tmp_path):
    """A Keras network exported as a SavedModel needs no trust either."""
    network = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)]
    )
    network.export(tmp_path / "m", verbose=False)
    function = load(tmp_path / "m").model.function
    (answer,) = function(tf.constant(ROWS)).values()
    np.testing.assert_allclose(answer, network.predict(ROWS, verbose=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "operators"),
    [
        pytest.param(Reader, {"ReadFile"}, id="reads"),
        pytest.param(Writer, {"WriteFile", "PrintV2"}, id="writes-in-a-branch"),
        pytest.param(Saver, {"SaveV2"}, id="saves"),
        pytest.param(Caller, {"EagerPyFunc"}, id="calls-python"),
        pytest.param(Lookup, {"InitializeTableFromTextFileV2"}, id="fills-a-table-from-a-file"),
        pytest.param(Sampler, {"FixedUnigramCandidateSampler"}, id="draws-by-a-file"),
    ],
)
def test_graphs_that_act_outside_need_trust(tmp_path, kind, operators):
    """A graph that reads, writes or prints is refused with its operators, and read with trust."""
    folder = written(kind(), tmp_path / "m")
    with pytest.raises(TrustError, match="can act outside the model") as caught:
        load(folder)
    assert set(caught.value.names) == operators
    assert load(folder, trust=True).framework == "tensorflow"


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        pytest.param(lambda folder: (folder / "saved_model.pb").unlink(), LoadError,
                     "without a readable saved_model.pb", id="no-graph"),
        pytest.param(lambda folder: (folder / "saved_model.pb").write_bytes(b""), LoadError,
                     "an empty saved_model.pb", id="empty-graph"),
        pytest.param(lambda folder: (folder / "saved_model.pb").write_bytes(b"\xff" * 50),
                     LoadError, "is damaged, or is none", id="junk"),
        pytest.param(lambda folder: shutil.rmtree(folder / "variables"), LoadError,
                     "can't be read as a SavedModel", id="no-variables"),
    ],
)  # fmt: skip
def test_damaged_directories_are_explained(tmp_path, change, error, said):
    """Each gets one sentence."""
    folder = written(Plain(), tmp_path / "m")
    change(folder)
    with pytest.raises(error, match=said) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_unknown_signatures_list_what_there_is(tmp_path):
    """A signature that is not there is answered with those that are."""
    folder = written(Plain(), tmp_path / "m", ("a", "b"))
    for wanted in (None, "c"):
        with pytest.raises(UsageError, match="choose one of 'a', 'b'"):
            load(folder, signature=wanted)


def changed(folder, change):
    """Write a SavedModel's graph again after a change to its message."""
    message = saved_model_pb2.SavedModel()
    message.ParseFromString((folder / "saved_model.pb").read_bytes())
    change(message)
    (folder / "saved_model.pb").write_bytes(message.SerializeToString())


def with_writing_twin(message):
    """A second graph that is as good as the first one and writes a file."""
    twin = message.meta_graphs.add()
    twin.CopyFrom(message.meta_graphs[0])
    twin.ClearField("object_graph_def")
    twin.graph_def.node.add(name="w", op="WriteFile")
    message.meta_graphs[0].meta_info_def.tags.append("other")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(with_writing_twin, id="two-graphs"),
        pytest.param(lambda m: m.meta_graphs[0].meta_info_def.tags.append("gpu"), id="two-tags"),
    ],
)
@pytest.mark.parametrize("trust", [False, True], ids=["untrusted", "trusted"])
def test_only_one_graph_is_taken(tmp_path, change, trust):
    """Of several graphs TensorFlow might run another than was looked at, so there is only one."""
    folder = written(Plain(), tmp_path / "m")
    changed(folder, change)
    with pytest.raises(LoadError, match="has several graphs, or further tags"):
        load(folder, trust=trust)


def test_functions_named_like_operators_hide_nothing(tmp_path):
    """An operator that acts is told even where a function of the graph has its name."""
    field = "library"  # GraphDef's own functions

    def shadow(message):
        functions = getattr(message.meta_graphs[0].graph_def, field).function
        functions.add().signature.name = "WriteFile"
        functions[0].node_def.add(name="w", op="WriteFile")

    folder = written(Plain(), tmp_path / "m")
    changed(folder, shadow)
    with pytest.raises(TrustError, match="WriteFile"):
        load(folder)


@pytest.mark.parametrize("moved", ["variables", "variables/variables.index"])
def test_links_are_refused(tmp_path, moved):
    """What lies behind a link could be other weights under the same digest."""
    folder = written(Plain(), tmp_path / "m")
    (folder / moved).rename(tmp_path / "elsewhere")
    (folder / moved).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LoadError, match=f"has a link in it, '{moved}'"):
        load(folder)
