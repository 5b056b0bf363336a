"""What loading can't be faster than: each of its parts alone, in a fresh process.

A script, run with the function's own packages:

    python limits.py imports                    numpy and onnxruntime
    python limits.py transfer ADDRESS/KEY …     read the objects over HTTP, keep nothing
    python limits.py unpack FILE …              decompress what lies in memory already
    python limits.py session MODEL EXTERNAL     open the model: in memory, and mapped

Prints a JSON object of milliseconds; several ways to do one thing are tried, and the report takes
the fastest.
"""

import http.client
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

_CONNECTIONS = (1, 4)
_BUFFER = 1 << 20
_PIECE = 1 << 17


def imports():
    """Import what a session needs."""
    began = time.perf_counter()
    import numpy as np  # noqa: F401
    import onnxruntime as ort  # noqa: F401

    return {"imports": milliseconds(began)}


def transfer(*addresses):
    """Read objects, whole and in as many ranges as there are connections."""
    sizes = {address: length_of(address) for address in addresses}
    return {f"transfer_{count}": read_all(sizes, count) for count in _CONNECTIONS}


def unpack(*files):
    """Decompress files in one thread, and frame by frame in as many as there are cores."""
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd

    packed = []
    for file in files:
        with open(file, "rb") as source:
            packed.append(source.read())
    frames = [frame for data in packed for frame in frames_of(zstd, memoryview(data))]
    times = {}
    for count in {1, os.cpu_count()}:
        began = time.perf_counter()
        with ThreadPoolExecutor(count) as pool:
            for _ in pool.map(lambda frame: drain(zstd.ZstdDecompressor(), frame), frames):
                pass
        times[f"unpack_{count}"] = milliseconds(began)
    return times


def session(model, external):
    """Open the model from memory as it is, and from a file with its weights mapped."""
    import onnxruntime as ort

    with open(model, "rb") as source:
        data = source.read()
    times = {}
    for name, opened, entries in (
        ("session_memory", data, {}),
        ("session_mapped", external, {"session.disable_prepacking": "1"}),
    ):
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        for key, value in entries.items():
            options.add_session_config_entry(key, value)
        began = time.perf_counter()
        ort.InferenceSession(opened, options, providers=["CPUExecutionProvider"])
        times[name] = milliseconds(began)
    return times


def drain(decompressor, frame):
    """Decompress a frame in pieces that stay in the processor's cache, and keep none."""
    for start in range(0, len(frame), _PIECE):
        decompressor.decompress(frame[start : start + _PIECE])


def frames_of(zstd, data):
    """The independent frames that some bytes are made of."""
    while data:
        size = zstd.get_frame_size(data)
        yield data[:size]
        data = data[size:]


def length_of(address):
    """Length of an object in bytes."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("HEAD", url.path)
    length = int(connection.getresponse().getheader("Content-Length"))
    connection.close()
    return length


def read_all(sizes, connections):
    """Milliseconds to read objects in so many ranges at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for address, size in sizes.items():
            step = max(1, -(-size // connections))
            starts = range(0, size, step)
            list(pool.map(lambda first, at=address, by=step: read(at, first, by), starts))
    return milliseconds(began)


def read(address, first, length):
    """Read one range into a buffer that is used again and again."""
    url, buffer = urlsplit(address), bytearray(_BUFFER)
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("GET", url.path, headers={"Range": f"bytes={first}-{first + length - 1}"})
    answer = connection.getresponse()
    while answer.readinto(buffer):
        pass
    connection.close()


def milliseconds(began):
    """Since a reading of the clock."""
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    steps = {"imports": imports, "transfer": transfer, "unpack": unpack, "session": session}
    print(json.dumps(steps[sys.argv[1]](*sys.argv[2:])))
