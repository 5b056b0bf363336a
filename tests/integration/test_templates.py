"""What the two templates create: the same function, role, bucket and API, whichever tool is used.

What moto's CloudFormation knows is deployed to a moto server and looked at there; the HTTP API and
the bucket's settings, which it doesn't know, are compared as the tools compile them.
"""

import ast
import copy
import json
import re
import subprocess
import uuid

import pytest

pytestmark = pytest.mark.slow

# The rest of these templates' resources moto's CloudFormation can't create.
DEPLOYABLE = {"AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::S3::Bucket"}
TRANSLATE = """
import json, sys, boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
template = yaml_parse(open(sys.argv[1]).read())
print(json.dumps(translator.translate(template, {"ModelUri": sys.argv[2]})))
"""


@pytest.fixture(scope="session")
def sam_template(sam_packaged, sam_tool, model_uri):
    """The CloudFormation template that AWS makes of the SAM template."""
    python = sam_tool("python")
    outcome = subprocess.run(
        [python.path, "-c", TRANSLATE, sam_packaged, model_uri],
        env=python.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(outcome.stdout)


@pytest.fixture(scope="session")
def serverless_template(serverless_package):
    """The CloudFormation template that the Serverless Framework deploys."""
    return json.loads(
        (serverless_package / "cloudformation-template-update-stack.json").read_bytes()
    )


@pytest.fixture(scope="session", params=["sam", "serverless"])
def template(request):
    """Each tool's CloudFormation template."""
    return request.getfixturevalue(f"{request.param}_template")


@pytest.fixture(scope="session")
def deploy(aws_client, sam_template, model_uri):
    """A function that deploys resources of some types, and gives their types and names."""

    def run(template, kinds, **parameters):
        stack = f"stack-{uuid.uuid4().hex[:8]}"
        resources = copy.deepcopy(only(template, *kinds))
        for resource in resources.values():
            if "Code" in resource["Properties"]:
                resource["Properties"]["Code"] = code_of(sam_template)
        kept = {key: template[key] for key in ("Parameters", "Conditions")}
        cloudformation = aws_client("cloudformation")
        cloudformation.create_stack(
            StackName=stack,
            TemplateBody=json.dumps({**kept, "Resources": resources}),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in {"ModelUri": model_uri, **parameters}.items()
            ],
        )
        summaries = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return [
            (each["ResourceType"], each["PhysicalResourceId"])
            for each in summaries
            if each["ResourceType"]
        ]

    return run


@pytest.fixture(scope="session")
def deployed(template, deploy):
    """Each tool's resources, deployed without a bucket."""
    return deploy(template, DEPLOYABLE)


def test_the_function_may_read_one_model_and_write_one_log(deployed, aws_client):
    """The role holds two rights, and no managed policy beside them."""
    iam, (role,) = aws_client("iam"), named("AWS::IAM::Role", deployed)
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    s3, logs = ast.literal_eval(document)["Statement"]  # moto's own way to write it
    assert s3 == {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::churn-models/prod/eu/churn/*",
    }
    (function,) = named("AWS::Lambda::Function", deployed)
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"].endswith(f":log-group:/aws/lambda/{function}")
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_the_function_is_what_was_asked_for(deployed, aws_client, model_uri):
    """Handler, runtime, memory and environment are set as the parameters say."""
    (name,) = named("AWS::Lambda::Function", deployed)
    found = aws_client("lambda").get_function_configuration(FunctionName=name)
    assert {key: found[key] for key in ("Handler", "Runtime", "MemorySize", "Timeout")} == {
        "Handler": "predict.handler",
        "Runtime": "python3.13",
        "MemorySize": 1769,
        "Timeout": 29,
    }
    assert found["Architectures"] == ["x86_64"]
    assert found["EphemeralStorage"] == {"Size": 512}
    variables = found["Environment"]["Variables"]
    assert variables.pop("POWERTOOLS_SERVICE_NAME")
    assert variables == {
        "MODEL_URI": model_uri,
        "POWERTOOLS_METRICS_NAMESPACE": "Coldpress",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def test_logs_end(deployed, aws_client):
    """The function's log and the API's are kept for 30 days."""
    logs = aws_client("logs")
    groups = named("AWS::Logs::LogGroup", deployed)
    assert sorted(name.rpartition("/")[0] for name in groups) == ["/aws/http-api", "/aws/lambda"]
    for name in groups:
        (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert group["retentionInDays"] == 30


def test_a_bucket_is_made_only_when_asked_for(deployed, template, deploy, aws_client):
    """CreateBucket makes the bucket that the model URI names; without it there is none."""
    assert "churn-models" not in named("AWS::S3::Bucket", deployed)
    created = deploy(template, {"AWS::S3::Bucket"}, CreateBucket="true")
    assert "churn-models" in named("AWS::S3::Bucket", created)
    aws_client("s3").delete_bucket(Bucket="churn-models")


def test_the_bucket_is_closed_and_keeps_its_past(template):
    """The bucket's settings are those that a reviewer asks for."""
    bucket = template["Resources"]["ModelBucket"]
    properties = bucket["Properties"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}


def test_the_bucket_refuses_what_is_not_encrypted(template):
    """The bucket's policy denies every request without TLS."""
    (statement,) = template["Resources"]["ModelBucketPolicy"]["Properties"]["PolicyDocument"][
        "Statement"
    ]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_every_route_is_signed(template):
    """The API has the two routes, any method, and both ask for AWS signatures."""
    assert routes(template) == {"ANY /{proxy+}": "AWS_IAM"}


def test_the_api_is_throttled_and_logs_no_secret(template):
    """The stage has limits, and a JSON access log without bodies or authorisation headers."""
    (stage,) = only(template, "AWS::ApiGatewayV2::Stage").values()
    settings = stage["Properties"]["DefaultRouteSettings"]
    assert (settings["ThrottlingBurstLimit"], settings["ThrottlingRateLimit"]) == (200, 100)
    access_log = stage["Properties"]["AccessLogSettings"]["Format"]
    assert json.loads(access_log)["requestId"] == "$context.requestId"
    assert set(re.findall(r"\$\w+", access_log)) == {"$context"}
    assert "authorizer" not in access_log


@pytest.mark.parametrize(
    ("uri", "valid"),
    [
        pytest.param(f"s3://models/prod/churn@sha256:{'0a' * 32}", True, id="pinned"),
        pytest.param("s3://models/churn@live", True, id="channel, no prefix"),
        pytest.param("s3://models/*/churn@live", False, id="asterisk"),
        pytest.param("s3://models/p?od/churn@live", False, id="question mark"),
        pytest.param("s3://models//churn@live", False, id="empty prefix"),
        pytest.param("s3://models/prod/churn", False, id="no version"),
        pytest.param("s3://models/prod/churn@sha256:0a", False, id="short digest"),
        pytest.param("file:///models/churn@live", False, id="no S3"),
        pytest.param("s3://models/prod/churn@live\n", False, id="line feed"),
    ],
)
def test_the_model_uri_is_checked(template, uri, valid):
    """CloudFormation takes no model URI that would not be one, or that would widen the role."""
    pattern = template["Parameters"]["ModelUri"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern.removesuffix("$"), uri)) is valid


