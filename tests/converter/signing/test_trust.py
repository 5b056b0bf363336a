"""The gate: with a trusted key, what it did not sign is not published and not pointed to."""

import pytest

from coldpress.bundle import Bundle
from coldpress.errors import SignatureError, StoreError, UsageError
from coldpress.registry import describe, is_signed, publish
from coldpress.registry.channels import promote, rollback
from coldpress.signing import check_trusted, sign
from coldpress.stores import connect, model_uri


@pytest.fixture
def versions(make_bundle, keys):
    """Three bundles of one model: signed by us, by others, and by nobody."""
    made = {name: make_bundle(name=name, compression=name) for name in ("ours", "theirs", "none")}
    for name in ("ours", "theirs"):
        sign(made[name], keys / f"{name}.pem")
    return made


@pytest.fixture
def trusting(monkeypatch, keys):
    """From now on this machine trusts our key."""

    def trust():
        monkeypatch.setenv("COLDPRESS_PUBLIC_KEY", str(keys / "ours.pub"))

    return trust


@pytest.mark.parametrize(("name", "said"), [("theirs", "another key"), ("none", "is not signed")])
def test_what_is_not_trusted_is_not_published(store_root, versions, trusting, name, said):
    """Nothing of an untrusted version reaches the store, and no channel points to it."""
    trusting()
    with pytest.raises(SignatureError, match=said):
        publish(versions[name], store_root, channel="live")
    with pytest.raises(StoreError):
        promote(model_uri(f"{store_root}/churn@live"), "canary")


def test_what_is_trusted_is_published(store_root, versions, trusting):
    """What the trusted key signed is published with its signature, and promoted."""
    trusting()
    published = publish(versions["ours"], store_root, channel="live")
    assert is_signed(published.uri)
    assert promote(published.uri, "canary").moved
    check_trusted(connect(store_root), published.uri)


@pytest.mark.parametrize("name", ["theirs", "none"])
def test_what_is_not_trusted_is_not_promoted(store_root, versions, trusting, name):
    """A version that came to the store before there was a key is not pointed to afterwards."""
    published = publish(versions[name], store_root)
    trusting()
    with pytest.raises(SignatureError):
        promote(published.uri, "live")
    with pytest.raises(SignatureError):
        check_trusted(connect(store_root), published.uri)


def test_what_is_not_trusted_is_not_rolled_back_to(store_root, versions, trusting):
    """A rollback to an untrusted version is not made, and the channel stays."""
    publish(versions["none"], store_root, channel="live")
    now = publish(versions["ours"], store_root, channel="live").channel.pinned
    trusting()
    with pytest.raises(SignatureError, match="is not signed"):
        rollback(model_uri(f"{store_root}/churn@live"))
    assert promote(now, "live").moved is False


def test_a_version_can_be_signed_afterwards(store_root, versions, trusting, keys):
    """Publishing once more brings the signature of a version that had none."""
    uri = publish(versions["none"], store_root).uri
    assert not is_signed(uri)
    sign(versions["none"], keys / "ours.pem")
    trusting()
    again = publish(versions["none"], store_root, channel="live")
    assert (again.created, again.bytes_written > 0) == (False, True)
    assert is_signed(uri)


def test_the_signature_in_the_store_counts(store_root, versions, trusting):
    """A wrong signature in the store is told of by its URI, with what mends it."""
    uri = publish(versions["theirs"], store_root).uri
    (versions["theirs"].path / "model.sig").unlink()
    trusting()
    with pytest.raises(SignatureError, match=r"another key signed it.*replaces the sig") as caught:
        publish(versions["theirs"], store_root)
    assert str(caught.value).startswith(f"{uri}: its signature does not hold")


def test_a_wrong_signature_in_the_store_is_replaced(store_root, versions, trusting, keys):
    """A bundle that the trusted key signed brings its signature over one that does not hold."""
    uri = publish(versions["theirs"], store_root).uri
    sign(versions["theirs"], keys / "ours.pem")
    publish(versions["theirs"], store_root)
    trusting()
    with pytest.raises(SignatureError):
        check_trusted(connect(store_root), uri)
    again = publish(versions["theirs"], store_root, channel="live")
    assert (again.created, again.bytes_written > 0) == (False, True)
    check_trusted(connect(store_root), uri)
    assert publish(versions["theirs"], store_root).bytes_written == 0


def test_a_signature_that_holds_is_left_alone(store_root, versions, trusting, keys):
    """Whoever comes with another key's signature replaces none that the trusted key made."""
    uri = publish(versions["ours"], store_root).uri
    sign(versions["ours"], keys / "theirs.pem")
    trusting()
    assert publish(versions["ours"], store_root).bytes_written == 0
    check_trusted(connect(store_root), uri)


def test_force_waits_for_the_trusted_key(store_root, failed_bundle, trusting, keys):
    """A forced version has to be signed in turn, and the error says that it is another one."""
    sign(failed_bundle, keys / "ours.pem")
    trusting()
    with pytest.raises(SignatureError, match=r"is not signed.*says now that it was forced"):
        publish(failed_bundle.path, store_root, force=True)
    with pytest.raises(StoreError):
        describe(model_uri(f"{store_root}/churn@sha256:{Bundle.open(failed_bundle.path).digest}"))
    sign(failed_bundle.path, keys / "ours.pem")
    assert publish(failed_bundle.path, store_root, force=True).created


def test_force_does_not_touch_what_others_signed(store_root, failed_bundle, trusting, keys):
    """A bundle that another key signed is refused before it loses its signature."""
    sign(failed_bundle, keys / "theirs.pem")
    trusting()
    with pytest.raises(SignatureError, match="another key"):
        publish(failed_bundle.path, store_root, force=True)
    assert Bundle.open(failed_bundle.path) == failed_bundle
    assert failed_bundle.companion("model.sig") is not None


def test_a_trusted_key_that_is_gone_is_named(store_root, versions, monkeypatch, tmp_path):
    """A key that was configured and can't be read stops everything, rather than nothing."""
    monkeypatch.setenv("COLDPRESS_PUBLIC_KEY", str(tmp_path / "gone.pub"))
    with pytest.raises(UsageError, match=r"can't read the key .*gone\.pub"):
        publish(versions["ours"], store_root)
