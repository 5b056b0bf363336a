"""Laying a project down: whole or not at all, and nothing of the user's replaced."""

import json
import re
import shutil

import pytest

from coldpress.bundle import Bundle
from coldpress.errors import BundleError, UsageError
from coldpress.registry import publish
from coldpress.resources import resource
from coldpress.scaffold import infrastructure, lay_down, stack_name

DEPLOYED = {"sam": "template.yaml", "serverless": "serverless.yml"}


@pytest.mark.parametrize("tool", ["sam", "serverless"])
def test_a_project_of_one_s_own_model(make_bundle, tmp_path, tool):
    """The bundle is in it, verified, with what deploys it and what tests it."""
    bundle = make_bundle()
    (bundle.path / "notes.txt").write_text("the user's own")
    project = lay_down(tmp_path / "api", tool=tool, model=str(bundle.path))
    folder = tmp_path / "api"
    assert project.model == "churn"
    assert Bundle.open(folder / "model").digest == bundle.digest
    assert not (folder / "model" / "notes.txt").exists()
    assert {DEPLOYED[tool], "Makefile", "README.md", "tests/test_model.py", ".gitignore"} <= set(
        project.files
    )
    assert all((folder / name).is_file() for name in project.files)
    assert not (folder / "train.py").exists()


@pytest.mark.parametrize("tool", ["sam", "serverless"])
def test_nothing_in_it_points_to_where_it_came_from(make_bundle, tmp_path, tool):
    """Every path of the templates is one of the project."""
    lay_down(tmp_path / "api", tool=tool, model=str(make_bundle().path))
    text = (tmp_path / "api" / DEPLOYED[tool]).read_text("utf-8")
    assert "../" not in text
    assert "build/function.zip" in text
    named = re.findall(r"file\(([^)]+)\)", text)
    assert all((tmp_path / "api" / name).is_file() for name in named)
    assert bool(named) is (tool == "serverless")


@pytest.mark.parametrize(
    ("tool", "own"), [("sam", {"infra/sam/image.yaml"}), ("serverless", set())]
)
def test_what_an_image_takes(make_bundle, tmp_path, tool, own):
    """The Dockerfile, and SAM's template for it, where they are asked for; paths of the project."""
    model = str(make_bundle().path)
    without = lay_down(tmp_path / "zip", tool=tool, model=model)
    files = lay_down(tmp_path / "image", tool=tool, model=model, image=True).files
    container = {"infra/container/Dockerfile", "infra/container/Dockerfile.dockerignore"}
    assert set(files) - set(without.files) == own | container
    for name in own:
        assert "../" not in (tmp_path / "image" / name).read_text("utf-8")
    for name, word in (("Makefile", "\nimage: "), ("README.md", "`make image`")):
        assert word in (tmp_path / "image" / name).read_text("utf-8")
        assert word not in (tmp_path / "zip" / name).read_text("utf-8")


def test_a_published_model(make_bundle, tmp_path, store_root):
    """A model URI is fetched into the project, as the version that it is."""
    bundle = make_bundle()
    publish(bundle, store_root, channel="live")
    lay_down(tmp_path / "api", model=f"{store_root}/churn@live")
    assert Bundle.open(tmp_path / "api" / "model").digest == bundle.digest


def test_what_is_there_stays(make_bundle, tmp_path):
    """Into a folder with other files the project comes beside them."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("own")
    lay_down(tmp_path, model=str(make_bundle().path))
    assert (tmp_path / "tests" / "test_own.py").read_text() == "own"
    assert (tmp_path / "tests" / "test_model.py").is_file()


def test_a_repository_s_first_files_stay(make_bundle, tmp_path):
    """A README.md and a .gitignore that are there are kept, and told."""
    for name in ("README.md", ".gitignore"):
        (tmp_path / name).write_text("own")
    project = lay_down(tmp_path, model=str(make_bundle().path))
    assert project.kept == (".gitignore", "README.md")
    assert not set(project.kept) & set(project.files)
    assert [(tmp_path / name).read_text() for name in project.kept] == ["own", "own"]


@pytest.mark.parametrize("name", ["Makefile", "template.yaml", "model", "tests/test_model.py"])
def test_nothing_is_replaced(make_bundle, tmp_path, name):
    """A file of that name is the user's: it is named, and nothing at all is written."""
    folder = tmp_path / "api"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("own")
    with pytest.raises(UsageError, match=rf"{name} is there already and is left alone"):
        lay_down(folder, model=str(make_bundle().path))
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [name.split("/")[-1]]
    assert (folder / name).read_text() == "own"


