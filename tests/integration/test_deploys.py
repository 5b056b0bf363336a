"""The real `sam deploy`, twice, onto a moto server: what stands there afterwards, read back."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import coldpress
from coldpress_runtime.artifact import CLAIM_BYTES
from coldpress_runtime.pointers import ModelUri

pytestmark = pytest.mark.slow

STACK = "churn"
STORE = "s3://churn-models/prod"
CHOSEN = {
    "Api": "rest-api",
    "CreateBucket": "true",
    "Docs": "true",
    "LogRetention": "90",
    "Queue": "true",
    "WarmUp": "rate(5 minutes)",
}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Two versions of a model, and their URIs in the bucket that the stack is to make."""
    folder, found = tmp_path_factory.mktemp("bundles"), []
    for slope in (1.0, 2.0):
        model = LinearRegression().fit([[0.0], [1.0]], [0.0, slope])
        rows = np.linspace(0, 1, 4).reshape(-1, 1)
        found.append(coldpress.export(model, sample=rows, output=folder / f"{slope}", name="churn"))
    return found


@pytest.fixture(scope="module")
def uris(bundles):
    """What the two versions will be called."""
    return [str(ModelUri.parse(f"{STORE}/churn@sha256:{bundle.digest}")) for bundle in bundles]


@pytest.fixture(scope="module")
def command(moto_environment):
    """Runs a command of Coldpress against the moto server; gives the JSON that it prints."""

    def run(*arguments, code=0):
        outcome = subprocess.run(
            [sys.executable, "-m", "coldpress", *map(str, arguments), "--json"],
            env={**os.environ, **moto_environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == code, outcome.stderr
        return json.loads(outcome.stdout)

    return run


@pytest.fixture(scope="module")
def deployed(sam_deploy, aws_client, bundles, uris):
    """What stands after each of two deployments: the function's configuration."""
    found = []
    for bundle, uri in zip(bundles, uris, strict=True):
        sam_deploy(STACK, ModelUri=uri, Revision=bundle.digest[:10], **CHOSEN)
        found.append(aws_client("lambda").get_function_configuration(FunctionName="churn-predict"))
    return found


def test_each_deployment_serves_its_model(deployed, uris, built_package):
    """The second deployment changes the function of the first: its model, and nothing else."""
    assert [each["Environment"]["Variables"]["MODEL_URI"] for each in deployed] == uris
    own = {"Description", "Environment", "ResponseMetadata"}
    first, second = ({key: each[key] for key in each.keys() - own} for each in deployed)
    assert first == second
    assert (first["Handler"], first["Runtime"]) == ("predict.handler", "python3.13")
    assert (first["MemorySize"], first["EphemeralStorage"]) == (1769, {"Size": 512})
    assert first["CodeSize"] == built_package.archive.stat().st_size


@pytest.fixture
def functions(deployed, aws_client):
    """The client of Lambda, after both deployments."""
    assert len(deployed) == 2
    return aws_client("lambda")


def test_the_alias_moves_and_the_version_before_stays(functions, uris):
    """`live` names the second version; of the first, nothing is lost."""
    of = {"FunctionName": "churn-predict"}
    assert functions.get_alias(**of, Name="live")["FunctionVersion"] == "2"
    models = [
        functions.get_function_configuration(**of, Qualifier=qualifier)["Environment"]["Variables"]
        for qualifier in ("1", "2", "live")
    ]
    assert [each["MODEL_URI"] for each in models] == [*uris, uris[1]]


def test_the_hook_is_told_which_version_to_ask(functions, uris):
    """The hook asks the second deployment's version for the second deployment's golden examples."""
    hook = functions.get_function_configuration(FunctionName="CodeDeployHook_churn")
    version = functions.get_function_configuration(FunctionName="churn-predict", Qualifier="2")
    assert hook["Handler"] == "hooks.handler"
    told = hook["Environment"]["Variables"]
    assert (told["MODEL_URI"], told["NEW_VERSION"]) == (uris[1], version["FunctionArn"])


def test_the_stack_is_whole(deployed, aws_client):
    """CloudFormation says that it is done, and where the model answers."""
    assert deployed
    (stack,) = aws_client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    (api,) = _named(aws_client("apigateway").get_rest_apis()["items"], STACK)
    queues = "https://sqs.us-east-1.amazonaws.com/123456789012"
    assert outputs == {
        "FunctionName": "churn-predict",
        "RestApiUrl": f"https://{api['id']}.execute-api.us-east-1.amazonaws.com/live",
        "QuestionsUrl": f"{queues}/churn-questions",
        "DeadLettersUrl": f"{queues}/churn-dead-letters",
        "AnswersUri": "s3://churn-models/answers",
    }


def _named(found, name):
    return [each for each in found if each["name"] == name]


@pytest.fixture
def s3(deployed, aws_client):
    """The client of S3, after both deployments."""
    assert deployed
    return aws_client("s3")


def test_the_bucket_speaks_tls_only(s3):
    """The bucket's policy denies everybody everything that is not encrypted on its way."""
    policy = json.loads(s3.get_bucket_policy(Bucket="churn-models")["Policy"])
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Resource"] == ["arn:aws:s3:::churn-models", "arn:aws:s3:::churn-models/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_bucket_is_private_encrypted_and_versioned(s3):
    """Nobody else sees in, nothing lies there in the clear, and what is deleted stays a while."""
    of = {"Bucket": "churn-models"}
    block = s3.get_public_access_block(**of)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert set(block.values()) == {True}
    (owner,) = s3.get_bucket_ownership_controls(**of)["OwnershipControls"]["Rules"]
    assert owner == {"ObjectOwnership": "BucketOwnerEnforced"}
    (rule,) = s3.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_versioning(**of)["Status"] == "Enabled"
    (expiry,) = s3.get_bucket_lifecycle_configuration(**of)["Rules"]
    assert expiry["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}


@pytest.fixture
def rights(functions, aws_client):
    """What a function's role may do, as pairs of action and resource, and AWS's own policies."""
    iam = aws_client("iam")

    def of(function):
        arn = functions.get_function_configuration(FunctionName=function)["Role"]
        role = {"RoleName": arn.rpartition("/")[2]}
        assert iam.list_role_policies(**role)["PolicyNames"] == ["own"]
        document = iam.get_role_policy(**role, PolicyName="own")["PolicyDocument"]
        owned = iam.list_attached_role_policies(**role)["AttachedPolicies"]
        pairs = [(each["Action"], each["Resource"]) for each in document["Statement"]]
        return pairs, [each["PolicyName"] for each in owned]

    return of


@pytest.mark.parametrize("function", ["churn-predict", "churn-docs"])
def test_a_function_reads_one_model_and_writes_one_log(rights, function):
    """A function's role has two rights, and none of AWS's own policies."""
    logs = f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/{function}"
    assert rights(function) == (
        [
            ("s3:GetObject", "arn:aws:s3:::churn-models/prod/churn/*"),
            (["logs:CreateLogStream", "logs:PutLogEvents"], logs),
        ],
        [],
    )


def test_the_hook_asks_one_function_and_tells_one_deployment(rights, functions):
    """Beside model and log, the hook's role may call this function and answer this application."""
    pairs, owned = rights("CodeDeployHook_churn")
    found = {action: to for action, to in pairs if isinstance(action, str)}
    arn = functions.get_function_configuration(FunctionName="churn-predict")["FunctionArn"]
    assert found["lambda:InvokeFunction"] == f"{arn}:*"
    assert "deploymentgroup:churn-" in found["codedeploy:PutLifecycleEventHookExecutionStatus"]
    assert owned == []


def test_requests_reach_the_alias_signed(functions, aws_client):
    """The API asks for signatures, and has the right to call `live`, and nothing but `live`."""
    gateway = aws_client("apigateway")
    (api,) = _named(gateway.get_rest_apis()["items"], STACK)
    resources = gateway.get_resources(restApiId=api["id"])["items"]
    (proxy,) = (each for each in resources if each["path"] == "/{proxy+}")
    method = gateway.get_method(restApiId=api["id"], resourceId=proxy["id"], httpMethod="ANY")
    alias = functions.get_alias(FunctionName="churn-predict", Name="live")["AliasArn"]
    assert method["authorizationType"] == "AWS_IAM"
    assert method["methodIntegration"]["uri"].endswith(f"/functions/{alias}/invocations")
    policy = functions.get_policy(FunctionName="churn-predict", Qualifier="live")["Policy"]
    allowed = {
        each["Principal"]["Service"]: (each["Resource"], each["Condition"]["ArnLike"])
        for each in json.loads(policy)["Statement"]
    }
    resource, source = allowed["apigateway.amazonaws.com"]
    assert resource == alias
    assert source["AWS:SourceArn"].endswith(f":{api['id']}/*")


def test_the_api_is_throttled_and_logged(deployed, aws_client):
    """The stage lets through so many requests, and writes a line of each."""
    assert deployed
    gateway = aws_client("apigateway")
    (api,) = _named(gateway.get_rest_apis()["items"], STACK)
    stage = gateway.get_stage(restApiId=api["id"], stageName="live")
    assert stage["accessLogSettings"]["destinationArn"].endswith(":log-group:/aws/api/churn")
    assert "$context.status" in stage["accessLogSettings"]["format"]
    every = stage["methodSettings"]["*/*"]
    assert (every["throttlingBurstLimit"], every["throttlingRateLimit"]) == (200, 100.0)


def test_a_schedule_keeps_the_alias_warm(functions, aws_client):
    """The warm-up's rule, an event source, calls `live` and may."""
    events = aws_client("events")
    (rule,) = (each for each in events.list_rules()["Rules"] if "churn-" in each["Name"])
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    alias = functions.get_alias(FunctionName="churn-predict", Name="live")["AliasArn"]
    assert (rule["ScheduleExpression"], target["Arn"]) == ("rate(5 minutes)", alias)
    policy = functions.get_policy(FunctionName="churn-predict", Qualifier="live")["Policy"]
    assert f'"AWS:SourceArn": "{rule["Arn"]}"' in policy


@pytest.fixture
def queue(deployed, aws_client):
    """A function that gives the attributes of one of the stack's queues."""
    assert deployed
    sqs = aws_client("sqs")

    def of(name):
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    return of


def test_messages_reach_the_queues_function(functions, queue, uris):
    """The event source is the queue; messages of a batch that fail come back one by one."""
    mappings = functions.list_event_source_mappings(FunctionName="churn-queue")
    (source,) = mappings["EventSourceMappings"]
    assert source["EventSourceArn"] == queue("churn-questions")["QueueArn"]
    assert source["FunctionArn"].endswith(":function:churn-queue")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    function = functions.get_function_configuration(FunctionName="churn-queue")
    told = function["Environment"]["Variables"]
    assert (function["Handler"], told["MODEL_URI"]) == ("batch.handler", uris[1])
    assert int(queue("churn-questions")["VisibilityTimeout"]) >= 6 * function["Timeout"]


def test_what_can_t_be_answered_is_put_aside(queue):
    """After five tries a message is in the dead-letter queue; both are encrypted, and TLS only."""
    questions, dead = queue("churn-questions"), queue("churn-dead-letters")
    redrive = json.loads(questions["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 5}
    for each in (questions, dead):
        assert each["SqsManagedSseEnabled"] == "true"
        (statement,) = json.loads(each["Policy"])["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_queues_function_reads_one_queue_and_writes_answers(rights, queue):
    """Beside model and log, its role may read these messages, put them aside, and put answers."""
    pairs, owned = rights("churn-queue")
    questions, dead = queue("churn-questions")["QueueArn"], queue("churn-dead-letters")["QueueArn"]
    assert pairs[2:] == [
        ("s3:PutObject", "arn:aws:s3:::churn-models/answers/*"),
        (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], questions),
        ("sqs:SendMessage", dead),
    ]
    assert owned == []


@pytest.fixture
def alarms(deployed, aws_client):
    """The stack's alarms, by metric."""
    assert deployed
    found = aws_client("cloudwatch").describe_alarms(AlarmNamePrefix="churn-")["MetricAlarms"]
    return {each["MetricName"]: each for each in found}


def test_alarms_watch_the_function_and_its_predictions(alarms):
    """Errors, latency, throttles, failed predictions and both queues ring, each when it should."""
    watched = {
        metric: (each["Namespace"], each["Threshold"], each["TreatMissingData"])
        for metric, each in alarms.items()
    }
    quiet = "notBreaching"
    assert watched == {
        "Errors": ("AWS/Lambda", 0.0, quiet),
        "Duration": ("AWS/Lambda", 3000.0, quiet),
        "Throttles": ("AWS/Lambda", 0.0, quiet),
        "Status5xx": ("Coldpress", 0.0, quiet),
        "ApproximateNumberOfMessagesVisible": ("AWS/SQS", 0.0, quiet),
        "ApproximateAgeOfOldestMessage": ("AWS/SQS", 900.0, quiet),
    }
    assert alarms["Duration"]["ExtendedStatistic"] == "p99"


def test_traffic_moves_by_canary_and_back_when_an_alarm_rings(deployed, aws_client):
    """CodeDeploy knows how to shift, and when to go back; moto forgets which alarms it is told."""
    assert deployed
    deploys = aws_client("codedeploy")
    resources = aws_client("cloudformation").list_stack_resources(StackName=STACK)
    (name,) = (
        each["PhysicalResourceId"]
        for each in resources["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::CodeDeploy::Application"
    )
    (group,) = deploys.list_deployment_groups(applicationName=name)["deploymentGroups"]
    found = deploys.get_deployment_group(applicationName=name, deploymentGroupName=group)
    info = found["deploymentGroupInfo"]
    assert info["deploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert "DEPLOYMENT_STOP_ON_ALARM" in info["autoRollbackConfiguration"]["events"]


def test_logs_end_after_the_chosen_days(deployed, aws_client):
    """Every function and the API have a log, with the retention that was chosen."""
    assert deployed
    groups = aws_client("logs").describe_log_groups()["logGroups"]
    ours = {
        each["logGroupName"]: each["retentionInDays"]
        for each in groups
        if re.search(r"[/_]churn(-predict|-docs|-queue)?$", each["logGroupName"])
    }
    functions = ("CodeDeployHook_churn", "churn-predict", "churn-docs", "churn-queue")
    assert ours == dict.fromkeys(("/aws/api/churn", *(f"/aws/lambda/{f}" for f in functions)), 90)


def test_nobody_publishes_in_the_clear(deployed, bundles, command):
    """Over plain HTTP the bucket takes nothing, whoever asks; one sentence says so."""
    assert deployed
    refused = command("publish", bundles[0].path, STORE, code=1)
    assert "access was denied" in refused["error"]
    assert "the bucket's policy" in refused["error"]


@pytest.mark.usefixtures("tls")
def test_the_registry_works_against_the_bucket_that_was_made(bundles, uris, command, tmp_path, s3):
    """Publish, promote, roll back, look back and collect; the deployed versions stay whole."""
    flat = LinearRegression().fit([[0.0], [1.0]], [0.0, 0.0])
    loose = coldpress.export(flat, sample=np.zeros((2, 1)), output=tmp_path / "flat", name="churn")
    published = [command("publish", each.path, STORE)["uri"] for each in (*bundles, loose)]
    assert published[:2] == uris
    for uri in uris:
        command("promote", uri)
    assert command("rollback", f"{STORE}/churn@live")["uri"] == uris[0]
    (live,) = command("channels", STORE)
    assert (live["channel"], live["uri"]) == (f"{STORE}/churn@live", uris[0])
    (collected,) = command("gc", STORE, "--keep", 2, "--min-days", 0)["models"]
    first, second, third = (f"sha256:{each.digest}" for each in (*bundles, loose))
    assert [each["version"] for each in collected["deleted"]] == [third]
    happened = [(each["action"], each["version"]) for each in command("history", STORE)]
    moves = [("promote", first), ("promote", second), ("rollback", first)]
    assert happened == [*moves, ("delete", third)]
    apart = command("diff", *uris)["predictions"]  # which opens and asks both
    assert max(each["max_abs_diff"] for each in apart) == pytest.approx(1.0)
    manifest = f"prod/churn/versions/{loose.digest}/manifest.json"
    found = s3.list_object_versions(Bucket="churn-models", Prefix=manifest)["Versions"]
    (deleted,) = (each for each in found if each["Size"] != CLAIM_BYTES)
    assert not deleted["IsLatest"]  # the bucket keeps it for a while
