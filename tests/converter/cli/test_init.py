"""`coldpress init` on the command line."""

import json

import pytest


def test_says_what_it_laid_down(run, make_bundle, tmp_path):
    """Each file is named, and what to do next."""
    code, out, err = run("init", tmp_path / "api", "--model", make_bundle().path)
    assert (code, err) == (0, "")
    assert f"Laid down {tmp_path / 'api'} for the model churn:" in out
    assert "  template.yaml\n" in out
    assert "make setup && make test" in out.splitlines()[-1]


def test_says_what_it_kept(run, make_bundle, tmp_path):
    """A file of the user's that stays is named, and what its .gitignore lacks."""
    (tmp_path / ".gitignore").write_text("own")
    code, out, err = run("init", tmp_path, "--model", make_bundle().path)
    assert (code, err) == (0, "")
    assert "Kept yours: .gitignore\nLet git ignore what is made here: .venv/ __pycache__/" in out
    ours = out.partition("made here: ")[2].splitlines()[0].split()
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / ".gitignore").write_text("\n".join(ours))
    code, out, _ = run("init", tmp_path / "api", "--model", make_bundle(name="again").path)
    assert "Kept yours: .gitignore\n" in out
    assert "Let git ignore" not in out


def test_tells_machines_too(run, make_bundle, tmp_path):
    """With `--json` the folder, the tool, the model and the files."""
    bundle = make_bundle().path
    code, out, _ = run(
        "init", tmp_path / "api", "--with", "serverless", "--model", bundle, "--json"
    )
    document = json.loads(out)
    assert code == 0
    assert (document["with"], document["model"]) == ("serverless", "churn")
    assert {"serverless.yml", "model/"} < set(document["files"])


def test_trains_an_example_without_a_model(run, tmp_path):
    """Who has no model yet gets one, with the script that trained it."""
    code, out, _ = run("init", tmp_path / "api")
    assert code == 0
    assert "for the model breast-cancer" in out
    assert (tmp_path / "api" / "train.py").is_file()
    assert (tmp_path / "api" / "model" / "manifest.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--model", "nothing"], "there is no directory nothing", id="no model"),
        pytest.param(["--with", "terraform"], "'terraform' is not one of", id="no tool"),
        pytest.param(["--model", "s3://"], "names no version", id="no version"),
    ],
)
def test_misuse_is_one_sentence(run, tmp_path, arguments, message):
    """What has no meaning exits 2 with a sentence, and writes nothing."""
    code, _, err = run("init", tmp_path / "api", *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "api").exists()
