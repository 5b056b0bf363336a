"""What is refused of an order before anything is done: in one sentence, with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from coldpress.errors import UsageError
from coldpress.package import ARCHITECTURES, PYTHONS
from coldpress.resources import resource
from coldpress.stores import store_url
from coldpress_runtime.pointers import CHANNEL_NAME, ModelUri

from ._order import Order
from .aws import profile_name
from .models_bucket import MODELS_STACK
from .parameters import fault
from .templates import VARIABLE, Template

__all__ = [
    "OURS",
    "check_exported",
    "check_output",
    "check_place",
    "check_profile",
    "check_project",
    "check_published",
    "check_region",
    "check_source",
    "check_stack",
    "check_template_file",
    "check_values",
    "check_words",
]

# A version's digest where it is not known yet.
_SOME_DIGEST = "0" * 64
_NAMING = "write stackName: ${param:StackName, '${self:service}-${sls:stage}'} there"
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
# What CloudFormation takes as any number.
_WHOLE = (
    *("MemorySize", "EphemeralStorage", "Timeout", "BurstLimit"),
    *("ReservedConcurrency", "ProvisionedConcurrency"),
)
_STACK = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,48}")
# The parameters that a deployment fills in itself, and what there is instead of them.
OURS: Mapping[str, str] = {
    "ModelUri": "it is the version of MODEL, which may be a model URI",
    "Revision": "it is made from the package and the parameters",
}


def check_words(order: Order) -> None:
    """The model's name, the stage, the store and the parameters' names."""
    if not str(order.source.model).strip():
        raise UsageError("the model has no name; name a model's file, a bundle, or a model URI")
    if not CHANNEL_NAME.fullmatch(order.stage):
        raise UsageError(
            f"{order.stage!r} can't be a stage: it names a channel, too, with at most 32 "
            "lower-case letters, digits and hyphens, a letter first, such as live or staging"
        )
    if order.store is not None and not store_url(order.store).startswith("s3://"):
        raise UsageError(
            f"a function on AWS reads its model from S3, not from {order.store}; write such as "
            "--store s3://my-bucket/models"
        )
    for name in OURS.keys() & order.parameters.keys():
        raise UsageError(f"leave --param {name} out: {OURS[name]}")


def check_published(order: Order, uri: ModelUri) -> None:
    """A model that is published already."""
    if not uri.root.startswith("s3://"):
        raise UsageError(
            f"a function on AWS reads its model from S3, not from {uri.root}; publish it there, or "
            "deploy the bundle"
        )
    if order.store is not None:
        raise UsageError(
            f"{order.source.model} is published already; leave --store out, or deploy its bundle"
        )
    check_exported(order, f"{order.source.model} is published already")


def check_exported(order: Order, what: str) -> None:
    """Options that only an export takes, where there is nothing to export."""
    source = order.source
    given = {
        "--sample": order.sample,
        "--name": order.name,
        "--labels": order.labels,
        "--drop": order.drop,
        "--weights": source.weights,
        "--signature": source.signature,
        "--plugin": source.plugins,
        "--compress": order.compress != "lossless",
        "--trust": source.trust,
    }
    if option := next((name for name, value in given.items() if value), None):
        raise UsageError(f"{what}, and not exported again; leave {option} out")


def check_source(order: Order) -> None:
    """A model that is to be exported."""
    named = str(order.source.model)
    if not Path(named).exists() and not order.source.is_factory:
        raise UsageError(f"there is no {named}; name a model's file, a bundle, or a model URI")
    if order.sample is None:
        raise UsageError(
            f"{named} has to be exported first, which takes rows as the model takes them; name a "
            "file of them with --sample"
        )
    if not order.sample.exists():
        raise UsageError(f"there is no sample {order.sample}; name a file of rows with --sample")


def check_place(root: str, name: str, template: Template) -> None:
    """Where the model lies, which the template has to take."""
    if not template.takes_model(f"{root}/{name}@sha256:{_SOME_DIGEST}"):
        raise UsageError(
            f"a function can't read {name} from {root}: a bucket's name has 3 to 63 small letters, "
            "digits, dots and hyphens, and what follows letters, digits and any of ._=-"
        )


def check_project(order: Order, tools: list[str]) -> None:
    """A folder that was named, or is a project, and has no template for the tool."""
    if tools:
        raise UsageError(
            f"{order.folder.absolute()} is a project of {tools[0]}, which {order.tool} does not "
            f"deploy; leave --with out, or lay one down with coldpress init DIR --with {order.tool}"
        )
    if order.project is not None:
        raise UsageError(
            f"there is no template of Coldpress in {order.project}; lay one down with coldpress "
            "init, or leave --project out, and the shipped one is deployed"
        )


def check_output(order: Order) -> None:
    """Where a project's package goes is known to its template."""
    if order.output is not None:
        raise UsageError(
            f"leave --output out: the package goes to {order.folder / 'build'}, where the "
            "project's template looks for it"
        )


