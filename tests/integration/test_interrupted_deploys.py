"""The real `sam deploy`, killed half-way and repeated: the stack is right, and nothing is lost."""

import subprocess

import pytest
from moto.cloudformation.models import CloudFormationBackend
from moto.s3.models import S3Backend

from tests.integration.broken_off import killing_at

pytestmark = pytest.mark.slow

URIS = [f"s3://churn-models/prod/churn@sha256:{digest * 32}" for digest in ("ab", "cd")]
# The server's method at whose call the tool dies, and whether the change is made all the same.
STEPS = {
    "the template is uploaded": (S3Backend, "put_object", False),
    "the change set is made": (CloudFormationBackend, "create_change_set", False),
    "the change set is under way": (CloudFormationBackend, "execute_change_set", True),
}


@pytest.fixture
def deploy(sam_deployment, tmp_path):
    """A function that starts the deployment of a model, and returns the process."""

    def start(stack, uri):
        command, environment = sam_deployment(stack, ModelUri=uri, Revision=uri[-10:])
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def finish(deploy):
    """A function that deploys a model and waits until it stands."""

    def run(stack, uri):
        with deploy(stack, uri) as process:
            output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output

    return run


@pytest.fixture
def break_off(deploy):
    """A function that starts to deploy a model, and has the tool killed at a step."""

    def run(stack, uri, step):
        owner, method, _ = STEPS[step]
        with killing_at(owner, method) as victim, deploy(stack, uri) as process:
            victim.set_result(process)
            process.communicate(timeout=120)
        assert process.returncode == -9

    return run


@pytest.fixture
def status(aws_client):
    """A function that gives a stack's status; there is but one stack of a name."""

    def of(stack):
        found = aws_client("cloudformation").describe_stacks()["Stacks"]
        (each,) = (each for each in found if each["StackName"] == stack)
        return each["StackStatus"]

    return of


@pytest.mark.parametrize("step", list(STEPS)[:2])
def test_a_first_deploy_that_was_broken_off(break_off, finish, status, served, aws_client, step):
    """What is left of it is no function, and the next one makes the stack from the start."""
    stack = f"first-{list(STEPS).index(step)}"
    break_off(stack, URIS[0], step)
    functions = aws_client("lambda").list_functions()["Functions"]
    assert f"{stack}-predict" not in {each["FunctionName"] for each in functions}
    finish(stack, URIS[0])
    assert status(stack) == "CREATE_COMPLETE"
    assert served(stack) == ("1", URIS[0])


def test_a_deploy_that_was_broken_off(break_off, finish, status, served, aws_client):
    """Wherever it is killed, one model or the other is served; the next one ends as it should."""
    stack, uris = "second", URIS
    finish(stack, uris[0])
    for number, (step, (_, _, happens)) in enumerate(STEPS.items(), start=1):
        old, new = served(stack), (str(number + 1), uris[1])
        break_off(stack, new[1], step)
        assert served(stack) == (new if happens else old), step
        finish(stack, new[1])
        assert status(stack) == "UPDATE_COMPLETE"
        assert served(stack) == new, step
        uris = uris[::-1]
    of = {"FunctionName": f"{stack}-predict"}
    published = aws_client("lambda").list_versions_by_function(**of)["Versions"]
    assert [each["Version"] for each in published] == ["$LATEST", "1", "2", "3", "4"]
    models = [each["Environment"]["Variables"]["MODEL_URI"] for each in published[1:]]
    assert models == [URIS[0], URIS[1], URIS[0], URIS[1]]
