"""The function's package: its layout, and that a build is there whole or not at all.

The wheels are small ones that the tests make; tests/integration builds the real package.
"""

import json
import os
import platform
import re
import stat
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from coldpress import package
from coldpress.errors import BuildError, UsageError
from coldpress.package import _build, limits
from coldpress.package.trial import Trial

LINUX = "cp311-abi3-manylinux_2_28_{}"


@pytest.fixture
def build(small_function):
    """Builds the small function, without bytecode unless asked for it."""

    def run(output, **wishes):
        return package.build(
            output, **{"python": small_function.python, "bytecode": False} | wishes
        )

    return run


@pytest.fixture
def output(tmp_path):
    """Where the tests build."""
    return tmp_path / "build"


def snapshot(folder):
    """Every file below a folder, with its content."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def fail_at(step, error=KeyboardInterrupt):
    """A progress hook that raises when a step begins."""

    def progress(text):
        if step in text:
            raise error

    return progress


def test_holds_handler_runtime_and_packages(build, output, small_function):
    """The directory is what the function needs: handler, runtime library and packages."""
    built = build(output, architecture="arm64")
    assert built.directory == output / "function"
    assert (built.directory / "predict.py").is_file()
    assert (built.directory / "docs.py").is_file()
    assert (built.directory / "coldpress_runtime" / "store.py").is_file()
    assert (built.directory / "thing.txt").read_text() == LINUX.format("aarch64")
    assert json.loads((built.directory / "coldpress-build.json").read_text()).items() >= {
        ("python", small_function.python),
        ("architecture", "arm64"),
    }


def test_leaves_out_what_a_function_never_runs(build, output):
    """Scripts and pip's books, which name this machine's paths, are not shipped."""
    names = {path.name for path in build(output).directory.rglob("*")}
    assert not names & {"bin", "__pycache__", "RECORD", "INSTALLER", "REQUESTED"}
    assert "METADATA" in names


def test_the_zip_is_the_directory(build, output):
    """The zip holds the directory's files, and the sizes are theirs."""
    built = build(output)
    files = snapshot(built.directory)
    with zipfile.ZipFile(built.archive) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert built.unpacked_bytes == sum(map(len, files.values()))
    assert built.zipped_bytes == built.archive.stat().st_size


def test_the_zip_depends_on_the_content_alone(build, output, tmp_path):
    """Two builds give the same bytes: sorted names, one time, one mode, whatever the umask."""
    first = build(output)
    before = os.umask(0o077)
    try:
        second = build(tmp_path / "again")
    finally:
        os.umask(before)
    assert first.archive.read_bytes() == second.archive.read_bytes()
    with zipfile.ZipFile(first.archive) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {stat.S_IFREG | 0o644}
    assert stat.S_IMODE((second.directory / "predict.py").stat().st_mode) == 0o644


def test_a_new_build_replaces_an_earlier_one(build, output):
    """Building again leaves nothing of the build before, and nothing beside it."""
    build(output, architecture="arm64")
    (output / "function" / "old.py").touch()
    built = build(output)
    assert not (output / "function" / "old.py").exists()
    assert (built.directory / "thing.txt").read_text() == LINUX.format("x86_64")
    assert {path.name for path in output.iterdir()} == {"function", "function.zip"}


@pytest.mark.parametrize("step", ["Installing", "Writing the zip"])
def test_an_interrupted_build_leaves_the_earlier_one(build, output, step):
    """Ctrl-C leaves an earlier build as it was, and nothing half-built."""
    build(output)
    before = snapshot(output)
    with pytest.raises(KeyboardInterrupt):
        build(output, architecture="arm64", progress=fail_at(step))
    assert snapshot(output) == before


def test_an_interrupted_first_build_leaves_nothing(build, output):
    """Ctrl-C in a first build leaves not even the directory that was made for it."""
    with pytest.raises(KeyboardInterrupt):
        build(output, progress=fail_at("Writing the zip"))
    assert not output.exists()


@pytest.mark.parametrize("move", range(4))
def test_a_build_comes_whole_or_not_at_all(build, output, monkeypatch, move):
    """Directory and zip change together: a failure between two moves undoes those made."""
    build(output)
    before = snapshot(output)
    rename, moves = Path.rename, iter(range(100))

    def interrupted(self, target):
        if next(moves) == move:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(output, architecture="arm64")
    assert snapshot(output) == before


