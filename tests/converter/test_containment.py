"""What a child process is kept from, tried in children, since none can come back."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from coldpress.containment import environment

LEAVE = """
import ctypes, json, os, socket, sys
from coldpress import containment
if sys.argv[2] == "nobody":
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: as for a process that began as this user
left = containment.leave_network()
reached = socket.socket().connect_ex(("127.0.0.1", int(sys.argv[1]))) == 0
path = f"made-by-{sys.argv[2]}"
with open(path, "w") as file:
    file.write("x")
print(json.dumps({"left": left, "reached": reached, "owner": os.stat(path).st_uid}))
"""


RETURN = """
import ctypes, os, socket, subprocess, sys
if sys.argv[2] == "first":
    from coldpress import containment
    left = containment.leave_network()
    again = containment.leave_network()
    print(left, again == left)
try:
    network = os.open(f"/proc/{sys.argv[3]}/ns/net", os.O_RDONLY)
    ctypes.CDLL(None).setns(network, 0)
except OSError:
    pass
print(socket.socket().connect_ex(("127.0.0.1", int(sys.argv[1]))) == 0, flush=True)
if sys.argv[2] == "first":
    subprocess.run([sys.executable, "-c", os.environ["CODE"], sys.argv[1], "next", sys.argv[3]])
"""


@pytest.fixture
def server():
    """A server on loopback; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def shared_folder():
    """A folder that any user may write to; pytest's own are this user's alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.parametrize(
    "user",
    [
        pytest.param("self", id="this-user"),
        pytest.param("nobody", id="without-rights", marks=pytest.mark.skipif(
            os.getuid() != 0, reason="only root can become another user")),
    ],
)  # fmt: skip
def test_network_is_left_or_said_not_to_be(shared_folder, server, user):
    """A process that left reaches nothing; one that could not says so; files stay its own."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVE, str(server), user],
        cwd=shared_folder, capture_output=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["reached"] != found["left"]
    made = (shared_folder / f"made-by-{user}").stat()
    assert made.st_uid == found["owner"] == (os.getuid() if user == "self" else 65534)


def test_nobody_returns_to_the_network(server):
    """Neither the process that left nor what it starts gets back into its parent's, root or not."""
    command = [sys.executable, "-c", RETURN, str(server), "first", str(os.getpid())]
    done = subprocess.run(
        command, env={**os.environ, "CODE": RETURN}, capture_output=True, check=True, text=True
    )
    left, again, *reached = done.stdout.split()
    assert again == "True"
    assert reached == ["False" if left == "True" else "True"] * 2


def test_environment_holds_no_secrets(tmp_path):
    """What could be a credential or a proxy is left out, and the home is the child's own."""
    own = {"PATH": "/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "s", "HTTPS_PROXY": "p"}
    found = environment(tmp_path, own)
    assert found["PATH"] == "/bin"
    assert found["LC_ALL"] == "C"
    assert found["HOME"] == found["TMPDIR"] == str(tmp_path)
    assert not {"AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"} & found.keys()
