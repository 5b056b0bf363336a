"""What the two templates create: the same, whichever tool is used and whatever is chosen."""

import json
import re

import pytest

from tests.integration.compiled import JWT, KEY, MODEL_URI, STACK, chosen_of, comparable, of_type

pytestmark = pytest.mark.slow

CHOICES = {
    "as it comes": {},
    "a bucket": {"CreateBucket": "true"},
    "an HTTP API with tokens and pages": {**JWT, "Docs": "true"},
    "a REST API": {"Api": "rest-api"},
    "a REST API with pages": {"Api": "rest-api", "Docs": "true"},
    "a REST API with keys": {"Api": "rest-api", "Auth": "api-key"},
    "a REST API with keys and pages": {"Api": "rest-api", "Auth": "api-key", "Docs": "true"},
    "a function URL": {"Api": "function-url"},
    "a function URL with pages": {"Api": "function-url", "Docs": "true"},
    "a VPC, traces, a topic and pages": {
        "Docs": "true",
        "SubnetIds": "subnet-1,subnet-2",
        "SecurityGroupIds": "sg-1",
        "Tracing": "Active",
        "AlarmTopic": "arn:aws:sns:us-east-1:123456789012:alarms",
    },
    "warm by all means": {
        "ReservedConcurrency": "20",
        "ProvisionedConcurrency": "2",
        "WarmUp": "rate(5 minutes)",
    },
    "snapshots": {"SnapStart": "true"},
    "a queue": {"Queue": "true"},
    "a queue in a VPC": {
        "Queue": "true",
        "Answers": "eu/answers",
        "SubnetIds": "subnet-1",
        "SecurityGroupIds": "sg-1",
    },
    "a key of one's own": {"KmsKey": KEY, "CreateBucket": "true", "Queue": "true", "Docs": "true"},
}


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES.keys())
def test_both_tools_create_the_same(sam_template, translate, serverless_template, chosen):
    """Resource by resource, property by property; outputs too."""
    assert chosen.keys() <= sam_template["Parameters"].keys()
    sam, serverless = (
        chosen_of(each, chosen) for each in (translate(**chosen), serverless_template)
    )
    ours, theirs = comparable(sam), comparable(serverless)
    assert sorted(ours) == sorted(theirs)
    for name in ours:
        assert ours[name] == theirs[name], name
    own = ("PredictLambdaFunctionQualifiedArn", "ServerlessDeploymentBucketName")
    assert sam["Outputs"] == {k: v for k, v in serverless["Outputs"].items() if k not in own}


def test_both_tools_refuse_the_same(sam_template, serverless_template):
    """Parameters, but the one that only SAM needs, and the rules of what goes together."""
    parameters = dict(sam_template["Parameters"])
    del parameters["Revision"]
    assert parameters.keys() == serverless_template["Parameters"].keys()
    for name, each in parameters.items():
        other = serverless_template["Parameters"][name]
        assert {k: each[k] for k in each if k != "Default"} == {
            k: other[k] for k in other if k != "Default"
        }
        if name != "ModelUri":
            assert str(each["Default"]) == str(other["Default"]), name
    assert sam_template["Rules"] == serverless_template["Rules"]


