"""Loading of artifacts from 1 MB to 1 GB: time and peak memory, beside what each part takes alone.

The function is a black box here: a fresh process imports the handler with ``MODEL_URI`` set and
answers one request.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from .environments import Variant, digest_of
from .large_models import STACKS
from .object_store import running_store
from .processes import Start, bare_start, python_command
from .published import LAMBDA
from .workspace import BenchmarkError, Workspace, run_tool, say

__all__ = ["SPEEDS", "measure"]

# Megabytes a second over all connections; None is what the machine does.
SPEEDS = (None, 300, 75)
_QUICK_SIZES = (1, 10)
_EXPORT_SECONDS = 1800
_CLOSE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Large:
    """A large model, published.

    Attributes:
        megabytes: Its nominal size.
        folder: Where its files lie.
        uri: What the function is told.
        blobs: The stored files of the model itself, below the store's directory.
        compressed: Those of them that are compressed, whichever way zstd is used.
        unpacked: Bytes of the ONNX file.
    """

    megabytes: int
    folder: Path
    uri: str
    blobs: tuple[str, ...]
    compressed: tuple[str, ...]
    unpacked: int


def measure(place: Workspace, variant: Variant, rounds: int, *, quick: bool) -> list[Any]:
    """Load each size at each speed, by turns with the parts of it.

    Returns:
        One entry a size: ``megabytes``, ``unpacked`` and ``stored`` bytes; ``parts``, lists of
        milliseconds; ``speeds``, for each its ``transfer``, ``load_ms``, ``answer_ms`` and
        ``peak``; or ``unable`` with the reason.
    """
    entries = []
    for megabytes in _QUICK_SIZES if quick else STACKS:
        try:
            large = _published(place, megabytes)
            entries.append(_measured(place, variant, large, rounds))
        except BenchmarkError as error:
            say("loading", f"{megabytes} MB: {error}")
            entries.append({"megabytes": megabytes, "unable": place.without_paths(str(error))})
    return entries


def _measured(place: Workspace, variant: Variant, large: _Large, rounds: int) -> dict[str, Any]:
    store = place.build / "store"
    parts: dict[str, list[float]] = defaultdict(list)
    speeds: dict[str, dict[str, list[float]]] = {}
    for speed in SPEEDS:
        found = speeds[str(speed or "full")] = defaultdict(list)
        with running_store(store, speed) as address:
            for turn in range(rounds):
                say("loading", f"{large.megabytes} MB, {_speed(speed)}, round {turn + 1}/{rounds}")
                _append(found, _loaded(place, variant, large, address))
                # A throttled transfer takes its time to the millisecond; once is enough.
                if speed is None or turn == 0:
                    _append(found, _transfer(place, variant, large, address))
                if speed is None:
                    _append(parts, _parts(place, variant, large))
    return {
        "megabytes": large.megabytes,
        "unpacked": large.unpacked,
        "stored": sum((store / blob).stat().st_size for blob in large.blobs),
        "parts": dict(parts),
        "speeds": {name: dict(found) for name, found in speeds.items()},
    }


def _loaded(place: Workspace, variant: Variant, large: _Large, address: str) -> dict[str, float]:
    # Weights that an earlier start left in its files would be used again.
    with tempfile.TemporaryDirectory(dir=place.build) as scratch:
        common = {
            **LAMBDA,
            "AWS_ENDPOINT_URL": address,
            "COLDPRESS_FETCH_SECONDS": "300",
            "COLDPRESS_SCRATCH": scratch,
            "MODEL_URI": large.uri,
        }
        start = bare_start(place, variant, common, large.folder / "event.json")
    _check(start, large.folder / "expected.json")
    if start.load_ms is None or start.peak_bytes is None:
        raise BenchmarkError("the function did not say how long the model took to load")
    return {"load_ms": start.load_ms, "answer_ms": start.answer_ms, "peak": start.peak_bytes}


def _check(start: Start, expected: Path) -> None:
    if "outputs" not in start.answer:
        raise BenchmarkError(f"the function answers: {start.answer.get('error')}")
    answered = np.ravel(start.answer["outputs"][0]["data"])
    if not np.allclose(answered, json.loads(expected.read_bytes()), rtol=_CLOSE, atol=_CLOSE):
        raise BenchmarkError("the function answers otherwise than the model")


def _transfer(place: Workspace, variant: Variant, large: _Large, address: str) -> dict[str, float]:
    addresses = [f"{address}/{blob}" for blob in large.blobs]
    return _limit(place, variant, "transfer", addresses)


def _parts(place: Workspace, variant: Variant, large: _Large) -> dict[str, float]:
    store, folder = place.build / "store", large.folder
    files = [str(store / blob) for blob in large.compressed]
    models = [str(folder / "model.onnx"), str(folder / "external.onnx")]
    return {
        **_limit(place, variant, "imports", []),
        **_limit(place, variant, "unpack", files),
        **_limit(place, variant, "session", models),
    }


def _limit(
    place: Workspace, variant: Variant, step: str, arguments: Sequence[str]
) -> dict[str, float]:
    command = [*python_command(place), place.sources / "inside" / "limits.py", step, *arguments]
    printed = run_tool(command, environment=variant.environment(place, LAMBDA))
    times: dict[str, float] = json.loads(printed)
    return times


def _append(columns: dict[str, list[float]], values: dict[str, float]) -> None:
    for name, value in values.items():
        columns[name].append(round(value, 3))


def _published(place: Workspace, megabytes: int) -> _Large:
    """The model of a size in the store; made anew when the converter changed."""
    folder = place.build / "large" / str(megabytes)
    recipe = digest_of((place.repository / "converter", place.repository / "functions"))
    record = folder / "published.json"
    kept = json.loads(record.read_bytes()) if record.is_file() else {}
    if kept.get("recipe") != recipe:
        say("setup", f"exporting and publishing a model of {megabytes} MB")
        record.unlink(missing_ok=True)
        kept = {"recipe": recipe, "uri": _publish(place, folder, megabytes)}
        record.write_text(json.dumps(kept), "utf-8")
    return _described(place, folder, megabytes, kept["uri"])


def _publish(place: Workspace, folder: Path, megabytes: int) -> str:
    model, bundle, name = folder / "model.onnx", folder / "bundle", f"stack-{megabytes}"
    if not (folder / "expected.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        script = [sys.executable, "-m", "benchmarks.large_models"]
        run_tool([*script, model, str(megabytes)], cwd=place.repository)
        _write_external(model, folder / "external.onnx")
    shutil.rmtree(bundle, ignore_errors=True)
    shutil.rmtree(place.build / "store" / "large" / name, ignore_errors=True)
    export = [place.coldpress, "export", model, "--sample", folder / "rows.npy", "--name", name]
    run_tool([*export, "-o", bundle], seconds=_EXPORT_SECONDS)
    publish = [place.coldpress, "publish", bundle, place.build / "store" / "large", "--json"]
    uri: str = json.loads(run_tool(publish))["uri"]
    shutil.rmtree(bundle)
    return uri


def _write_external(model: Path, target: Path) -> None:
    external = target.with_suffix(".data")
    external.unlink(missing_ok=True)
    onnx.save(
        onnx.load(model),
        target,
        save_as_external_data=True,
        location=external.name,
        size_threshold=0,
    )


def _described(place: Workspace, folder: Path, megabytes: int, uri: str) -> _Large:
    """What was published, as a function sees it in object storage."""
    store = place.build / "store"
    name, _, digest = uri.rpartition("/")[2].partition("@sha256:")
    version = store / "large" / name / "versions" / digest
    blobs = json.loads((version / "manifest.json").read_bytes())["blobs"]
    blobs = [blob for blob in blobs if blob["role"] not in ("golden", "certificate")]
    below = version.relative_to(store).as_posix()
    return _Large(
        megabytes=megabytes,
        folder=folder,
        uri=f"s3://large/{name}@sha256:{digest}",
        blobs=tuple(f"{below}/{blob['path']}" for blob in blobs),
        compressed=tuple(
            f"{below}/{blob['path']}" for blob in blobs if blob["compression"] != "none"
        ),
        unpacked=sum(blob["unpacked_size"] for blob in blobs),
    )


def _speed(speed: float | None) -> str:
    return "full speed" if speed is None else f"{speed} MB/s"