def test_a_failed_installation_leaves_the_earlier_build(build, output, monkeypatch, tmp_path):
    """With no index in reach the error says so, and the earlier build stays."""
    build(output)
    before = snapshot(output)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    with pytest.raises(BuildError, match=r"No matching distribution .* reach its package index"):
        build(output, architecture="arm64")
    assert snapshot(output) == before


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param("function", lambda path: (path / "src").mkdir(parents=True), id="directory"),
        pytest.param("function", lambda path: path.touch(), id="file"),
        pytest.param("function.zip", lambda path: path.write_text("notes"), id="no zip"),
        pytest.param(
            "function.zip",
            lambda path: zipfile.ZipFile(path, "w").close(),
            id="another zip",
        ),
    ],
)
def test_what_is_no_build_is_left_alone(build, output, name, make):
    """Something else in the place of the build is never replaced."""
    output.mkdir()
    make(output / name)
    before = sorted(output.rglob("*"))
    with pytest.raises(BuildError, match=re.escape(f"{output / name} is no earlier build")):
        build(output)
    assert sorted(output.rglob("*")) == before


def test_says_where_it_can_not_write(build, tmp_path):
    """A place that can't be a directory is named, with the system's reason."""
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match=r"can't be written to .*file/build: Not a directory"):
        build(tmp_path / "file" / "build")


def test_refuses_what_lambda_does_not_take(build, output, monkeypatch):
    """A package above Lambda's limit is an error with both sizes, before anything is deployed."""
    monkeypatch.setattr(limits, "MOST_BYTES", 1_000)
    with pytest.raises(BuildError, match=r"holds [\d,]+ bytes and AWS Lambda takes 1,000 at most"):
        build(output)
    assert not output.exists()


def test_an_image_may_hold_more(build, output, monkeypatch):
    """What is too large for a zip is told the way out, and is built for an image."""
    monkeypatch.setattr(limits, "MOST_BYTES", 1_000)
    with pytest.raises(BuildError, match="build it for a container image with --image"):
        build(output)
    assert build(output, image=True).unpacked_bytes > 1_000
    monkeypatch.setattr(limits, "MOST_IMAGE_BYTES", 1_000)
    with pytest.raises(BuildError, match=r"takes 1,000 at most .* functions/excluded\.txt$"):
        build(output, image=True)


@pytest.mark.parametrize(
    ("spare", "fits"), [pytest.param(0, True, id="at it"), pytest.param(-1, False, id="above it")]
)
def test_a_limit_of_one_s_own_is_inclusive(build, output, spare, fits):
    """A build above the limit fails, names what is large, and leaves the earlier one."""
    most_bytes = build(output).unpacked_bytes + spare
    before = snapshot(output)
    with (
        nullcontext()
        if fits
        else pytest.raises(
            BuildError, match=rf"your limit is {most_bytes:,} \(coldpress_runtime .* raise --max-mb"
        )
    ):
        build(output, most_bytes=most_bytes)
    assert snapshot(output) == before


@pytest.mark.parametrize(
    ("direct", "image", "warned"),
    [
        pytest.param(10**9, False, 0, id="below"),
        pytest.param(10, False, 1, id="above"),
        pytest.param(10, True, 0, id="above, for an image"),
    ],
)
def test_warns_of_a_zip_that_lambda_takes_through_s3_only(
    build, output, monkeypatch, direct, image, warned
):
    """Such a zip is built all the same; an image is pushed, whatever its zip has."""
    monkeypatch.setattr(_build, "DIRECT_BYTES", direct)
    built = build(output, image=image)
    assert len(built.warnings) == warned
    assert all("through S3 only" in warning for warning in built.warnings)


def test_bytecode_needs_the_target_s_python(build, output, small_function):
    """Without that Python the error says how to get it, before anything is made."""
    version = re.escape(small_function.python)
    with pytest.raises(BuildError, match=rf"pyenv install {version}.* --no-bytecode"):
        build(output, bytecode=True)
    assert not output.exists()


def test_says_that_it_was_not_tried(build, output, small_function):
    """A package that this machine can't run is built, and the result says that nobody ran it."""
    built = build(output)
    assert built.trial == Trial(
        tried=False, reason=f"there is no Python {small_function.python} on this machine"
    )
    assert not built.has_bytecode


@pytest.mark.slow
def test_a_package_that_fails_its_trial_is_not_handed_over(
    build, output, small_function, monkeypatch
):
    """An earlier build stays where the new one does not answer."""
    build(output)
    before = snapshot(output)
    (small_function.folder / "predict.py").write_text("import thing.absent\n")
    monkeypatch.setattr(_build, "find_interpreter", lambda _: Path(sys.executable))
    architecture = {"aarch64": "arm64"}.get(platform.machine(), "x86_64")
    with pytest.raises(BuildError, match=r"lacks the module thing\.absent"):
        build(output, architecture=architecture)
    assert snapshot(output) == before


@pytest.mark.parametrize("wish", [{"python": "2.7"}, {"architecture": "sparc"}])
def test_refuses_an_unknown_target(output, wish):
    """An unknown Python or processor is refused before anything is made."""
    with pytest.raises(UsageError, match="is none of"):
        package.build(output, **wish)
    assert not output.exists()
