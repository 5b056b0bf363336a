"""Keras models from ``.keras`` archives, and from legacy HDF5 files for those who trust them."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coldpress.archives import check_archive
from coldpress.errors import LoadError, MissingExtraError, TrustError, brief

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load"]

# How Keras says that a class or function is missing.
_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown layer:) '([^']+)'")
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def load(file: ModelFile, *, trust: bool) -> object:
    """The model in a ``.keras`` archive or a legacy HDF5 file, not compiled.

    Raises:
        TrustError: It is an HDF5 file, which can carry Python code in Lambda layers, and `trust`
            is false.
        LoadError: It is no model, or needs code that Keras doesn't have or refuses to run.
        MissingExtraError: TensorFlow or Keras is not installed.
    """
    _check_container(file)
    if file.suffix != ".keras" and not trust:
        raise _refusal(file)
    try:
        import tensorflow  # noqa: F401, PLC0415, ICN001 - seconds, only for who needs it
        from keras.saving import load_model  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError.needed_by(f"reading {file.path.name}", "tensorflow") from error
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Keras wants a path: this copy is of the bytes that were hashed.
        copy = Path(folder) / f"model{'.keras' if file.suffix == '.keras' else '.h5'}"
        copy.write_bytes(file.data)
        try:
            return load_model(copy, compile=False, safe_mode=True)
        except Exception as error:
            raise _unreadable(file, error) from error


def _check_container(file: ModelFile) -> None:
    name, cure = file.path.name, "save the model again with model.save"
    if file.suffix == ".keras":
        members = check_archive(
            file.data, name=name, otherwise="not the zip archive that Keras 3 writes"
        )
        if "config.json" not in members:
            raise LoadError(f"{name} can't be read as a Keras model: it has no config.json; {cure}")
    elif not file.data.startswith(_HDF5_SIGNATURE):
        raise LoadError(f"{name} is not HDF5; {cure}")


def _refusal(file: ModelFile) -> TrustError:
    names = _layers(file)
    found = "" if names is None else f"; its layers are {', '.join(names) or 'not listed'}"
    return TrustError(
        f"{file.path.name} is a legacy HDF5 file, which can carry the Python code of Lambda "
        "layers and run it when read; save it as .keras, or, if you trust where it came from, "
        f"allow it with --trust (sha256 {file.sha256}{found})",
        sha256=file.sha256,
        names=names or (),
        complete=names is not None,
    )


def _layers(file: ModelFile) -> tuple[str, ...] | None:
    """Class names in the file's model configuration, sorted; None if they can't be read."""
    try:
        import h5py  # noqa: PLC0415 - there only with the extra

        with h5py.File(BytesIO(file.data), "r") as stored:
            names = set(_class_names(json.loads(stored.attrs["model_config"])))
    except Exception:  # noqa: BLE001 - damaged, it fails anywhere in h5py; it is but a message
        return None
    return tuple(sorted(names))


def _class_names(config: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(config, dict):
        if isinstance(name := config.get("class_name"), str):
            yield name
        config = list(config.values())
    if isinstance(config, list):
        for item in config:
            yield from _class_names(item)


def _unreadable(file: ModelFile, error: Exception) -> LoadError:
    text = str(error)
    if "lambda" in text.lower() and ("safe_mode" in text or "unsafe" in text.lower()):
        return LoadError(
            f"{file.path.name} has a Lambda layer with Python code, which is never run; replace "
            "it by a built-in layer or by keras.ops, and save the model again"
        )
    if unknown := _UNKNOWN.search(text):
        return LoadError(
            f"{file.path.name} needs '{unknown[1]:.80}', which is not part of Keras; "
            "build the model from Keras's own layers"
        )
    return LoadError(f"{file.path.name} can't be read as a Keras model: {brief(error)}")
