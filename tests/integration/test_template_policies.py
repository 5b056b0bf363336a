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
# Resources whose last part can't be known beforehand, by who may do what with them.
OPEN_ENDED = {
    # Versions of the model to come.
    ("PredictRole", "s3:GetObject", "arn:aws:s3:::churn-models/prod/eu/churn/*"),
    ("DocsRole", "s3:GetObject", "arn:aws:s3:::churn-models/prod/eu/churn/*"),
    ("HooksRole", "s3:GetObject", "arn:aws:s3:::churn-models/prod/eu/churn/*"),
    ("QueueRole", "s3:GetObject", "arn:aws:s3:::churn-models/prod/eu/churn/*"),
    # Answers to come, below the prefix that is chosen.
    ("QueueRole", "s3:PutObject", "arn:aws:s3:::churn-models/answers/*"),
    ("QueueRole", "s3:PutObject", "arn:aws:s3:::churn-models/eu/answers/*"),
    # Versions of the function to come.
    ("HooksRole", "lambda:InvokeFunction", "${PredictLambdaFunction.Arn}:*"),
}
# AWS's own policies, for what knows no resources: by role, and what has to be chosen.
OWN = {
    "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda": (
        {"CodeDeployServiceRole"},
        lambda _: True,
    ),
    "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess": (
        {"PredictRole", "DocsRole", "HooksRole", "QueueRole"},
        lambda chosen: "SubnetIds" in chosen,
    ),
    "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess": (
        {"PredictRole"},
        lambda chosen: chosen.get("Tracing") == "Active",
    ),
}
# For whom a function may be called: requests of the stack's own APIs, and its own rule.
SOURCES = {
    "arn:aws:execute-api:us-east-1:123456789012:${HttpApi}/*",
    "arn:aws:execute-api:us-east-1:123456789012:${RestApi}/*",
    "WarmUpRule.Arn",
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


def test_open_ends_are_these(everything):
    """Every resource that could be named is; of the others, each is somewhere with some choice."""
    found = {
        (name, *_actions(statement), text)
        for resources in everything
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        for statement in _statements(role["Properties"].get("Policies", []))
        if "*" in (text := _text(statement["Resource"]))
    }
    assert found == OPEN_ENDED


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES.keys())
def test_aws_s_own_policies_are_attached_where_they_are_chosen(created, chosen):
    """To the roles that need them, each of which is there, and to no other."""
    resources = created(**chosen)
    assert _managed(resources) == {
        (name, arn)
        for arn, (needing, is_chosen) in OWN.items()
        for name in needing & resources.keys()
        if is_chosen(chosen)
    }


def test_each_of_aws_s_own_policies_is_needed(everything):
    """Each role that may have one has it somewhere, with some choice."""
    found = set().union(*map(_managed, everything))
    assert found == {(name, arn) for arn, (needing, _) in OWN.items() for name in needing}


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
    assert {_text(each["SourceArn"]) for each in permissions} == SOURCES


def _statements(holder):
    """A document's statements, or those of a role's policies."""
    if isinstance(holder, list):
        return [each for policy in holder for each in _statements(policy["PolicyDocument"])]
    return holder["Statement"]


def _managed(resources):
    """AWS's own policies that are attached, each with the role's name."""
    return {
        (name, arn)
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        for arn in role["Properties"].get("ManagedPolicyArns", ())
    }


def _actions(statement):
    """A statement's actions."""
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _text(resource):
    """An ARN, with what is known only when it is created in braces, or as an attribute."""
    if isinstance(resource, list):
        return " ".join(map(_text, resource))
    if isinstance(resource, str):
        return resource
    return resource.get("Fn::Sub") or ".".join(resource.get("Fn::GetAtt", ())) or resource["Ref"]
