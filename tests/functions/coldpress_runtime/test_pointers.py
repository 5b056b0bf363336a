import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldpress_runtime.errors import ArtifactError
from coldpress_runtime.pointers import Channel, ChannelMove, ModelUri

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
DIGEST = hashlib.sha256(b"one").hexdigest()
AT = "2026-11-23T10:00:00+00:00"

# Text, root, name, digest, channel.
GOOD = {
    "pinned": (f"s3://b/p/iris@sha256:{DIGEST}", "s3://b/p", "iris", DIGEST, ""),
    "channel": ("s3://b/p/iris@live", "s3://b/p", "iris", "", "live"),
    "without a prefix": ("s3://b/iris@live", "s3://b", "iris", "", "live"),
    "deep prefix": ("gs://b/p/q/r/iris@canary-2", "gs://b/p/q/r", "iris", "", "canary-2"),
    "name of one letter": ("az://c/p/i@l", "az://c/p", "i", "", "l"),
    "name with dots": ("s3://b/p/iris.v2_a-b@live", "s3://b/p", "iris.v2_a-b", "", "live"),
    "directory": ("file:///srv/store/iris@live", "file:///srv/store", "iris", "", "live"),
    "@ in the directory": ("file:///u@h/a@live/i@live", "file:///u@h/a@live", "i", "", "live"),
    "space in the directory": ("file:///my store/i@live", "file:///my store", "i", "", "live"),
    "escaped directory": ("file:///a%20b%23/i@live", "file:///a%20b%23", "i", "", "live"),
    "doubled slash": ("s3://b/p//iris@live", "s3://b/p", "iris", "", "live"),
    "longest name": (f"s3://b/{'n' * 63}@live", "s3://b", "n" * 63, "", "live"),
}

BAD = {
    "empty": "",
    "only a name": "iris",
    "no store": "iris@live",
    "path instead of a URL": "/srv/store/iris@live",
    "no pointer": "s3://b/p/iris",
    "empty pointer": "s3://b/p/iris@",
    "empty name": "s3://b/p/@live",
    "empty bucket": "s3:///iris@live",
    "only a bucket": "s3://iris@live",
    "root of the machine": "file:///iris@live",
    "trailing slash": "s3://b/p/iris@live/",
    "two pointers": "s3://b/p/iris@live@canary",
    "name in capitals": "s3://b/p/Iris@live",
    "name of dots": "s3://b/p/..@live",
    "name too long": f"s3://b/{'n' * 64}@live",
    "name ends in a dash": "s3://b/p/iris-@live",
    "channel in capitals": "s3://b/p/iris@Live",
    "channel with a dot": "s3://b/p/iris@../live",
    "channel with an underscore": "s3://b/p/iris@a_b",
    "channel too long": f"s3://b/p/iris@{'c' * 33}",
    "digest short": f"s3://b/p/iris@sha256:{DIGEST[:-1]}",
    "digest long": f"s3://b/p/iris@sha256:{DIGEST}0",
    "digest in capitals": f"s3://b/p/iris@sha256:{DIGEST.upper()}",
    "digest without a prefix": f"s3://b/p/iris@{DIGEST}",
    "other digest": f"s3://b/p/iris@sha512:{DIGEST}",
    "scheme in capitals": "S3://b/p/iris@live",
    "query": "s3://b/p?region=x/iris@live",
    "fragment": "file:///srv/a#b/iris@live",
    "leading space": " s3://b/p/iris@live",
    "trailing newline": "s3://b/p/iris@live\n",
    "newline within": "s3://b/\np/iris@live",
}

# The moves as action and version, and the version that a rollback then goes to.
HISTORIES = {
    "published once": ("publish a", None),
    "published twice": ("publish a, publish b", "a"),
    "the same twice": ("publish a, publish a", None),
    "the same again after another": ("publish a, publish b, publish b", "a"),
    "rolled back": ("publish a, publish b, rollback a", None),
    "rolled back once of two": ("publish a, publish b, publish c, rollback b", "a"),
    "rolled back twice": ("publish a, publish b, publish c, rollback b, rollback a", None),
    "published after a rollback": ("publish a, publish b, rollback a, publish c", "a"),
    "promoted back and forth": ("promote a, promote b, promote a", "b"),
    "forward again": ("publish a, publish b, rollback a, promote b", "a"),
    "starts with a rollback": ("rollback a", None),
}


def _version(name):
    return hashlib.sha256(name.encode()).hexdigest()


def _channel(history):
    moves = (move.split() for move in history.split(", "))
    return Channel(moves=tuple(ChannelMove(version=_version(v), action=a, at=AT) for a, v in moves))