def test_each_function_reads_one_model_and_writes_one_log(created):
    """A role has the rights of its function; the hook's has two more."""
    resources = created(Docs="true")
    for name in ("Predict", "Docs", "Hooks"):
        (policy,) = resources[f"{name}Role"]["Properties"]["Policies"]
        reads, writes, *more = policy["PolicyDocument"]["Statement"]
        assert (reads["Action"], reads["Resource"]) == (
            "s3:GetObject",
            "arn:aws:s3:::churn-models/prod/eu/churn/*",
        )
        assert writes["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert writes["Resource"] == {"Fn::GetAtt": [f"{name}LogGroup", "Arn"]}
        assert [each["Action"] for each in more] == (
            ["lambda:InvokeFunction", "codedeploy:PutLifecycleEventHookExecutionStatus"]
            if name == "Hooks"
            else []
        )
        assert "ManagedPolicyArns" not in resources[f"{name}Role"]["Properties"]


def test_a_stack_as_it_comes(created):
    """A function, its alias, an HTTP API, a hook, alarms, a dashboard, and logs; no more."""
    resources = created()
    kinds = sorted(each["Type"] for name, each in resources.items() if "Bucket" not in name)
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "AWS::ApiGatewayV2::Api": 1,
        "AWS::ApiGatewayV2::Integration": 1,
        "AWS::ApiGatewayV2::Route": 1,
        "AWS::ApiGatewayV2::Stage": 1,
        "AWS::CloudWatch::Alarm": 4,
        "AWS::CloudWatch::Dashboard": 1,
        "AWS::CodeDeploy::Application": 1,
        "AWS::CodeDeploy::DeploymentGroup": 1,
        "AWS::IAM::Role": 3,
        "AWS::Lambda::Alias": 1,
        "AWS::Lambda::Function": 2,
        "AWS::Lambda::Permission": 1,
        "AWS::Lambda::Version": 1,
        "AWS::Logs::LogGroup": 3,
    }
    properties = resources["PredictLambdaFunction"]["Properties"]
    assert {key: properties[key] for key in ("Handler", "Runtime", "MemorySize", "Timeout")} == {
        "Handler": "predict.handler",
        "Runtime": "python3.13",
        "MemorySize": 1769,
        "Timeout": 29,
    }
    assert properties["Architectures"] == ["x86_64"]
    assert properties["EphemeralStorage"] == {"Size": 512}
    assert properties["Environment"]["Variables"] == {
        "MODEL_URI": MODEL_URI,
        "POWERTOOLS_SERVICE_NAME": STACK,
        "POWERTOOLS_METRICS_NAMESPACE": "Coldpress",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def test_logs_end(created):
    """Every log is kept for as long as was chosen."""
    groups = of_type(created(Docs="true", LogRetention="90"), "AWS::Logs::LogGroup").values()
    assert {str(group["Properties"]["RetentionInDays"]) for group in groups} == {"90"}
    assert sorted(group["Properties"]["LogGroupName"] for group in groups) == [
        f"/aws/api/{STACK}",
        f"/aws/lambda/CodeDeployHook_{STACK}",
        f"/aws/lambda/{STACK}-docs",
        f"/aws/lambda/{STACK}-predict",
    ]


def test_traffic_moves_by_and_by_and_back(created):
    """The alias moves by CodeDeploy, after the hook, and back when an alarm rings."""
    resources = created(Shift="Linear10PercentEvery1Minute")
    alias = resources["PredictLambdaFunctionAliaslive"]
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["BeforeAllowTrafficHook"] == {"Ref": "HooksLambdaFunction"}
    group = resources["PredictLambdaFunctionDeploymentGroup"]["Properties"]
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    alarms = {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}
    assert alarms == of_type(resources, "AWS::CloudWatch::Alarm").keys()
    hook = resources["HooksLambdaFunction"]["Properties"]
    assert hook["FunctionName"] == f"CodeDeployHook_{STACK}"
    (version,) = of_type(resources, "AWS::Lambda::Version")
    assert hook["Environment"]["Variables"]["NEW_VERSION"] == {"Ref": version}
    assert alias["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}


def test_another_revision_is_another_version(translate):
    """SAM makes a version for each revision, whatever else is the same."""
    (one,), (other,) = (
        of_type(translate(Revision=digits * 10)["Resources"], "AWS::Lambda::Version")
        for digits in ("0a", "0b")
    )
    assert one != other


def test_the_bucket_is_closed_and_keeps_its_past(created):
    """The bucket's settings are those that a reviewer asks for, and there is none unasked."""
    assert "ModelBucket" not in created()
    bucket = created(CreateBucket="true")["ModelBucket"]
    properties = bucket["Properties"]
    assert properties["BucketName"] == "churn-models"
    # One whose first deployment fails goes again: it would be in the next one's way.
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}


def test_the_bucket_refuses_what_is_not_encrypted(created):
    """The bucket's policy denies every request without TLS."""
    policy = created(CreateBucket="true")["ModelBucketPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


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


def test_the_dashboard_is_json(created):
    """Its widgets are there, and name the stack's own function and log."""
    body = created()["Dashboard"]["Properties"]["DashboardBody"]
    text = body["Fn::Sub"] if isinstance(body, dict) else body
    widgets = json.loads(text)["widgets"]
    titles = [widget["properties"]["title"] for widget in widgets]
    assert {"Cold starts", "Predictions by model", "Payload sizes, bytes"} <= set(titles)
    assert f"/aws/lambda/{STACK}-predict" in text
