"""Who deletes a version beside others who publish, promote and delete it, in each order."""

from datetime import timedelta

import obstore
import pytest
from obstore.exceptions import PreconditionError

from coldpress.errors import StoreError
from coldpress.registry import describe, lease, publish
from coldpress.registry.channels import list_channels, promote
from coldpress.registry.claims import Place
from coldpress.registry.collecting import collect
from coldpress.registry.versions import versions
from coldpress.stores import connect
from coldpress_runtime.artifact import CLAIM_BYTES
from tests.converter.conftest import churn_manifest

MEANWHILE = "published, or deleted by somebody else, by now"


@pytest.fixture
def another(monkeypatch):
    """A function that lets another `gc` do all its work while the first is held up for long."""

    def run(root):
        with monkeypatch.context() as lapsed:
            lapsed.setattr(lease, "_LASTS", timedelta(0))
            (found,) = collect(root, keep=1, min_days=0)
        monkeypatch.setattr(lease, "_RENEWED_AFTER_SECONDS", 0.0)
        return [version.digest for version in found.deleted]

    return run


def killed():
    """What ends a process, which leaves things as they are."""
    raise KeyboardInterrupt


# Beside who publishes and promotes


def test_leftovers_that_are_published_meanwhile_stay(store_root, broken_off, gc, before, is_whole):
    """Between the look and the deletion somebody publishes what was left: it stays, whole."""
    bundle, uri = broken_off
    before("put", lambda: publish(bundle, store_root, channel="live"), uri.manifest_path)
    assert gc() == ([], {uri.digest: MEANWHILE})
    assert is_whole(uri)


def test_a_version_that_is_published_again_meanwhile_stays(
    store_root, make_bundle, gc, before, is_whole
):
    """So does a whole one that a publish points a channel to before its place is taken."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri
    before("put", lambda: publish(bundle, store_root, channel="live"), uri.manifest_path)
    assert gc() == ([], {uri.digest: "live points to it by now"})
    assert is_whole(uri)


def test_a_publish_puts_back_what_was_deleted_under_it(store_root, broken_off, gc, is_whole):
    """Leftovers that a publish relied upon, deleted before its manifest came, are written again."""
    bundle, uri = broken_off

    def just_before_the_manifest(step):
        if step == "Writing manifest.json":
            assert gc()[0] == [uri.digest]

    published = publish(bundle, store_root, channel="live", progress=just_before_the_manifest)
    assert published.channel.pinned == uri
    assert is_whole(uri)
    assert gc() == ([], {uri.digest: "live points to it"})


def test_what_is_being_deleted_can_t_be_published(store_root, claimed):
    """Who publishes what somebody deletes at this moment is told; no reader sees a version."""
    bundle, uri = claimed
    with pytest.raises(StoreError, match=r"coldpress gc is deleting .*; publish it again in a"):
        publish(bundle, store_root, channel="live")
    with pytest.raises(StoreError, match="is being deleted by coldpress gc"):
        promote(uri, "live")
    assert list_channels(store_root) == []
    (left,) = versions(connect(store_root), "churn")
    assert not left.complete


def test_a_publish_bears_a_manifest_that_is_given_back(store_root, make_bundle, before, is_whole):
    """Who publishes while a version is claimed, and given back at once, has it published."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri
    store = connect(store_root)
    claim = _place(store_root, uri).claim_version()
    before("head", claim.give_back, uri.manifest_path)
    assert publish(bundle, store_root, channel="live").channel.pinned == uri
    assert bytes(obstore.get(store, uri.manifest_path).bytes()) == bundle.manifest.to_bytes()
    assert is_whole(uri)


def test_a_publish_bears_a_place_that_is_freed(store_root, claimed, gc, before, is_whole):
    """Who publishes while `gc` ends with that version writes it anew."""
    bundle, uri = claimed
    before("head", gc, uri.manifest_path)
    assert publish(bundle, store_root, channel="live").created
    assert is_whole(uri)


def test_a_manifest_that_can_t_be_written_is_told_as_that(store_root, make_bundle, before):
    """A store that fails at that moment is not taken for one in which somebody deletes."""

    def fail():
        raise PermissionError("no room")

    bundle = make_bundle()
    before("put", fail, "/manifest.json")
    with pytest.raises(StoreError, match="access was denied"):
        publish(bundle, store_root)


def test_what_is_being_deleted_says_so(claimed):
    """Who reads a version that is being deleted is told that, and not that it is damaged."""
    _, uri = claimed
    with pytest.raises(StoreError, match="is being deleted by coldpress gc; publish it again"):
        describe(uri)


