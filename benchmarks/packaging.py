"""Deployment packages: what pip, the SAM CLI and `coldpress build` put into a function."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .workspace import BenchmarkError, Workspace, run_tool

__all__ = ["add_bytecode", "coldpress_package", "pip_package", "sam_package", "without_bytecode"]

_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}
# What pip needs of this environment inside the SAM CLI's, which otherwise gets a clean one.
_PASSED_ON = ("PIP_", "SSL_", "REQUESTS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def pip_package(place: Workspace, requirements: Path, handler: Path | None, target: Path) -> None:
    """A folder with the requirements as pip installs them, and the handler beside them."""
    pip = [place.interpreter, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    shutil.rmtree(target, ignore_errors=True)
    # Bytecode comes later and for everyone alike; pip compiles for its own paths and times.
    run_tool([*pip, "--no-compile", "--target", target, "--requirement", requirements])
    shutil.rmtree(target / "bin", ignore_errors=True)
    if handler is not None:
        shutil.copy(handler, target)


def sam_package(place: Workspace, sources: Path, target: Path) -> None:
    """What `sam build` makes of a template, handler and requirements."""
    sam = place.repository / ".tools" / "sam" / "bin" / "sam"
    if not sam.exists():
        raise BenchmarkError("the AWS SAM CLI is not installed; run: make .tools/.sam")
    project, output = place.build / "sam" / "project", place.build / "sam" / "built"
    shutil.rmtree(place.build / "sam", ignore_errors=True)
    (project / "function").mkdir(parents=True)
    for name in ("handler.py", "requirements.txt"):
        shutil.copy(sources / name, project / "function")
    template = (sources / "template.yaml").read_text("utf-8")
    (project / "template.yaml").write_text(template.replace("PYTHON", place.python), "utf-8")
    run_tool(
        [sam, "build", "--build-dir", output], cwd=project, environment=_sam_environment(place)
    )
    shutil.rmtree(target, ignore_errors=True)
    shutil.move(output / "Textbook", target)


def coldpress_package(place: Workspace, output: Path) -> Path:
    """What `coldpress build` makes; the directory that the function is."""
    machine = _ARCHITECTURES.get(os.uname().machine, "x86_64")
    command = [place.coldpress, "build", "-o", output, "--python", place.python]
    run_tool([*command, "--arch", machine])
    return output / "function"


def without_bytecode(package: Path, target: Path) -> None:
    """The same package, with every compiled file left out."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def add_bytecode(place: Workspace, directory: Path) -> None:
    """Compile everything, in the way that is cheapest to load: no look at the source again."""
    command = [place.interpreter, "-m", "compileall", "-q", "-j", "2"]
    # A package may hold sources that are no Python of this version: templates, tests of syntax.
    try:
        run_tool([*command, "--invalidation-mode", "unchecked-hash", directory])
    except BenchmarkError:
        if not any(directory.glob("*/__pycache__/*.pyc")):
            raise


def _sam_environment(place: Workspace) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key.upper().startswith(_PASSED_ON)}
    return {
        **kept,
        "AWS_DEFAULT_REGION": "us-east-1",
        "HOME": str(place.build / "sam"),
        # The name python3.x must be a Python that runs: a version manager's shim may not.
        "PATH": f"{place.interpreter.parent}:{os.defpath}",
        "SAM_CLI_TELEMETRY": "0",
    }
