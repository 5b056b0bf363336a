import json
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import coldpress
from coldpress.cli import cli
from coldpress_runtime.version import VERSION

COMMANDS = sorted(cli.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(run, command):
    """Every command's help shows how it is used."""
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"coldpress {command} " in out.partition("Example")[2]


def test_version(run):
    """The version is the package's."""
    assert run("--version")[1].strip() == f"coldpress, version {VERSION}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["export"], "Missing argument 'MODEL'", id="missing-argument"),
        pytest.param(["frobnicate"], "No such command", id="unknown-command"),
        pytest.param(["inspect", "s3://b/m"], "names no version", id="uri-without-version"),
        pytest.param(["promote", "s3://b/m@live", "--channel", "X!"], "no channel", id="channel"),
        pytest.param(["serve", "--model", "m@live", "--port", "0"], "1<=x<=65535", id="port"),
        pytest.param(["build", "--python", "3.9"], "is not one of", id="python"),
    ],
)
def test_misused(run, arguments, message):
    """What has no meaning exits 2 with one sentence."""
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


def test_misuse_as_json(run):
    """A machine that asked in vain is told why on standard output, too, and where to look."""
    code, out, _ = run("export", "model.onnx", "--json")
    assert code == 2
    assert json.loads(out)["error"].startswith("Missing option")
    assert json.loads(out)["error"].endswith("export --help")


def test_error_as_json(run, tmp_path):
    """With --json an error is an object on standard output, too."""
    code, out, err = run("inspect", tmp_path, "--json")
    assert code == 1
    assert "is no bundle" in json.loads(out)["error"]
    assert err.startswith("Error: ")


def test_debug_shows_the_traceback(run, tmp_path):
    """Only --debug shows where an error comes from."""
    assert "Traceback" not in run("inspect", tmp_path)[2]
    assert "Traceback" in run("inspect", tmp_path, "--debug")[2]


def test_unexpected_error_is_one_sentence(run, tmp_path, monkeypatch):
    """A defect of ours reaches the user as one sentence, and says how to see more."""
    monkeypatch.setattr("coldpress.bundle.Bundle.open", lambda _: 1 / 0)
    code, _, err = run("inspect", tmp_path)
    assert code == 1
    assert "unexpected ZeroDivisionError: division by zero (--debug shows" in err


def test_inspect_bundle(run, churn_bundle):
    """A bundle's version, signature and proof are shown."""
    code, out, _ = run("inspect", churn_bundle.path)
    assert code == 0
    assert churn_bundle.digest in out
    assert "x FP32 [-1, 2]" in out
    assert "answers like the original on 1 row:" in out


def test_inspect_uri_as_json(run, published, churn_bundle):
    """A published model is shown by its URI, with the pinned one in the answer."""
    code, out, _ = run("inspect", f"{published}/churn@live", "--json")
    shown = json.loads(out)
    assert code == 0
    assert shown["version"] == f"sha256:{churn_bundle.digest}"
    assert shown["uri"] == f"{published.as_uri()}/churn@sha256:{churn_bundle.digest}"
    assert shown["signature"]["inputs"][0]["shape"] == [-1, 2]


def test_inspect_says_where_the_weights_lie(run, churn_bundle, framed_bundle):
    """Weights apart from the graph are shown with their sizes and frames, to people and as JSON."""
    blob = framed_bundle.manifest.weights
    _, out, _ = run("inspect", framed_bundle.path)
    assert f"10.0 kB, {blob.size} B as stored in 4 frames, apart from the graph" in out
    _, out, _ = run("inspect", framed_bundle.path, "--json")
    brief = {"path": blob.path, "size": blob.size, "unpacked_size": 10_000, "frames": 4}
    assert json.loads(out)["weights"] == brief
    _, out, _ = run("inspect", churn_bundle.path, "--json")
    size = churn_bundle.manifest.blob("model").size
    brief = {"path": "model.onnx", "size": size, "unpacked_size": size, "frames": 0}
    assert json.loads(out)["weights"] == brief


def test_publish_prints_the_pinned_uri(run, tmp_path, churn_bundle):
    """The last line is the URI to deploy."""
    code, out, _ = run("publish", churn_bundle.path, tmp_path)
    assert code == 0
    assert out.splitlines()[-1] == f"{tmp_path.as_uri()}/churn@sha256:{churn_bundle.digest}"


def test_publish_again(run, published, churn_bundle):
    """Publishing again says that there was nothing to do."""
    code, out, _ = run("publish", churn_bundle.path, published, "--channel", "live")
    assert code == 0
    assert "nothing was written" in out
    assert "pointed already" in out


def test_channels(run, published):
    """Channels are listed with their versions."""
    code, out, _ = run("channels", published)
    assert code == 0
    assert "live" in out
    assert json.loads(run("channels", published, "--json")[1])[0]["moves"][0]["action"] == "publish"


def test_no_channels(run, tmp_path):
    """An empty store is no error, and the answer says how to make a channel."""
    assert "No channels yet" in run("channels", tmp_path)[1]


