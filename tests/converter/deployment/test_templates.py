"""What a project's template may be told, and what it is told."""

import json
import re
import shutil

import pytest

from coldpress.deployment.templates import project_tools, read_template
from coldpress.errors import UsageError
from coldpress.scaffold import infrastructure

MODEL = f"s3://models/prod/churn@sha256:{'ab' * 32}"
JWT = {"JwtIssuer": "https://issuer.example/a", "JwtAudience": "client-1,client-2"}
# How serverless.yml names its stack, as it is laid down.
NAMED = "stackName: ${param:StackName, '${self:service}-${sls:stage}'}"


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


def _stack(template):
    return template.stack("live")


def _values(template):
    return template.values("live", {})


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
    _settings(folder, 'parameter_overrides = ["MemorySize=3008"]', "staging")
    template = read_template("sam", folder)
    assert template.values("staging", {})["MemorySize"] == "3008"
    assert template.values("live", {})["MemorySize"] == "1769"


def test_a_stage_of_serverless_has_values_of_its_own(project):
    """What `params` has for the stage stands before the defaults."""
    folder = project("serverless")
    path = folder / "serverless.yml"
    own = "params:\n  staging:\n    MemorySize: 512\n"
    path.write_text(path.read_text("utf-8").replace("params:\n", own, 1), "utf-8")
    template = read_template("serverless", folder)
    assert template.values("staging", {})["MemorySize"] == "512"
    assert template.values("live", {})["MemorySize"] == "1769"


def test_a_misspelt_value_of_serverless_is_told(project):
    """What nothing uses, and is called almost like a parameter, is no value that gets lost."""
    folder = project("serverless")
    path = folder / "serverless.yml"
    text = path.read_text("utf-8")
    own = "params:\n  staging:\n    MemorySise: 512\n    Mine: 1\n"
    path.write_text(text.replace("params:\n", own, 1), "utf-8")
    template = read_template("serverless", folder)
    with pytest.raises(UsageError, match=r"sets MemorySise, which .* did you mean MemorySize\?"):
        template.values("staging", {})
    assert template.values("live", {})
    (folder / "own.yml").write_text("size: ${env:SIZE, param:MemorySise}\n", "utf-8")
    own = f"own: ${{file(own.yml):size}}\n{own}"
    path.write_text(text.replace("params:\n", own, 1), "utf-8")
    assert read_template("serverless", folder).values("staging", {})["MemorySise"] == "512"


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        pytest.param("sam", {}, id="SAM"),
        pytest.param("serverless", {"Tags": "team=ml, cost=a=b"}, id="Serverless"),
    ],
)
def test_a_project_s_own_tags(project, tool, told):
    """Each tool has them in a place of its own."""
    folder = project(tool)
    if tool == "sam":
        _settings(folder, "tags = 'team=ml cost=\"a=b\"'")
    tags = read_template(tool, folder).tags("live", told)
    assert tags == {"team": "ml", "cost": "a=b"}


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


def test_settings_of_an_unknown_parameter_are_told(project):
    """A name in samconfig.toml that the template has not is no value that gets lost."""
    folder = project("sam")
    _settings(folder, 'parameter_overrides = ["MemorySise=1"]')
    with pytest.raises(UsageError, match=r"samconfig.toml sets MemorySise, but .*mean MemorySize"):
        read_template("sam", folder).values("live", {})


