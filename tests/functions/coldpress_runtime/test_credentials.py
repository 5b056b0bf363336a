"""Credentials by address, as SnapStart gives them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from coldpress_runtime.credentials import token_file_option
from coldpress_runtime.fetching import fetch
from coldpress_runtime.options import FetchOptions

TOKEN = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-token",
}


class Address(BaseHTTPRequestHandler):
    """Hands out made-up credentials, and keeps the tokens that it was shown."""

    def do_GET(self):
        """Answer as the address inside Lambda does."""
        self.server.tokens.append(self.headers["Authorization"])
        document = {
            "AccessKeyId": "testing",
            "SecretAccessKey": "testing",
            "Token": "testing",
            "Expiration": "2099-01-01T00:00:00Z",
        }
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def address():
    """A server on loopback that gives credentials."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Address)
    server.tokens = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_model_is_fetched_with_credentials_by_address(
    address, s3_root, store_model, monkeypatch, tmp_path
):
    """With an address and a token instead of keys, the model is read with what they give."""
    stored = store_model(s3_root).put()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    url = f"http://127.0.0.1:{address.server_port}/credentials"
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token")
    options = FetchOptions(plain_http=True, scratch=str(tmp_path))
    assert fetch(stored.uri, options).model == stored.model
    assert set(address.tokens) == {"the-token"}


def test_the_token_is_for_this_user_only(tmp_path):
    """The token's file can be read by nobody else, whatever was there before."""
    (path,) = token_file_option(TOKEN, str(tmp_path)).values()
    Path(path).chmod(0o644)
    token_file_option({**TOKEN, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "another"}, str(tmp_path))
    assert Path(path).read_text() == "another"
    assert Path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {**TOKEN, "AWS_ACCESS_KEY_ID": "testing"},
        {**TOKEN, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-token"},
    ],
    ids=["nothing", "keys", "a file already", "no address"],
)
def test_no_file_is_written_without_need(environment, tmp_path):
    """Where the environment has other credentials, or no address, nothing is told and written."""
    assert token_file_option(environment, str(tmp_path)) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_not_written_through_a_link(tmp_path):
    """A link in the file's place is refused."""
    (path,) = token_file_option(TOKEN, str(tmp_path)).values()
    Path(path).unlink()
    (tmp_path / "elsewhere").write_text("")
    Path(path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        token_file_option(TOKEN, str(tmp_path))
