"""Exports from files: in a process without secrets, whole or not at all."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.bundle import Bundle
from coldpress.errors import (
    BundleError,
    CertificationError,
    ExportError,
    LoadError,
    TrustError,
    UsageError,
)
from coldpress.pipeline import ModelSource, export, export_file

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["a", "b", "c"])
MODEL = LogisticRegression().fit(ROWS, ROWS["a"] > 0)


@pytest.fixture
def files(tmp_path):
    """A directory with a model and a sample, apart from where bundles go."""
    folder = tmp_path / "files"
    folder.mkdir()
    joblib.dump(MODEL, folder / "model.joblib")
    ROWS.assign(target=1).to_csv(folder / "rows.csv", index=False)
    return folder


@pytest.fixture
def place(tmp_path):
    """An empty directory where a bundle goes."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def run(files, output, **options):
    """Export the model with what a user would say."""
    options = {"sample": files / "rows.csv", "trust": True, "drop": ("target",)} | options
    return export_file(files / "model.joblib", output, **options)


class Runs:
    """An object whose pickle runs Python code when it is read."""

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return exec, (self.code,)


def hostile(files, code):
    """Put code into the model's file, in front of the model."""
    joblib.dump([Runs(code), MODEL], files / "model.joblib")


def test_the_whole_way(files, place):
    """A file becomes a bundle that opens, with progress told step by step."""
    steps = []
    bundle = run(files, place / "b", progress=steps.append)
    assert Bundle.open(place / "b") == bundle
    assert bundle.manifest.name == "model"
    assert bundle.manifest.signature.features == ("a", "b", "c")
    assert (bundle.manifest.source.format, len(bundle.manifest.source.sha256)) == ("joblib", 64)
    assert steps[0] == "Reading the sample"
    assert "Exporting to ONNX (float64)" in steps
    assert steps[-1] == "Writing the bundle"
    assert [path.name for path in place.iterdir()] == ["b"]


def test_directories_on_the_way_are_made(files, place):
    """A place below directories that are not there yet is made at the end."""
    assert run(files, place / "x" / "y" / "b").path == place / "x" / "y" / "b"


def test_same_file_same_digest(files, place):
    """Exporting twice on one machine gives the same version, wherever it goes."""
    assert run(files, place / "b").digest == run(files, place / "other").digest


def test_bundle_is_readable_by_others(files, place):
    """The staging directory is private; the bundle has the usual rights."""
    usual = place / "usual"
    usual.mkdir()
    assert run(files, place / "b").path.stat().st_mode == usual.stat().st_mode


def test_a_bundle_is_replaced_only_by_force(files, place):
    """A bundle that is there stays, unless force is used; nothing else is ever replaced."""
    first = run(files, place / "b")
    with pytest.raises(UsageError, match="--force"):
        run(files, place / "b")
    second = run(files, place / "b", name="other", force=True)
    assert Bundle.open(place / "b").manifest.name == "other"
    assert first.digest != second.digest
    assert [path.name for path in place.iterdir()] == ["b"]


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_other_things_are_never_replaced(files, place, kind):
    """What is no bundle stays, force or not."""
    target = place / "b"
    if kind == "file":
        target.write_text("mine", encoding="utf-8")
    elif kind == "directory":
        target.mkdir()
    else:
        target.symlink_to(place / "gone")
    with pytest.raises(UsageError, match="is no bundle"):
        run(files, target, force=True)
    assert target.is_symlink() or target.exists()


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        pytest.param({"name": "Not A Name"}, UsageError, "can't be a model's name", id="name"),
        pytest.param({"drop": ()}, UsageError, "--drop target", id="column"),
        pytest.param({"drop": ("nope",)}, UsageError, "no column 'nope'", id="drop"),
        pytest.param(
            {"sample": Path("gone.csv")}, UsageError, "can't read the sample", id="sample"
        ),
        pytest.param({"trust": False}, TrustError, "LogisticRegression", id="trust"),
    ],
)
def test_errors_cross_the_boundary(files, place, options, kind, said):
    """What goes wrong in the worker is raised here as the same class, and nothing is left."""
    with pytest.raises(kind, match=said):
        run(files, place / "b", **options)
    assert list(place.iterdir()) == []


