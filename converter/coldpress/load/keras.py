"""Keras models from ``.keras`` archives, and from legacy HDF5 files for those who trust them."""

from __future__ import annotations

import json
import math
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coldpress.archives import check_archive, read_member
from coldpress.errors import LoadError, MissingExtraError, TrustError, brief

if TYPE_CHECKING:
    from ._source import ModelFile

__all__ = ["load"]

# How Keras says that a class or function is missing.
_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown layer:) '([^']+)'")
# Weights that are made and not stored, such as counters, are small.
_ALWAYS_FINE = 64 * 1024**2
_MOST_RATIO = 4
_WIDEST = 4  # bytes of a number; float64 is rare, and within the ratio
_WAITING = "uninitialized_variables"
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
            if file.suffix == ".keras":
                _check_size(file)
            return load_model(copy, compile=False, safe_mode=True)
        except LoadError:
            raise
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


def _check_size(file: ModelFile) -> None:
    """Refuse a model whose configuration asks for far more weights than the archive holds."""
    with zipfile.ZipFile(BytesIO(file.data)) as archive:
        held = sum(member.file_size for member in archive.infolist())
    config = json.loads(read_member(file.data, "config.json", name=file.path.name))
    if isinstance(config, dict):
        # As for the load itself: the optimiser's state is neither read nor made.
        config["compile_config"] = None
    asked = _asked_bytes(config)
    if asked > _ALWAYS_FINE + _MOST_RATIO * held:
        raise LoadError(
            f"{file.path.name} asks for {asked:,} bytes of weights and holds {held:,}, which is "
            "out of all proportion; it is damaged, or made to take memory"
        )


def _asked_bytes(config: Any) -> int:  # noqa: ANN401 - JSON
    """Length in bytes of the weights of a model, which is built without making them."""
    from keras import StatelessScope  # noqa: PLC0415 - it is there
    from keras.saving import deserialize_keras_object  # noqa: PLC0415 - as above
    from keras.src.backend.common import global_state  # noqa: PLC0415 - as above

    waiting = list(global_state.get_global_attribute(_WAITING) or ())
    try:
        with StatelessScope(initialize_variables=False):
            model = deserialize_keras_object(config, safe_mode=True)
    finally:
        # Keras would make them when it next leaves such a scope, for whatever other model.
        global_state.set_global_attribute(_WAITING, waiting)
    weights = getattr(model, "variables", ())
    return sum(_WIDEST * math.prod(weight.shape) for weight in weights)


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
