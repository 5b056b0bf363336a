import re

import obstore
import pytest

from coldpress_runtime.errors import IntegrityError, ModelUnavailable
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.store import open_store, read, resolve


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models",
        "/srv/models",
        "s3:",
        "s3://",
        "ftp://host/x",
        "memory://x",
        "file://x/y",
        "az://c",
    ],
)
def test_what_is_no_store_is_refused(url):
    """A URL of no known kind of store is refused in one line that shows it."""
    with pytest.raises(ModelUnavailable, match=re.escape(f"can't open the store {url}")) as caught:
        open_store(url)
    assert caught.value.code == "store"
    assert "\n" not in str(caught.value)


def test_an_object_longer_than_expected_is_not_read(local_root):
    """An object over the limit is refused, one at the limit is read."""
    store = open_store(local_root, create=True)
    obstore.put(store, "x", b"12345")
    assert read(store, "x", most=5) == b"12345"
    with pytest.raises(IntegrityError):
        read(store, "x", most=4)


def test_a_pinned_uri_resolves_without_the_store(local_root):
    """A digest needs no look at the store."""
    pinned = ModelUri(root=local_root, name="iris", digest="0" * 64)
    assert resolve(open_store(local_root, create=True), pinned) is pinned
