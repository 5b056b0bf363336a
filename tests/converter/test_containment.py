"""What a process that reads a model is kept from."""

import json
import os
import socket
import subprocess
import sys

import pytest

from coldpress.containment import environment

PROGRAM = """
import json, os, socket, sys
from coldpress.containment import leave_network
left = leave_network()
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5).close()
    reached = True
except OSError:
    reached = False
path = os.path.join(sys.argv[2], "made")
open(path, "w").close()
print(json.dumps({"left": left, "reached": reached, "owner": os.stat(path).st_uid}))
"""


def test_secrets_stay_outside(tmp_path):
    """Of the environment only what is harmless and known comes along."""
    own = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "HTTPS_PROXY": "y", "LC_ALL": "C"}
    found = environment(tmp_path, own)
    assert (found["PATH"], found["LC_ALL"], found["HOME"]) == ("/bin", "C", str(tmp_path))
    assert not {"AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"} & found.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can leave the network")
def test_the_network_is_out_of_reach(tmp_path):
    """Where the system allows it, not even loopback is reached, and files keep their owner."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [sys.executable, "-c", PROGRAM, port, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(done.stdout)
    assert found["reached"] is not found["left"]
    assert found["owner"] == os.getuid()
