import threading

import obstore
import pytest

from coldpress.errors import StoreError, UsageError
from coldpress.registry.channels import list_channels, point, promote, rollback
from coldpress.stores import connect
from coldpress_runtime.pointers import Channel, ModelUri


def channel(root, name="live"):
    """A channel's URI."""
    return ModelUri(root=root, name="churn", channel=name)


def add_manifest(store, digest):
    """Makes a version that is there for its readers, and holds nothing."""
    obstore.put(store, ModelUri(root="s3://any", name="churn", digest=digest).manifest_path, b"{}")


def test_promote_makes_a_channel(store_root, add_version):
    """A channel that isn't there is made, and points to the version."""
    uri = add_version(b"one")
    state = promote(uri, "live")
    assert state.moved
    assert str(state.pinned) == str(uri)
    assert [move.action for move in state.channel.moves] == ["promote"]
    assert [str(each.uri) for each in list_channels(store_root)] == [str(channel(store_root))]


def test_promote_follows_a_channel(store_root, add_version):
    """One channel can be promoted to another."""
    uri = add_version(b"one")
    promote(uri, "canary")
    assert promote(channel(store_root, "canary"), "live").pinned == uri


def test_promote_twice_changes_nothing(add_version):
    """A channel that points there already isn't moved, and its history doesn't grow."""
    uri = add_version(b"one")
    promote(uri, "live")
    state = promote(uri, "live")
    assert not state.moved
    assert len(state.channel.moves) == 1


def test_rollback_goes_back_step_by_step(store_root, add_version):
    """Rolling back twice goes back two versions, and no further than the first."""
    versions = [add_version(name) for name in (b"one", b"two", b"three")]
    for uri in versions:
        promote(uri, "live")
    target = channel(store_root)
    assert rollback(target).pinned == versions[1]
    assert rollback(target).pinned == versions[0]
    with pytest.raises(StoreError, match="nothing to go back to"):
        rollback(target)
    assert len(list_channels(store_root)[0].channel.moves) == 5


def test_promote_after_rollback(store_root, add_version):
    """What was rolled back doesn't come back with the next rollback."""
    one, two, three = (add_version(name) for name in (b"one", b"two", b"three"))
    for uri in (one, two):
        promote(uri, "live")
    rollback(channel(store_root))
    promote(three, "live")
    assert rollback(channel(store_root)).pinned == one


def test_promote_what_is_not_there(store_root):
    """A version that isn't in the store is refused, and no channel is made."""
    with pytest.raises(StoreError, match="not in the store"):
        promote(ModelUri(root=store_root, name="churn", digest="0" * 64), "live")
    assert list_channels(store_root) == []


def test_rollback_of_no_channel(store_root):
    """A channel that isn't there can't be rolled back."""
    with pytest.raises(StoreError, match="there is no channel"):
        rollback(channel(store_root))
    assert list_channels(store_root) == []


def test_rollback_of_no_channel_leaves_nothing(tmp_path):
    """Asking a directory for a channel that isn't there makes no folder in it."""
    with pytest.raises(StoreError, match="there is no channel"):
        rollback(channel(tmp_path.as_uri()))
    assert not list(tmp_path.iterdir())


def test_rollback_of_a_pinned_uri():
    """A pinned URI can't be rolled back."""
    with pytest.raises(UsageError, match="is pinned"):
        rollback(ModelUri(root="file:///store", name="churn", digest="0" * 64))


def test_bad_channel_name(add_version):
    """A channel's name has to be one."""
    with pytest.raises(UsageError, match="no channel's name"):
        promote(add_version(b"one"), "Live!")


def test_broken_channel_file(store_root, add_version):
    """A channel's file that isn't one is refused, and left as it is."""
    uri = add_version(b"one")
    store = connect(store_root)
    obstore.put(store, channel(store_root).channel_path, b'{"schema_version": 1}')
    with pytest.raises(StoreError, match="moves: the field is missing"):
        promote(uri, "live")


def test_loser_of_a_race_is_told(bucket, monkeypatch):
    """Of two moves of one channel that overlap, the second is refused and changes nothing."""
    root = f"s3://{bucket}"
    store = connect(root)
    for digit in "123":
        add_manifest(store, digit * 64)
    point(store, channel(root), "1" * 64, "publish")
    read = Channel.from_bytes

    def overtaken(data):
        monkeypatch.setattr(Channel, "from_bytes", read)
        point(connect(root), channel(root), "2" * 64, "promote")
        return read(data)

    monkeypatch.setattr(Channel, "from_bytes", overtaken)
    with pytest.raises(StoreError, match="somebody else moved"):
        point(store, channel(root), "3" * 64, "promote")
    assert list_channels(root)[0].channel.version == "2" * 64


def test_loser_of_a_race_to_make_a_channel(bucket, monkeypatch):
    """Two who make the same channel at once don't overwrite each other."""
    root = f"s3://{bucket}"
    store, get = connect(root), obstore.get
    for digit in "23":
        add_manifest(store, digit * 64)

    def overtaken(*args):
        monkeypatch.setattr(obstore, "get", get)
        try:
            return get(*args)
        finally:
            point(connect(root), channel(root), "2" * 64, "publish")

    monkeypatch.setattr(obstore, "get", overtaken)
    with pytest.raises(StoreError, match="somebody else moved"):
        point(store, channel(root), "3" * 64, "publish")


def test_no_local_move_is_lost(tmp_path):
    """In a directory, moves of many at once wait for each other."""
    root = tmp_path.as_uri()
    target = channel(root)

    def move(number):
        add_manifest(connect(root, create=True), f"{number:064x}")
        point(connect(root), target, f"{number:064x}", "promote")

    threads = [threading.Thread(target=move, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_channels(root)[0].channel.moves) == 12


def test_promote_of_half_a_version(store_root, add_version):
    """A version whose files are not all there can't be promoted."""
    uri = add_version(b"one")
    obstore.delete(connect(store_root), uri.blob_path("model.onnx"))
    with pytest.raises(StoreError, match="no such bucket or object"):
        promote(uri, "live")
    assert list_channels(store_root) == []


def test_list_names_a_broken_channel(store_root, add_version):
    """A channel's file that isn't one is named in the listing's error."""
    add_version(b"one")
    obstore.put(connect(store_root), channel(store_root).channel_path, b"{")
    with pytest.raises(StoreError, match=r"churn/channels/live\.json: .* not JSON"):
        list_channels(store_root)


def test_a_model_is_no_store(store_root, add_version):
    """Where a model's path is given for its store's, the store is named."""
    add_version(b"one")
    with pytest.raises(UsageError, match=f"is the model churn; the store is {store_root}$"):
        list_channels(f"{store_root}/churn")
