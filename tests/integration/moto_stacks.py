"""moto's CloudFormation, taught to bring up the templates' stacks as AWS does.

moto adds what is new before it changes what is there, so that a version would be published of the
function as it was; it changes resources whose condition does not hold; it leaves None in a list for
what is AWS::NoValue; and it loses the outputs of what a change set makes.

Here resources come one after another, each after those it refers to.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.cloudformation import models, parsing
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.common_models import CloudFormationModel
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.s3.models import FakeBucket

from tests.integration.moto_resources import KINDS, Client, Made

__all__ = ["behind_tls", "taught"]

# The framework writes false, the templates "false".
_IN_THE_CLEAR = [{"Bool": {"aws:SecureTransport": told}} for told in (False, "false")]


@contextmanager
def taught(aws: Client) -> Iterator[None]:
    """Have the moto server of this process know the templates' types, and their order.

    Args:
        aws: Gives a client of a service in that server.
    """

    class Here(_Taught):
        client = staticmethod(aws)

    _add_aws_own_policies()
    known = {**parsing.get_model_map(), **dict.fromkeys(KINDS, Here)}
    backend = models.CloudFormationBackend
    with ExitStack() as patches:
        for owner, name, better in (
            (parsing, "get_model_map", lambda: known),
            (parsing, "clean_json", _without_gaps(parsing.clean_json)),
            (models, "ResourceMap", _OneAfterAnother),
            (models, "validate_template_cfn_lint", _errors(models.validate_template_cfn_lint)),
            (backend, "create_change_set", _change_set(backend.create_change_set)),
            (backend, "delete_change_set", _deleted(backend.delete_change_set)),
            (backend, "execute_change_set", _executed(backend.execute_change_set)),
        ):
            patches.enter_context(patch.object(owner, name, better))
        yield


@contextmanager
def behind_tls() -> Iterator[None]:
    """Have buckets take requests as if they had come over TLS.

    moto speaks plain HTTP, and looks at no condition of a policy, so that what denies plain HTTP
    denies everything.
    """

    def permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(bucket.policy)
        statements = [
            each for each in policy["Statement"] if each.get("Condition") not in _IN_THE_CLEAR
        ]
        rest = IAMPolicy(json.dumps({**policy, "Statement": statements}))
        return rest.is_action_permitted(action, resource)

    with patch.object(FakeBucket, "get_permission", permission):
        yield


def _add_aws_own_policies() -> None:
    # moto reads them when its IAM comes up, if at all; by now it may be up for long.
    policies = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].managed_policies
    for name, data in json.loads(aws_managed_policies_data).items():
        policy = AWSManagedPolicy.from_data(name, DEFAULT_ACCOUNT_ID, "us-east-1", data)
        policies.setdefault(policy.arn, policy)


class _Taught(CloudFormationModel):
    """A resource that AWS's own API made."""

    client: Client

    def __init__(self, made: Made) -> None:
        self.made = made

    @property
    def physical_resource_id(self) -> str:
        return self.made.id

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - moto's
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self.made.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]
        cls, resource_name: str, cloudformation_json: Any, *_: Any, **__: Any
    ) -> _Taught:
        kind = KINDS[cloudformation_json["Type"]]
        return cls(kind.make(cls.client, resource_name, cloudformation_json["Properties"]))

    @classmethod
    def update_from_cloudformation_json(  # type: ignore[override]
        cls, original_resource: _Taught, cloudformation_json: Any, **_: Any
    ) -> _Taught:
        change = KINDS[cloudformation_json["Type"]].change
        if change is None:
            raise NotImplementedError(f"a {cloudformation_json['Type']} that changes")
        return cls(change(cls.client, original_resource.made, cloudformation_json["Properties"]))


