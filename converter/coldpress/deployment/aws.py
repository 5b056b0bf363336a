"""What is asked of AWS itself: who this is, where, and what a stack has come to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from coldpress.errors import DeployError, MissingExtraError, brief

__all__ = ["Account", "profile_name", "sign_in"]

# What the Serverless Framework's first step makes is called so, the bucket and its policy.
_CODE_BUCKET = "ServerlessDeploymentBucket"
# The variables that say which region: tools and libraries read one or the other.
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An AWS account and region, as this machine's credentials reach them.

    Attributes:
        number: The account's twelve digits.
        region: Such as ``eu-central-1``.
        session: boto3's session.
    """

    number: str
    region: str
    session: Any

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, with the region for tools that look for it there."""
        return {**os.environ, **dict.fromkeys(_REGION, self.region)}

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """While it lasts, whatever this process asks of AWS, stores among it, is of the region."""
        before = {name: os.environ.get(name) for name in _REGION}
        os.environ.update(dict.fromkeys(_REGION, self.region))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                os.environ.update({name: value} if value is not None else {})

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 publishes no types
        """boto3's client of a service."""
        return self.session.client(service, region_name=self.region)

    def outputs(self, stack: str) -> Mapping[str, str]:
        """What a stack says in the end, by output.

        Raises:
            DeployError: There is no such stack, or it may not be read.
        """
        found = self._stack(stack)
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}

    def parameters(self, stack: str) -> Mapping[str, str] | None:
        """What a stack was told, by parameter; None where nothing is there yet.

        Raises:
            DeployError: It may not be read.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - comes with the extra `aws`

        try:
            found = self._stack(stack, but=ClientError)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise DeployError(f"the stack {stack} can't be read: {brief(error)}") from error
        told = {
            each["ParameterKey"]: each.get("ParameterValue", "")
            for each in found.get("Parameters", ())
        }
        begun = found["StackStatus"] == "REVIEW_IN_PROGRESS"
        return None if begun or (not told and self._only_holds_code(stack)) else told

    def api_key(self, identifier: str) -> str:
        """The value of an API key.

        Raises:
            DeployError: It may not be read.
        """
        with _aws_errors(f"the API key {identifier} can't be read"):
            answer = self.client("apigateway").get_api_key(apiKey=identifier, includeValue=True)
        value: str = answer["value"]
        return value

    def ensure_stack(self, stack: str, template: str, parameters: Mapping[str, str]) -> None:
        """Make a stack, if need be, and wait until it stands.

        Raises:
            DeployError: It can't be made, or was begun and failed.
        """
        from botocore.exceptions import WaiterError  # noqa: PLC0415 - comes with the extra `aws`

        client = self.client("cloudformation")
        told = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ]
        with _aws_errors(f"the stack {stack} can't be made"):
            # Somebody else may make it at the same time, or have been interrupted.
            with suppress(client.exceptions.AlreadyExistsException):
                client.create_stack(StackName=stack, TemplateBody=template, Parameters=told)
            waiter = client.get_waiter("stack_create_complete")
            try:
                waiter.wait(StackName=stack, WaiterConfig={"Delay": 2})
            except WaiterError as error:
                stacks = error.last_response.get("Stacks")
                if not stacks:
                    raise
                raise DeployError(
                    f"the stack {stack} {self._unmade(stack, stacks[0]['StackStatus'])}"
                ) from error

    def _only_holds_code(self, stack: str) -> bool:
        """Whether it is what the Serverless Framework makes first: a bucket for code alone."""
        with _aws_errors(f"the stack {stack} can't be read"):
            pages = self.client("cloudformation").get_paginator("list_stack_resources")
            names = [
                each["LogicalResourceId"]
                for page in pages.paginate(StackName=stack)
                for each in page["StackResourceSummaries"]
            ]
        return bool(names) and all(name.startswith(_CODE_BUCKET) for name in names)

    def _unmade(self, stack: str, status: str) -> str:
        if status.endswith("_IN_PROGRESS"):
            return f"is {status} for minutes; look at its events, and deploy again once it stands"
        delete = f"aws cloudformation delete-stack --stack-name {stack} --region {self.region}"
        return f"is {status}; its events say why. Delete it, with `{delete}`, and deploy again"

    def _stack(self, name: str, *, but: type[Exception] | tuple[()] = ()) -> Mapping[str, Any]:
        with _aws_errors(f"the stack {name} can't be read", but=but):
            found: Mapping[str, Any] = self.client("cloudformation").describe_stacks(
                StackName=name
            )["Stacks"][0]
        return found

    def has_bucket(self, name: str) -> bool:
        """Whether a bucket is there, and this account's.

        Raises:
            DeployError: It is somebody else's, or may not be asked for.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - comes with the extra `aws`

        try:
            with _aws_errors(f"the bucket {name} can't be asked for", but=ClientError):
                self.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=self.number)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                return False
            raise DeployError(
                f"the bucket {name} can't be used: {brief(error)}; name another with --store"
            ) from error
        return True


def profile_name() -> str:
    """The profile that credentials come from, where the environment has none; empty if unknown."""
    try:
        import boto3  # noqa: PLC0415 - comes with the extra `aws`
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
    except ImportError:
        return ""
    try:
        return str(boto3.Session().profile_name)
    except BotoCoreError:  # there is no such profile, which whoever signs in is told
        return ""


def sign_in(region: str | None = None) -> Account:
    """Find credentials and region as AWS's own tools do, and see whether they hold.

    Args:
        region: Where to deploy; the environment's or the profile's, if None.

    Raises:
        MissingExtraError: boto3 is not installed.
        DeployError: There are no credentials, or they do not hold; or there is no region.
    """
    try:
        import boto3  # noqa: PLC0415 - comes with the extra `aws`
    except ImportError as error:
        raise MissingExtraError.needed_by("coldpress deploy", "aws") from error
    with _aws_errors("AWS can't be asked who you are"):
        session = boto3.Session()
        where = region or os.environ.get("AWS_REGION") or session.region_name
        if not where:
            raise DeployError("no region is set; name one with --region, such as eu-central-1")
        account = session.client("sts", region_name=where).get_caller_identity()["Account"]
    return Account(number=account, region=where, session=session)


@contextmanager
def _aws_errors(
    what: str, *, but: type[Exception] | tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """What AWS or its library says, as one sentence."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    try:
        yield
    except but:
        raise
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise DeployError(f"{what}: {brief(error)}{_advice(error)}") from error


def _advice(error: Exception) -> str:
    """What to do about it, if that can be told."""
    from botocore import exceptions, parsers  # noqa: PLC0415 - as above

    if isinstance(error, exceptions.ProfileNotFound):
        return "; check AWS_PROFILE: `aws configure list-profiles` names those that there are"
    silent = exceptions.ConnectionError | exceptions.HTTPClientError
    if isinstance(error, silent | parsers.ResponseParserError):
        return "; check the network, the region and, if it is set, AWS_ENDPOINT_URL"
    if any(word in str(error).lower() for word in ("credential", "token")):
        return (
            "; sign in with `aws sso login`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    return ""
