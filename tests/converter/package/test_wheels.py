"""Installing for another platform, with pip and wheels that the tests make."""

import re
import sys

import pytest

from coldpress.errors import BuildError, UsageError
from coldpress.package.target import ARCHITECTURES, PYTHONS, Target
from coldpress.package.wheels import install

ARM = Target(python="3.13", architecture="arm64")
INTEL = Target(python="3.13", architecture="x86_64")


@pytest.fixture
def requirements(tmp_path):
    """A function that writes a requirements file."""

    def write(*lines):
        path = tmp_path / "requirements.txt"
        path.write_text("\n".join(lines))
        return path

    return write


def installed(directory):
    """What was installed, as the file in each made wheel says."""
    return {path.name: path.read_text() for path in directory.glob("*.txt")}


@pytest.mark.parametrize(
    ("target", "tag"),
    [
        pytest.param(INTEL, "cp313-cp313-manylinux_2_28_x86_64", id="x86-64"),
        pytest.param(ARM, "cp313-cp313-manylinux_2_28_aarch64", id="arm64"),
        pytest.param(ARM, "cp311-abi3-manylinux_2_24_aarch64", id="stable ABI, odd glibc"),
        pytest.param(ARM, "cp313-cp313-manylinux_2_34_aarch64", id="the runtime's own glibc"),
        pytest.param(INTEL, "cp313-cp313-manylinux2014_x86_64", id="manylinux2014"),
        pytest.param(INTEL, "cp313-cp313-manylinux1_x86_64", id="manylinux1"),
        pytest.param(ARM, "py3-none-any", id="pure"),
    ],
)
def test_takes_wheels_that_the_target_can_load(wheelhouse, requirements, tmp_path, target, tag):
    """A wheel for the target is installed, whatever machine this is."""
    wheelhouse("thing", "1.0", tag)
    install(requirements("thing==1.0"), tmp_path / "out", target)
    assert installed(tmp_path / "out") == {"thing.txt": tag}


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("cp313-cp313-manylinux_2_28_aarch64", id="another processor"),
        pytest.param("cp313-cp313-manylinux_2_35_x86_64", id="newer glibc"),
        pytest.param("cp313-cp313-musllinux_1_2_x86_64", id="musl"),
        pytest.param("cp312-cp312-manylinux_2_28_x86_64", id="another Python"),
        pytest.param("cp313-cp313t-manylinux_2_28_x86_64", id="free-threaded"),
    ],
)
def test_leaves_wheels_that_it_could_not_load(wheelhouse, requirements, tmp_path, tag):
    """A wheel for anything else is as good as none, and the error names the package."""
    wheelhouse("thing", "1.0", tag)
    with pytest.raises(BuildError, match=r"No matching distribution found for thing==1\.0"):
        install(requirements("thing==1.0"), tmp_path / "out", INTEL)


@pytest.mark.parametrize(
    ("python", "names"),
    [("3.13", {"thing.txt", "backport.txt"}), ("3.14", {"thing.txt"})],
)
def test_reads_markers_for_the_target(wheelhouse, requirements, tmp_path, python, names):
    """Markers speak of the Python that will run the function, not of the one that builds it."""
    wheelhouse("thing", "1.0", "py3-none-any")
    wheelhouse("backport", "1.0", "py3-none-any")
    lines = ("# all of it", "thing==1.0  # why", 'backport==1.0; python_version < "3.14"')
    target = Target(python=python, architecture="x86_64")
    install(requirements(*lines), tmp_path / "out", target)
    assert set(installed(tmp_path / "out")) == names


def test_installs_nothing_beyond_the_list(wheelhouse, requirements, tmp_path):
    """What a package declares is not followed: the list is complete by itself."""
    wheelhouse("thing", "1.0", "py3-none-any", needs="other")
    wheelhouse("other", "1.0", "py3-none-any")
    install(requirements("thing==1.0"), tmp_path / "out", INTEL)
    assert set(installed(tmp_path / "out")) == {"thing.txt"}


def test_a_user_s_own_settings_do_not_interfere(wheelhouse, requirements, tmp_path, monkeypatch):
    """Who always installs for the user can build all the same."""
    monkeypatch.setenv("PIP_USER", "1")
    wheelhouse("thing", "1.0", "py3-none-any")
    install(requirements("thing==1.0"), tmp_path / "out", INTEL)
    assert set(installed(tmp_path / "out")) == {"thing.txt"}


def test_says_when_pip_is_missing(requirements, tmp_path, monkeypatch):
    """An environment without pip gets the line to type."""
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(BuildError, match=r"pip is missing .* -m ensurepip --upgrade"):
        install(requirements("thing==1.0"), tmp_path / "out", INTEL)


def test_says_when_the_disk_is_full(wheelhouse, requirements, full_disk):
    """The words of pip for a full disk are passed on, with what to do about it."""
    wheelhouse("thing", "1.0", "py3-none-any", filler=1_000_000)
    with pytest.raises(BuildError, match=r"No space left on device.*free some disk space"):
        install(requirements("thing==1.0"), full_disk / "out", INTEL)


@pytest.mark.parametrize(
    ("python", "architecture", "words"),
    [
        pytest.param("3.11", "x86_64", "glibc is older than onnxruntime", id="Amazon Linux 2"),
        pytest.param("3.15", "x86_64", "3.15 is none of 3.12, 3.13, 3.14", id="unknown Python"),
        pytest.param("3.13", "riscv64", "riscv64 is none of x86_64, arm64", id="unknown processor"),
    ],
)
def test_refuses_what_can_not_run(python, architecture, words):
    """A target that Lambda lacks, or that onnxruntime can't run on, is refused with the reason."""
    with pytest.raises(UsageError, match=re.escape(words)):
        Target(python=python, architecture=architecture)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_target_has_its_platforms(python, architecture):
    """The platforms go from the runtime's glibc down to manylinux2014."""
    platforms = Target(python=python, architecture=architecture).platforms
    assert platforms[0].startswith("manylinux_2_34_")
    assert platforms[-1].startswith("manylinux2014_")
