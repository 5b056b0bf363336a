"""What the dead-letter queue gets: the message as it came, and why."""

import base64
from types import SimpleNamespace

import boto3
import pytest

from coldpress_runtime.queues.dead_letters import DeadLetters


@pytest.fixture
def dead_letters(queue, aws_environment):
    """Sends to the dead-letter queue of the moto server."""
    endpoint = aws_environment["AWS_ENDPOINT_URL"]
    return DeadLetters(queue.dead_url, lambda: boto3.client("sqs", endpoint_url=endpoint))


@pytest.fixture
def received(queue):
    """Gives the attributes of the message that is there."""

    def read():
        (message,) = queue.client.receive_message(
            QueueUrl=queue.dead_url, MessageAttributeNames=["All"]
        )["Messages"]
        return message["MessageAttributes"]

    return read


def test_attributes_of_every_type_go_along(dead_letters, received):
    """Text, numbers and bytes arrive as the sender wrote them."""
    attributes = {
        "path": {"dataType": "String", "stringValue": "/predict"},
        "weight": {"dataType": "Number.float", "stringValue": "1.5"},
        "raw": {"dataType": "Binary", "binaryValue": base64.b64encode(b"\x00\xff").decode()},
    }
    record = {"messageId": "1", "body": "{", "messageAttributes": attributes}
    assert dead_letters.take(record, "a\x00reason")
    assert received() == {
        "path": {"DataType": "String", "StringValue": "/predict"},
        "weight": {"DataType": "Number.float", "StringValue": "1.5"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "coldpress-error": {"DataType": "String", "StringValue": "a?reason"},
    }


def test_ten_attributes_leave_no_room_for_the_reason(dead_letters, received):
    """SQS takes ten attributes: the sender's own come first."""
    attributes = {f"a{each}": {"dataType": "String", "stringValue": "x"} for each in range(10)}
    record = {"messageId": "1", "body": "{", "messageAttributes": attributes}
    assert dead_letters.take(record, "a reason")
    assert received().keys() == attributes.keys()


def test_a_message_of_a_megabyte_leaves_no_room_for_the_reason(queue):
    """What is as large as SQS takes goes along as it is."""
    sent = []
    client = SimpleNamespace(send_message=lambda **arguments: sent.append(arguments))
    letters = DeadLetters(queue.dead_url, lambda: client)
    assert letters.take({"messageId": "1", "body": "x" * 2**20}, "a reason")
    assert sent[0]["MessageAttributes"] == {}


def test_without_a_queue_nothing_is_taken():
    """Who has no dead-letter queue is told so, and no client is made."""
    assert not DeadLetters("", pytest.fail).take({"messageId": "1", "body": "{"}, "a reason")