@pytest.mark.parametrize("tool", ["sam", "serverless"])
@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        pytest.param({"MemorySize": "99"}, "MemorySize can't be '99': it must be at", id="least"),
        pytest.param({"MemorySize": "big"}, "it must be a number", id="number"),
        pytest.param({"Timeout": "901"}, "it must be at most 900", id="most"),
        pytest.param({"Auth": "none"}, "it must be one of iam, jwt, api-key", id="choice"),
        pytest.param({"LogRetention": "2"}, "it must be one of 1, 3, 5", id="number's choice"),
        pytest.param({"WarmUp": "5 minutes"}, "it must be a schedule such as", id="schedule"),
        pytest.param({"Answers": "../a"}, "it must be a prefix such as", id="prefix"),
        pytest.param({"KmsKey": "alias/mine"}, "it must be arn:aws:kms:", id="key"),
        pytest.param({"AlarmTopic": "me@example.org"}, "it must be arn:aws:sns:", id="topic"),
        pytest.param({"ModelUri": "s3://a b/m/x@live"}, "it must be s3://BUCKET/", id="blank"),
        pytest.param({"ModelUri": "s3://bucket/../x@live"}, "it must be s3://", id="upwards"),
        pytest.param({"Auth": "jwt"}, "Auth=jwt needs JwtIssuer and JwtAudience", id="issuer"),
        pytest.param(
            {"Auth": "jwt", "JwtIssuer": "https://a.example"},
            "Auth=jwt needs JwtIssuer and JwtAudience",
            id="audience",
        ),
        pytest.param({"Auth": "api-key"}, "Auth=api-key needs Api=rest-api", id="API keys"),
        pytest.param(
            {"SnapStart": "true", "ProvisionedConcurrency": "1"},
            "SnapStart and ProvisionedConcurrency exclude each other",
            id="snapshots",
        ),
    ],
)
def test_what_cloudformation_would_refuse_is_told(project, tool, chosen, message):
    """Each value and each pair that can't be, in one sentence, of both tools alike."""
    template = read_template(tool, project(tool))
    values = {"ModelUri": MODEL, **template.values("live", {})}
    values = {**values, "ModelUri": MODEL, "Revision": "0a" * 10, **chosen}
    with pytest.raises(UsageError, match=re.escape(message)):
        template.check(values)


@pytest.mark.parametrize("tool", ["sam", "serverless"])
@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({}, id="as it comes"),
        pytest.param({"Auth": "jwt", **JWT}, id="tokens"),
        pytest.param({"Auth": "api-key", "Api": "rest-api"}, id="API keys"),
        pytest.param({"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"}, id="VPC"),
        pytest.param({"WarmUp": "rate(5 minutes)", "SnapStart": "true"}, id="warm"),
    ],
)
def test_what_goes_together_is_taken(project, tool, chosen):
    """Values that CloudFormation takes are taken."""
    template = read_template(tool, project(tool))
    told = {"ModelUri": MODEL, "Revision": "0a" * 10}
    template.check({**template.values("live", {}), **told, **chosen})


def test_what_else_is_included_is_not_read_for_parameters(project):
    """A file that is no YAML is whoever's who includes it."""
    folder = project("serverless")
    (folder / "own.json").write_text('{\n\t"a": 1\n}\n', "utf-8")
    path = folder / "serverless.yml"
    own = "custom:\n  own: ${file(own.json)}\n  missing: ${file(nowhere.yml)}\n"
    path.write_text(path.read_text("utf-8").replace("custom:\n", own, 1), "utf-8")
    template = read_template("serverless", folder)
    template.check({**template.values("live", {}), "ModelUri": MODEL})


def test_a_parameter_of_one_s_own_needs_a_value(project):
    """Without a default it is asked for before anything is done."""
    folder = project("sam")
    path = folder / "template.yaml"
    own = "Parameters:\n  Owner:\n    Type: String\n"
    path.write_text(path.read_text("utf-8").replace("Parameters:\n", own, 1), "utf-8")
    template = read_template("sam", folder)
    told = {**template.values("live", {}), "ModelUri": MODEL, "Revision": "0a" * 10}
    with pytest.raises(UsageError, match="give it one with --param Owner=VALUE"):
        template.check(told)
    template.check({**told, "Owner": "me"})


def test_variables_of_serverless_are_left_to_it(project):
    """What only the Serverless Framework can put in is neither checked nor taken for a mistake."""
    template = read_template("serverless", project("serverless"))
    told = {"ModelUri": MODEL, "MemorySize": "${env:MEMORY}", "Auth": "jwt"}
    template.check({**template.values("live", {}), **told})


