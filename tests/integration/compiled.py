"""What the tests of the templates share: choices, names, and resources by type."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from tests.integration.resolved import resolved

__all__ = [
    "IMAGE",
    "JWT",
    "KEY",
    "MODEL_URI",
    "REVISION",
    "STACK",
    "chosen_of",
    "comparable",
    "of_type",
]

MODEL_URI = f"s3://churn-models/prod/eu/churn@sha256:{'ab' * 32}"
# As the Serverless Framework names the stack that the tests package.
STACK = "coldpress-test"
REVISION = "0a" * 10
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# One in Amazon ECR, pinned.
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/churn@sha256:{'ef' * 32}"
JWT = {
    "Auth": "jwt",
    "JwtIssuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a",
    "JwtAudience": "client-1,client-2",
}


def chosen_of(template: dict[str, Any], chosen: dict[str, str]) -> dict[str, Any]:
    """What a template creates with some choices, in the tests' stack."""
    told = {"AWS::StackName": STACK, "ModelUri": MODEL_URI, "Revision": REVISION, **chosen}
    return resolved(template, told)


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    """Resources of a type, by name."""
    return {name: each for name, each in resources.items() if each["Type"] == kind}


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    """What a template creates, without what is each tool's own."""
    resources = {}
    for name, resource in copy.deepcopy(found["Resources"]).items():
        if name.startswith("ServerlessDeploymentBucket"):
            continue
        resource.pop("DependsOn", None)
        properties = resource.get("Properties", {})
        for own in ("Code", "Tags", "Description", "CodeSha256"):
            if resource["Type"] in ("AWS::Lambda::Function", "AWS::Lambda::Version"):
                properties.pop(own, None)
        version = resource["Type"] == "AWS::Lambda::Version"
        resources["Version" if version else name] = resource
    text = json.dumps(resources, sort_keys=True)
    return json.loads(re.sub(r"PredictLambda(Function)?Version\w{8,}", "Version", text))
