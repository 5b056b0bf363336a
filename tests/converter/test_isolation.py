"""The worker, with the code of a model that was trusted: what such code can't reach."""

import pickle
import socket

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.pipeline import export_file

ROWS = np.random.default_rng(0).normal(size=(20, 2))
MODEL = LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)
CALL = """(lambda out: out.write_text(__import__("json").dumps({{
    "reached": __import__("socket").socket().connect_ex(("127.0.0.1", {port})) == 0,
    "secret": __import__("os").environ.get("AWS_SECRET_ACCESS_KEY"),
}})))(__import__("pathlib").Path({out!r}))"""


class Spy:
    """An object whose pickle calls a server and writes down what it found."""

    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return eval, (self.call,)


@pytest.fixture
def server():
    """A server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


def test_trusted_code_reaches_no_server(tmp_path, monkeypatch, server):
    """A trusted pickle's code runs without network, where that can be, and without secrets."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very secret")
    said = tmp_path / "said.json"
    call = CALL.format(port=server.getsockname()[1], out=str(said))
    MODEL.spy_ = Spy(call)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(MODEL))
    del MODEL.spy_
    np.save(tmp_path / "rows.npy", ROWS)
    steps = []
    export_file(
        tmp_path / "model.pkl", tmp_path / "b", sample=tmp_path / "rows.npy", trust=True,
        progress=steps.append,
    )  # fmt: skip
    open_network = any("with the network in its reach" in step for step in steps)
    found = said.read_text(encoding="utf-8")
    assert f'"reached": {str(open_network).lower()}' in found
    assert '"secret": null' in found
    if not open_network:
        with pytest.raises(TimeoutError):
            server.accept()