def test_promote_and_rollback(run, published, churn_bundle):
    """Channels move, and say where they point."""
    code, out, _ = run("promote", f"{published}/churn@live", "--channel", "canary")
    assert code == 0
    assert "now points to" in out
    code, _, err = run("rollback", f"{published}/churn@canary")
    assert code == 1
    assert "nothing to go back to" in err
    state = json.loads(run("promote", f"{published}/churn@live", "--json")[1])
    assert state["moved"] is False
    assert state["uri"].endswith(churn_bundle.digest)


def test_invoke(run, published, tmp_path):
    """The response of the function is printed as JSON, its log only when asked for."""
    event = tmp_path / "event.json"
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
    event.write_text(json.dumps({"inputs": [tensor]}))
    code, out, err = run("invoke", "--model", f"{published}/churn@live", "--event", event)
    assert (code, err) == (0, "")
    assert json.loads(out)["outputs"][0]["data"] == [2.0, 4.0]
    code, out, _ = run("invoke", "--model", f"{published}/churn@live", "--event", event, "--body")
    assert json.loads(out)["model_name"] == "churn"
    assert out.count("\n") == 1
    code, _, err = run("invoke", "--model", f"{published}/churn@live", "--event", event, "--logs")
    assert json.loads(err)["status"] == 200


def test_invoke_fails_with_the_function(run, published, tmp_path):
    """When the function answers 503 the exit code is 1, and its log is shown."""
    event = tmp_path / "event.json"
    event.write_text('{"inputs": []}')
    for blob in published.rglob("model.onnx"):
        blob.write_bytes(b"altered")
    code, out, err = run("invoke", "--model", f"{published}/churn@live", "--event", event)
    assert code == 1
    assert json.loads(out)["status"] == 503
    assert "the function answered 503: " in err
    assert "altered or truncated (integrity)" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["invoke", "serve"])
def test_model_that_is_not_there(run, published, tmp_path, command):
    """A model that isn't in the store is one sentence."""
    event = tmp_path / "event.json"
    event.write_text('{"inputs": []}')
    arguments = ["--event", event] if command == "invoke" else []
    code, _, err = run(command, "--model", f"{published}/churn@nothing", *arguments)
    assert code == 1
    assert "churn/channels/nothing.json is not in the store" in err
    assert err.count("\n") == 1


@pytest.fixture
def model_and_rows(tmp_path):
    """A pickled classifier and its rows."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3))
    joblib.dump(LogisticRegression().fit(rows, rows[:, 0] > 0), tmp_path / "My Model.joblib")
    np.save(tmp_path / "rows.npy", rows)
    return tmp_path / "My Model.joblib", tmp_path / "rows.npy"


def test_export(run, tmp_path, model_and_rows):
    """A model becomes a bundle, named after its file."""
    model, rows = model_and_rows
    code, out, err = run("export", model, "--sample", rows, "--trust", "-o", tmp_path / "bundle")
    assert (code, err) == (0, "")
    assert out.startswith("my-model sha256:")
    assert "labels equal on 100.00%" in out
    assert coldpress.Bundle.open(tmp_path / "bundle").manifest.name == "my-model"


def test_export_as_json(run, tmp_path, model_and_rows):
    """A machine gets the manifest with the version."""
    model, rows = model_and_rows
    arguments = ["--sample", rows, "--trust", "-o", tmp_path / "bundle", "--name", "churn"]
    code, out, _ = run("export", model, *arguments, "--json")
    assert code == 0
    assert json.loads(out)["name"] == "churn"
    assert json.loads(out)["certificate"]["passed"] is True


def test_export_without_trust(run, tmp_path, model_and_rows):
    """A pickle is refused with its digest and what it names, and nothing is written."""
    model, rows = model_and_rows
    code, _, err = run("export", model, "--sample", rows, "-o", tmp_path / "bundle")
    assert code == 1
    assert "--trust" in err
    assert "LogisticRegression" in err
    assert not (tmp_path / "bundle").exists()
    refused = json.loads(run("export", model, "--sample", rows, "-o", tmp_path / "b", "--json")[1])
    assert "sklearn.linear_model._logistic.LogisticRegression" in refused["names"]
    assert len(refused["sha256"]) == 64


def test_a_file_cannot_write_messages_of_its_own(run, tmp_path, model_and_rows):
    """What a file says begins no line, commands no terminal and is no markup."""
    _, rows = model_and_rows
    model = tmp_path / "[red]\x1b[2K\nError: all is well.pkl"
    model.write_bytes(b"cm\x1b[2K\nx[/]\n.")
    code, _, err = run("export", model, "--sample", rows, "-o", tmp_path / "bundle")
    assert code == 1
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "[red]\\x1b[2K\\nError: all is well.pkl" in err
    assert "'m\\x1b[2K'.'x[/]'" in err


def test_closed_pipe_is_quiet(published):
    """Output into a pipe that is closed early is no error message."""
    command = f"{sys.executable} -m coldpress channels {published} --json | true"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""


def test_public_names():
    """`import coldpress` offers its few names, and no others."""
    assert all(hasattr(coldpress, name) for name in coldpress.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = coldpress.nonsense
