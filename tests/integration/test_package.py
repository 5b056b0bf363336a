"""The real package: what pip brings from the index for this machine's processor and the other."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from coldpress.errors import BuildError
from coldpress.package import ARCHITECTURES, PYTHONS, build
from coldpress.package._stand_in import store_stand_in
from coldpress.package.target import Target
from coldpress.package.trial import try_package

pytestmark = pytest.mark.slow

# onnxruntime declares these for its tools; the function does without.
UNNEEDED = {"flatbuffers", "packaging", "protobuf"}
# What Coldpress promises, in MB of a million bytes; bytecode included.
MOST_UNPACKED, MOST_ZIPPED = 105_000_000, 36_000_000
# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html: e_machine lies at byte 18.
MACHINES = {62: "x86_64", 183: "arm64"}

# What Lambda's Amazon Linux has of its own.
SYSTEM = {"c", "dl", "gcc_s", "m", "pthread", "rt", "stdc++", "z"}


def unresolved(directory):
    """Libraries that a directory's shared objects link, and that are neither there nor Lambda's."""
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("no readelf on this machine, which comes with binutils")
    objects = [path for path in directory.rglob("*.so*") if path.is_file()]
    command = [readelf, "--dynamic", "--wide", *objects]
    dynamic = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    linked = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    system = {name for name in linked if name.startswith("ld-linux")}
    system |= {name for name in linked if name.partition(".so")[0].removeprefix("lib") in SYSTEM}
    return linked - system - {path.name for path in objects}


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
    assert set(held) & UNNEEDED == set()
    for need in applying:
        if (name := canonicalize_name(need.name)) in UNNEEDED:
            continue
        assert held[name].version in need.specifier


def test_it_is_small(built_package):
    """The package is as small as Coldpress promises, and its zip is sound."""
    assert built_package.unpacked_bytes <= MOST_UNPACKED
    assert built_package.zipped_bytes <= MOST_ZIPPED
    with zipfile.ZipFile(built_package.archive) as archive:
        assert archive.testzip() is None


def test_it_has_answered_the_sample_events(built_package, interpreter, root):
    """It was tried with a Python of its version, alone, before it was handed over."""
    assert interpreter
    assert built_package.trial.tried, built_package.trial.reason
    assert set(built_package.trial.statuses) == {p.stem for p in (root / "events").glob("*.json")}


def test_a_trial_runs_wherever_it_is_built(built_package, interpreter, tmp_path):
    """Whatever characters the way to the build has, the function finds its model."""
    target = Target(python=built_package.python, architecture=built_package.architecture)
    place = tmp_path / "a b@ü#%20"
    outcome = try_package(
        built_package.directory, target, interpreter, scratch=place, bytecode=True
    )
    assert outcome == built_package.trial


ANSWER_PAGES = """
import json, sys, docs

event = {"version": "2.0", "headers": {}, "requestContext": {"stage": "$default"}}
statuses = {}
for path in json.loads(sys.argv[1]):
    event["rawPath"] = path
    event["requestContext"]["http"] = {"method": "GET", "path": path}
    statuses[path] = docs.handler(event, None)["statusCode"]
print(json.dumps(statuses))
"""


def test_it_has_the_docs_function(built_package, interpreter, tmp_path):
    """Alone, the package answers every page, document and file of the docs function."""
    paths = ["/", "/docs", "/openapi.json", "/catalogue", "/static/playground.js"]
    paths += ["/static/swagger-ui-bundle.min.js", "/static/swagger-ui.min.css"]
    uri = store_stand_in(tmp_path / "store")
    outcome = subprocess.run(
        [interpreter, "-S", "-c", ANSWER_PAGES, json.dumps(paths)],
        cwd=built_package.directory,
        env={"MODEL_URI": str(uri), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(outcome.stdout.splitlines()[-1]) == dict.fromkeys(paths, 200)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        pytest.param("numpy/linalg", r"lacks the module numpy\.linalg", id="at once"),
        pytest.param("jmespath", "lacks the module jmespath", id="for the log"),
        pytest.param("obstore", "lacks the module obstore", id="in the thread that fetches"),
        pytest.param("backports", "lacks the module backports", id="to unpack"),
        pytest.param("numpy.libs", "libscipy_openblas.*: cannot open shared", id="a library"),
    ],
)
def test_a_part_too_few_is_named(built_package, interpreter, tmp_path, part, message):
    """Whatever the function needs and does not find, the trial names, and refuses the package."""
    if part == "backports" and built_package.python == "3.14":
        pytest.skip("Python 3.14 has zstd itself")
    lacking = shutil.copytree(built_package.directory, tmp_path / "lacking", copy_function=os.link)
    shutil.rmtree(lacking / part)
    target = Target(python=built_package.python, architecture=built_package.architecture)
    with pytest.raises(BuildError, match=message):
        try_package(lacking, target, interpreter, scratch=tmp_path / "scratch", bytecode=True)


def test_every_module_has_its_bytecode(built_package, interpreter):
    """Each source has its bytecode beside it, and there is no bytecode without a source."""
    assert interpreter
    directory = built_package.directory
    sources = {path.relative_to(directory) for path in directory.rglob("*.py")}
    compiled = {path.relative_to(directory) for path in directory.rglob("*.pyc")}
    tag = f"cpython-{built_package.python.replace('.', '')}"
    beside = {each.parent / "__pycache__" / f"{each.stem}.{tag}.pyc" for each in sources}
    assert compiled == beside


def test_it_tells_nothing_of_the_machine_that_built_it(built_package):
    """No file holds the path of the place where it was built, or of this environment."""
    own = (str(built_package.directory.parent), str(Path(sys.prefix)))
    held = [
        path
        for path in built_package.directory.rglob("*")
        if path.is_file() and any(place.encode() in path.read_bytes() for place in own)
    ]
    assert held == []


def test_its_libraries_lack_none(built_package):
    """Whatever a shared object links is in the package or on Lambda: none was left out."""
    assert unresolved(built_package.directory) == set()


def test_parts_add_up(built_package):
    """The report's parts are all of the package, and the bytecode is some of it."""
    assert sum(part.unpacked_bytes for part in built_package.parts) == built_package.unpacked_bytes
    zipped = sum(part.zipped_bytes for part in built_package.parts)
    assert 0 < zipped < built_package.zipped_bytes  # the rest is the zip's own table
    assert built_package.bytecode.zipped_bytes < zipped


def test_its_libraries_are_for_the_processor(built_package):
    """Every shared object is for the processor that was asked for."""
    assert machines(built_package.directory) == {built_package.architecture}


@pytest.mark.parametrize("python", PYTHONS)
def test_the_other_processor_s_is_built_here_too(built_package, tmp_path, python):
    """Both processors' packages are built here, and each pattern of the list matches something."""
    (other,) = set(ARCHITECTURES) - {built_package.architecture}
    built = build(tmp_path / "build", python=python, architecture=other, bytecode=False)
    assert machines(built.directory) == {other}
    assert unresolved(built.directory) == set()
    assert built.unpacked_bytes <= MOST_UNPACKED
    assert built.zipped_bytes <= MOST_ZIPPED
    assert not built.trial.tried
    assert built.trial.reason
