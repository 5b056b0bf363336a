"""The real package: what pip brings from the index for this machine's processor and the other."""

import struct
import zipfile
from importlib.metadata import Distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from coldpress.package import ARCHITECTURES, MOST_BYTES, build
from coldpress.package.target import Target

pytestmark = pytest.mark.slow

# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html: e_machine lies at byte 18.
MACHINES = {62: "x86_64", 183: "arm64"}


def machines(directory):
    """The processors that a directory's shared objects are for."""
    headers = (path.read_bytes()[:20] for path in directory.rglob("*.so*"))
    return {MACHINES[struct.unpack_from("<H", header, 18)[0]] for header in headers}


def distributions(directory):
    """The distributions in a directory, by normal name."""
    found = (Distribution.at(path) for path in directory.glob("*.dist-info"))
    return {canonicalize_name(each.metadata["Name"]): each for each in found}


def test_it_holds_what_its_packages_need(built_package):
    """Every declared dependency of every package is there, in a version that will do."""
    held = distributions(built_package.directory)
    target = Target(python=built_package.python, architecture=built_package.architecture)
    needs = [Requirement(text) for each in held.values() for text in each.requires or ()]
    applying = [
        need
        for need in needs
        if need.marker is None or need.marker.evaluate({**target.markers, "extra": ""})
    ]
    assert len(applying) > 5
    for need in applying:
        assert held[canonicalize_name(need.name)].version in need.specifier


def test_it_fits_lambda(built_package):
    """The package is well below Lambda's limit, and its zip is sound."""
    assert built_package.unpacked_bytes < MOST_BYTES
    with zipfile.ZipFile(built_package.archive) as archive:
        assert archive.testzip() is None


def test_its_libraries_are_for_the_processor(built_package):
    """Every shared object is for the processor that was asked for."""
    assert machines(built_package.directory) == {built_package.architecture}


def test_the_other_processor_s_is_built_here_too(built_package, tmp_path):
    """This machine builds for the processor that it doesn't have."""
    (other,) = set(ARCHITECTURES) - {built_package.architecture}
    built = build(tmp_path / "build", python=built_package.python, architecture=other)
    assert machines(built.directory) == {other}
