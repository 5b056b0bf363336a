"""All that can be known, and refused, before anything of a deployment is done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coldpress.bundle import Bundle
from coldpress.errors import DeployError, UsageError
from coldpress.package import ARCHITECTURES, PYTHONS
from coldpress.package.place import ARCHIVE
from coldpress.resources import resource
from coldpress.scaffold import TOOLS, stack_name
from coldpress.stores import model_uri, store_url
from coldpress_runtime.artifact import MANIFEST_NAME
from coldpress_runtime.pointers import CHANNEL_NAME, ModelUri

from ._order import Order
from .templates import Template, project_tools, read_template
from .tools import found_tools

__all__ = ["Prepared", "prepared"]

_STACK = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,48}")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An order that makes sense.

    Attributes:
        order: The order.
        published: The version, where it is published already; else None.
        bundle: The bundle, where it is one already; else None.
        tool: What deploys it.
        template: What is deployed: the project's template, or the shipped one.
        own: Whether the template is the project's own.
        values: What the template is told, without the model's URI.
    """

    order: Order
    published: ModelUri | None
    bundle: Bundle | None
    tool: str
    template: Template
    own: bool
    values: dict[str, str]

    @property
    def name(self) -> str:
        """The model's name."""
        if self.published:
            return self.published.name
        if self.bundle:
            return self.bundle.manifest.name
        return self.order.name or self.order.source.name

    @cached_property
    def stack(self) -> str:
        """The stack's name.

        Raises:
            UsageError: It can't be one.
        """
        name = self.order.stack or f"{stack_name(self.name)}-{self.order.stage}"
        if not _STACK.fullmatch(name):
            raise UsageError(
                f"{name!r} can't be a stack's name: letters, digits and hyphens, a letter first, "
                "at most 49 in all; name another with --stack"
            )
        return name

    @property
    def folder(self) -> Path:
        """Where the tool runs: the project, or a place for the shipped template."""
        return self.order.project if self.own else self.order.output / "deployment" / self.stack

    @property
    def made_bundle(self) -> Path:
        """Where an exported model goes, or the bundle lies."""
        return self.bundle.path if self.bundle else self.order.output / self.name

    @property
    def archive(self) -> Path:
        """Where the function's zip is, or will be."""
        return (self.order.project / "build" if self.own else self.order.output) / ARCHIVE

    @property
    def told(self) -> dict[str, str]:
        """The values that the tool is told: it knows the others itself, or keeps them otherwise."""
        # SAM keeps a stack's values of before where it is told none.
        return self.values if self.tool == "sam" else dict(self.order.parameters)


def prepared(order: Order) -> Prepared:
    """Look at an order as a whole.

    Raises:
        UsageError: Something in it has no meaning, or two things do not go together.
        DeployError: No tool is there that could deploy it.
        BundleError: The bundle is damaged.
    """
    _check_stage(order.stage)
    if order.store is not None and not store_url(order.store).startswith("s3://"):
        raise UsageError(
            f"a function on AWS reads its model from S3, not from {order.store}; write such as "
            "--store s3://my-bucket/models"
        )
    published, bundle = _model(order)
    tool, template, own = _template(order)
    values = {
        name: value
        for name, value in template.values(order.stage, order.parameters).items()
        if name not in ("ModelUri", "Revision")
    }
    _check_target(values)
    return Prepared(
        order=order,
        published=published,
        bundle=bundle,
        tool=tool,
        template=template,
        own=own,
        values=values,
    )


def _check_stage(stage: str) -> None:
    if not CHANNEL_NAME.fullmatch(stage):
        raise UsageError(
            f"{stage!r} can't be a stage: it names a channel, too, with at most 32 lower-case "
            "letters, digits and hyphens, a letter first, such as live or staging"
        )


def _model(order: Order) -> tuple[ModelUri | None, Bundle | None]:
    """What the order's model is: published, a bundle, or neither yet."""
    named = str(order.source.model)
    if "@" in named and not Path(named).exists():
        uri = model_uri(named)
        if not uri.root.startswith("s3://"):
            raise UsageError(
                f"a function on AWS reads its model from S3, not from {uri.root}; publish it "
                "there, or deploy the bundle"
            )
        return uri, None
    if (Path(named) / MANIFEST_NAME).is_file():
        return None, Bundle.open(Path(named))
    if not Path(named).exists() and not order.source.is_factory:
        raise UsageError(f"there is no {named}; name a model's file, a bundle, or a model URI")
    if order.sample is None:
        raise UsageError(
            f"{named} has to be exported first, which takes rows as the model takes them; name a "
            "file of them with --sample"
        )
    if not order.sample.exists():
        raise UsageError(f"there is no sample {order.sample}; name a file of rows with --sample")
    return None, None


def _template(order: Order) -> tuple[str, Template, bool]:
    """The tool, and the template that it deploys; and whether that is the project's own."""
    own = [tool for tool in project_tools(order.project) if order.tool in (None, tool)]
    if len(own) > 1:
        raise UsageError(
            f"{order.project.absolute()} can be deployed by {' and '.join(own)}; choose with --with"
        )
    if own:
        return own[0], read_template(own[0], order.project), True
    tool = order.tool or next(iter(found_tools(order.project)), None)
    if tool is None:
        raise DeployError(
            "neither the AWS SAM CLI nor the Serverless Framework is here; get one with "
            "`pipx install aws-sam-cli` or `npm install osls`"
        )
    if tool not in TOOLS:
        raise UsageError(f"{tool!r} deploys nothing here; use one of {', '.join(TOOLS)}")
    return tool, read_template(tool, resource("infra", tool)), False


def _check_target(values: dict[str, str]) -> None:
    for name, known in (("Architecture", ARCHITECTURES), ("PythonVersion", PYTHONS)):
        if (value := values.get(name, known[0])) not in known:
            raise UsageError(f"{name} is {value}; it must be one of {', '.join(known)}")
