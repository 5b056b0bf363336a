"""A publish that dies at any of its steps: what readers see, and what the next one makes of it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
import pytest

from coldpress.registry import describe, publish
from coldpress.registry.channels import list_channels
from coldpress.registry.collecting import collect
from coldpress.registry.versions import versions
from coldpress.signing import sign
from coldpress.stores import connect, model_uri
from coldpress_runtime.fetching import fetch
from coldpress_runtime.options import FetchOptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dying():
    """A process that publishes in processes that die; gives a function that asks it to."""
    command = [sys.executable, "-m", "tests.converter.registry.dying"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(**told):
            process.stdin.write(f"{json.dumps(told)}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.fixture
def earlier(make_bundle, keys):
    """The version that is live when another is published."""
    bundle = make_bundle(name="earlier", examples=())
    sign(bundle, keys / "ours.pem")
    return bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is published: a bundle's directory, by force or not, its files in parts or not."""

    bundle: Path
    force: bool = False
    parts: bool = False
    environment: dict[str, str]


@pytest.fixture(params=["signed", "trusted", "forced", "in parts"])
def case(request, make_bundle, failed_bundle, keys, monkeypatch):
    """A new version with golden examples, certificate, companions and a signature."""
    trusted = request.param == "trusted"
    if trusted:
        monkeypatch.setenv("COLDPRESS_PUBLIC_KEY", str(keys / "ours.pub"))
    bundle = failed_bundle if request.param == "forced" else make_bundle(name="new")
    sign(bundle, keys / "ours.pem")
    (bundle.path / "bom.json").write_bytes(b"{}")
    return Case(
        bundle=bundle.path,
        force=request.param == "forced",
        parts=request.param == "in parts",
        environment={
            name: value
            for name, value in os.environ.items()
            if name.startswith(("AWS_", "COLDPRESS_"))
        },
    )


def test_a_publish_killed_at_every_step(store_root, case, earlier, dying, tmp_path):
    """Readers see the old version or the new one, whole; the next publish ends, after gc or not."""
    trace = tmp_path / "trace"
    for number in count(1):
        root, bundle = f"{store_root}/{number}", tmp_path / f"try-{number}"
        shutil.copytree(case.bundle, bundle)
        publish(earlier, root, channel="live")
        before = objects(root)
        trace.write_text("", "utf-8")
        code = dying(
            bundle=str(bundle),
            store=root,
            at=number,
            trace=str(trace),
            force=case.force,
            parts=case.parts,
            environment=case.environment,
        )
        if code == 0:
            break
        step = trace.read_text("utf-8").splitlines()[-1]
        assert code == -9, step
        look(root, before, step)
        if number % 2:  # each state comes twice: before one step, and after the step before
            age_partials(root)
            collect(root, keep=1, min_days=0)
            assert all(version.complete for version in versions(connect(root), "churn")), step
            assert not partials(root), step
        published = publish(bundle, root, channel="live", force=case.force)
        assert published.channel.pinned == published.uri
        look(root, before, step)
        assert fetch(live(root), FetchOptions(plain_http=True)).manifest.digest == (
            published.uri.digest
        ), step
    steps = trace.read_text("utf-8").splitlines()
    assert number == len(steps) + 1
    assert {"before put churn/channels/live.json", "after put churn/channels/live.json"} <= {*steps}


def look(root, before, step):
    """What readers find: whatever has a manifest is whole, and so is what `live` points to."""
    after = objects(root)
    channel = "churn/channels/live.json"
    assert {**after, channel: b""} == {**after, **before, channel: b""}, step
    complete = [each for each in versions(connect(root), "churn") if each.complete]
    for version in complete:
        pinned, manifest = describe(live(root).pinned(version.digest))
        for blob in manifest.blobs:
            data = after[pinned.blob_path(blob.path)]
            assert (len(data), hashlib.sha256(data).hexdigest()) == (blob.size, blob.sha256), step
    (state,) = list_channels(root)
    assert state.channel.version in {version.digest for version in complete}, step
    fetch(live(root), FetchOptions(plain_http=True))


def live(root):
    """The channel's URI."""
    return model_uri(f"{root}/churn@live")


def objects(root):
    """Every object of a store that readers can see, by its path."""
    store = connect(root)
    paths = [entry["path"] for page in obstore.list(store) for entry in page]
    return {path: bytes(obstore.get(store, path).bytes()) for path in paths if ".lock" not in path}


def partials(root):
    """Files of a directory that were never whole; nobody lists them."""
    if root.startswith("s3:"):
        return []
    folder = Path(unquote(urlsplit(root).path))
    return [path for path in folder.rglob("*#*") if path.is_file()]


def age_partials(root):
    """Make those files as old as what nobody can be writing any more."""
    yesterday = time.time() - 86400
    for path in partials(root):
        os.utime(path, (yesterday, yesterday))
