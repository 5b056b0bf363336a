"""The real `osls deploy`, twice, onto a moto server; the second one killed twice on its way."""

import json
import subprocess

import pytest
from moto.cloudformation.models import CloudFormationBackend
from moto.s3.models import S3Backend

from tests.integration.broken_off import killing_at
from tests.integration.moto_stacks import behind_tls

pytestmark = pytest.mark.slow

STACK = "coldpress-moto"
URIS = [f"s3://served-models/churn@sha256:{digest * 32}" for digest in ("ab", "cd")]
STEPS = [(S3Backend, "put_object"), (CloudFormationBackend, "create_change_set")]


@pytest.fixture(scope="module")
def start(project, osls, moto_environment, taught_moto):
    """A function that starts the deployment of a model with the framework."""
    assert taught_moto

    def run(uri):
        told = ("--param", f"ModelUri={uri}", "--param", "CreateBucket=true")
        return subprocess.Popen(
            [osls.path, "deploy", "--stage", "moto", *told],
            cwd=project / "infra" / "serverless",
            env={**osls.environment, **moto_environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


@pytest.fixture(scope="module")
def deployed(start, served):
    """What is served after each of two deployments, and each time that the second was killed."""
    found = []
    with behind_tls():
        for uri, steps in zip(URIS, ([], STEPS), strict=True):
            for step in steps:
                with killing_at(*step) as victim, start(uri) as process:
                    victim.set_result(process)
                    process.communicate(timeout=120)
                assert process.returncode == -9
                found.append(served(STACK))
            with start(uri) as process:
                output, _ = process.communicate(timeout=120)
            assert process.returncode == 0, output
            found.append(served(STACK))
    return found


def test_the_alias_moves_when_a_deploy_ends(deployed):
    """A deploy that was broken off changes nothing that is served, and the next one ends."""
    first, second = ("1", URIS[0]), ("2", URIS[1])
    assert deployed == [first, first, first, second]


def test_the_stack_is_whole(deployed, aws_client):
    """CloudFormation says that it is done, and where the model answers: at an HTTP API."""
    assert deployed
    (stack,) = aws_client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    gateway = aws_client("apigatewayv2")
    (api,) = (each for each in gateway.get_apis()["Items"] if each["Name"] == STACK)
    assert outputs["HttpApiUrl"] == api["ApiEndpoint"]
    (route,) = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    assert (route["RouteKey"], route["AuthorizationType"]) == ("ANY /{proxy+}", "AWS_IAM")


def test_the_hook_is_told_which_version_to_ask(deployed, aws_client):
    """As with SAM: the new version, by its number, and the new model."""
    assert deployed
    hook = aws_client("lambda").get_function_configuration(FunctionName=f"CodeDeployHook_{STACK}")
    told = hook["Environment"]["Variables"]
    assert told["MODEL_URI"] == URIS[1]
    assert told["NEW_VERSION"].endswith(f":{STACK}-predict:2")


def test_deploy_uploads_the_build_as_it_is(deployed, aws_client, built_package):
    """The functions' code is function.zip, byte for byte."""
    assert deployed
    s3 = aws_client("s3")
    (bucket,) = (
        bucket["Name"]
        for bucket in s3.list_buckets()["Buckets"]
        if bucket["Name"].startswith(f"{STACK}-serverlessdeployment")
    )
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    built = built_package.archive.read_bytes()
    with behind_tls():
        archives = [
            s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in keys
            if key.endswith("/function.zip")
        ]
    assert archives
    assert all(archive == built for archive in archives)


def test_the_models_bucket_is_the_templates(deployed, aws_client):
    """The models' bucket has the same policy, encryption and versions as with SAM."""
    assert deployed
    s3, of = aws_client("s3"), {"Bucket": "served-models"}
    (statement,) = json.loads(s3.get_bucket_policy(**of)["Policy"])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (rule,) = s3.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_versioning(**of)["Status"] == "Enabled"
