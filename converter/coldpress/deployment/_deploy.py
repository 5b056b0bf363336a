"""The way of a deployment, step by step; each step is a command of its own, too."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from coldpress.bundle import Bundle
from coldpress.errors import DeployError, UsageError
from coldpress.package import build
from coldpress.package.bytecode import required_interpreter
from coldpress.package.place import recorded
from coldpress.pipeline import export_file
from coldpress.registry import describe, publish
from coldpress.registry.channels import promote
from coldpress.scaffold import infrastructure, stack_name
from coldpress_runtime.pointers import ModelUri

from ._order import Deployed, Order, Shown
from ._prepared import Prepared, prepared
from ._steps import (
    bucket_step,
    build_step,
    export_step,
    in_folder,
    promote_step,
    publish_step,
    template_step,
)
from .aws import Account, sign_in
from .calls import Endpoint, endpoint_of
from .commands import deploy_command, revision
from .models_bucket import ensure_bucket, own_store
from .smoke import Golden, ask_golden, golden_of
from .tools import find_tool, run_tool

__all__ = ["deploy"]


def deploy(order: Order, shown: Shown) -> Deployed:
    """Take a model to a URL, and ask it there.

    Each step can be done again: a deployment that was stopped anywhere goes on from there, and what
    was published stays published.

    Args:
        order: What, and how.
        shown: Who is told how far it is.

    Raises:
        UsageError: Something in the order has no meaning.
        DeployError: A tool is missing or fails, AWS refuses, or what was deployed answers
            otherwise than its certificate says.
        MissingExtraError: boto3 is not installed.
        ColdpressError: As exporting, publishing and building do.
    """
    ready = prepared(order)
    program = find_tool(ready.tool, order.folder)
    _check_package(ready)
    account = sign_in(ready.region)
    with account.everywhere():
        _check_stack(ready, account)
        pinned = _published(ready, account, shown)
        _package(ready, shown)
        _lay_template(ready, shown)
        _run(ready, account, program, pinned, shown)
        return _asked(ready, account, pinned, shown)


def _check_package(ready: Prepared) -> None:
    """Refuse before the long steps what would make the package's fail."""
    if ready.builds:
        required_interpreter(ready.python)
        return
    if ready.is_image:
        return
    if not ready.archive.is_file():
        raise UsageError(f"there is no {ready.archive}; leave --no-build out, and it is built")
    wanted = {"PythonVersion": ready.python, "Architecture": ready.architecture}
    record = recorded(ready.archive)
    found = {"PythonVersion": record.get("python"), "Architecture": record.get("architecture")}
    for name, value in found.items():
        if value not in (None, wanted[name]):
            raise UsageError(
                f"{ready.archive} was built for {name}={value}, and {wanted[name]} is deployed; "
                f"leave --no-build out, or add --param {name}={value}"
            )


def _check_stack(ready: Prepared, account: Account) -> None:
    """Refuse to replace what is no model's; and another model's, unless somebody names it."""
    told = account.parameters(ready.stack)
    _check_bucket(ready, (told or {}).get("CreateBucket", "false"))
    if told is None:
        return
    if "ModelUri" not in told:
        raise DeployError(
            f"the stack {ready.stack} is there, and no model's; name another for {ready.name} with "
            "--stack"
        )
    name = told["ModelUri"].rpartition("@")[0].rpartition("/")[2]
    if name not in ("", ready.name) and not ready.order.stack:
        raise DeployError(
            f"the stack {ready.stack} serves the model {name}; name one for {ready.name} with "
            f"--stack, or that one, if it is to take its place"
        )


def _check_bucket(ready: Prepared, before: str) -> None:
    """Refuse to make the bucket that the model is in by then."""
    if ready.values.get("CreateBucket") == "true" and before != "true":
        raise UsageError(
            "CreateBucket=true makes a bucket with the stack, and the model is published before: "
            "leave it out; the model goes to --store, or to a bucket of the account that is made"
        )


