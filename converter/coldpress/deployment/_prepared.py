"""All that can be known of a deployment before anything of it is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coldpress.bundle import Bundle
from coldpress.errors import DeployError, UsageError
from coldpress.package import ARCHITECTURES, DEFAULT_PYTHON
from coldpress.package.place import ARCHIVE
from coldpress.resources import resource
from coldpress.scaffold import TOOLS, stack_name
from coldpress.stores import model_uri
from coldpress_runtime.artifact import MANIFEST_NAME
from coldpress_runtime.pointers import ModelUri

from . import _refusals
from ._order import Order
from .templates import VARIABLE, Template, project_tools, read_template
from .tools import found_tools

__all__ = ["Prepared", "prepared"]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An order that makes sense.

    Attributes:
        order: The order.
        published: The version, where it is published already; else None.
        bundle: The bundle, where it is one already; else None.
        template: What is deployed: the project's template, or the shipped one.
        own: Whether the template is the project's own.
        values: What the template is told, without the model's URI.
    """

    order: Order
    published: ModelUri | None
    bundle: Bundle | None
    template: Template
    own: bool
    values: dict[str, str]

    @property
    def tool(self) -> str:
        """What deploys it."""
        return self.template.tool

    @property
    def name(self) -> str:
        """The model's name."""
        if self.published:
            return self.published.name
        if self.bundle:
            return self.bundle.manifest.name
        return self.order.name or self.order.source.name

    @property
    def python(self) -> str:
        """The Python that the package is built for."""
        return self.values.get("PythonVersion", DEFAULT_PYTHON)

    @property
    def architecture(self) -> str:
        """The processor that it is built for."""
        return self.values.get("Architecture", ARCHITECTURES[0])

    @property
    def is_image(self) -> bool:
        """Whether the function is an image that is pushed already, which has its own package."""
        image = self.values.get("ImageUri", "")
        return bool(image) and VARIABLE not in image

    @property
    def builds(self) -> bool:
        """Whether a package is built on the way."""
        return self.order.build and not self.is_image

    @property
    def tags(self) -> dict[str, str]:
        """The stack's tags, the project's own among them; none where the order has none."""
        own = self.template.tags(self.order.stage, self.values) if self.order.tags else {}
        return {**own, **self.order.tags}

    @property
    def stack(self) -> str:
        """The stack's name: the order's, the project's, or else the model's and the stage."""
        if self.order.stack is not None:
            return self.order.stack
        own = self.template.stack(self.order.stage) if self.own else ""
        return own or f"{stack_name(self.name)}-{self.order.stage}"

    @property
    def region(self) -> str | None:
        """Where to, as far as the order or the project says."""
        if self.order.region is not None or not self.own:
            return self.order.region
        return self.template.setting("region", self.order.stage) or None

    @property
    def folder(self) -> Path:
        """Where the tool runs: the project, or a place for the shipped template."""
        return self.order.folder if self.own else self._output / "deployment" / self.stack

    @property
    def made_bundle(self) -> Path:
        """Where an exported model goes, or the bundle lies."""
        return self.bundle.path if self.bundle else self._output / "exported" / self.name

    @property
    def archive(self) -> Path:
        """Where the function's zip is, or will be."""
        return self._output / ARCHIVE

    @property
    def _output(self) -> Path:
        """Where what is made on the way goes; in a project, where its template looks for it."""
        return self.order.output or self.order.folder / "build"

    @property
    def told(self) -> dict[str, str]:
        """The values that the tool is told: it knows the others itself, or keeps them otherwise."""
        # SAM keeps a stack's values of before where it is told none.
        told = self.values if self.tool == "sam" else self.order.parameters
        return {name: value for name, value in told.items() if name != "Tags" or not self.tags}


def prepared(order: Order) -> Prepared:
    """Look at an order as a whole.

    Raises:
        UsageError: Something in it has no meaning, or two things do not go together.
        DeployError: No tool is there that could deploy it.
        BundleError: The bundle is damaged.
    """
    _refusals.check_words(order)
    published, bundle = _model(order)
    template, own = _template(order)
    values = {
        name: value
        for name, value in template.values(order.stage, order.parameters).items()
        if name not in _refusals.OURS
    }
    ready = Prepared(
        order=order, published=published, bundle=bundle, template=template, own=own, values=values
    )
    root = published.root if published else order.store or "s3://models"
    _refusals.check_place(root.rstrip("/"), ready.name, template)
    template.check(values)
    _refusals.check_values(values)
    _refusals.check_region(ready.region)
    _refusals.check_stack(ready.stack, order, template, own=own)
    _refusals.check_profile(template, order.stage, own=own)
    if own:
        _refusals.check_output(order)
        _refusals.check_template_file(template, order.stage)
    return ready


def _model(order: Order) -> tuple[ModelUri | None, Bundle | None]:
    """What the order's model is: published, a bundle, or neither yet."""
    named = str(order.source.model)
    path = Path(named)
    if not path.exists() and ("@" in named or "://" in named):
        uri = model_uri(named)
        _refusals.check_published(order, uri)
        return uri, None
    if (path / MANIFEST_NAME).is_file():
        _refusals.check_exported(order, f"{named} is a bundle")
        return None, Bundle.open(path)
    _refusals.check_source(order)
    return None, None


def _template(order: Order) -> tuple[Template, bool]:
    """The template that is deployed, and whether it is the project's own."""
    own = project_tools(order.folder, TOOLS if order.tool is None else (order.tool,))
    if len(own) > 1:
        raise UsageError(
            f"{order.folder.absolute()} can be deployed by {' and '.join(own)}; choose with --with"
        )
    if own:
        return read_template(own[0], order.folder), True
    _refusals.check_project(order, project_tools(order.folder))
    tool = order.tool or next(iter(found_tools(order.folder)), None)
    if tool is None:
        raise DeployError(
            "neither the AWS SAM CLI nor the Serverless Framework is here; get one with "
            "`pipx install aws-sam-cli` or `npm install osls`"
        )
    if tool not in TOOLS:
        raise UsageError(f"{tool!r} deploys nothing here; use one of {', '.join(TOOLS)}")
    return read_template(tool, resource("infra", tool)), False
