"""A model over 2 GB, from an ONNX file with external data to an answer: seconds and memory.

    python -m benchmarks.over_two_gb [--megabytes 2400]

Prints a table with each command's seconds and the largest memory of any of its processes, as a
multiple of the model's size. Needs four times the model's size on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.external_data_helper import set_external_data

_WIDTH = 4096
_LAYER = _WIDTH * _WIDTH * 4
_ROWS = 4


def main() -> None:
    """Write the model, and run the commands on it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.over_two_gb", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2400, help="the model's size")
    layers = max(1, parser.parse_args().megabytes * 1_000_000 // _LAYER)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder, layers)
        size = layers * _LAYER
        print(f"\nA model of {size / 1e9:.2f} GB, {layers} layers.\n")
        print("| step | seconds | peak memory, MB | × the model |\n|---|--:|--:|--:|")
        for step, arguments in commands(folder).items():
            seconds, peak = measured(arguments, folder)
            print(f"| {step} | {seconds:.0f} | {peak / 1e6:,.0f} | {peak / size:.2f} |", flush=True)


def commands(folder: Path) -> dict[str, list[str]]:
    """The steps, each as the words after `coldpress`."""
    model = f"{folder / 'store'}/large@live"
    return {
        "export, with its certificate": [
            "export", str(folder / "large.onnx"), "--sample", str(folder / "rows.npy"),
            "-o", str(folder / "bundle"), "--name", "large",
        ],
        "certify again": ["certify", str(folder / "bundle")],
        "publish": ["publish", str(folder / "bundle"), str(folder / "store"), "--channel", "live"],
        "load and answer": ["invoke", "--model", model, "--event", str(folder / "event.json")],
    }  # fmt: skip


def measured(arguments: list[str], folder: Path) -> tuple[float, int]:
    """Seconds, and bytes of memory of the largest process, of a command that must not fail."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "coldpress", *arguments],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    # Of the process and of those that it waited for, such as the worker of an export.
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"coldpress {' '.join(arguments)} failed")
    return time.monotonic() - began, usage.ru_maxrss * 1024


def write_model(folder: Path, layers: int) -> None:
    """An ONNX file whose weights lie in a file beside it, rows for it, and an event."""
    random = np.random.default_rng(0)
    block = random.normal(size=(_WIDTH, _WIDTH), scale=0.1 * _WIDTH**-0.5).astype(np.float32)
    tensors = []
    with (folder / "large.bin").open("wb") as file:
        for layer in range(layers):
            tensor = TensorProto(name=f"w{layer}", data_type=TensorProto.FLOAT)
            tensor.dims.extend([_WIDTH, _WIDTH])
            tensor.raw_data = b""
            set_external_data(tensor, "large.bin", offset=file.tell(), length=_LAYER)
            tensor.ClearField("raw_data")
            tensors.append(tensor)
            # Rolled, so that no two layers are alike to the packer.
            file.write(np.roll(block, 97 * layer).tobytes())
    names = ["x", *(f"h{layer}" for layer in range(layers - 1)), "y"]
    # Each layer adds a little to what it takes, as those of a deep network do.
    nodes = []
    for i in range(layers):
        nodes.append(helper.make_node("MatMul", [names[i], f"w{i}"], [f"more{i}"]))
        nodes.append(helper.make_node("Add", [names[i], f"more{i}"], [names[i + 1]]))
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", _WIDTH]) for n in "xy")
    graph = helper.make_graph(nodes, "large", [x], [y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    (folder / "large.onnx").write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(folder / "large.onnx"))
    rows = random.normal(size=(_ROWS, _WIDTH)).astype(np.float32)
    np.save(folder / "rows.npy", rows)
    entry = {"name": "x", "datatype": "FP32", "shape": [1, _WIDTH], "data": rows[0].tolist()}
    (folder / "event.json").write_text(json.dumps({"inputs": [entry]}))


if __name__ == "__main__":
    main()
