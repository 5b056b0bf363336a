"""A queue with its dead-letter queue, what Lambda's event source does with it, and the handler."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import obstore
import pytest

from coldpress_runtime.store import open_store

ROW = {"name": "input", "datatype": "FP64", "shape": [1, 30], "data": [1.5] * 30}
QUESTION = json.dumps({"id": "question-1", "inputs": [ROW]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue of the moto server, polled as Lambda's event source does it.

    Attributes:
        client: boto3's client of SQS.
        url: The queue's URL.
        dead_url: Its dead-letter queue's.
        arn: The queue's ARN.
    """

    client: Any
    url: str
    dead_url: str
    arn: str

    def send(self, *bodies: str, group: str = "", **attributes: str) -> None:
        """Send messages, with attributes of the type String."""
        for body in bodies:
            order = {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex}
            self.client.send_message(
                QueueUrl=self.url,
                MessageBody=body,
                MessageAttributes={
                    name.replace("_", "-"): {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
                **(order if group else {}),
            )

    def receive(self) -> dict[str, Any]:
        """The event of what is in the queue; the messages stay hidden for a while."""
        got = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return {"Records": [self._record(message) for message in got.get("Messages", ())]}

    def poll(self, handler: Callable[[Any, Any], dict[str, Any]], context: object) -> list[str]:
        """Hand a batch to the function, delete what it does not give back, and show that again.

        Returns:
            The bodies of the messages that go back to the queue.
        """
        records = self.receive()["Records"]
        answer = handler({"Records": records}, context) if records else {"batchItemFailures": []}
        returned = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        assert returned <= {record["messageId"] for record in records}
        for record in records:
            receipt = {"QueueUrl": self.url, "ReceiptHandle": record["receiptHandle"]}
            if record["messageId"] in returned:
                self.client.change_message_visibility(**receipt, VisibilityTimeout=0)
            else:
                self.client.delete_message(**receipt)
        return [each["body"] for each in records if each["messageId"] in returned]

    def dead(self) -> list[tuple[str, str]]:
        """The bodies in the dead-letter queue, each with the reason that it came with."""
        got = self.client.receive_message(
            QueueUrl=self.dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            (
                message["Body"],
                message.get("MessageAttributes", {})
                .get("coldpress-error", {})
                .get("StringValue", ""),
            )
            for message in got.get("Messages", ())
        ]

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {"dataType": attribute["DataType"], "stringValue": attribute["StringValue"]}
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
        }


@pytest.fixture
def make_queue(aws_environment) -> Callable[..., Queue]:
    """Makes a queue that gives a message to its dead-letter queue after the second try."""
    client = boto3.client("sqs", endpoint_url=aws_environment["AWS_ENDPOINT_URL"])

    def make(*, fifo: bool = False) -> Queue:
        name, suffix = f"questions-{uuid.uuid4().hex[:12]}", ".fifo" if fifo else ""
        kind = {"FifoQueue": "true"} if fifo else {}
        dead_url = client.create_queue(QueueName=f"{name}-dead{suffix}", Attributes=kind)[
            "QueueUrl"
        ]
        redrive = {"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 2}
        url = client.create_queue(
            QueueName=f"{name}{suffix}", Attributes={**kind, "RedrivePolicy": json.dumps(redrive)}
        )["QueueUrl"]
        return Queue(client=client, url=url, dead_url=dead_url, arn=arn_of(url))

    def arn_of(url: str) -> str:
        got = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = got["Attributes"]["QueueArn"]
        return arn

    return make


@pytest.fixture
def queue(make_queue) -> Queue:
    """A standard queue."""
    made: Queue = make_queue()
    return made


@pytest.fixture
def model(store_model, s3_root):
    """The classifier in a bucket of the moto server."""
    return store_model(s3_root).put()


@pytest.fixture
def results_url(bucket) -> str:
    """Where answers go."""
    return f"s3://{bucket}/answers"


@pytest.fixture
def answers(results_url) -> Callable[[], dict[str, dict[str, Any]]]:
    """Reads every answer that is kept: documents by their paths."""

    def read() -> dict[str, dict[str, Any]]:
        store = open_store(results_url, plain_http=True)
        paths = [found["path"] for found in obstore.list(store).collect()]
        return {path: json.loads(bytes(obstore.get(store, path).bytes())) for path in paths}

    return read


@pytest.fixture
def load_batch(load_function) -> Callable[..., Any]:
    """Imports batch.py afresh, with the given environment, and gives its handler."""
    return lambda **environment: load_function("batch", **environment).handler


@pytest.fixture
def handler(load_batch, model, results_url, queue) -> Any:
    """The handler for the queue, with its dead-letter queue."""
    return load_batch(
        MODEL_URI=model.live,
        COLDPRESS_RESULTS=results_url,
        COLDPRESS_DEAD_LETTER_QUEUE=queue.dead_url,
    )


@pytest.fixture
def logged(capsys) -> Callable[[], list[tuple[str, str]]]:
    """What was logged since the last call, as errors' codes and messages."""

    def read() -> list[tuple[str, str]]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [(x["error_code"], x["message"]) for x in lines if x.get("level") == "ERROR"]

    return read


@pytest.fixture(scope="session")
def question() -> str:
    """A message that the model can answer."""
    return QUESTION
