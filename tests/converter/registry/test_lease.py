"""One `gc` of a model at a time, whatever becomes of the others."""

import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import obstore
import pytest
from obstore.exceptions import PermissionDeniedError

from coldpress.errors import StoreError
from coldpress.registry import lease as leases
from coldpress.registry.lease import Busy, lease
from coldpress.stores import connect, store_url


@pytest.fixture
def hold(store_root):
    """A function that takes the lease of a model."""
    return _holding(store_url(store_root))


def _holding(root):
    store = connect(root, create=True)
    for model in ("churn", "fraud"):
        obstore.put(store, f"{model}/versions/x", b"1")
    return lambda model="churn": lease(store, root, model)


def test_there_is_one_holder(hold):
    """A second one is told; once the first is done, it may."""
    with (
        hold(),
        pytest.raises(Busy, match="another coldpress gc of churn is under way"),
        hold(),
    ):
        pass
    with hold() as still_held:
        still_held()


def test_each_model_has_its_own(hold):
    """Models are collected side by side."""
    with hold(), hold("fraud"):
        pass


def test_a_failure_gives_it_back(hold):
    """Who fails, or is interrupted, leaves no lease behind."""
    with pytest.raises(KeyboardInterrupt), hold():
        raise KeyboardInterrupt
    with hold():
        pass


@pytest.fixture
def remote(bucket):
    """A store on S3, where a lease is an object: a file's lock goes with its process."""
    return connect(f"s3://{bucket}")


@pytest.fixture
def hold_there(bucket):
    """A function that takes the lease of a model in that store."""
    return _holding(f"s3://{bucket}")


def test_a_killed_holder_s_lapses(hold_there, remote, monkeypatch):
    """What a killed process has left is taken over once it is old, and not before."""
    obstore.put(remote, "churn/gc.json", b'{"by": "ci-17"}')
    told = "under way, by ci-17; wait for it, or, if it was killed, for an hour"
    with pytest.raises(Busy, match=told), hold_there():
        pass
    monkeypatch.setattr(leases, "_LASTS", timedelta(0))
    with hold_there():
        assert bytes(obstore.get(remote, "churn/gc.json").bytes()) != b"{}"


def test_a_holder_that_was_held_up_stops(hold_there, monkeypatch):
    """Who was away for longer than it lasts finds another's, deletes nothing more, and stops."""
    monkeypatch.setattr(leases, "_LASTS", timedelta(0))
    with hold_there() as late, hold_there() as other:
        monkeypatch.setattr(leases, "_RENEWED_AFTER_SECONDS", 0.0)
        other()
        with pytest.raises(StoreError, match="was held up, and another one has begun"):
            late()
        other()


def test_what_is_given_back_is_one_s_own(hold_there, remote, monkeypatch):
    """Who has lost it takes it from nobody at the end."""
    monkeypatch.setattr(leases, "_LASTS", timedelta(0))
    with hold_there():
        obstore.put(remote, "churn/gc.json", b"another's")
    assert bytes(obstore.get(remote, "churn/gc.json").bytes()) == b"another's"


def test_two_do_not_take_over_one(hold_there, remote, monkeypatch):
    """Of two who find it lapsed, one gets it."""
    obstore.put(remote, "churn/gc.json", b"{}")
    monkeypatch.setattr(leases, "_LASTS", timedelta(0))
    get = obstore.get

    def slow(*arguments):
        monkeypatch.setattr(obstore, "get", get)
        found = get(*arguments)
        taken.enter_context(hold_there())
        return found

    with ExitStack() as taken:
        monkeypatch.setattr(obstore, "get", slow)
        with pytest.raises(Busy, match="is under way"), hold_there():
            pass


@pytest.fixture
def dates(monkeypatch):
    """When the requests were signed that a server got, which sends the first one back."""
    found = []

    class Overloaded(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            found.append(self.headers["x-amz-date"])
            time.sleep(1.1)  # dates have whole seconds
            self.send_response(503 if len(found) == 1 else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Overloaded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield found
        server.shutdown()


@pytest.mark.usefixtures("aws_environment")
def test_a_deletion_is_signed_once(dates):
    """However often it is sent: S3 takes none that was signed long ago, and a lease outlives it."""
    with pytest.raises(PermissionDeniedError):
        obstore.delete(connect("s3://bucket"), "churn/versions/x")
    assert len(dates) == 2
    assert len(set(dates)) == 1
