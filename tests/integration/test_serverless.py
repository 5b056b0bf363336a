"""The Serverless template through osls, the framework's open fork, offline."""

import json

import pytest

pytestmark = pytest.mark.slow


def test_package_takes_the_build_as_it_is(serverless_package, project):
    """The packaged service's code is function.zip; the framework zips nothing itself."""
    state = json.loads((serverless_package / "serverless-state.json").read_bytes())
    code = state["service"]["provider"]["compiledCloudFormationTemplate"]["Resources"][
        "PredictLambdaFunction"
    ]["Properties"]["Code"]
    assert code["S3Key"].endswith("/function.zip")
    assert not list(project.joinpath("infra").rglob("*.zip"))


def test_the_linter_finds_nothing(serverless_package, lint):
    """cfn-lint, with the rules for serverless applications, has nothing to say of the result."""
    assert lint(serverless_package / "cloudformation-template-update-stack.json") == ""


def test_a_model_must_be_named(project, osls):
    """Without ModelUri the framework packages nothing and names the parameter."""
    outcome = osls.run("package", cwd=project / "infra" / "serverless")
    assert outcome.returncode == 1
    assert "ModelUri" in outcome.stdout


def test_the_linter_catches_a_wildcard(project, osls, lint):
    """A model URI that would widen the function's role does not pass."""
    outcome = osls.run(
        *("package", "--package", project / "wide", "--param", "ModelUri=s3://models/*/churn@live"),
        cwd=project / "infra" / "serverless",
    )
    assert outcome.returncode == 0, outcome.stdout
    assert "AllowedPattern" in lint(project / "wide" / "cloudformation-template-update-stack.json")
