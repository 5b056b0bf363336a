"""Policies beside the functions' own rights: where there are any, and who may use what."""

import json

import pytest

from tests.integration.compiled import of_type
from tests.integration.test_templates import CHOICES

pytestmark = pytest.mark.slow

# Where statements may stand, by type: which of its properties hold them.
HOLDERS = {
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", "Policies"),
    "AWS::S3::BucketPolicy": ("PolicyDocument",),
    "AWS::SQS::QueuePolicy": ("PolicyDocument",),
}


@pytest.fixture
def everything(created):
    """The resources of each of the choices."""
    return [created(**chosen) for chosen in CHOICES.values()]


@pytest.fixture
def allowed(everything):
    """All statements that allow something, whatever is chosen."""
    holders = [
        each["Properties"][name]
        for resources in everything
        for each in resources.values()
        for name in HOLDERS.get(each["Type"], ())
        if name in each["Properties"]
    ]
    statements = [statement for holder in holders for statement in _statements(holder)]
    return [each for each in statements if each["Effect"] == "Allow"]


def test_policies_stand_where_they_are_looked_for(everything):
    """No other resource has a policy: neither a type of its own nor a document inside."""
    others = [
        (name, each["Type"])
        for resources in everything
        for name, each in resources.items()
        if each["Type"] not in HOLDERS
        and ("Polic" in each["Type"] or '"Statement"' in json.dumps(each))
    ]
    assert others == []


def test_what_is_allowed_is_named(allowed):
    """Nothing is allowed by what it is not, or by an asterisk in an action."""
    assert len(allowed) > 10
    assert not [each for each in allowed if {"NotAction", "NotResource", "NotPrincipal"} & {*each}]
    assert "*" not in json.dumps([each["Action"] for each in allowed])


def test_roles_are_taken_by_services_alone(allowed):
    """Nobody else is trusted by a role, or named in a bucket's or a queue's policy."""
    trusted = [each["Principal"] for each in allowed if "Principal" in each]
    assert {json.dumps(each["Service"]) for each in trusted} == {
        '"lambda.amazonaws.com"',
        '["codedeploy.amazonaws.com"]',
    }
    assert all(set(each) == {"Service"} for each in trusted)


def test_functions_are_called_for_the_stack_alone(everything):
    """A permission names the service that calls, and the stack's own API or rule it does so for."""
    permissions = [
        each["Properties"]
        for resources in everything
        for each in of_type(resources, "AWS::Lambda::Permission").values()
    ]
    assert {each["Principal"] for each in permissions} == {
        "apigateway.amazonaws.com",
        "events.amazonaws.com",
    }
    sources = {json.dumps(each["SourceArn"]) for each in permissions}
    assert {source for source in sources if not _names_a_resource(source)} == set()


def _statements(holder):
    """A document's statements, or those of a role's policies."""
    if isinstance(holder, list):
        return [each for policy in holder for each in _statements(policy["PolicyDocument"])]
    return holder["Statement"]


def _names_a_resource(source):
    return any(name in source for name in ("${HttpApi}", "${RestApi}", "WarmUpRule"))
