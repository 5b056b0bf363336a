"""PyTorch's files: programs for those who trust them, and what to do with everything else."""

import io
import os
import warnings
import zipfile

import pytest
import torch

from coldpress.errors import LoadError, TrustError
from coldpress.load import TorchModel, load_model, model_of


class Net(torch.nn.Module):
    """Two numbers for three, half of which are left out in training."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Answer rows."""
        return self.dropout(self.linear(x))


NET = Net().eval()
ROWS = torch.ones(4, 3)


class Attack:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def exported():
    """A `.pt2` archive's bytes."""
    rows = {"x": {0: torch.export.Dim("rows")}}
    file = io.BytesIO()
    torch.export.save(torch.export.export(NET, (ROWS,), dynamic_shapes=rows), file)
    return file.getvalue()


def changed(data, part, content):
    """An archive with a member's content replaced."""
    source = zipfile.ZipFile(io.BytesIO(data))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for member in source.namelist():
            archive.writestr(member, content if part in member else source.read(member))
    return written.getvalue()


def saved(value, **options):
    """What `torch.save` writes."""
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def scripted():
    """A TorchScript archive's bytes."""
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(NET), file)
    return file.getvalue()


@pytest.fixture(scope="module")
def files():
    """Files of every kind, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TorchScript, which is deprecated
        return {"model.pt2": exported(), "model.pt": scripted(), "model.ts": scripted()}


@pytest.mark.parametrize("name", ["model.pt2", "model.pt", "model.ts"])
def test_programs_need_trust(tmp_path, files, name):
    """A program is refused with what it names, and answers like the module with trust."""
    path = tmp_path / name
    path.write_bytes(files[name])
    with pytest.raises(TrustError, match="allow it with --trust") as caught:
        load_model(path)
    assert "torch._utils._rebuild_tensor_v2" in caught.value.names
    assert not caught.value.complete
    model = load_model(path, trust=True).model
    assert isinstance(model, TorchModel)
    module = model.module.module() if name == "model.pt2" else model.module
    torch.testing.assert_close(module(ROWS), NET(ROWS))
    assert (model.example is not None) == (name == "model.pt2")


def test_hostile_archives_run_nothing(tmp_path, files):
    """An archive with a pickle that runs a command is refused with the command's name."""
    proof = tmp_path / "ran"
    path = tmp_path / "model.pt2"
    path.write_bytes(changed(files["model.pt2"], "sample_inputs", saved(Attack(proof))))
    with pytest.raises(TrustError, match=r"posix\.system"):
        load_model(path)
    assert not proof.exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("m.pt", saved(NET.state_dict()), "holds weights without their model; name "
                     "the function", id="state-dict"),
        pytest.param("m.pth", saved(NET), r"a pickle that names", id="module"),
        pytest.param("m.pt", saved(NET, _use_new_zipfile_serialization=False),
                     "write the model with torch.export.save", id="old-module"),
        pytest.param("m.pt2", saved(NET), "holds no exported program", id="module-as-program"),
        pytest.param("m.pt", b"junk", "no file that PyTorch writes", id="junk"),
        pytest.param("m.ts", b"PK\3\4junk", "no archive that PyTorch writes", id="junk-zip"),
    ],
)  # fmt: skip
def test_other_files_are_explained(tmp_path, name, content, said):
    """What is no program says how to write one, trusted or not, and is not read."""
    (tmp_path / name).write_bytes(content)
    for trust in (False, True):
        with pytest.raises(LoadError) as caught:
            load_model(tmp_path / name, trust=trust)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_pickled_modules_run_nothing(tmp_path):
    """A hostile pickle as .pt is refused whatever is trusted, and never read."""
    proof = tmp_path / "ran"
    path = tmp_path / "model.pt"
    path.write_bytes(saved(Attack(proof)))
    for trust in (False, True):
        with pytest.raises(LoadError, match=r"a pickle that names posix\.system"):
            load_model(path, trust=trust)
    assert not proof.exists()


def nested_bomb():
    """An archive in an archive that is a thousandth of what it would unpack to."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(3):
            with archive.open(f"{index}.pkl", "w") as member:
                for _ in range(96):
                    member.write(bytes(1 << 20))
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("m/models/m.pt", inner.getvalue())
    return outer.getvalue()


def many_inner_archives():
    """An archive of many, each of which is harmless by itself."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pkl", bytes(30 << 20))
    with zipfile.ZipFile(outer, "w") as archive:
        for index in range(10):
            archive.writestr(f"m/models/{index}.pt", inner.getvalue())
    return outer.getvalue()


@pytest.mark.parametrize("make", [nested_bomb, many_inner_archives])
def test_archives_inside_are_no_bombs(tmp_path, make):
    """What lies in archives inside the archive is bounded too, and nobody has trusted it yet."""
    (tmp_path / "m.pt2").write_bytes(make())
    with pytest.raises(LoadError, match="as a zip bomb does"):
        load_model(tmp_path / "m.pt2")


def test_damaged_programs_are_explained(tmp_path, files):
    """A program whose graph was changed is refused in one sentence."""
    path = tmp_path / "model.pt2"
    path.write_bytes(changed(files["model.pt2"], "models/model.json", b"{}"))
    with pytest.raises(LoadError, match=r"^model\.pt2 can't be read by PyTorch") as caught:
        load_model(path, trust=True)
    assert "\n" not in str(caught.value)


def test_live_modules_keep_their_mode():
    """A live module is taken as it is; the exporter puts it into inference mode and back."""
    module = Net().train()
    trained = model_of(module)
    assert trained.framework == "torch"
    assert trained.model.module.training
