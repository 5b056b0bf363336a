"""What a deployment would run, without running any of it; and what it refuses beforehand."""

import re

import pytest

from coldpress.deployment import Order, rehearse
from coldpress.errors import DeployError, UsageError
from coldpress.pipeline import ModelSource
from coldpress.scaffold import lay_down

STORE = "s3://my-bucket/models"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder to work in, with tools on the PATH that fail if they are called, and no AWS."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("sam", "osls"):
        (place / name).write_text("#!/bin/sh\nexit 9\n")
        (place / name).chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", str(place))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    return work


def _order(model, **fields):
    return Order(source=ModelSource(model=model, trust=True), **fields)


def test_a_model_s_file_goes_the_whole_way(elsewhere):
    """Export, publish, build, deploy, ask, promote; what only running tells is in capitals."""
    (elsewhere / "model.joblib").write_bytes(b"")
    (elsewhere / "rows.csv").write_bytes(b"")
    order = _order("model.joblib", sample=elsewhere / "rows.csv", drop=("id",), store=STORE)
    export, publish, build, deploy, ask, promote = rehearse(order)
    assert export == (
        f"coldpress export model.joblib --sample {elsewhere}/rows.csv -o build/model --name model "
        "--trust --drop id --force"
    )
    assert publish == f"coldpress publish build/model {STORE}"
    assert build == "coldpress build -o build --python 3.13 --arch x86_64"
    assert deploy.startswith(
        "(cd build/deployment/model-live && sam deploy --template-file template.yaml "
    )
    assert f"ModelUri={STORE}/model@sha256:VERSION Revision=REVISION" in deploy
    assert ask.startswith("# ask model-live")
    assert promote == f"coldpress promote {STORE}/model@sha256:VERSION --channel live"
    assert not (elsewhere / "build").exists()


def test_a_bundle_is_published_as_it_is(elsewhere, make_bundle):
    """There is nothing to export, and its version is known."""
    bundle = make_bundle()
    commands = rehearse(_order(str(bundle.path), store=STORE, tool="serverless", stage="staging"))
    assert commands[0] == f"coldpress publish {bundle.path} {STORE}"
    assert f"--param=ModelUri={STORE}/churn@sha256:{bundle.digest}" in commands[2]
    assert "osls deploy --stage staging --region REGION" in commands[2]
    assert "--param=StackName=churn-staging" in commands[2]
    assert commands[-1].endswith("--channel staging")
    assert elsewhere


def test_a_published_model_is_only_deployed(elsewhere):
    """A model URI needs neither export nor publish."""
    commands = rehearse(_order(f"{STORE}/churn@live", build=False))
    assert len(commands) == 3
    assert f"ModelUri={STORE}/churn@live" in commands[0]
    assert elsewhere


def test_the_project_s_own_values(elsewhere, make_bundle):
    """In a project its template and settings count; the package goes where that looks for it."""
    lay_down(elsewhere, model=str(make_bundle().path))
    order = _order("model", store=STORE, parameters={"Architecture": "arm64"})
    _, build, deploy, *_ = rehearse(order)
    assert build == "coldpress build -o build --python 3.13 --arch arm64"
    assert re.match("sam deploy", deploy)
    assert "Architecture=arm64" in deploy


def test_without_a_store_the_account_s_own(elsewhere, make_bundle, aws_environment):
    """The bucket is named after account and region."""
    assert aws_environment
    commands = rehearse(_order(str(make_bundle().path)))
    assert commands[0].endswith("s3://coldpress-models-123456789012-us-east-1/models")
    assert elsewhere


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"stage": "Live!"}, "can't be a stage", id="stage"),
        pytest.param({"store": "./store"}, "reads its model from S3, not from ./store", id="store"),
        pytest.param({"stack": "a b"}, "can't be a stack's name", id="stack"),
        pytest.param({"stack": "a" * 50}, "can't be a stack's name", id="long stack"),
        pytest.param({"parameters": {"Nothing": "1"}}, "no parameter Nothing", id="parameter"),
        pytest.param({"parameters": {"PythonVersion": "2.7"}}, "PythonVersion is 2.7", id="Python"),
        pytest.param(
            {"parameters": {"Architecture": "mips"}}, "Architecture is mips", id="processor"
        ),
        pytest.param({"tool": "terraform"}, "use one of sam, serverless", id="tool"),
    ],
)
def test_what_has_no_meaning_is_refused(elsewhere, make_bundle, fields, message):
    """Each is told in one sentence, before anything is done."""
    assert elsewhere
    with pytest.raises(UsageError, match=message):
        rehearse(_order(str(make_bundle().path), **{"store": STORE, **fields}))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("nothing", "there is no nothing", id="nothing"),
        pytest.param("model.joblib", "has to be exported first", id="no sample"),
        pytest.param("./store/churn@live", "reads its model from S3, not from file://", id="local"),
    ],
)
def test_a_model_that_can_t_be_deployed_is_told(elsewhere, model, message):
    """A model that is not there, has no rows, or lies where Lambda can't read it."""
    (elsewhere / "model.joblib").write_bytes(b"")
    with pytest.raises(UsageError, match=message):
        rehearse(_order(model))


def test_rows_that_are_not_there_are_told(elsewhere):
    """A sample that is missing is no matter of the export, which takes a while."""
    (elsewhere / "model.joblib").write_bytes(b"")
    with pytest.raises(UsageError, match=r"there is no sample .*rows\.csv"):
        rehearse(_order("model.joblib", sample=elsewhere / "rows.csv"))


def test_two_templates_need_a_choice(elsewhere, make_bundle):
    """A folder that both tools can deploy is not guessed about."""
    bundle = str(make_bundle().path)
    lay_down(elsewhere / "a", model=bundle)
    lay_down(elsewhere / "b", tool="serverless", model=bundle)
    (elsewhere / "a" / "serverless.yml").write_bytes(
        (elsewhere / "b" / "serverless.yml").read_bytes()
    )
    with pytest.raises(UsageError, match="by sam and serverless; choose with --with"):
        rehearse(_order(bundle, project=elsewhere / "a"))
    assert rehearse(_order(bundle, project=elsewhere / "a", tool="serverless"))


def test_no_tool_at_all(elsewhere, make_bundle, monkeypatch):
    """Without a tool and without a project nothing can be said, but how to get one."""
    monkeypatch.setenv("PATH", str(elsewhere))
    with pytest.raises(DeployError, match="pipx install aws-sam-cli"):
        rehearse(_order(str(make_bundle().path)))
