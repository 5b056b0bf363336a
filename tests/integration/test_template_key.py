"""A key of one's own: what it encrypts, and who may use it."""

import re

import pytest

from tests.integration.compiled import KEY, of_type

pytestmark = pytest.mark.slow

ALL = {"CreateBucket": "true", "Queue": "true", "Docs": "true"}
ENCRYPTED = {"AWS::Logs::LogGroup": "KmsKeyId", "AWS::Lambda::Function": "KmsKeyArn"}


@pytest.fixture
def keyed(created):
    """Everything that holds data, with a key."""
    return created(KmsKey=KEY, **ALL)


@pytest.mark.parametrize(("kind", "name"), ENCRYPTED.items(), ids=ENCRYPTED.keys())
def test_logs_and_variables_are_encrypted_by_it(created, keyed, kind, name):
    """All of them; without a key they are by AWS's own, and the property is not there."""
    assert len(of_type(keyed, kind)) >= 4
    assert {each["Properties"][name] for each in of_type(keyed, kind).values()} == {KEY}
    without = of_type(created(**ALL), kind).values()
    assert not any(name in each["Properties"] for each in without)


def test_queues_are_encrypted_by_it(keyed):
    """Instead of by the key of SQS's own: a queue has one or the other."""
    for name in ("Questions", "DeadLetters"):
        properties = keyed[name]["Properties"]
        assert properties["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in properties


def test_the_bucket_is_encrypted_by_it(created, keyed):
    """With a bucket key, so that KMS is not asked for each object."""
    (rule,) = _encryption(keyed)
    assert rule == {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
        "BucketKeyEnabled": True,
    }
    assert _encryption(created(**ALL)) == [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    ]


def test_functions_may_use_it_as_they_must(created, keyed):
    """They read by it; the queue's writes by it, too. Without a key there is no such right."""
    assert _rights(keyed) == {
        "PredictRole": ["kms:Decrypt"],
        "HooksRole": ["kms:Decrypt"],
        "DocsRole": ["kms:Decrypt"],
        "QueueRole": ["kms:Decrypt", "kms:GenerateDataKey"],
    }
    assert _rights(created(**ALL)) == {}


@pytest.mark.parametrize(
    ("key", "valid"),
    [
        pytest.param("", True, id="none"),
        pytest.param(KEY, True, id="key"),
        pytest.param(f"{KEY[:44]}mrk-{'0a' * 16}", True, id="key of several regions"),
        pytest.param("arn:aws-cn:kms:cn-north-1:123456789012:key/1-2", True, id="partition"),
        pytest.param("alias/models", False, id="alias"),
        pytest.param("arn:aws:kms:us-east-1:123456789012:alias/models", False, id="alias's ARN"),
        pytest.param("arn:aws:kms:us-east-1:123456789012:key/*", False, id="asterisk"),
        pytest.param(KEY.rpartition("/")[2], False, id="bare id"),
    ],
)
def test_the_key_is_checked(template, key, valid):
    """CloudFormation takes an ARN of a key: rights are made from it, and an alias can't be one."""
    pattern = template["Parameters"]["KmsKey"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, key)) is valid


def _encryption(resources):
    encryption = resources["ModelBucket"]["Properties"]["BucketEncryption"]
    return encryption["ServerSideEncryptionConfiguration"]


def _rights(resources):
    """What each role may do with keys; each such right is on the one key."""
    found = {}
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                if any(action.startswith("kms:") for action in actions):
                    assert statement["Resource"] == KEY
                    found[name] = actions
    return found
