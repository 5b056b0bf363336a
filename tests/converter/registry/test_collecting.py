"""What is deleted of a store, what stays, and who may be at work beside it."""

import os
import time
from datetime import UTC, datetime, timedelta

import obstore
import pytest

from coldpress.errors import StoreError, UsageError
from coldpress.registry import publish
from coldpress.registry.channels import list_channels, promote, rollback
from coldpress.registry.collecting import collect
from coldpress.registry.history import history
from coldpress.registry.versions import versions
from coldpress.stores import connect
from coldpress_runtime.pointers import ModelUri


def live(root):
    return ModelUri(root=root, name="churn", channel="live")


def test_versions_that_nobody_names_go(add_version, gc, present):
    """What no channel names, nor has named lately, is deleted; the rest stays, with why."""
    first, second, third, loose = (add_version(each) for each in (b"1", b"2", b"3", b"4"))
    for uri in (first, second, third):
        promote(uri, "live")
    deleted, kept = gc()
    assert set(deleted) == {first.digest, loose.digest}
    assert kept == {
        third.digest: "live points to it",
        second.digest: "a rollback of live goes to it",
    }
    assert present() == {second.digest, third.digest}


def test_a_channels_history_stays(add_version, gc):
    """As many versions that a channel pointed to stay as were asked for, each counted once."""
    uris = [add_version(each) for each in (b"1", b"2", b"3", b"4")]
    for uri in (*uris, uris[2], uris[3]):
        promote(uri, "live")
    deleted, kept = gc(keep=3)
    assert deleted == [uris[0].digest]
    assert kept[uris[1].digest] == "one of the latest 3 of live"


def test_every_channel_counts(add_version, gc):
    """What only another channel names stays, too."""
    one, two = add_version(b"1"), add_version(b"2")
    promote(one, "canary")
    promote(two, "live")
    assert gc() == (
        [],
        {one.digest: "canary points to it", two.digest: "live points to it"},
    )


def test_young_versions_stay(add_version, gc, present):
    """What was written within the days is not touched, named or not."""
    uri = add_version(b"1")
    assert gc(min_days=1) == ([], {uri.digest: "too young"})
    assert present() == {uri.digest}


def test_what_a_publish_left_goes_once_it_is_old(store_root, add_version, gc, present):
    """Blobs without a manifest may be a publish under way: they go when they are old."""
    uri = add_version(b"1")
    obstore.delete(connect(store_root), uri.manifest_path)
    assert "broken off" in gc(min_days=1)[1][uri.digest]
    assert gc()[0] == [uri.digest]
    assert present() == set()


def test_a_dry_run_deletes_nothing(add_version, gc, present):
    """It says what would go."""
    uri = add_version(b"1")
    assert gc(dry_run=True) == ([uri.digest], {})
    assert present() == {uri.digest}


def test_a_deletion_is_logged(store_root, add_version, gc, monkeypatch):
    """The log has what was deleted, when, and by whom, beside the moves."""
    monkeypatch.setenv("COLDPRESS_ACTOR", "ci-17")
    old, new = add_version(b"1"), add_version(b"2")
    promote(new, "live")
    gc()
    move, deletion = history(store_root)
    assert (move.action, move.channel, move.version, move.by) == (
        "promote", "live", new.digest, "ci-17",
    )  # fmt: skip
    assert (deletion.action, deletion.version, deletion.by) == ("delete", old.digest, "ci-17")
    assert datetime.now(UTC) - datetime.fromisoformat(deletion.at) < timedelta(minutes=1)


def test_a_deletion_that_was_cut_short_is_taken_up(store_root, add_version, gc, present, before):
    """Killed once the manifest is gone, it leaves no version to readers, and the next goes on."""
    uri = add_version(b"1")

    def killed():
        raise KeyboardInterrupt

    before("delete", killed)
    with pytest.raises(KeyboardInterrupt):
        gc()
    (left,) = versions(connect(store_root), "churn")
    assert not left.complete
    assert gc()[0] == [uri.digest]
    assert present() == set()
    assert {each.action for each in history(store_root)} == {"delete"}


def test_a_channel_that_moves_meanwhile_saves_its_version(add_version, gc, before):
    """Promoted between the look and the deletion, a version stays."""
    uri = add_version(b"1")
    before("put", lambda: promote(uri, "live"))
    assert gc() == ([], {uri.digest: "live points to it by now"})
    assert promote(uri, "canary").pinned == uri


@pytest.mark.parametrize("others", [1, 0], ids=["moves back", "goes again"])
def test_a_channel_to_what_is_being_deleted_is_not_moved(
    store_root, add_version, gc, before, others
):
    """Who promotes what is deleted at the same moment is told, and the channel is as it was."""
    pinned = [add_version(bytes([number])) for number in range(others)]
    for uri in pinned:
        promote(uri, "live")
    doomed = add_version(b"doomed")
    before("put", gc)  # the channel's file
    with pytest.raises(StoreError, match="was deleted at the same moment"):
        promote(doomed, "live")
    assert [state.pinned for state in list_channels(store_root)] == pinned


def test_a_rollback_to_what_was_deleted_says_so(store_root, add_version):
    """A version that is gone can't be gone back to."""
    one, two = add_version(b"1"), add_version(b"2")
    promote(one, "live")
    promote(two, "live")
    store = connect(store_root)
    obstore.delete(store, one.manifest_path)
    with pytest.raises(StoreError, match="was deleted"):
        rollback(live(store_root))
    assert list_channels(store_root)[0].pinned == two


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"keep": 0}, "keep at least 1", id="nothing kept"),
        pytest.param({"min_days": -1}, "no less than 0 days", id="days"),
        pytest.param({"only": ["absent"]}, "no model 'absent' .* it has churn", id="model"),
    ],
)
def test_misuse_deletes_nothing(add_version, gc, present, options, message):
    """Numbers that make no sense, and models that are not there, are refused."""
    uri = add_version(b"1")
    with pytest.raises(UsageError, match=message):
        gc(**options)
    assert present() == {uri.digest}


def test_leftovers_go(broken_off, gc, present):
    """What a publish that was broken off has left is no version, and goes."""
    _, uri = broken_off
    assert gc() == ([uri.digest], {})
    assert present() == set()


def test_one_collects_at_a_time(store_root, add_version, gc, before):
    """A second one is told while the first is at work, and deletes nothing."""
    uri = add_version(b"1")
    told = []

    def second():
        (found,) = collect(store_root, keep=1, min_days=0)
        told.append((found.deleted, found.busy.partition(" under way")[0]))

    before("delete", second)
    assert gc() == ([uri.digest], {})
    assert told == [((), "another coldpress gc of churn is")]
    assert collect(store_root, keep=1, min_days=0)[0].busy == ""


@pytest.mark.parametrize(("hours", "stays"), [(2, False), (0, True)], ids=["old", "young"])
def test_what_a_directory_never_had_whole_goes(tmp_path, make_bundle, hours, stays, is_whole):
    """Files whose writing was cut off, which no store lists, go when nobody can be writing them."""
    uri = publish(make_bundle(), str(tmp_path / "store"), channel="live").uri
    cut_off = tmp_path / "store" / f"{uri.blob_path('weights.bin')}#1"
    cut_off.write_bytes(b"half")
    then = time.time() - hours * 3600
    os.utime(cut_off, (then, then))
    collect(str(tmp_path / "store"), min_days=0, dry_run=True)
    assert cut_off.exists()
    collect(str(tmp_path / "store"), min_days=0)
    assert cut_off.exists() is stays
    assert is_whole(uri)
