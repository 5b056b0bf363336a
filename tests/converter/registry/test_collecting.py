"""What is deleted of a store, what stays, and who may be at work beside it."""

import os
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import obstore
import pytest

from coldpress.errors import StoreError, UsageError
from coldpress.registry import claims, describe, lease, publish
from coldpress.registry.channels import list_channels, promote, rollback
from coldpress.registry.collecting import collect
from coldpress.registry.history import history
from coldpress.registry.versions import versions
from coldpress.stores import connect
from coldpress_runtime.pointers import ModelUri


@pytest.fixture
def gc(store_root):
    """Collects, whatever the age; gives the digests that went, and why the others stay."""

    def run(**options):
        (found,) = collect(store_root, **{"keep": 1, "min_days": 0, **options})
        return (
            [version.digest for version in found.deleted],
            {kept.version: kept.reason for kept in found.kept},
        )

    return run


@pytest.fixture
def present(store_root):
    """The digests of the versions that are there, whole or in part."""
    return lambda: {version.digest for version in versions(connect(store_root), "churn")}


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


@pytest.fixture
def before(monkeypatch):
    """Has something happen before the next call of one of obstore's functions."""

    def interfere(name, happening):
        function = getattr(obstore, name)

        def interfered(*arguments, **options):
            if arguments[1].endswith("/gc.json"):  # the lease, which others don't look at
                return function(*arguments, **options)
            monkeypatch.setattr(obstore, name, function)
            happening()
            return function(*arguments, **options)

        monkeypatch.setattr(obstore, name, interfered)

    return interfere


def test_a_deletion_that_was_cut_short_is_taken_up(store_root, add_version, gc, present, before):
    """Killed once the manifest is gone, it leaves no version to readers, and the next goes on."""
    uri = add_version(b"1")

    def killed():
        raise KeyboardInterrupt

    before("put", killed)  # the log's entry
    with pytest.raises(KeyboardInterrupt):
        gc()
    (left,) = versions(connect(store_root), "churn")
    assert not left.complete
    assert gc()[0] == [uri.digest]
    assert present() == set()
    assert [each.action for each in history(store_root)] == ["delete"]


def test_a_channel_that_moves_meanwhile_saves_its_version(add_version, gc, before):
    """Promoted between the look and the deletion, a version stays."""
    uri = add_version(b"1")
    before("delete", lambda: promote(uri, "live"))
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


@pytest.fixture
def broken_off(store_root, make_bundle):
    """A bundle, and its URI in the store, where a publish was broken off before the manifest."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri
    obstore.delete(connect(store_root), uri.manifest_path)
    return bundle, uri


def is_whole(uri):
    """Whether every file of a version is in its store as its manifest says."""
    _, manifest = describe(uri)
    store = connect(uri.root)
    return all(
        sha256(bytes(obstore.get(store, uri.blob_path(blob.path)).bytes())).hexdigest()
        == blob.sha256
        for blob in manifest.blobs
    )


def test_leftovers_go(broken_off, gc, present):
    """What a publish that was broken off has left is no version, and goes."""
    _, uri = broken_off
    assert gc() == ([uri.digest], {})
    assert present() == set()


def test_leftovers_that_are_published_meanwhile_stay(store_root, broken_off, gc, before):
    """Between the look and the deletion somebody publishes what was left: it stays, whole."""
    bundle, uri = broken_off
    before("put", lambda: publish(bundle, store_root, channel="live"))  # the claim
    assert gc() == ([], {uri.digest: "published, or deleted by somebody else, by now"})
    assert is_whole(uri)


def test_a_version_that_is_published_again_meanwhile_stays(store_root, make_bundle, gc, before):
    """So does one that lost its manifest to the deletion, and got it back from a publish."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri
    before("put", lambda: publish(bundle, store_root, channel="live"))
    assert gc() == ([], {uri.digest: "published, or deleted by somebody else, by now"})
    assert is_whole(uri)


def test_a_publish_puts_back_what_was_deleted_under_it(store_root, broken_off, gc):
    """Leftovers that a publish relied upon, deleted before its manifest came, are written again."""
    bundle, uri = broken_off

    def just_before_the_manifest(step):
        if step == "Writing manifest.json":
            assert gc()[0] == [uri.digest]

    published = publish(bundle, store_root, channel="live", progress=just_before_the_manifest)
    assert published.channel.pinned == uri
    assert is_whole(uri)
    assert gc() == ([], {uri.digest: "live points to it"})


@pytest.fixture
def claimed(broken_off, gc, before):
    """A version whose leftovers somebody deletes who was killed on the way."""
    bundle, uri = broken_off

    def killed():
        raise KeyboardInterrupt

    before("delete", killed)
    with pytest.raises(KeyboardInterrupt):
        gc()
    return bundle, uri


def test_what_is_being_deleted_can_t_be_published(store_root, claimed):
    """Who publishes what somebody deletes at this moment is told; no reader sees a version."""
    bundle, uri = claimed
    with pytest.raises(StoreError, match="gc is deleting what an earlier publish left of"):
        publish(bundle, store_root, channel="live")
    with pytest.raises(StoreError, match="is being deleted by coldpress gc"):
        promote(uri, "live")
    assert list_channels(store_root) == []
    (left,) = versions(connect(store_root), "churn")
    assert not left.complete


def test_two_do_not_delete_the_same_leftovers(claimed, gc):
    """What somebody else deletes at this moment is left to them."""
    _, uri = claimed
    assert gc() == ([], {uri.digest: "published, or deleted by somebody else, by now"})


def test_a_claim_that_was_abandoned_is_taken_over(store_root, claimed, gc, monkeypatch, present):
    """After an hour the next one deletes what a killed one has left, whatever the version's age."""
    bundle, uri = claimed
    monkeypatch.setattr(claims, "_ABANDONED", timedelta(0))
    assert gc()[0] == [uri.digest]
    assert present() == set()
    assert publish(bundle, store_root).created
    assert is_whole(uri)


def test_who_was_held_up_deletes_no_more(bucket, make_bundle, before, monkeypatch):
    """Once another one has taken the lease over, what is left stays to it."""
    root = f"s3://{bucket}/models"
    uri = publish(make_bundle(), root).uri
    store = connect(root)
    monkeypatch.setattr(lease, "_RENEWED_AFTER_SECONDS", 0.0)
    before("delete", lambda: obstore.put(store, "churn/gc.json", b"another's"))
    with pytest.raises(StoreError, match="was held up, and another one has begun"):
        collect(root, keep=1, min_days=0)
    (left,) = versions(store, "churn")
    assert not left.complete  # the one deletion that was under way
    assert uri.blob_path("model.onnx") in left.objects
    assert bytes(obstore.get(store, "churn/gc.json").bytes()) == b"another's"


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


def test_what_is_being_deleted_says_so(claimed):
    """Who reads a version that is being deleted is told that, and not that it is damaged."""
    _, uri = claimed
    with pytest.raises(StoreError, match="is being deleted by coldpress gc; publish it again"):
        describe(uri)


@pytest.mark.parametrize(("hours", "stays"), [(2, False), (0, True)], ids=["old", "young"])
def test_what_a_directory_never_had_whole_goes(tmp_path, make_bundle, hours, stays):
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