def check_values(values: Mapping[str, str]) -> None:
    """Refuse what a template can't say of its parameters, and AWS only says when all is done."""
    # What the package is built for, whatever a template of one's own allows.
    for name, known in (("Architecture", ARCHITECTURES), ("PythonVersion", PYTHONS)):
        if (value := values.get(name, known[0])) not in known:
            raise UsageError(f"{name} can't be {value!r}: it must be one of {', '.join(known)}")
    for name in _WHOLE:
        if not _is_whole(value := values.get(name, "")):
            raise UsageError(f"{name} can't be {value!r}: it must be a whole number")
    network = [bool(values[name]) for name in ("SubnetIds", "SecurityGroupIds") if name in values]
    if len(set(network)) > 1:
        raise UsageError("SubnetIds and SecurityGroupIds go together: give both, or neither")
    reserved, warm = (_number(values, f"{kind}Concurrency") for kind in ("Reserved", "Provisioned"))
    if reserved and warm > reserved:
        raise UsageError(
            f"ProvisionedConcurrency={warm:g} is more than ReservedConcurrency={reserved:g}, which "
            "is the most that there may be at once"
        )
    if (uri := values.get("ImageUri", "")) and VARIABLE not in uri:
        _check_image(uri)


def _check_image(uri: str) -> None:
    """The image that serverless.yml may be told of, by what SAM's template says of its own."""
    from . import cloudformation  # noqa: PLC0415 - needs the extra `aws`

    parameters = cloudformation.read(resource("infra", "sam", "image.yml"))["Parameters"]
    if found := fault(uri, parameters["ImageUri"]):
        raise UsageError(f"ImageUri can't be {uri!r}: it {found}")


def _is_whole(value: str) -> bool:
    """Whether it is a whole number, or nothing that is known here."""
    try:
        return float(value).is_integer()
    except ValueError:
        return True


def _number(values: Mapping[str, str], name: str) -> float:
    try:
        return float(values.get(name, ""))
    except ValueError:  # of serverless.yml, a variable that only the framework knows
        return 0.0


def check_template_file(template: Template, stage: str) -> None:
    """A template that samconfig.toml names for its tool, and that nobody else would read."""
    named = template.settings.text("template_file", stage) or template.settings.text(
        "template", stage
    )
    if named and Path(named).name != template.path.name:
        raise UsageError(
            f"{template.settings.path} names the template {named}, and {template.path} is what is "
            "deployed: take that out, or write template.yaml there"
        )


def check_region(region: str | None) -> None:
    """A region's name, where the order or the project has one."""
    if region is not None and not _REGION.fullmatch(region):
        raise UsageError(f"{region!r} can't be a region; write such as eu-central-1")


def check_stack(stack: str, order: Order, template: Template, *, own: bool) -> None:
    """The stack's name, and who says it."""
    if stack == MODELS_STACK:
        raise UsageError(f"the stack {stack} holds the account's models; name another")
    named = template.stack(order.stage) if own and not template.takes_stack else stack
    if stack != named:
        raise UsageError(
            f"{template.path} takes no name for its stack, which is {named}; leave --stack out, or "
            f"{_NAMING}"
        )
    if "${" in named:
        raise UsageError(f"{template.path} calls its stack {named}, which is not known; {_NAMING}")
    if not _STACK.fullmatch(stack):
        raise UsageError(
            f"{stack!r} can't be a stack's name: letters, digits and hyphens, a letter first, at "
            "most 49 in all; name another with --stack"
        )


def check_profile(template: Template, stage: str, *, own: bool) -> None:
    """A profile that the project names for its tool, and that nobody else would use."""
    profile = template.setting("profile", stage) if own else ""
    if profile not in ("", profile_name()):
        where = template.settings.path or template.path
        raise UsageError(
            f"{where} names the profile {profile}, which only the tool would use; set "
            f"AWS_PROFILE={profile}, so that publishing uses it, too"
        )
