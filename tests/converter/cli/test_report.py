"""`coldpress report`, `sign`, `verify`, and what publish and inspect say of proof and signature."""

import json
import sys
import webbrowser

import pytest

from coldpress.bundle import Bundle


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """What would have been opened in a browser; nothing is, and no key is trusted."""
    monkeypatch.delenv("COLDPRESS_PUBLIC_KEY", raising=False)
    addresses = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def test_report_is_written_into_the_bundle(run, make_bundle, opened):
    """The report's path is printed, and outside a terminal no browser is opened."""
    bundle = make_bundle()
    code, out, err = run("report", bundle.path)
    assert (code, out.strip(), err) == (0, str(bundle.path / "report.html"), "")
    assert bundle.companion("report.html").startswith(b"<!doctype html>")
    assert opened == []


def test_report_is_written_elsewhere(run, make_bundle, tmp_path, opened):
    """With -o the bundle stays as it is, and --open opens the file that was written."""
    bundle = make_bundle()
    code, out, _ = run("report", bundle.path, "-o", tmp_path / "r.html", "--open", "--json")
    assert code == 0
    version = f"sha256:{bundle.digest}"
    assert json.loads(out) == {"report": str(tmp_path / "r.html"), "version": version}
    assert bundle.companion("report.html") is None
    assert opened == [(tmp_path / "r.html").as_uri()]


@pytest.mark.parametrize(
    ("terminal", "display", "count"),
    [(True, ":0", 1), (True, "", 0), (False, ":0", 0)],
    ids=["both", "no-display", "no-terminal"],
)
def test_report_opens_where_somebody_looks(
    run, make_bundle, opened, monkeypatch, terminal, display, count
):
    """A browser is opened only for a person at a terminal with a display."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("WAYLAND_DISPLAY", "")
    run("report", make_bundle().path)
    assert len(opened) == count


def test_report_of_nothing(run, tmp_path):
    """A place that holds no bundle, and a place that can't be written, are one sentence each."""
    code, _, err = run("report", tmp_path)
    assert (code, err.count("\n")) == (1, 1)
    assert "is no bundle" in err


def test_report_to_nowhere(run, make_bundle, tmp_path):
    """A file that can't be written is named."""
    code, _, err = run("report", make_bundle().path, "-o", tmp_path / "gone" / "r.html")
    assert code == 1
    assert "can't write r.html" in err


def test_sign_and_verify(run, make_bundle, keys):
    """What was signed is verified, to people and as JSON."""
    bundle = make_bundle()
    code, out, _ = run("sign", bundle.path, "--key", keys / "ours.pem")
    assert code == 0
    assert out.splitlines()[-1] == str(bundle.path / "model.sig")
    code, out, _ = run("verify", bundle.path, "--key", keys / "ours.pub", "--json")
    told = json.loads(out)
    assert (code, told["verified"], told["version"]) == (0, True, f"sha256:{bundle.digest}")
    assert told["files"] == ["manifest.json", "model.onnx", "golden.json", "certificate.json"]
    code, out, _ = run("verify", bundle.path, "--key", keys / "ours.pub")
    assert code == 0
    assert "All are what was signed." in out


def test_verify_fails(run, make_bundle, keys):
    """What does not hold exits 1 with a sentence, and as JSON too."""
    bundle = make_bundle()
    code, out, err = run("verify", bundle.path, "--key", keys / "ours.pub", "--json")
    assert code == 1
    assert "is not signed" in json.loads(out)["error"]
    run("sign", bundle.path, "--key", keys / "theirs.pem")
    code, _, err = run("verify", bundle.path, "--key", keys / "ours.pub")
    assert code == 1
    assert "another key signed it" in err


def test_verify_a_published_version(run, make_bundle, keys, tmp_path, monkeypatch):
    """A version is fetched and verified, by the key that the environment names, too."""
    bundle = make_bundle()
    run("sign", bundle.path, "--key", keys / "ours.pem")
    assert run("publish", bundle.path, tmp_path / "store", "--channel", "live")[0] == 0
    monkeypatch.setenv("COLDPRESS_PUBLIC_KEY", str(keys / "ours.pub"))
    code, out, _ = run("verify", f"{tmp_path}/store/churn@live")
    assert code == 0
    assert bundle.digest in out
    monkeypatch.setenv("COLDPRESS_PUBLIC_KEY", str(keys / "theirs.pub"))
    code, _, err = run("verify", f"{tmp_path}/store/churn@live")
    assert code == 1
    assert f"/store/churn@live: its signature does not hold for {keys}/theirs.pub" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["verify", "nothing", "--key", "k"], "there is no directory", id="neither"),
        pytest.param(["verify", "nothing"], "Missing option '--key'", id="no-key"),
        pytest.param(["sign", "nothing"], "Missing option '--key'", id="no-private-key"),
    ],
)
def test_misused(run, arguments, message):
    """What has no meaning exits 2 with one sentence."""
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err


def test_bad_key_is_misuse(run, make_bundle, keys):
    """A key that can't be used exits 2."""
    code, _, err = run("sign", make_bundle().path, "--key", keys / "junk.pem")
    assert code == 2
    assert "holds no private key" in err


def test_publish_a_failed_certificate(run, failed_bundle, tmp_path, keys):
    """It is refused, published by force with a word on the signature, and shown as forced."""
    run("sign", failed_bundle.path, "--key", keys / "ours.pem")
    code, _, err = run("publish", failed_bundle.path, tmp_path / "store")
    assert code == 1
    assert "'y' differs by 0.5 in 2 rows; mend the model, or publish it" in err
    code, out, err = run("publish", failed_bundle.path, tmp_path / "store", "--force", "--json")
    told = json.loads(out)
    assert (code, told["created"], told["signature_removed"]) == (0, True, True)
    assert "lost its signature" in err
    for model in (failed_bundle.path, told["uri"]):
        _, out, _ = run("inspect", model)
        assert "failed and was forced on 10 rows" in out
        document = json.loads(run("inspect", model, "--json")[1])
        assert (document["certificate"]["forced"], document["signed"]) == (True, False)


def test_inspect_says_whether_it_is_signed(run, make_bundle, keys, tmp_path):
    """A signature is told of, in a bundle and in a store."""
    bundle = make_bundle()
    assert "signed   no" in run("inspect", bundle.path)[1]
    run("sign", bundle.path, "--key", keys / "ours.pem")
    run("publish", bundle.path, tmp_path / "store", "--channel", "live")
    for model in (bundle.path, f"{tmp_path}/store/churn@live"):
        assert "signed   yes; coldpress verify" in run("inspect", model)[1]
        assert json.loads(run("inspect", model, "--json")[1])["signed"] is True


def test_report_says_the_signed_version(run, make_bundle, keys):
    """Writing the report anew leaves version and signature as they are."""
    bundle = make_bundle()
    run("sign", bundle.path, "--key", keys / "ours.pem")
    run("report", bundle.path)
    assert run("verify", bundle.path, "--key", keys / "ours.pub")[0] == 0
    assert Bundle.open(bundle.path).digest == bundle.digest
