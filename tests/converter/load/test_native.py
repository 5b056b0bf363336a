"""Native files of boosters, skops and PyTorch: what is read without trust, and what is not."""

import json
import pickle
import warnings
import zipfile

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.errors import LoadError, TrustError, UsageError
from coldpress.load import Source, load_model, model_of

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 3))
LABELS = (ROWS[:, 0] > 0).astype(int)


class Touches:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        """Call Python's open when it is read."""
        return open, (self.path, "w")


def loaded(path, **more):
    """The trained model of a file."""
    return load_model(Source(path=str(path), **more))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of each native format, by suffix."""
    import catboost
    import lightgbm
    import skops.io
    import xgboost

    folder = tmp_path_factory.mktemp("native")
    small = {"n_estimators": 3}
    booster = xgboost.XGBClassifier(**small).fit(ROWS, LABELS)
    booster.save_model(folder / "m.json")
    booster.save_model(folder / "m.ubj")
    lightgbm.LGBMClassifier(**small, verbose=-1).fit(ROWS, LABELS).booster_.save_model(
        folder / "m.txt"
    )
    cat = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False)
    cat.fit(ROWS, LABELS).save_model(folder / "m.cbm")
    skops.io.dump(LogisticRegression().fit(ROWS, LABELS), folder / "m.skops")
    return {path.suffix: path for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("suffix", "framework", "kind"),
    [
        (".json", "xgboost", "XGBClassifier"),
        (".ubj", "xgboost", "XGBClassifier"),
        (".txt", "lightgbm", "Booster"),
        (".cbm", "catboost", "CatBoostClassifier"),
        (".skops", "scikit-learn", "LogisticRegression"),
    ],
)
def test_native_files_need_no_trust(files, suffix, framework, kind):
    """Formats that run no code are read at once, and the model is what it was."""
    trained = loaded(files[suffix])
    assert (trained.framework, trained.format) == (framework, suffix[1:])
    assert type(trained.model).__name__ == kind
    assert trained.size == files[suffix].stat().st_size
    assert len(trained.model.predict(ROWS)) == len(ROWS)


@pytest.mark.parametrize("suffix", [".json", ".ubj", ".txt", ".cbm", ".skops"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda data: data[: len(data) // 4], id="cut-short"),
        pytest.param(lambda _: b"\x89HDF\r\n\x1a\n" + bytes(100), id="renamed"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda data: b"\x00" * len(data), id="zeros"),
    ],
)
def test_damaged_files_are_explained(files, tmp_path, suffix, content):
    """A file that is not what its suffix says is refused in one sentence."""
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content(files[suffix].read_bytes()))
    with pytest.raises(LoadError, match=r"^broken\.") as caught:
        loaded(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("document", [{}, [], {"learner": 3}, {"learner": {}}], ids=json.dumps)
def test_other_json_is_no_booster(tmp_path, document):
    """JSON of something else is refused."""
    path = tmp_path / "m.json"
    path.write_text(json.dumps(document))
    with pytest.raises(LoadError, match=r"m\.json"):
        loaded(path)


def test_unsafe_types_in_skops_need_trust(tmp_path):
    """A type that skops doesn't know is listed, and nothing of it is made."""
    import skops.io

    path = tmp_path / "m.skops"
    skops.io.dump({"model": Touches(str(tmp_path / "canary"))}, path)
    with pytest.raises(TrustError, match="types that skops does not know to be safe") as caught:
        loaded(path)
    assert caught.value.names
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("suffix", [".keras", ".skops", ".pt2", ".pt"])
@pytest.mark.parametrize("member", ["plenty", "../above", "/absolute"])
def test_archives_are_checked_before_they_are_read(tmp_path, suffix, member):
    """A bomb, and a member that leaves the folder, are told from the table of contents."""
    path = tmp_path / f"bomb{suffix}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        size = 300 * 1024**2 if member == "plenty" else 10
        archive.writestr(member, bytes(size))
    with pytest.raises(LoadError, match="zip bomb|leaves the archive's folder"):
        loaded(path)


