"""Sample events written as files, in the place of an earlier model's."""

import json

import pytest

from coldpress.errors import BundleError, UsageError
from coldpress.registry import publish
from coldpress.scaffold import write_events


def test_they_take_the_place_of_earlier_ones(make_bundle, tmp_path):
    """Events of the same names are the new model's; others in the folder stay."""
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "http-infer.json").write_text("{}")
    (folder / "own.json").write_text("{}")
    files = write_events(str(make_bundle().path), folder)
    assert len(files) == 6
    assert sorted(folder.iterdir()) == sorted((*files, folder / "own.json"))
    event = json.loads((folder / "http-infer.json").read_bytes())
    assert event["rawPath"] == "/v2/models/churn/infer"
    assert (folder / "own.json").read_text() == "{}"


def test_of_a_published_model(make_bundle, store_root, tmp_path):
    """A model URI will do; the folder is made, and nothing but events is in it."""
    publish(make_bundle(), store_root, channel="live")
    files = write_events(f"{store_root}/churn@live", tmp_path / "a" / "events")
    assert sorted((tmp_path / "a" / "events").iterdir()) == list(files)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["events"]


def test_a_damaged_bundle_writes_none(make_bundle, tmp_path):
    """What is there stays where the model can't be read."""
    bundle = make_bundle()
    (bundle.path / "golden.json").write_bytes(b"{}")
    with pytest.raises(BundleError):
        write_events(str(bundle.path), tmp_path / "events")
    assert not (tmp_path / "events").exists()


def test_a_file_in_the_way(make_bundle, tmp_path):
    """Events need a directory."""
    (tmp_path / "events").write_text("own")
    with pytest.raises(UsageError, match="events is a file; name a directory"):
        write_events(str(make_bundle().path), tmp_path / "events")
    assert (tmp_path / "events").read_text() == "own"


def test_what_can_t_be_replaced(make_bundle, tmp_path):
    """A folder below a file is named, in one sentence."""
    (tmp_path / "own").write_text("own")
    with pytest.raises(BundleError, match=r"can't write to .*own"):
        write_events(str(make_bundle().path), tmp_path / "own" / "events")