@pytest.mark.parametrize("kind", ["ModelBucket", "ModelBucketPolicy"])
def test_both_tools_make_the_same_bucket(sam_template, serverless_template, kind):
    """SAM's bucket and Serverless's are one and the same."""
    assert plain(sam_template["Resources"][kind]) == plain(serverless_template["Resources"][kind])


def test_both_tools_make_the_same_role(sam_template, serverless_template):
    """Both roles are the same, but for the name of the function's log group."""
    roles = (
        json.dumps(plain(each["Resources"]["FunctionRole"]))
        for each in (sam_template, serverless_template)
    )
    sam, serverless = roles
    assert sam.replace("FunctionLogGroup", "PredictLogGroup") == serverless


def test_both_tools_make_the_same_api(sam_template, serverless_template):
    """Routes, throttling and access logs agree."""
    assert routes(sam_template) == routes(serverless_template)
    sam, serverless = (
        next(iter(only(each, "AWS::ApiGatewayV2::Stage").values()))["Properties"]
        for each in (sam_template, serverless_template)
    )
    assert sam["AccessLogSettings"]["Format"] == serverless["AccessLogSettings"]["Format"]
    assert sam["DefaultRouteSettings"].items() <= serverless["DefaultRouteSettings"].items()
    assert (sam["StageName"], sam["AutoDeploy"]) == ("$default", True)
    assert (serverless["StageName"], serverless["AutoDeploy"]) == ("$default", True)


def only(template, *kinds):
    """A template's resources of the given types."""
    resources = template["Resources"].items()
    return {name: each for name, each in resources if each["Type"] in kinds}


def named(kind, deployed):
    """Physical names of the deployed resources of one type."""
    return [name for each, name in deployed if each == kind]


def code_of(template):
    """Where a template's function has its code."""
    (function,) = only(template, "AWS::Lambda::Function").values()
    return function["Properties"]["Code"]


def plain(resource):
    """A resource without the tool's own remarks."""
    return {key: value for key, value in resource.items() if key != "Metadata"}


def routes(template):
    """Routes and how a caller proves who he is, from route resources or an OpenAPI document."""
    found = only(template, "AWS::ApiGatewayV2::Route").values()
    if found:
        return {
            each["Properties"]["RouteKey"]: each["Properties"]["AuthorizationType"]
            for each in found
        }
    (api,) = only(template, "AWS::ApiGatewayV2::Api").values()
    paths = api["Properties"]["Body"]["paths"].items()
    return {
        f"{method.removeprefix('x-amazon-apigateway-').removesuffix('-method').upper()} {path}": (
            ",".join(name for scheme in operation["security"] for name in scheme)
        )
        for path, methods in paths
        for method, operation in methods.items()
    }