def test_a_file_in_the_way(make_bundle, tmp_path):
    """A project needs a directory."""
    (tmp_path / "api").write_text("own")
    with pytest.raises(UsageError, match="api is a file; name a directory"):
        lay_down(tmp_path / "api", model=str(make_bundle().path))


def test_a_bundle_is_no_place_for_a_project(make_bundle):
    """Who names the bundle in the project's place is told how to say it."""
    bundle = make_bundle().path
    before = sorted(bundle.iterdir())
    with pytest.raises(UsageError, match=rf"is a bundle; .* with --model {bundle}"):
        lay_down(bundle)
    assert sorted(bundle.iterdir()) == before


def test_a_damaged_bundle(make_bundle, tmp_path):
    """A model that is not what its manifest says makes no project."""
    bundle = make_bundle()
    (bundle.path / "model.onnx").write_bytes(b"other")
    with pytest.raises(BundleError):
        lay_down(tmp_path / "api", model=str(bundle.path))
    assert not (tmp_path / "api").exists()


def test_a_model_that_is_none(tmp_path):
    """A name that is neither a directory nor a URI is told with what would do."""
    with pytest.raises(UsageError, match="there is no directory nothing; name a bundle"):
        lay_down(tmp_path / "api", model="nothing")
    assert list(tmp_path.iterdir()) == []


def test_what_can_t_be_written(make_bundle, tmp_path):
    """Where a file can't go to its place, none does, and none stays half there."""
    folder = tmp_path / "api"
    folder.mkdir()
    (folder / "infra").write_text("own")
    with pytest.raises(UsageError, match=r"can't write to .*infra"):
        lay_down(folder, tool="serverless", model=str(make_bundle().path))
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["infra"]


def test_the_workflow_reads_its_variables(make_bundle, tmp_path):
    """What the CI's own language has in braces is left to it."""
    lay_down(tmp_path / "api", model=str(make_bundle().path))
    text = (tmp_path / "api" / ".github" / "workflows" / "deploy.yml").read_text("utf-8")
    assert "${{ vars.AWS_ROLE }}" in text
    assert not re.search(r"\{%|'\{\{'", text)


def test_events_are_json(make_bundle, tmp_path):
    """Each sample event is a document, with the model's name."""
    lay_down(tmp_path / "api", model=str(make_bundle().path))
    events = sorted((tmp_path / "api" / "events").glob("*.json"))
    assert len(events) == 6
    assert all(json.loads(path.read_bytes()) for path in events)


@pytest.mark.parametrize(
    ("model", "stack"),
    [
        pytest.param("churn", "churn", id="as it is"),
        pytest.param("churn_v2.1", "churn-v2-1", id="other signs"),
        pytest.param("2024-model", "m-2024-model", id="a digit first"),
        pytest.param("a" * 63, "a" * 36, id="too long"),
        pytest.param("a" * 35 + "-b", "a" * 35, id="no hyphen last"),
    ],
)
def test_a_stack_s_name(model, stack):
    """A model's name becomes one that CloudFormation takes, with room for a stage."""
    assert stack_name(model) == stack


@pytest.mark.parametrize(
    ("tool", "where"),
    [
        pytest.param("sam", "CodeUri: ", id="SAM"),
        pytest.param("serverless", "artifact: ", id="Serverless"),
    ],
)
def test_a_path_is_a_path_in_yaml(tool, where):
    """Signs that mean something in YAML are in quotes."""
    archive = "/my files #1/function.zip"
    files = infrastructure(tool, service="churn", archive=archive)
    assert f'{where}"{archive}"\n' in files[DEPLOYED[tool]]


def test_what_a_tool_leaves_behind_is_not_laid_down(tmp_path, monkeypatch):
    """Only the templates' own files are: not what `osls package` put beside them in a clone."""
    before = infrastructure("serverless", service="churn", archive="x.zip")
    shutil.copytree(resource("infra"), tmp_path / "infra")
    (tmp_path / "infra" / "serverless" / ".serverless").mkdir()
    (tmp_path / "infra" / "serverless" / "node_modules").mkdir()
    monkeypatch.setattr("coldpress.resources._ROOTS", (tmp_path,))
    assert infrastructure("serverless", service="churn", archive="x.zip") == before


def test_only_two_tools(tmp_path):
    """Another tool is refused with the names of those that there are."""
    with pytest.raises(UsageError, match="use one of sam, serverless"):
        infrastructure("terraform", service="churn", archive="build/function.zip")
    assert list(tmp_path.iterdir()) == []
