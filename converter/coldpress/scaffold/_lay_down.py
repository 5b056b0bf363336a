"""Laying a project down: all of it beside its place first, and nothing of the user's replaced."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

from coldpress.bundle import Bundle
from coldpress.errors import ColdpressError, UsageError, brief
from coldpress.quiet import unheard
from coldpress.staging import put_in_place, staging_directory
from coldpress_runtime.artifact import MANIFEST_NAME
from coldpress_runtime.version import VERSION

from ._events import event_files
from ._model import copied, opened
from .infrastructure import image_files, infrastructure, stack_name

__all__ = ["Project", "lay_down"]

_FILES = Path(__file__).parent / "files"
_MODEL = "model"
# What a repository often has before anything is in it.
_IGNORED = ".gitignore"
_THEIRS = (_IGNORED, "README.md")
# What templates can't be called where they lie: an ignore file would act there.
_HIDDEN = {"gitignore": ".gitignore", "github": ".github"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that was laid down.

    Attributes:
        folder: Where.
        tool: What deploys it: ``sam`` or ``serverless``.
        model: Its model's name.
        files: What was written, the model's own files left out, by path below the folder; sorted.
        kept: What was there already and stayed, instead of the project's own; sorted.
        unignored: Lines that a .gitignore which stayed has not.
    """

    folder: Path
    tool: str
    model: str
    files: tuple[str, ...]
    kept: tuple[str, ...]
    unignored: tuple[str, ...]


def lay_down(
    folder: Path,
    *,
    tool: str = "sam",
    model: str | None = None,
    image: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Project:
    """Lay down a project: templates, settings, the model, sample events, a test, a workflow.

    Args:
        folder: Where; made if need be. Files that are there stay as they are: a README.md and a
            .gitignore in the place of the project's own.
        tool: What is to deploy it: ``sam`` or ``serverless``.
        model: A bundle's directory or a model URI; without one, an example is trained.
        image: Whether what a container image takes is laid down, too.
        progress: Called with each step as it begins.

    Raises:
        UsageError: Another file of the project is there already, or the model is neither of the
            two.
        BundleError: The bundle is damaged.
        StoreError: The published model can't be read.
    """
    tell = progress or unheard
    deployed = infrastructure(tool, service="", archive="") | (image_files(tool) if image else {})
    _check(folder, [*_sources(tool, trained=model is None), *deployed])
    with staging_directory(folder) as staging:
        made = staging / "project"
        made.mkdir()
        bundle = _model(made, model, tell)
        texts = _texts(tool, bundle, trained=model is None, image=image)
        texts |= image_files(tool) if image else {}
        kept = {name: texts.pop(name) for name in _THEIRS if (folder / name).exists()}
        _write(made, texts)
        _move(made, folder, earlier=staging / "earlier")
    files = tuple(sorted(texts))
    return Project(
        folder=folder,
        tool=tool,
        model=bundle.manifest.name,
        files=files,
        kept=tuple(kept),
        unignored=_missing(folder, kept.get(_IGNORED, "")),
    )


def _missing(folder: Path, wanted: str) -> tuple[str, ...]:
    """Which lines of the project's own ignore file the one that is there has not."""
    if not wanted:
        return ()
    there = (folder / _IGNORED).read_text("utf-8", errors="replace").splitlines()
    return tuple(line for line in wanted.splitlines() if line not in map(str.strip, there))


def _check(folder: Path, files: list[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a directory to make")
    if (folder / MANIFEST_NAME).is_file():
        raise UsageError(
            f"{folder} is a bundle; name another directory for the project, and this one with "
            f"--model {folder}"
        )
    names = [name for name in (*files, _MODEL, "events") if name not in _THEIRS]
    if there := next((name for name in names if (folder / name).exists()), None):
        raise UsageError(
            f"{folder / there} is there already and is left alone; name another directory, or "
            "move it away"
        )


def _model(made: Path, model: str | None, progress: Callable[[str], None]) -> Bundle:
    """The model's bundle, inside the project."""
    place = made / _MODEL
    if model is None:
        progress("Training the example's model")
        return _trained(made, place)
    bundle = opened(model, place, progress)
    return bundle if bundle.path == place else copied(bundle, place)


def _trained(made: Path, place: Path) -> Bundle:
    script = made / "train.py"
    script.write_text(_text(_FILES / "example" / "train.py.j2", {}), "utf-8")
    command = [sys.executable, script.name]
    outcome = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    script.unlink()
    if outcome.returncode:
        raise ColdpressError(f"the example can't be trained: {brief(outcome.stderr[-300:])}")
    return Bundle.open(place)


def _texts(tool: str, bundle: Bundle, *, trained: bool, image: bool) -> dict[str, str]:
    name = bundle.manifest.name
    service = stack_name(name)
    facts = {
        "name": name,
        "service": service,
        "tool": tool,
        "trained": trained,
        "image": image,
        "version": VERSION,
    }
    events = {f"events/{each}": text for each, text in event_files(bundle).items()}
    deployed = infrastructure(tool, service=service, archive="build/function.zip")
    return _rendered(tool, facts, trained=trained) | deployed | events


def _rendered(tool: str, facts: Mapping[str, object], *, trained: bool) -> dict[str, str]:
    """The project's files that are rendered, by path."""
    return {name: _text(path, facts) for name, path in _sources(tool, trained=trained).items()}


def _sources(tool: str, *, trained: bool) -> dict[str, Path]:
    """What each of them is rendered from."""
    kinds = ("common", tool, *(("example",) if trained else ()))
    return {
        _target(path, _FILES / kind): path
        for kind in kinds
        for path in sorted((_FILES / kind).rglob("*.j2"))
    }


def _target(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return "/".join(_HIDDEN.get(part, part) for part in parts)


def _text(path: Path, facts: Mapping[str, object]) -> str:
    environment = jinja2.Environment(  # noqa: S701 - no HTML is made
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(path.read_text("utf-8")).render(facts)


def _write(made: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _move(made: Path, folder: Path, *, earlier: Path) -> None:
    """Put all files in their places, beside what is there; or, if one can't go, none."""
    moves = {
        path: folder / path.relative_to(made) for path in sorted(made.rglob("*")) if path.is_file()
    }
    try:
        for place in moves.values():
            place.parent.mkdir(parents=True, exist_ok=True)
        put_in_place(moves, earlier=earlier)
    except OSError as error:
        raise UsageError(
            f"can't write to {error.filename or folder}: {error.strerror or error}; name another "
            "directory"
        ) from error