@pytest.fixture(scope="module")
def torch_files(tmp_path_factory):
    """A small network as an archive, TorchScript, weights, and a pickled module."""
    import torch

    folder = tmp_path_factory.mktemp("torch")
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()).eval()
    rows = (torch.zeros(2, 3),)
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    torch.export.save(torch.export.export(net, rows, dynamic_shapes=dynamic), folder / "net.pt2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and files of it are about
        torch.jit.save(torch.jit.trace(net, rows), folder / "script.pt")
    torch.save(net.state_dict(), folder / "weights.pt")
    torch.save(net, folder / "whole.pt")
    from safetensors.torch import save_file

    save_file(net.state_dict(), folder / "weights.safetensors")
    (folder / "nets.py").write_text(
        "import torch\n"
        "def build():\n    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())\n"
        "def wide():\n    return torch.nn.Linear(9, 2)\n"
        "def nothing():\n    return 3\n"
        "def fails():\n    raise RuntimeError('no net today')\n"
    )
    return folder


def test_archives_of_torch(torch_files):
    """A plain archive needs no trust; its example comes with it."""
    trained = loaded(torch_files / "net.pt2")
    assert (trained.framework, trained.format) == ("torch", "pt2")
    assert trained.model.example[0].shape == (2, 3)


@pytest.mark.parametrize(
    ("member", "change", "named"),
    [
        pytest.param("model_weights_config.json", lambda t: t.replace('"use_pickle": false',
                     '"use_pickle": true'), "weights that are pickled", id="pickled-weights"),
        pytest.param("models/model.json", lambda t: t.replace("torch.ops.aten.linear.default",
                     "os.system"), "os.system", id="target"),
        pytest.param("models/model.json", lambda t: t.replace("Symbol('", "__import__('"),
                     "the expression", id="expression"),
    ],
)  # fmt: skip
def test_archives_that_could_run_code_need_trust(torch_files, tmp_path, member, change, named):
    """What torch would unpickle, evaluate or call is found before torch reads the archive."""
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(torch_files / "net.pt2") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(member):
                changed = change(data.decode())
                assert changed != data.decode()
                data = changed.encode()
            new.writestr(name, data)
    with pytest.raises(TrustError, match="can run code") as caught:
        loaded(path)
    assert any(named in name for name in caught.value.names)


def test_a_pickle_in_an_archive_never_runs(torch_files, tmp_path):
    """An archive whose example names a global is refused, and the global is not called."""
    path, canary = tmp_path / "net.pt2", tmp_path / "canary"
    with zipfile.ZipFile(torch_files / "net.pt2") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            evil = name.endswith("sample_inputs/model.pt")
            new.writestr(name, pickle.dumps(Touches(str(canary))) if evil else old.read(name))
    with pytest.raises(TrustError, match=r"io\.open"):
        loaded(path)
    assert not canary.exists()


def test_torchscript_needs_trust(torch_files):
    """TorchScript is a program: it is read with trust only."""
    with pytest.raises(TrustError, match="TorchScript"):
        loaded(torch_files / "script.pt")
    assert loaded(torch_files / "script.pt", trust=True).framework == "torch"


@pytest.mark.parametrize(
    ("name", "said"),
    [("weights.pt", "weights without their model"), ("whole.pt", "is a pickled module")],
    ids=["weights", "module"],
)
def test_other_files_of_torch_say_what_to_do(torch_files, name, said):
    """Weights alone, and a pickled module, are told apart without being read."""
    with pytest.raises(LoadError, match=said):
        loaded(torch_files / name, trust=True)


@pytest.mark.parametrize("weights", ["weights.pt", "weights.safetensors"])
def test_factories(torch_files, monkeypatch, weights):
    """A function builds the module, and the weights come from a file that runs no code."""
    monkeypatch.syspath_prepend(torch_files)
    import torch

    path = str(torch_files / weights)
    built = loaded("nets:build", trust=True, weights=path).model.module
    kept = torch.load(torch_files / "weights.pt", weights_only=True)
    assert not built.training
    assert torch.equal(built.state_dict()["0.weight"], kept["0.weight"])


@pytest.mark.parametrize(
    ("factory", "weights", "error", "said"),
    [
        pytest.param("nets:wide", "weights.pt", LoadError, "not those of the model", id="weights"),
        pytest.param("nets:build", "whole.pt", LoadError, "more than tensors", id="pickled"),
        pytest.param("nets:build", "nets.py", UsageError, "safetensors file, or", id="suffix"),
        pytest.param("nets:build", "none.pt", UsageError, "none.pt", id="no-such-file"),
        pytest.param("nets:nothing", None, LoadError, "builtins.int", id="no-model"),
        pytest.param("nets:fails", None, LoadError, "no net today", id="raises"),
        pytest.param("nets:unknown", None, UsageError, "no 'unknown'", id="no-function"),
        pytest.param("no_such_module:f", None, UsageError, "no module", id="no-module"),
    ],
)
def test_factories_that_fail_are_explained(torch_files, monkeypatch, factory, weights, error, said):
    """Whatever is wrong with a factory or its weights is one sentence."""
    monkeypatch.syspath_prepend(torch_files)
    path = str(torch_files / weights) if weights else None
    with pytest.raises(error, match=said):
        loaded(factory, trust=True, weights=path)


def test_factories_need_trust():
    """A function is not called unless somebody said that it may."""
    with pytest.raises(TrustError, match="a function of your own"):
        loaded("antigravity:fly")


def test_objects_of_every_framework_are_told():
    """A live object's framework is that of its nearest ancestor."""
    import torch
    import xgboost

    class Own(torch.nn.Module):
        pass

    booster = xgboost.XGBRegressor(n_estimators=2).fit(ROWS, ROWS[:, 0])
    found = [model_of(model).framework for model in (booster, booster.get_booster(), Own())]
    assert found == ["xgboost", "xgboost", "torch"]


def test_saved_models(tmp_path):
    """A SavedModel's signature is chosen, and one that writes files needs trust."""
    import tensorflow as tf

    class Doubling(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def twice(self, x):
            return {"y": x * 2}

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def writing(self, x):
            tf.io.write_file("canary", "x")
            return {"y": x}

    module = Doubling()
    tf.saved_model.save(module, tmp_path / "one", signatures={"twice": module.twice})
    both = {"twice": module.twice, "again": module.twice}
    tf.saved_model.save(module, tmp_path / "two", signatures=both)
    plain = Doubling()
    del Doubling.writing
    tf.saved_model.save(plain, tmp_path / "plain", signatures={"a": plain.twice, "b": plain.twice})
    with pytest.raises(TrustError, match="WriteFile"):
        loaded(tmp_path / "one")
    assert loaded(tmp_path / "one", trust=True).model.signature == "twice"
    assert loaded(tmp_path / "plain", signature="b").framework == "tensorflow"
    with pytest.raises(UsageError, match="several signatures; name one of a, b"):
        loaded(tmp_path / "plain")
    with pytest.raises(UsageError, match="no signature 'c'"):
        loaded(tmp_path / "plain", signature="c")
    with pytest.raises(UsageError, match="no SavedModel"):
        loaded(tmp_path)
