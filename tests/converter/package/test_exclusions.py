"""What a package leaves out, by the patterns of a list."""

import re

import pytest

from coldpress.errors import BuildError
from coldpress.package.exclusions import LeftOut, leave_out
from coldpress.package.target import Target

FILES = {
    "lib/__init__.py": 10,
    "lib/__init__.pyi": 20,
    "lib/tests/test_a.py": 30,
    "lib/part/tests/data/deep.bin": 40,
    "lib/part/more.pyi": 50,
    "lib/tools/only.py": 60,
    "one.py": 70,
}


@pytest.fixture
def tree(tmp_path):
    """A directory of a few files, each of its own size."""
    folder = tmp_path / "package"
    for name, size in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return folder


@pytest.fixture
def prune(tree, tmp_path):
    """A function that leaves out by the given lines."""
    listing = tmp_path / "excluded.txt"

    def run(*lines, python="3.13", architecture="x86_64"):
        listing.write_text("\n".join(lines), "utf-8")
        return leave_out(tree, listing, Target(python=python, architecture=architecture))

    return run


def names(folder):
    """Every file and folder below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("pattern", "files", "size"),
    [
        pytest.param("one.py", 1, 70, id="file"),
        pytest.param("lib/tools", 1, 60, id="folder"),
        pytest.param("**/tests", 2, 70, id="folders of a name"),
        pytest.param("**/*.pyi", 2, 70, id="files of a suffix"),
        pytest.param("lib/[!_p]*", 2, 90, id="all but some"),
        pytest.param("lib/tools  # why", 1, 60, id="with its reason"),
    ],
)
def test_counts_what_a_pattern_leaves_out(prune, tree, pattern, files, size):
    """Each pattern's files go, and their number and size are said."""
    before = names(tree)
    bare = pattern.partition("#")[0].strip()
    assert prune(pattern) == (LeftOut(pattern=bare, files=files, unpacked_bytes=size),)
    assert len(before & set(FILES)) - len(names(tree) & set(FILES)) == files


def test_an_emptied_file_keeps_its_name(prune, tree):
    """A module that others import stays, without its content, and counts as left out."""
    (found,) = prune("empty lib/tools/only.py")
    assert (found.files, found.unpacked_bytes) == (1, 60)
    assert (tree / "lib/tools/only.py").read_bytes() == b""


def test_folders_that_become_empty_go_too(prune, tree):
    """No folder stays without a file below it; Python would take it for a package."""
    prune("**/tests", "lib/part/more.pyi")
    assert not {name for name in names(tree) if name.startswith("lib/part")}


def test_a_file_counts_once(prune):
    """What two patterns match is the first one's."""
    first, second = prune("lib/part", "**/tests")
    assert (first.unpacked_bytes, second.unpacked_bytes) == (90, 30)


def test_a_pattern_within_another_is_no_error(prune):
    """A pattern whose files another one has taken matched something all the same."""
    assert [each.files for each in prune("lib/part", "lib/part/tests")] == [2, 0]


@pytest.mark.parametrize(
    ("line", "target", "applies"),
    [
        pytest.param('one.py ; python_version < "3.14"', {"python": "3.13"}, True, id="before"),
        pytest.param('one.py ; python_version < "3.14"', {"python": "3.14"}, False, id="after"),
        pytest.param(
            'one.py ; platform_machine == "aarch64"', {"architecture": "arm64"}, True, id="arm64"
        ),
        pytest.param(
            'absent.py ; platform_machine == "aarch64"',
            {"architecture": "x86_64"},
            False,
            id="not asked for",
        ),
    ],
)
def test_a_marker_says_for_which_targets(prune, tree, line, target, applies):
    """A pattern with a marker is only for the targets that fit it, and need match nothing else."""
    assert bool(prune(line, **target)) is applies
    assert (tree / "one.py").exists() is not applies


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("gone.py", "the pattern gone.py, which matches nothing .* 3.13 on", id="rot"),
        pytest.param("../other", "which leaves the package", id="above"),
        pytest.param("/etc/hosts", "which leaves the package", id="absolute"),
        pytest.param(
            "one.py ; python 3", "the marker 'python 3', which can't be read", id="marker"
        ),
    ],
)
def test_refuses_a_list_that_is_not_true(prune, tree, line, message):
    """A pattern that does nothing, or can't be read, is an error, and nothing is removed."""
    with pytest.raises(BuildError, match=re.compile(message)):
        prune("lib/tools", line)
    assert names(tree) >= set(FILES)
