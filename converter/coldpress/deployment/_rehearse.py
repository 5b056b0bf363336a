"""What a deployment would run, without running any of it."""

from __future__ import annotations

from coldpress.errors import DeployError, MissingExtraError
from coldpress.registry import describe
from coldpress_runtime.pointers import ModelUri

from ._order import Order
from ._prepared import Prepared, prepared
from ._steps import (
    ask_step,
    bucket_step,
    build_step,
    export_step,
    in_folder,
    promote_step,
    publish_step,
    template_step,
)
from .aws import Account, sign_in
from .commands import deploy_command
from .models_bucket import own_store

__all__ = ["rehearse"]

_VERSION = "VERSION"


def rehearse(order: Order) -> list[str]:
    """The commands of a deployment, in their order; what only running tells is in capitals.

    Raises:
        UsageError: As `deploy`.
        DeployError: As `deploy`, but neither credentials nor tools are needed.
        StoreError: With credentials, a published version that is not there.
    """
    ready = prepared(order)
    account = _account(ready.region)
    store = order.store or (own_store(account) if account else "s3://BUCKET/models")
    uri = _uri(ready, store, account)
    commands = []
    if ready.published is None:
        commands += [export_step(ready)] if ready.bundle is None else []
        commands += [bucket_step(store)] if order.store is None else []
        commands += [publish_step(ready, store)]
    commands += [build_step(ready)] if ready.builds else []
    commands += [] if ready.own else [template_step(ready)]
    tool = deploy_command(
        ready.tool,
        "sam" if ready.tool == "sam" else "osls",
        stack=ready.stack,
        stage=order.stage,
        tags=ready.tags,
        settings=ready.template.settings,
        region=account.region if account else ready.region or "REGION",
        parameters={
            "ModelUri": uri,
            **({"Revision": "REVISION"} if ready.tool == "sam" else {}),
            **ready.told,
        },
    )
    asked = [ask_step(ready), promote_step(ready, uri)]
    return [*commands, in_folder(ready, tool), *asked]


def _account(region: str | None) -> Account | None:
    try:
        return sign_in(region)
    except (DeployError, MissingExtraError):
        return None


def _uri(ready: Prepared, store: str, account: Account | None) -> str:
    """The version's URI, as far as it can be known without making it."""
    if ready.published and account:
        with account.everywhere():
            return str(describe(ready.published)[0])
    if ready.published:
        return f"{ready.published.root}/{ready.name}@sha256:{ready.published.digest or _VERSION}"
    root = store.rstrip("/")
    if ready.bundle:
        return str(ModelUri(root=root, name=ready.name, digest=ready.bundle.digest))
    return f"{root}/{ready.name}@sha256:{_VERSION}"