def _published(ready: Prepared, account: Account, shown: Shown) -> ModelUri:
    """The version's pinned URI; it is in a store afterwards."""
    order = ready.order
    if ready.published is not None:
        return describe(ready.published)[0]
    bundle = ready.bundle or _exported(ready, shown)
    store = order.store or own_store(account)
    if order.store is None:
        shown.doing(f"Looking for the bucket of {store}")
        key = ready.values.get("KmsKey", "")
        if "${" in key:
            raise UsageError(
                "the account's bucket is made with KmsKey, which serverless.yml takes from a "
                "variable: give it with --param KmsKey=ARN, or name a store with --store"
            )
        ensure_bucket(account, store, key, lambda: shown.command(bucket_step(store)))
    shown.command(publish_step(ready, store))
    return publish(bundle, store, progress=shown.doing).uri


def _exported(ready: Prepared, shown: Shown) -> Bundle:
    order = ready.order
    shown.command(export_step(ready))
    if order.sample is None:
        raise UsageError("a model to export needs rows; name a file of them with --sample")
    return export_file(
        order.source,
        ready.made_bundle,
        sample=order.sample,
        name=ready.name,
        drop=order.drop,
        labels=order.labels,
        compress=order.compress,
        force=True,
        command=tuple(shlex.split(export_step(ready))),
        progress=shown.doing,
    )


def _package(ready: Prepared, shown: Shown) -> None:
    if not ready.builds:
        return
    shown.command(build_step(ready))
    build(
        ready.archive.parent,
        python=ready.python,
        architecture=ready.architecture,
        progress=shown.doing,
    )


def _lay_template(ready: Prepared, shown: Shown) -> None:
    """Put the shipped template where the tool runs, if the project has none of its own."""
    if ready.own:
        return
    shown.command(template_step(ready))
    archive = str(ready.archive.absolute())
    service = stack_name(ready.name)
    for name, text in infrastructure(ready.tool, service=service, archive=archive).items():
        path = ready.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _run(ready: Prepared, account: Account, program: Path, pinned: ModelUri, shown: Shown) -> None:
    """Have the tool deploy; it waits until CloudFormation and CodeDeploy are done."""
    parameters = {"ModelUri": str(pinned), **ready.told}
    if ready.tool == "sam":
        parameters["Revision"] = revision(None if ready.is_image else ready.archive, parameters)
    command = deploy_command(
        ready.tool,
        program.absolute(),
        stack=ready.stack,
        stage=ready.order.stage,
        tags=ready.tags,
        settings=ready.template.settings,
        region=account.region,
        parameters=parameters,
    )
    shown.command(in_folder(ready, [program.name, *command[1:]]))
    shown.clear()
    run_tool(command, folder=ready.folder, environment=account.environment, output=shown.output)


def _asked(ready: Prepared, account: Account, pinned: ModelUri, shown: Shown) -> Deployed:
    """Ask what was deployed, and let the channel point to it."""
    outputs = account.outputs(ready.stack)
    try:
        endpoint = endpoint_of(account, outputs, pinned.name, ready.values.get("Auth", "iam"))
    except LookupError as error:
        raise DeployError(
            f"the stack {ready.stack} names no URL among its outputs; they must have HttpApiUrl, "
            "RestApiUrl or FunctionUrl"
        ) from error
    asked, unasked = 0, ""
    golden = golden_of(pinned)
    if endpoint.can_ask:
        shown.doing(f"Asking {endpoint.url}")
        patience = ready.order.patience
        asked = ask_golden(endpoint, pinned, golden, progress=shown.doing, patience=patience)
    else:
        unasked = "its API takes tokens, and COLDPRESS_TOKEN has none"
    shown.command(promote_step(ready, str(pinned)))
    channel = promote(pinned, ready.order.stage)
    return Deployed(
        uri=pinned,
        stack=ready.stack,
        tool=ready.tool,
        url=endpoint.url,
        asked=asked,
        unasked=unasked,
        channel=str(channel.uri),
        curl=_curl(ready, endpoint, golden),
    )


def _curl(ready: Prepared, endpoint: Endpoint, golden: Golden) -> str:
    request = golden.request
    if request is None:
        return f"curl {endpoint.url}/v2/models/{ready.name}"
    file = ready.archive.parent / "request.json"
    file.write_text(json.dumps(request), "utf-8")
    return endpoint.curl(request, str(file))
