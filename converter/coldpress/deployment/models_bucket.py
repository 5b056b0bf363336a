"""The store where none is named: a bucket of the account, made once, for all its models."""

from __future__ import annotations

from collections.abc import Callable

from coldpress.errors import DeployError
from coldpress.resources import resource

from .aws import Account

__all__ = ["MODELS_STACK", "ensure_bucket", "own_store"]

MODELS_STACK = "coldpress-models"
# What infra/resources/bucket.yml is part of: it names the bucket by a model's URI.
_HEAD = """\
AWSTemplateFormatVersion: "2010-09-09"
Description: Where Coldpress publishes this account's models
Parameters:
  ModelUri:
    Type: String
  KmsKey:
    Type: String
    Default: ""
Conditions:
  CreatesBucket: !Equals [always, always]
  HasKey: !Not [!Equals [!Ref KmsKey, ""]]
"""


def own_store(account: Account) -> str:
    """The URL of the account's own store."""
    return f"s3://{MODELS_STACK}-{account.number}-{account.region}/models"


def ensure_bucket(account: Account, store: str, key: str, begins: Callable[[], None]) -> None:
    """Make the bucket of the account's own store, unless it is there.

    It is TLS only, not public, versioned and encrypted, and stays when its stack goes.

    Args:
        account: Whose.
        store: The store's URL.
        key: ARN of the KMS key that encrypts it; empty for S3's own.
        begins: Called before it is made.

    Raises:
        DeployError: It can't be made.
    """
    bucket = store.split("/")[2]
    if account.has_bucket(bucket):
        return
    begins()
    template = _HEAD + resource("infra", "resources", "bucket.yml").read_text("utf-8")
    account.ensure_stack(MODELS_STACK, template, {"ModelUri": store, "KmsKey": key})
    if not account.has_bucket(bucket):
        raise DeployError(
            f"the stack {MODELS_STACK} is there, and its bucket {bucket} is gone; delete the "
            f"stack, with `aws cloudformation delete-stack --stack-name {MODELS_STACK} --region "
            f"{account.region}`, and deploy again, or name another store with --store"
        )