def test_no_manifest_is_as_long_as_a_claim():
    """A claim is known by its size."""
    assert len(churn_manifest(b"").to_bytes()) > 10 * CLAIM_BYTES


# Who is killed or fails on the way


@pytest.mark.parametrize(
    ("name", "path"),
    [("list_with_delimiter", "/channels"), ("put", "/log/")],
    ids=["at the channels", "at the log"],
)
def test_who_is_stopped_before_a_file_is_gone_gives_back(name, path, add_version, gc, before):
    """Stopped once its place is taken, a version has its manifest again, and the next one goes."""
    uri = add_version(b"1")
    before("put", lambda: before(name, killed, path), uri.manifest_path)
    with pytest.raises(KeyboardInterrupt):
        gc()
    assert describe(uri)[0] == uri
    assert gc()[0] == [uri.digest]


def test_who_is_stopped_while_a_place_is_claimed_gives_back(add_version, gc, monkeypatch):
    """A claim whose writer never heard of it is known by its own body, and goes."""
    uri = add_version(b"1")
    put = obstore.put

    def unheard(store, path, *arguments, **options):
        found = put(store, path, *arguments, **options)
        if path == uri.manifest_path:
            monkeypatch.setattr(obstore, "put", put)
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(obstore, "put", unheard)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        gc()
    assert describe(uri)[0] == uri
    assert gc()[0] == [uri.digest]


def test_who_is_stopped_between_files_says_so(add_version, gc, before):
    """What is half deleted then is named, with what finishes it."""
    uri = add_version(b"1")
    before("delete", killed)
    told = f"while churn@sha256:{uri.digest[:12]} was being deleted; coldpress gc once more"
    with pytest.raises(KeyboardInterrupt, match=told):
        gc()
    assert gc()[0] == [uri.digest]


def test_a_claim_that_was_left_is_taken_over(store_root, claimed, gc, present, is_whole):
    """The next one deletes what one that was stopped has left, at once."""
    bundle, uri = claimed
    assert gc()[0] == [uri.digest]
    assert present() == set()
    assert publish(bundle, store_root).created
    assert is_whole(uri)


@pytest.mark.parametrize("named", [True, False], ids=["named", "young"])
def test_a_claim_that_was_left_keeps_nobody_from_publishing(
    named, store_root, make_bundle, gc, is_whole
):
    """Where what is left is to stay, its place is freed, so that it can be published again."""
    bundle = make_bundle()
    uri = publish(bundle, store_root, channel="live" if named else None).uri
    assert _place(store_root, uri).claim_version()
    with pytest.raises(StoreError, match="is deleting"):
        publish(bundle, store_root)
    deleted, kept = gc(min_days=0 if named else 1)
    assert deleted == []
    told = "live points to it; its manifest is gone: publish it"
    assert (told in kept[uri.digest]) is named
    assert publish(bundle, store_root, channel="live").created
    assert is_whole(uri)


# Beside another who deletes


def test_what_somebody_else_has_deleted_keeps_nobody_from_the_rest(
    store_root, add_version, gc, before
):
    """A manifest that is gone between the look and the deletion is not missed."""
    one, two = add_version(b"1"), add_version(b"2")
    store = connect(store_root)
    before("get", lambda: obstore.delete(store, one.manifest_path), one.manifest_path)
    assert gc() == ([two.digest], {one.digest: MEANWHILE})


def test_what_somebody_else_has_claimed_is_left_to_them(store_root, add_version, gc, before):
    """A claim that came between the look and the deletion stays as it is."""
    uri = add_version(b"1")
    store = connect(store_root)
    claim = b"c" * CLAIM_BYTES
    before(
        "get",
        lambda: obstore.put(store, uri.manifest_path, claim, use_multipart=False),
        uri.manifest_path,
    )
    assert gc() == ([], {uri.digest: MEANWHILE})
    assert bytes(obstore.get(store, uri.manifest_path).bytes()) == claim


IN_S3 = pytest.mark.parametrize("store_root", ["s3"], indirect=True)  # a file's lock is never lost