def test_a_wrong_export_is_no_bundle(place):
    """A model whose export differs from it leaves nothing, whatever else went well."""
    model = LogisticRegression().fit(ROWS, ROWS["a"] > 0)
    model.predict_proba = lambda rows: np.full((len(rows), 2), 0.5)
    with pytest.raises(CertificationError, match="'probabilities' differs"):
        export(model, sample=ROWS, output=place / "b")
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("gone.pem", "can't read the key", id="gone"),
        pytest.param("edwards.pem", "no elliptic-curve key", id="edwards"),
        pytest.param("encrypted.pem", "COLDPRESS_SIGNING_PASSWORD", id="no-password"),
    ],
)
def test_a_bad_key_is_known_before_the_work(files, place, keys, monkeypatch, key, said):
    """A key that can't sign is refused before anything is read, from a file or a live object."""
    monkeypatch.delenv("COLDPRESS_SIGNING_PASSWORD", raising=False)
    steps = []
    with pytest.raises(UsageError, match=said):
        run(files, place / "b", sign=keys / key, progress=steps.append)
    with pytest.raises(UsageError, match=said):
        export(MODEL, sample=ROWS, output=place / "b", sign=keys / key, progress=steps.append)
    assert (steps, list(place.iterdir())) == ([], [])


def test_secrets_stay_outside(files, place, monkeypatch):
    """Code in a trusted file finds no credentials, no proxy and none of the user's files."""
    (place.parent / "user").mkdir()
    (place.parent / "user" / "diary.txt").write_text("private")
    monkeypatch.setenv("HOME", str(place.parent / "user"))
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "secret", "AWS_PROFILE": "secret", "GITHUB_TOKEN": "secret",
        "HTTPS_PROXY": "secret", "MY_PASSWORD": "secret",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    seen = place.parent / "seen"
    code = (
        "import json, os, pathlib\n"
        "home = os.listdir(os.path.expanduser('~'))\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([dict(os.environ), home]))"
    )
    hostile(files, code)
    with pytest.raises(LoadError, match=r"holds a builtins\.list"):
        run(files, place / "b")
    environment, home = json.loads(seen.read_text(encoding="utf-8"))
    assert "diary.txt" not in home
    assert environment["HOME"] != os.environ["HOME"]
    assert not secrets.keys() & environment.keys()
    assert "secret" not in environment.values()


def test_prints_do_not_reach_the_reports(files, place, capfd):
    """Whatever a model prints while it is read can't be taken for a report, nor is it shown."""
    hostile(files, "import os; print('{\"done\": true}', flush=True); os.write(1, b'noise\\n')")
    with pytest.raises(LoadError, match=r"holds a builtins\.list"):
        run(files, place / "b")
    assert capfd.readouterr() == ("", "")


def test_debug_lets_noise_through(files, place, capfd):
    """With debug, what the worker prints is shown, on standard error."""
    hostile(files, "print('noise', flush=True)")
    with pytest.raises(LoadError):
        run(files, place / "b", debug=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "noise" in err
    assert "Traceback" in err


# Reports go through the one pipe beside the three standard streams.
HALF_A_REPORT = """
import os, stat
for number in range(3, 20):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            os.write(number, b'{"progress": "Comp')
    except OSError:
        pass
os._exit(4)
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("import os; os.kill(os.getpid(), 9)", "memory ran out", id="killed"),
        pytest.param(
            "import os; os.write(2, b'my\\nlast words\\n'); os._exit(3)",
            "status 3, and last said: last words", id="exit",
        ),
        pytest.param("import os; os.abort()", "signal 6", id="abort"),
        pytest.param("raise MemoryError", "MemoryError", id="memory-error"),
        pytest.param(HALF_A_REPORT, "status 4", id="half-a-report"),
    ],
)  # fmt: skip
def test_a_dead_worker_is_explained(files, place, code, said):
    """A worker that dies is told in one sentence, and nothing is left."""
    hostile(files, code)
    with pytest.raises((ExportError, LoadError), match=said):
        run(files, place / "b")
    assert list(place.iterdir()) == []


def test_a_group_that_may_not_be_ended_is_no_failure(files, place, monkeypatch):
    """An export succeeds where, as on macOS, a group of ended processes can't be signalled."""

    def refuse(group, _number):
        os.waitid(os.P_PID, group, os.WEXITED | os.WNOWAIT)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "killpg", refuse)
    assert run(files, place / "b").manifest.name == "model"