class _OneAfterAnother(parsing.ResourceMap):
    """A stack's resources; each is made, changed or left after those that it refers to."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._stands: dict[str, Any] = {}

    def create(self, template: dict[str, Any]) -> bool:
        self.update(template, self.input_parameters)
        return True

    def update(self, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        self._template = template
        given = parameters or self.input_parameters
        # What moto keeps of a list is one already, and what it reads is not.
        self.input_parameters = {
            name: ",".join(each) if isinstance(each, list) else each for name, each in given.items()
        }
        self._resource_json_map = template["Resources"]
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()
        wanted = [name for name in self._in_order() if self._is_wanted(name)]
        for name in wanted:
            self._settle(name)
        for name in self._stands.keys() - set(wanted):
            self._let_go(name)

    def _is_wanted(self, name: str) -> bool:
        condition = self._resource_json_map[name].get("Condition")
        return condition is None or bool(self.lazy_condition_map[condition])

    def _in_order(self) -> list[str]:
        ordered: dict[str, None] = {}

        def visit(name: str) -> None:
            if name in ordered:
                return
            for other in _named(self._resource_json_map[name]):
                if other != name and other in self._resource_json_map:
                    visit(other)
            ordered[name] = None

        for name in self._resource_json_map:
            visit(name)
        return list(ordered)

    def _settle(self, name: str) -> None:
        resource = self._resource_json_map[name]
        told = copy.deepcopy(parsing.clean_json(resource.get("Properties", {}), self))
        if name not in self._stands:
            assert self[name] is not None, f"moto can't make a {resource['Type']}"
        elif told != self._stands[name][0]:
            account, region = self._account_id, self._region_name
            changed = parsing.parse_and_update_resource(name, resource, self, account, region)
            assert changed is not None, f"moto can't change a {resource['Type']}"
            self._parsed_resources[name] = changed
        self._stands[name] = told, resource

    def _let_go(self, name: str) -> None:
        _, resource = self._stands.pop(name)
        gone = self._parsed_resources.pop(name)
        if resource.get("DeletionPolicy") != "Retain":
            self._delete_resource(gone, resource)


def _named(resource: Any) -> Iterator[str]:
    """Every name that could be another resource's, wherever a resource refers to one."""
    if isinstance(resource, dict):
        for key, value in resource.items():
            if key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.partition(".")[0]
            elif key in ("Ref", "DependsOn", "Fn::Sub"):
                yield from _texts(value)
            yield from _named(value)
    elif isinstance(resource, list):
        for each in resource:
            yield from _named(each)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from re.findall(r"\$\{(\w+)", value)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _change_set(create: Any) -> Any:
    """A stack that only waits for its first change set is no other stack for the next one."""

    def better(self: Any, stack_name: str, *rest: Any, change_set_type: str, **named: Any) -> Any:
        for stack in list(self.stacks.values()):
            if stack.name == stack_name and stack.status == "REVIEW_IN_PROGRESS":
                assert change_set_type == "CREATE"
                del self.stacks[stack.stack_id]
        return create(self, stack_name, *rest, change_set_type=change_set_type, **named)

    return better


def _without_gaps(clean: Any) -> Any:
    """A list has no item where there is no value."""

    def better(resource_json: Any, resources_map: Any) -> Any:
        cleaned = clean(resource_json, resources_map)
        if isinstance(resource_json, list):
            return [each for each in cleaned if each is not None]
        return cleaned

    return better


def _errors(lint: Any) -> Any:
    """CloudFormation takes a template that a linter would have written another way."""
    return lambda template: [each for each in lint(template) if each.rule.id.startswith("E")]


def _deleted(delete: Any) -> Any:
    """Deleting a change set that is not there changes nothing."""

    def better(self: Any, change_set_name: str) -> None:
        named = (each.change_set_name for each in self.change_sets.values())
        if change_set_name in {*self.change_sets, *named}:
            delete(self, change_set_name)

    return better


def _executed(execute: Any) -> Any:
    """A stack has the outputs and the parameters of the change set that made it what it is."""

    def better(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.describe_change_set(change_set_name)
        execute(self, change_set_name, stack_name)
        stack = change_set.stack
        stack.parameters = change_set.parameters
        stack.template_dict = change_set.template_dict
        stack.output_map = models.OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)

    return better