@pytest.mark.parametrize(("text", "root", "name", "digest", "channel"), GOOD.values(), ids=GOOD)
def test_a_model_uri_is_read(text, root, name, digest, channel):
    """Root, name and pointer are told apart."""
    assert ModelUri.parse(text) == ModelUri(root=root, name=name, digest=digest, channel=channel)


@pytest.mark.parametrize("text", [case[0] for case in GOOD.values()], ids=GOOD)
def test_a_model_uri_writes_itself(text):
    """A model URI's text is read as the same URI again."""
    uri = ModelUri.parse(text)
    assert ModelUri.parse(str(uri)) == uri


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_model_uri_is_refused(text):
    """A text that is no model URI is refused in one line that says what would be."""
    with pytest.raises(ArtifactError, match=r"model URI|model name|nor a channel|digest") as caught:
        ModelUri.parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@REPEATABLE
@given(st.text(alphabet="s3:/@.a-#?% A\n0", max_size=30))
def test_no_text_is_read_as_two_uris(text):
    """A text is refused or read as a URI that writes itself as the same."""
    try:
        uri = ModelUri.parse(text)
    except ArtifactError:
        return
    assert ModelUri.parse(str(uri)) == uri
    assert not uri.root.endswith("/")


def test_paths_lie_below_the_name():
    """Manifest, blobs and channels have their places below the model's name."""
    uri = ModelUri.parse("s3://b/p/iris@live")
    pinned = uri.pinned(DIGEST)
    assert uri.channel_path == "iris/channels/live.json"
    assert pinned.manifest_path == f"iris/versions/{DIGEST}/manifest.json"
    assert pinned.blob_path("model.onnx.zst") == f"iris/versions/{DIGEST}/model.onnx.zst"
    assert str(pinned) == f"s3://b/p/iris@sha256:{DIGEST}"


@pytest.mark.parametrize(("history", "previous"), HISTORIES.values(), ids=HISTORIES.keys())
def test_a_rollback_goes_to_the_version_before(history, previous):
    """The version before is found through any history, not counting what was rolled back."""
    assert _channel(history).previous == (previous and _version(previous))


def test_a_channel_points_to_its_last_move():
    """A further move is the channel's version, and what was before stays in its history."""
    channel = _channel("publish a")
    moved = channel.moved(ChannelMove(version=_version("b"), action="promote", at=AT))
    assert channel.version == _version("a")
    assert moved.version == _version("b")
    assert moved.moves[:1] == channel.moves


@pytest.mark.parametrize("history", [case[0] for case in HISTORIES.values()], ids=HISTORIES.keys())
def test_a_channel_comes_back_from_its_file(history):
    """What is written of a channel is read as the same."""
    channel = _channel(history)
    assert Channel.from_bytes(channel.to_bytes()) == channel


def test_the_first_channel_format_stays_readable(golden):
    """A channel's file of schema version 1 is read, now and for ever."""
    channel = Channel.from_bytes(golden("channels/v1.json"))
    assert [move.action for move in channel.moves] == ["publish", "promote", "rollback"]
    assert channel.version == DIGEST
    assert channel.previous is None
    assert channel.to_bytes() == golden("channels/v1.json")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"schema_version": "1"}, "schema_version"),
        ({"schema_version": 2}, "schema_version"),
        ({"moves": []}, "version"),
        ({"moves": {}}, "moves"),
        ({"moves": [None]}, "moves[0]"),
        ({"moves": [{"version": DIGEST, "action": "delete", "at": AT}]}, "moves[0].action"),
        ({"moves": [{"version": "abc", "action": "publish", "at": AT}]}, "moves[0].version"),
        ({"moves": [{"version": DIGEST, "action": "publish"}]}, "moves[0].at"),
        ({"version": _version("two")}, "version"),
        ({"version": None}, "version"),
    ],
    ids=[
        "schema version as text", "newer schema", "no moves", "moves an object", "move null",
        "unknown action", "wrong digest", "no time", "another version", "version null",
    ],
)  # fmt: skip
def test_a_wrong_channel_file_is_refused(golden, change, where):
    """A channel's file with a wrong field is refused, and the error says which."""
    document = {**json.loads(golden("channels/v1.json")), **change}
    with pytest.raises(ArtifactError) as caught:
        Channel.from_bytes(json.dumps(document).encode())
    assert caught.value.where == where


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 250_000])
def test_bytes_that_are_no_channel_are_refused(data):
    """What is no JSON object is refused, however deep it is."""
    with pytest.raises(ArtifactError):
        Channel.from_bytes(data)
