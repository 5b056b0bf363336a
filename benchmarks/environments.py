"""The variants: each one's deployment package, built once and kept until its sources change."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from . import packaging
from .workspace import BenchmarkError, Workspace, run_tool, say

__all__ = [
    "TITLES",
    "Variant",
    "digest_of",
    "full_version",
    "prepare",
    "prepare_floor",
    "runtime_client",
]

# In the order of the report.
TITLES = {
    "limit": "limit: numpy, onnxruntime, session from a local file, run",
    "coldpress": "Coldpress, as `coldpress build` makes it",
    "coldpress-source": "Coldpress, without bytecode",
    "textbook": "boto3, Powertools resolver with validation, onnxruntime; with bytecode",
    "textbook-sam": "the same, as `sam build` packages it",
    "fastapi": "FastAPI, Mangum, boto3, onnxruntime; with bytecode",
    "pickle": "boto3, pickle, scikit-learn; with bytecode",
    "mlflow": "MLflow pyfunc, ONNX flavour; with bytecode",
}
# Their answers differ in nothing but the time that they take to start.
_SAME_WHEN_WARM = ("coldpress-source", "textbook-sam")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A function to be measured.

    Attributes:
        key: Its short name.
        title: What it is.
        directory: Its deployment package, unpacked.
        function: Its handler, as Lambda writes it.
        unable: Why it can't run here; empty if it can.
    """

    key: str
    title: str
    directory: Path
    function: str = "handler.handler"
    unable: str = ""

    @property
    def distinct_when_warm(self) -> bool:
        """Whether it is more than another one with other files beside it."""
        return self.key not in _SAME_WHEN_WARM

    def environment(self, place: Workspace, common: dict[str, str]) -> dict[str, str]:
        """Lambda's environment for it: its code first, and nothing of this project."""
        return {
            **common,
            "PYTHONPATH": f"{self.directory}:{runtime_client(place)}",
            "LAMBDA_TASK_ROOT": str(self.directory),
        }


def prepare(place: Workspace, keys: Iterable[str] = TITLES) -> list[Variant]:
    """Build the variants' packages; one that can't be built says why."""
    wanted = list(keys)
    _kept(place, "runtime-client", _client_recipe(place), lambda _: _install_client(place))
    return [_prepared(place, key) for key in wanted]


def prepare_floor(place: Workspace) -> Variant:
    """The least that answers an event warm, on the packages that the function itself has."""
    directory = place.build / "packages" / "floor"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(place.build / "packages" / "coldpress", directory)
    shutil.copy(place.sources / "variants" / "floor" / "handler.py", directory)
    return Variant(key="floor", title="orjson, run, orjson", directory=directory)


def runtime_client(place: Workspace) -> Path:
    """AWS's runtime client, which Lambda's own runtime brings; compiled, as it is there."""
    return place.build / "packages" / "runtime-client"


def _prepared(place: Workspace, key: str) -> Variant:
    variant = Variant(key=key, title=TITLES[key], directory=place.build / "packages" / key)
    if key.startswith("coldpress"):
        variant = replace(variant, function="predict.handler")
    try:
        _kept(place, key, _recipe(place, key), lambda target: _build(place, key, target))
    except (BenchmarkError, OSError) as error:
        return replace(variant, unable=str(error))
    return variant


def _build(place: Workspace, key: str, target: Path) -> None:
    sources = place.sources / "variants" / key.removesuffix("-sam")
    match key:
        case "coldpress":
            built = packaging.coldpress_package(place, place.build / "built")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(built, target)
        case "coldpress-source":
            packaging.without_bytecode(place.build / "packages" / "coldpress", target)
        case "textbook-sam":
            packaging.sam_package(place, sources, target)
        case _:
            requirements, handler = sources / "requirements.txt", sources / "handler.py"
            packaging.pip_package(place, requirements, handler, target)
            packaging.add_bytecode(place, target)


def _kept(place: Workspace, key: str, recipe: str, build: Callable[[Path], None]) -> None:
    """Build a package, unless the one that is there was built by the same recipe."""
    target = place.build / "packages" / key
    record = target.with_name(f"{key}.recipe")
    if target.is_dir() and record.is_file() and record.read_text("utf-8") == recipe:
        return
    say("setup", f"building the package of {key}")
    target.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    build(target)
    record.write_text(recipe, "utf-8")


def _recipe(place: Workspace, key: str) -> str:
    roots = [place.sources / "variants" / key.removesuffix("-sam")]
    if key.startswith("coldpress"):
        roots = [place.repository / "functions", place.repository / "converter"]
    return f"{place.interpreter} {digest_of(roots)}"


def digest_of(roots: Iterable[Path]) -> str:
    """A digest of all sources below some folders."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _client_recipe(place: Workspace) -> str:
    text = (place.sources / "runtime-client.txt").read_text("utf-8")
    return f"{place.interpreter} {text}"


def _install_client(place: Workspace) -> None:
    target = runtime_client(place)
    packaging.pip_package(place, place.sources / "runtime-client.txt", None, target)
    packaging.add_bytecode(place, target)


def full_version(place: Workspace) -> str:
    """The interpreter's version, to the last digit."""
    code = "import platform; print(platform.python_version())"
    return run_tool([place.interpreter, "-c", code]).strip()
