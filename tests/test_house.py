"""The rules of the house that no linter knows, and the pages that must stay true."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from coldpress_runtime import artifact
from coldpress_runtime.options import Limits

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path for folder in ("converter", "functions", "tests") for path in (ROOT / folder).rglob("*.py")
)
SCHEMA = json.loads((ROOT / "docs" / "manifest.schema.json").read_text(encoding="utf-8"))
MANIFESTS = sorted((ROOT / "tests" / "fixtures" / "manifests").glob("*.json"))
LONGEST_MODULE = 400


def ids(path):
    """A source's path below the repository."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name.startswith("test_")], ids=ids)
def test_tests_say_what_they_show(path):
    """Every test has a docstring of one line that says the behaviour."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    tests = [node for node in functions if node.name.startswith("test_")]
    wrong = [node.name for node in tests if len((ast.get_docstring(node) or "").splitlines()) != 1]
    assert not wrong


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_modules_are_small(path):
    """A module that needs more lines has two rooms in it."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


def test_command_line_page_is_current(monkeypatch):
    """docs/command-line.md is what `make docs` writes."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import write_docs

    assert write_docs.PAGE.read_text(encoding="utf-8") == write_docs.page(), "run make docs"


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        pytest.param(artifact.Manifest, SCHEMA, id="manifest"),
        pytest.param(artifact.Source, SCHEMA["properties"]["source"], id="source"),
        pytest.param(artifact.Signature, SCHEMA["properties"]["signature"], id="signature"),
        pytest.param(artifact.RuntimeNeeds, SCHEMA["properties"]["runtime"], id="runtime"),
        pytest.param(
            artifact.CertificateSummary, SCHEMA["properties"]["certificate"], id="certificate"
        ),
        pytest.param(artifact.TensorSpec, SCHEMA["$defs"]["tensor"], id="tensor"),
        pytest.param(artifact.Blob, SCHEMA["$defs"]["blob"], id="blob"),
        pytest.param(artifact.Frame, SCHEMA["$defs"]["frame"], id="frame"),
    ],
)
def test_schema_has_every_field(kind, schema):
    """The JSON Schema describes, and requires, just the fields that the manifest has."""
    fields = set(kind._fields)
    assert set(schema["properties"]) == fields
    later = {"frames", "tolerance", "forced"}  # which schema version 1 had not
    assert set(schema["required"]) == fields - later


@pytest.mark.parametrize("golden", MANIFESTS, ids=[path.stem for path in MANIFESTS])
def test_schema_accepts_the_golden_manifests(golden):
    """A manifest of each version that there ever was fits the schema, which is one itself."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(golden.read_bytes()), SCHEMA)


def test_the_sam_templates_are_current():
    """What tools/write_templates.py puts together from the parts is what lies in infra/sam."""
    spec = importlib.util.spec_from_file_location(
        "templates", ROOT / "tools" / "write_templates.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.template() == module.TEMPLATE.read_text("utf-8"), "run: make docs"
    assert module.image_template() == module.IMAGE.read_text("utf-8"), "run: make docs"


def test_every_setting_is_documented():
    """docs/function-settings.md names every variable that the settings read."""
    source = (ROOT / "functions" / "coldpress_runtime" / "settings.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "function-settings.md").read_text(encoding="utf-8")
    names = set(re.findall(r'"(COLDPRESS_\w+|MODEL_URI)"', source))
    assert len(names) > 5
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_every_limit_is_documented():
    """docs/function-settings.md has each limit of a request with its default."""
    page = (ROOT / "docs" / "function-settings.md").read_text(encoding="utf-8")
    rows = [
        f"| `COLDPRESS_MAX_{name.upper()}` | {most:,} |"
        for name, most in Limits()._asdict().items()
    ]
    assert [row for row in rows if row not in page] == []


def test_what_reliability_shows_is_there():
    """Every test that docs/reliability.md names stands in the file that it links to."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)", page)
    assert len(named) > 40
    assert [
        (name, path)
        for name, path in named
        if f"def {name}(" not in (ROOT / path).read_text("utf-8")
    ] == []


def test_pins_agree():
    """The function's packages have the versions that the converter certifies with."""
    pins = _pins(ROOT / "constraints.txt")
    held = _pins(ROOT / "functions" / "requirements.txt")
    assert held
    assert {name: pin for name, pin in held.items() if pins.get(name) != pin} == {}


def test_wheel_is_complete(tmp_path):
    """The built wheel holds both packages and the data that the tool lays down elsewhere."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from coldpress.resources import resource\n"
        "import coldpress_runtime\n"
        "files = [('functions', 'predict.py'), ('functions', 'requirements.txt'),\n"
        "         ('infra', 'sam', 'template.yaml'), ('infra', 'serverless', 'serverless.yml'),\n"
        "         ('events', 'http-infer.json')]\n"
        "for path in [*map(lambda parts: resource(*parts), files)]:\n"
        "    assert path.is_file() and str(path).startswith(sys.argv[1]), path\n"
        "from coldpress.report import _render\n"
        "names = {path.name for path in _render._TEMPLATES.iterdir()}\n"
        "assert {'report.html.j2', 'style.css'} <= names, names\n"
        "assert _render.__file__.startswith(sys.argv[1])\n"
        "from coldpress.planning.prices import read_prices\n"
        "assert read_prices().region == 'us-east-1'\n"
        "assert coldpress_runtime.__file__.startswith(sys.argv[1])\n"
    )
    installed = str(tmp_path / "installed")
    subprocess.run([sys.executable, "-c", code, installed], check=True)


def _pins(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = (re.split("[;#]", line)[0].strip().partition("==") for line in lines)
    return {re.sub(r"[-_.]+", "-", name).lower(): pin for name, _, pin in pins if pin}
