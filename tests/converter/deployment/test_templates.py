"""What a project's template may be told, and what it is told."""

import json
import shutil

import pytest

from coldpress.deployment.templates import project_tools, read_template
from coldpress.errors import UsageError
from coldpress.scaffold import infrastructure

MEMORY = {"MemorySize": "3008"}


@pytest.fixture
def project(tmp_path):
    """A function that lays the templates of tools into a folder."""

    def lay(*tools):
        for tool in tools:
            for name, text in infrastructure(tool, service="churn", archive="x.zip").items():
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(text, "utf-8")
        return tmp_path

    return lay


def _settings(folder, parameters, stage="default"):
    (folder / "samconfig.toml").write_text(
        f"version = 0.1\n[{stage}.deploy.parameters]\n{parameters}\n", "utf-8"
    )


def test_both_templates_have_the_same_parameters(project):
    """Whoever changes the tool sets what he set before; and each tool has some of its own."""
    folder = project("sam", "serverless")
    sam, serverless = (
        set(read_template(tool, folder).values("live", {})) for tool in ("sam", "serverless")
    )
    assert sam - serverless == {"Revision"}
    assert serverless - sam == {"ImageUri", "Tags"}


@pytest.mark.parametrize("tool", ["sam", "serverless"])
def test_defaults_are_texts(project, tool):
    """Numbers and flags are as a command line has them."""
    values = read_template(tool, project(tool)).values("live", {})
    assert values["MemorySize"] == "1769"
    assert values["CreateBucket"] == "false"
    assert values["PythonVersion"] == "3.13"
    assert values["WarmUp"] == ""


@pytest.mark.parametrize(
    "told",
    [
        pytest.param('parameter_overrides = ["MemorySize=3008"]', id="list"),
        pytest.param(
            "parameter_overrides = 'MemorySize=3008 WarmUp=\"rate(5 minutes)\"'", id="text"
        ),
    ],
)
def test_sam_s_settings_count(project, told):
    """What samconfig.toml gives stands before the default, and what is chosen before that."""
    folder = project("sam")
    _settings(folder, told)
    template = read_template("sam", folder)
    assert template.values("live", {})["MemorySize"] == "3008"
    assert template.values("live", {"MemorySize": "512"})["MemorySize"] == "512"


def test_a_stage_has_a_table_of_its_own(project):
    """The stage's table is read rather than the default one."""
    folder = project("sam")
    _settings(folder, 's3_bucket = "mine"\nparameter_overrides = ["MemorySize=3008"]', "staging")
    template = read_template("sam", folder)
    assert template.values("staging", {})["MemorySize"] == "3008"
    assert template.values("live", {})["MemorySize"] == "1769"
    assert template.config_env("staging") == "staging"
    assert template.config_env("live") is None
    assert template.names_bucket("staging")
    assert not template.names_bucket("live")


def test_a_stage_of_serverless_has_values_of_its_own(project):
    """What `params` has for the stage stands before the defaults."""
    folder = project("serverless")
    path = folder / "serverless.yml"
    own = "params:\n  staging:\n    MemorySize: 512\n"
    path.write_text(path.read_text("utf-8").replace("params:\n", own, 1), "utf-8")
    template = read_template("serverless", folder)
    assert template.values("staging", {})["MemorySize"] == "512"
    assert template.values("live", {})["MemorySize"] == "1769"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("version = [", r"samconfig.toml can't be read", id="no TOML"),
        pytest.param("default = 3", r"samconfig.toml can't be read", id="no table"),
        pytest.param(
            "[default.deploy.parameters]\nparameter_overrides = 3", "they are a list", id="a number"
        ),
        pytest.param(
            '[default.deploy.parameters]\nparameter_overrides = ["Memory"]',
            "they are a list",
            id="no value",
        ),
    ],
)
def test_broken_settings_are_told(project, text, message):
    """Settings that SAM could not read either are named."""
    folder = project("sam")
    (folder / "samconfig.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message):
        read_template("sam", folder).values("live", {})


@pytest.mark.parametrize("tool", ["sam", "serverless"])
def test_an_unknown_parameter_is_told(project, tool):
    """A name that the template has not is refused, with the nearest that it has."""
    with pytest.raises(UsageError, match="no parameter MemorySise; did you mean MemorySize"):
        read_template(tool, project(tool)).values("live", {"MemorySise": "1"})
    with pytest.raises(UsageError, match=r"no parameter Xyz; it has .*ModelUri, "):
        read_template(tool, project(tool)).values("live", {"Xyz": "1"})


def test_a_template_may_be_json(project):
    """JSON is YAML, too."""
    folder = project("sam")
    document = {"Parameters": {"ModelUri": {"Type": "String"}, "X": {"Default": 3}}}
    (folder / "template.yaml").write_text(json.dumps(document), "utf-8")
    assert read_template("sam", folder).values("live", {}) == {"ModelUri": "", "X": "3"}


def test_what_is_no_yaml_is_told(project):
    """A template that can't be read is named, in one line."""
    folder = project("sam")
    (folder / "template.yaml").write_text("a: [\n  b: }", "utf-8")
    with pytest.raises(UsageError, match=r"template.yaml can't be read as a template: [^\n]+$"):
        project_tools(folder)


def test_a_project_is_known_by_its_template(project):
    """A folder is the project of those tools whose template deploys a model."""
    assert project_tools(project("sam")) == ["sam"]
    assert project_tools(project("serverless")) == ["sam", "serverless"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            "template.yaml", "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n", id="SAM"
        ),
        pytest.param("serverless.yml", "service: shop\nfunctions: {}\n", id="Serverless"),
        pytest.param("template.yaml", "- a list\n", id="a list"),
        pytest.param("template.yaml", "", id="empty"),
    ],
)
def test_somebody_s_own_application_is_no_project(tmp_path, name, text):
    """What deploys something else is never deployed by mistake."""
    (tmp_path / name).write_text(text, "utf-8")
    assert project_tools(tmp_path) == []


def test_nothing_is_no_project(tmp_path):
    """Nor is an empty folder."""
    shutil.rmtree(tmp_path)
    assert project_tools(tmp_path) == []
