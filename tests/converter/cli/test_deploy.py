"""`coldpress deploy` on the command line; tests/integration/test_deploy.py runs the real tools."""

import json
import subprocess
import sys

import pytest

STORE = ("--store", "s3://my-bucket/models")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder to work in, with a SAM CLI that fails if it is called, and no AWS."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sam").write_text("#!/bin/sh\necho told $*\nexit 9\n")
    (place / "sam").chmod(0o755)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "work"


def test_a_dry_run_prints_commands(run, make_bundle, elsewhere):
    """Each step as one would type it, and nothing is run or written."""
    code, out, err = run("deploy", make_bundle().path, *STORE, "--dry-run")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[1:3] for line in lines if line.startswith("$ ")] == [
        ["coldpress", "publish"],
        ["coldpress", "build"],
        ["(cd", "build/deployment/churn-live"],
        ["coldpress", "promote"],
    ]
    comments = [line for line in lines if line.startswith("#")]
    assert comments[0].startswith("# lay the shipped template down")
    assert comments[1].startswith("# ask churn-live")
    assert list(elsewhere.iterdir()) == []


def test_a_dry_run_for_machines(run, make_bundle, elsewhere):
    """With `--json` the commands are a list."""
    code, out, _ = run("deploy", make_bundle().path, *STORE, "--dry-run", "--json")
    assert code == 0
    assert json.loads(out)["commands"][0].startswith("coldpress publish")
    assert elsewhere


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["--param", "Memory"], 2, "--param takes NAME=VALUE", id="no value"),
        pytest.param(["--param", "=1"], 2, "--param takes NAME=VALUE", id="no name"),
        pytest.param(["--param=Auth=iam"] * 2, 2, "--param says Auth twice", id="twice"),
        pytest.param(["--tag", "AWS:a=b"], 2, "begin with aws: are AWS's own", id="AWS's tag"),
        pytest.param(["--tag", "team"], 2, "--tag takes NAME=VALUE", id="no tag's value"),
        pytest.param(["--tag", "team=a,b"], 2, "no commas or quotes", id="comma in a tag"),
        pytest.param(["--stage", "Live!"], 2, "can't be a stage", id="stage"),
        pytest.param(["--with", "terraform"], 2, "is not one of", id="tool"),
        pytest.param(["--wait", "-1"], 2, "--wait", id="negative wait"),
        pytest.param(["--wait", "x"], 2, "not a valid number of seconds", id="wait for what"),
        pytest.param(["--stack", ""], 2, "'' can't be a stack's name", id="no stack"),
        pytest.param(["--param", "MemorySize=99"], 2, "it must be at least 128", id="memory"),
        pytest.param(["--project", "nowhere"], 2, "'nowhere' does not exist", id="no project"),
        pytest.param(["--no-build"], 2, "leave --no-build out", id="no package"),
        pytest.param(["--with", "serverless"], 1, "npm install osls", id="no such tool here"),
    ],
)
def test_misuse_is_one_sentence(run, make_bundle, elsewhere, arguments, code, message):
    """Each is told before anything is done."""
    found, _, err = run("deploy", make_bundle().path, *STORE, *arguments)
    assert found == code
    assert message in err
    assert len(err.splitlines()) == 1
    assert list(elsewhere.iterdir()) == []


def test_without_credentials(run, make_bundle, elsewhere):
    """Who is nobody to AWS is told how to become somebody."""
    (elsewhere / "build").mkdir()
    (elsewhere / "build" / "function.zip").write_bytes(b"")
    arguments = (*STORE, "--no-build", "--region", "eu-central-1")
    code, _, err = run("deploy", make_bundle().path, *arguments)
    assert code == 1
    assert "aws sso login" in err
    assert len(err.splitlines()) == 1


def test_without_a_region(run, make_bundle, elsewhere):
    """A missing region is told with the option that names it."""
    (elsewhere / "build").mkdir()
    (elsewhere / "build" / "function.zip").write_bytes(b"")
    code, _, err = run("deploy", make_bundle().path, *STORE, "--no-build")
    assert code == 1
    assert "name one with --region" in err


def test_a_failing_tool(make_bundle, elsewhere, aws_environment, bucket):
    """What the tool prints is shown, its failure is one, and no channel points to what failed."""
    assert aws_environment
    (elsewhere / "build").mkdir()
    (elsewhere / "build" / "function.zip").write_bytes(b"")
    store = f"s3://{bucket}/models"
    command = [sys.executable, "-m", "coldpress"]
    deploy = (*command, "deploy", make_bundle().path, "--store", store, "--no-build")
    outcome = subprocess.run(deploy, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "told deploy --template-file template.yaml --stack-name churn-live" in outcome.stdout
    assert "`sam deploy` failed with exit code 9" in outcome.stderr
    channels = (*command, "channels", store)
    assert (
        "No channels yet"
        in subprocess.run(channels, capture_output=True, check=True).stdout.decode()
    )
