"""CloudFormation's types that moto lacks or makes by halves, made through AWS's own API of each.

Every call goes over HTTP to the moto server that deploys, so that botocore checks what a template
says, and what is read back afterwards is what a client would see.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KINDS", "Kind", "Made"]

Client = Callable[[str], Any]
Told = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A resource that stands: what `Ref` gives, and what `Fn::GetAtt` does, by name."""

    id: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a type of resource is made, and changed where a deployment may change it."""

    make: Callable[[Client, str, Told], Made]
    change: Callable[[Client, Made, Told], Made] | None = None


# moto's own bucket takes encryption and tags, and drops the rest of what makes it safe.
def _bucket(aws: Client, name: str, told: Told) -> Made:
    s3 = aws("s3")
    s3.create_bucket(Bucket=name)
    if encryption := told.get("BucketEncryption"):
        rules = [
            {"ApplyServerSideEncryptionByDefault": each["ServerSideEncryptionByDefault"]}
            for each in encryption["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    if controls := told.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=controls)
    if block := told.get("PublicAccessBlockConfiguration"):
        # Templates may write "true", as SAM's own for its bucket does.
        flags = {key: str(each).lower() == "true" for key, each in block.items()}
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=flags)
    if versioning := told.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    if lifecycle := told.get("LifecycleConfiguration"):
        s3.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_rule(**r) for r in lifecycle["Rules"]]}
        )
    return Made(id=name, attributes={"Arn": f"arn:aws:s3:::{name}"})


def _rule(Id: str, **rule: Any) -> Told:  # noqa: N803 - as CloudFormation writes it
    # The API writes ID, and wants to be told that a rule is for everything.
    return {"ID": Id, "Filter": {"Prefix": ""}, **rule}


# Not in moto's CloudFormation.
def _bucket_policy(aws: Client, _: str, told: Told) -> Made:
    policy = json.dumps(told["PolicyDocument"])
    aws("s3").put_bucket_policy(Bucket=told["Bucket"], Policy=policy)
    return Made(id=told["Bucket"])


# moto's own role attaches no managed policies, and a deployment can't change its rights.
def _role(aws: Client, name: str, told: Told) -> Made:
    trust = json.dumps(told["AssumeRolePolicyDocument"])
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    return _rights(aws, Made(id=name, attributes={"Arn": role["Arn"]}), told)


def _rights(aws: Client, role: Made, told: Told) -> Made:
    iam = aws("iam")
    for old in iam.list_role_policies(RoleName=role.id)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role.id, PolicyName=old)
    for policy in told.get("Policies", ()):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(
            RoleName=role.id, PolicyName=policy["PolicyName"], PolicyDocument=document
        )
    for arn in told.get("ManagedPolicyArns", ()):
        iam.attach_role_policy(RoleName=role.id, PolicyArn=arn)
    return role


# moto's own function drops its architecture, its /tmp and its tracing.
def _function(aws: Client, name: str, told: Told) -> Made:
    reserved = told.pop("ReservedConcurrentExecutions", None)
    apart = {key: told[key] for key in ("Architectures", "PackageType") if key in told}
    made = aws("lambda").create_function(
        **_configuration(told), **apart, FunctionName=name, Code=_code(told)
    )
    if reserved is not None:
        aws("lambda").put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=reserved
        )
    return Made(id=name, attributes={"Arn": made["FunctionArn"]})


def _changed_function(aws: Client, made: Made, told: Told) -> Made:
    aws("lambda").update_function_configuration(FunctionName=made.id, **_configuration(told))
    aws("lambda").update_function_code(FunctionName=made.id, **_code(told))
    return made


def _configuration(told: Told) -> Told:
    """What may change without the code; the rest is said once, or of the code."""
    apart = {
        *("Architectures", "Code", "FunctionName", "PackageType"),
        *("ReservedConcurrentExecutions", "Tags"),
    }
    return {key: each for key, each in told.items() if key not in apart}


def _code(told: Told) -> Told:
    """A zip in a bucket, or an image."""
    return {
        key: told["Code"][key] for key in ("S3Bucket", "S3Key", "ImageUri") if key in told["Code"]
    }


# Of moto's own version, a template can use neither the reference nor the number.
def _version(aws: Client, _: str, told: Told) -> Made:
    made = aws("lambda").publish_version(FunctionName=told["FunctionName"])
    return Made(id=made["FunctionArn"], attributes={"Version": made["Version"]})


# Not in moto's CloudFormation. It moves at once: that CodeDeploy would move it by and by, after the
# hook, is for tests/functions/hooks.
def _alias(aws: Client, _: str, told: Told) -> Made:
    return Made(id=aws("lambda").create_alias(**_where(told))["AliasArn"])


def _moved_alias(aws: Client, made: Made, told: Told) -> Made:
    aws("lambda").update_alias(**_where(told))
    return made


def _where(told: Told) -> Told:
    return {key: told[key] for key in ("FunctionName", "Name", "FunctionVersion")}


# moto's own permission knows functions, and no aliases of theirs.
def _permission(aws: Client, name: str, told: Told) -> Made:
    function, _, alias = told.pop("FunctionName").rpartition(":function:")[2].partition(":")
    qualifier = {"Qualifier": alias} if alias else {}
    aws("lambda").add_permission(FunctionName=function, StatementId=name, **qualifier, **told)
    return Made(id=name)


# Not in moto's CloudFormation.
def _alarm(aws: Client, name: str, told: Told) -> Made:
    aws("cloudwatch").put_metric_alarm(AlarmName=name, **told)
    (alarm,) = aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return Made(id=name, attributes={"Arn": alarm["AlarmArn"]})


# Not in moto's CloudFormation.
def _application(aws: Client, name: str, told: Told) -> Made:
    aws("codedeploy").create_application(applicationName=name, **_small(told))
    return Made(id=name)


# Not in moto's CloudFormation.
def _deployment_group(aws: Client, name: str, told: Told) -> Made:
    aws("codedeploy").create_deployment_group(deploymentGroupName=name, **_small(told))
    return Made(id=name)


# moto's own deployment of an API can't be referred to.
def _deployment(aws: Client, _: str, told: Told) -> Made:
    return Made(id=aws("apigateway").create_deployment(restApiId=told["RestApiId"])["id"])


# Not in moto's CloudFormation.
def _stage(aws: Client, _: str, told: Told) -> Made:
    api, stage = told["RestApiId"], told["StageName"]
    gateway = aws("apigateway")
    gateway.create_stage(
        restApiId=api,
        stageName=stage,
        deploymentId=told["DeploymentId"],
        tracingEnabled=told["TracingEnabled"],
    )
    settings = {"accessLogSettings": told["AccessLogSetting"], "*/*": _throttles(told)}
    changes = [
        {"op": "replace", "path": f"/{where}/{key[0].lower()}{key[1:]}", "value": str(value)}
        for where, found in settings.items()
        for key, value in found.items()
    ]
    gateway.update_stage(restApiId=api, stageName=stage, patchOperations=changes)
    return Made(id=stage)


def _throttles(told: Told) -> Told:
    (every,) = told["MethodSettings"]
    return {
        "metrics/enabled": str(every["MetricsEnabled"]).lower(),
        "throttling/burstLimit": every["ThrottlingBurstLimit"],
        "throttling/rateLimit": every["ThrottlingRateLimit"],
    }


# Not in moto's CloudFormation.
def _queue_policy(aws: Client, name: str, told: Told) -> Made:
    policy = {"Policy": json.dumps(told["PolicyDocument"])}
    for url in told["Queues"]:
        aws("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)
    return Made(id=name)


# Of HTTP APIs, moto's CloudFormation has nothing.
def _http(operation: str, key: str) -> Kind:
    def make(aws: Client, _: str, told: Told) -> Made:
        made = getattr(aws("apigatewayv2"), operation)(**told)
        return Made(id=made[key], attributes={"ApiEndpoint": made.get("ApiEndpoint", "")})

    return Kind(make=make)


def _small(told: Any) -> Any:
    """As the older APIs write names: the first letter small."""
    if isinstance(told, list):
        return [_small(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {key[0].lower() + key[1:]: _small(each) for key, each in told.items()}


KINDS = {
    "AWS::ApiGateway::Deployment": Kind(make=_deployment),
    "AWS::ApiGateway::Stage": Kind(make=_stage),
    "AWS::ApiGatewayV2::Api": _http("create_api", "ApiId"),
    "AWS::ApiGatewayV2::Authorizer": _http("create_authorizer", "AuthorizerId"),
    "AWS::ApiGatewayV2::Integration": _http("create_integration", "IntegrationId"),
    "AWS::ApiGatewayV2::Route": _http("create_route", "RouteId"),
    "AWS::ApiGatewayV2::Stage": _http("create_stage", "StageName"),
    "AWS::CloudWatch::Alarm": Kind(make=_alarm),
    "AWS::CodeDeploy::Application": Kind(make=_application),
    "AWS::CodeDeploy::DeploymentGroup": Kind(make=_deployment_group),
    "AWS::IAM::Role": Kind(make=_role, change=_rights),
    "AWS::Lambda::Alias": Kind(make=_alias, change=_moved_alias),
    "AWS::Lambda::Function": Kind(make=_function, change=_changed_function),
    "AWS::Lambda::Permission": Kind(make=_permission),
    "AWS::Lambda::Version": Kind(make=_version),
    "AWS::S3::Bucket": Kind(make=_bucket),
    "AWS::S3::BucketPolicy": Kind(make=_bucket_policy),
    "AWS::SQS::QueuePolicy": Kind(make=_queue_policy),
}