@IN_S3
@pytest.mark.parametrize("name", ["get", "put"], ids=["reads the manifest", "claims it"])
def test_who_was_held_up_harms_nothing(
    name, store_root, make_bundle, gc, before, another, is_whole
):
    """What another one has deleted, and somebody has published, stays, wherever one stood still."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri

    def meanwhile():
        assert another(store_root) == [uri.digest]
        assert publish(bundle, store_root, channel="live").created

    before(name, meanwhile, "manifest.json")
    assert gc() == ([], {uri.digest: "live points to it by now"})
    assert [state.pinned for state in list_channels(store_root)] == [uri]
    assert is_whole(uri)


@IN_S3
def test_who_was_held_up_takes_no_claim_over(store_root, add_version, gc, before, monkeypatch):
    """What is to stay is freed by who holds the lease alone: the claim may be the other's."""
    first, second = sorted((add_version(b"1"), add_version(b"2")), key=lambda uri: uri.digest)
    store = connect(store_root)
    promote(second, "live")
    assert _place(store_root, second).claim_version()
    claim = bytes(obstore.get(store, second.manifest_path).bytes())

    def meanwhile():
        monkeypatch.setattr(lease, "_RENEWED_AFTER_SECONDS", 0.0)
        obstore.put(store, "churn/gc.json", b"another's")

    before("delete", meanwhile, first.manifest_path)
    with pytest.raises(StoreError, match="was held up, and another one has begun"):
        gc()
    assert bytes(obstore.get(store, second.manifest_path).bytes()) == claim


@IN_S3
@pytest.mark.parametrize("path", ["manifest.json", "/log/"], ids=["claims", "logs"])
def test_who_was_held_up_gives_back_what_no_channel_names(
    path, store_root, make_bundle, gc, before, another, is_whole
):
    """So does what somebody has published without a channel: who has lost the lease looks again."""
    bundle = make_bundle()
    uri = publish(bundle, store_root).uri

    def meanwhile():
        assert another(store_root) == [uri.digest]
        assert publish(bundle, store_root).created

    before("put", meanwhile, path)
    with pytest.raises(StoreError, match="was held up, and another one has begun"):
        gc()
    assert is_whole(uri)


@IN_S3
def test_a_manifest_is_not_put_back_over_another_s_claim(store_root, add_version):
    """Who has lost its claim leaves the place to whoever took it over."""
    uri, store = add_version(b"1"), connect(store_root)
    claim = _place(store_root, uri).claim_version()
    others = b"c" * CLAIM_BYTES
    obstore.put(store, uri.manifest_path, others, use_multipart=False)
    assert not claim.give_back()
    assert bytes(obstore.get(store, uri.manifest_path).bytes()) == others


@IN_S3
def test_two_do_not_take_over_one_claim(store_root, add_version, before):
    """Of two who find a claim that was left, one has it."""
    place = _place(store_root, add_version(b"1"))
    assert place.claim_version()
    others = []
    before("put", lambda: others.append(place.take_over()), place.path)
    assert not place.take_over()
    assert others == [True]


def test_a_claim_whose_answer_was_lost_is_one_s_own(store_root, add_version, monkeypatch):
    """A write that was carried out, repeated and refused the second time, counts."""
    place = _place(store_root, add_version(b"1"))
    put = obstore.put

    def twice(*arguments, **options):
        monkeypatch.setattr(obstore, "put", put)
        put(*arguments, **options)
        raise PreconditionError("412")

    monkeypatch.setattr(obstore, "put", twice)
    claim = place.claim_version()
    assert claim.give_back()


@IN_S3
def test_who_was_held_up_deletes_no_more(store_root, make_bundle, gc, before, monkeypatch):
    """Once another one has taken the lease over, what is left stays to it."""
    uri = publish(make_bundle(), store_root).uri
    store = connect(store_root)
    monkeypatch.setattr(lease, "_RENEWED_AFTER_SECONDS", 0.0)
    before("delete", lambda: obstore.put(store, "churn/gc.json", b"another's"))
    with pytest.raises(StoreError, match="was held up, and another one has begun"):
        gc()
    (left,) = versions(store, "churn")
    assert not left.complete
    blobs = {uri.blob_path(name) for name in ("model.onnx", "certificate.json", "golden.json")}
    assert len(blobs & set(left.objects)) == 2  # all but the one whose deletion was under way
    assert bytes(obstore.get(store, "churn/gc.json").bytes()) == b"another's"


@pytest.mark.parametrize("lost", ["model.onnx", "manifest.json"])
def test_publishing_once_more_mends_what_was_lost(lost, store_root, make_bundle, is_whole):
    """What a deletion that came too late has taken is written again."""
    bundle = make_bundle()
    uri = publish(bundle, store_root, channel="live").uri
    obstore.delete(connect(store_root), uri.blob_path(lost))
    assert publish(bundle, store_root, channel="live").channel.pinned == uri
    assert is_whole(uri)


def _place(root, uri):
    return Place(store=connect(root), path=uri.manifest_path, local=root.startswith("file://"))