@pytest.mark.parametrize(
    ("before", "after", "named", "takes"),
    [
        pytest.param("", "", "churn-staging", True, id="as laid down"),
        pytest.param("service: churn\n", "service: mine\n", "mine-staging", True, id="service"),
        pytest.param(NAMED, "stackName: shop", "shop", False, id="a name"),
        pytest.param(NAMED, "profile: me", "churn-staging", False, id="none"),
        pytest.param(
            NAMED,
            "stackName: ${self:service}-${opt:stage, 'dev'}",
            "churn-staging",
            False,
            id="opt",
        ),
        pytest.param(
            NAMED,
            "stackName: ${self:service}-${self:provider.stage}",
            "churn-staging",
            False,
            id="provider",
        ),
        pytest.param(NAMED, "stackName: ${param:StackName, 'shop'}", "shop", True, id="otherwise"),
    ],
)
def test_the_stack_of_a_serverless_project(project, before, after, named, takes):
    """It is what the framework itself would name it; another only where that can be told."""
    folder = project("serverless")
    path = folder / "serverless.yml"
    path.write_text(path.read_text("utf-8").replace(before, after, 1), "utf-8")
    template = read_template("serverless", folder)
    assert (template.stack("staging"), template.takes_stack) == (named, takes)
    assert template.setting("region", "staging") == ""
    assert template.setting("profile", "staging") == ("me" if "profile" in after else "")


@pytest.mark.parametrize(
    ("before", "after", "ask", "message"),
    [
        pytest.param(*("service: churn\n", "", _stack), "no name of a service", id="no service"),
        pytest.param(*("service: churn", "service: [a]", _stack), "no name of a", id="a list"),
        pytest.param(*("params:\n", "params: [a]\nother:\n", _values), "be tables", id="params"),
    ],
)
def test_what_is_of_another_kind_is_told(project, before, after, ask, message):
    """The stack would have another name than is asked for, and the values would get lost."""
    folder = project("serverless")
    path = folder / "serverless.yml"
    path.write_text(path.read_text("utf-8").replace(before, after, 1), "utf-8")
    template = read_template("serverless", folder)
    with pytest.raises(UsageError, match=message):
        ask(template)


def test_a_template_may_be_json(project):
    """JSON is YAML, too."""
    folder = project("sam")
    document = {"Parameters": {"ModelUri": {"Type": "String"}, "X": {"Default": 3}}}
    (folder / "template.yaml").write_text(json.dumps(document), "utf-8")
    assert read_template("sam", folder).values("live", {}) == {"ModelUri": "", "X": "3"}


def test_what_is_no_yaml_is_told(project):
    """A template that can't be read is named, in one line."""
    folder = project("sam")
    (folder / "template.yaml").write_text("ModelUri: [\n  b: }", "utf-8")
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
        pytest.param("template.yaml", "{{- if .Values }}\na: b", id="Helm"),
        pytest.param("template.yaml", "Parameters:\n  ModelUrl:\n", id="a parameter of nothing"),
        pytest.param("serverless.yml", "params: ${file(ModelUri.yml)}\n", id="a file's params"),
    ],
)
def test_somebody_s_own_application_is_no_project(tmp_path, name, text):
    """What deploys something else is never deployed by mistake."""
    (tmp_path / name).write_text(text, "utf-8")
    assert project_tools(tmp_path) == []


def test_only_the_asked_tool_s_template_is_read(project):
    """What is wrong with the other one's is no matter."""
    folder = project("sam", "serverless")
    (folder / "serverless.yml").write_text("ModelUri: [", "utf-8")
    assert project_tools(folder, ("sam",)) == ["sam"]
    with pytest.raises(UsageError, match=r"serverless.yml can't be read"):
        project_tools(folder)


def test_nothing_is_no_project(tmp_path):
    """Nor is an empty folder."""
    shutil.rmtree(tmp_path)
    assert project_tools(tmp_path) == []