def test_modules_beside_the_model_are_not_imported(files, place, monkeypatch):
    """A file named like a module, in the directory of the model, runs only with trust."""
    proof = place.parent / "ran"
    for name in ("numpy", "json", "onnx"):
        (files / f"{name}.py").write_text(f"open({str(proof)!r}, 'w')", encoding="utf-8")
    monkeypatch.chdir(files)
    with pytest.raises(TrustError):
        run(files, place / "b", trust=False)
    run(files, place / "b")
    assert not proof.exists()


SCRIPT = """
import sys
from pathlib import Path
from coldpress.pipeline import export_file
folder, place = map(Path, sys.argv[1:])
try:
    export_file(folder / "model.joblib", place / "b", sample=folder / "rows.csv", trust=True,
                drop=("target",))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_interruption_leaves_nothing(files, place, number):
    """Interrupted while it works, an export ends its worker and leaves no trace."""
    started = place.parent / "worker"
    code = (
        f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    hostile(files, code)
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(files), str(place)], stderr=subprocess.DEVNULL
    )
    wait_for(lambda: started.exists() and started.read_text(encoding="utf-8"))
    assert len(list(place.iterdir())) == 1
    parent.send_signal(number)
    assert parent.wait(timeout=10) != 0
    assert list(place.iterdir()) == []
    assert not alive(int(started.read_text(encoding="utf-8")))


def test_an_orphan_ends_and_tidies_up(files, place):
    """Where the parent is killed outright, its worker ends by itself and takes the rest along."""
    started = place.parent / "worker"
    code = (
        f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    hostile(files, code)
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, str(files), str(place)])
    wait_for(lambda: started.exists() and started.read_text(encoding="utf-8"))
    parent.kill()
    parent.wait()
    wait_for(lambda: not alive(int(started.read_text(encoding="utf-8"))))
    assert list(place.iterdir()) == []


def test_a_full_disk_leaves_nothing(files, place):
    """A disk that takes no more bytes is told in one sentence, and nothing is left."""
    limit = 2000  # bytes: the sample is read, and the golden examples do not fit
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(files), str(place)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        # It would be cut off, too, and Python 3.11 does not notice.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("BundleError: can't write the bundle: File too large")
    assert ended.stderr.count("\n") == 1
    assert list(place.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(files):
    """Where no directory can be made, the place is named."""
    with pytest.raises(BundleError, match="can't write to /proc: "):
        run(files, Path("/proc/coldpress/b"))


def alive(pid):
    """Whether a process is there and not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition, seconds=20):
    """Wait until a condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def test_plugins_bring_converters(tmp_path, root, monkeypatch):
    """A module that is named as a plugin is imported first, and its converter is used."""
    monkeypatch.syspath_prepend(root / "examples" / "plugin")
    monkeypatch.chdir(root / "examples" / "plugin")
    from clipping import QuantileClipper

    rows = np.random.default_rng(0).normal(size=(30, 2))
    joblib.dump(QuantileClipper().fit(rows), tmp_path / "model.joblib")
    np.save(tmp_path / "rows.npy", rows)
    options = {"sample": tmp_path / "rows.npy"}
    source = ModelSource(model=tmp_path / "model.joblib", trust=True, plugins=("clipping",))
    assert export_file(source, tmp_path / "bundle", **options).manifest.certificate.passed
    unknown = ModelSource(model=tmp_path / "model.joblib", trust=True, plugins=("no_such",))
    with pytest.raises(UsageError, match="the plugin 'no_such' can't be imported"):
        export_file(unknown, tmp_path / "other", **options)
    assert not (tmp_path / "other").exists()
