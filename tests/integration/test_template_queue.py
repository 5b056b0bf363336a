"""The queue's function in the templates: what it may do, and that no message is lost."""

import pytest

from tests.integration.compiled import STACK

pytestmark = pytest.mark.slow


@pytest.fixture
def queue(created):
    """The resources with a queue."""
    return created(Queue="true")


def test_there_is_none_unless_it_is_asked_for(created):
    """As it comes, a stack has neither queues nor the function."""
    assert not {"Questions", "DeadLetters", "QueueLambdaFunction", "QueueRole"} & set(created())


def test_messages_outlive_the_function_s_tries(queue):
    """They stay hidden for six times the function's timeout, and are put aside after five tries."""
    questions = queue["Questions"]["Properties"]
    timeout = queue["QueueLambdaFunction"]["Properties"]["Timeout"]
    assert questions["VisibilityTimeout"] >= 6 * timeout
    redrive = questions["RedrivePolicy"]
    assert redrive["maxReceiveCount"] >= 5
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    kept = queue["DeadLetters"]["Properties"]["MessageRetentionPeriod"]
    assert kept > questions["MessageRetentionPeriod"]


def test_only_what_is_answered_leaves_the_queue(queue):
    """The source asks for partial batch responses: without them all would be deleted."""
    source = queue["QueueSource"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["EventSourceArn"] == {"Fn::GetAtt": ["Questions", "Arn"]}
    assert source["FunctionName"] == {"Ref": "QueueLambdaFunction"}


def test_queues_are_encrypted_and_tls_only(queue):
    """At rest, and on the way."""
    for name in ("Questions", "DeadLetters"):
        assert queue[name]["Properties"]["SqsManagedSseEnabled"] is True
    policy = queue["QueuePolicy"]["Properties"]
    assert policy["Queues"] == [{"Ref": "Questions"}, {"Ref": "DeadLetters"}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_function_may_do_what_it_does(queue):
    """It reads the model, keeps answers, takes messages and puts some aside; nothing else."""
    (policy,) = queue["QueueRole"]["Properties"]["Policies"]
    rights = [(each["Action"], each["Resource"]) for each in policy["PolicyDocument"]["Statement"]]
    assert rights == [
        ("s3:GetObject", "arn:aws:s3:::churn-models/prod/eu/churn/*"),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            {"Fn::GetAtt": ["QueueLogGroup", "Arn"]},
        ),
        ("s3:PutObject", "arn:aws:s3:::churn-models/answers/*"),
        (
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            {"Fn::GetAtt": ["Questions", "Arn"]},
        ),
        ("sqs:SendMessage", {"Fn::GetAtt": ["DeadLetters", "Arn"]}),
    ]


def test_answers_have_a_place_of_their_own(created):
    """The prefix is a choice; the function writes there and nowhere else."""
    resources = created(Queue="true", Answers="eu/answers")
    variables = resources["QueueLambdaFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["COLDPRESS_RESULTS"] == "s3://churn-models/eu/answers"
    assert variables["COLDPRESS_DEAD_LETTER_QUEUE"] == {"Ref": "DeadLetters"}
    (policy,) = resources["QueueRole"]["Properties"]["Policies"]
    writes = policy["PolicyDocument"]["Statement"][2]
    assert writes["Resource"] == "arn:aws:s3:::churn-models/eu/answers/*"


def test_somebody_is_told(created):
    """Alarms ring for dead letters and for messages that wait, and tell the topic."""
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    resources = created(Queue="true", AlarmTopic=topic)
    watched = {
        name: resources[name]["Properties"] for name in ("DeadLettersAlarm", "QueueAgeAlarm")
    }
    assert {each["MetricName"] for each in watched.values()} == {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
    }
    assert all(each["AlarmActions"] == [topic] for each in watched.values())
    rollback = resources["PredictLambdaFunctionDeploymentGroup"]["Properties"]
    assert len(rollback["AlarmConfiguration"]["Alarms"]) == 4


def test_its_log_ends(queue):
    """The function's log is one of its own, with the retention of the others."""
    group = queue["QueueLogGroup"]["Properties"]
    assert group["LogGroupName"] == f"/aws/lambda/{STACK}-queue"
    assert str(group["RetentionInDays"]) == "30"
