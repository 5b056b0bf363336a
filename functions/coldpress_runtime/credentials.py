"""Credentials where Lambda gives them by address: under SnapStart, whose snapshots hold none.

There the environment has an address and a token instead of keys, since keys would be old by the
time that a snapshot is restored. obstore asks such an address, but reads the token from a file:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["token_file_option"]

_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - the variable's name
_ADDRESS = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


def token_file_option(environment: Mapping[str, str], folder: str) -> dict[str, str]:
    """What obstore must be told to use the environment's token; nothing where there is none.

    Args:
        environment: The environment's variables.
        folder: Directory for the token's file, which only this user may read.

    Raises:
        OSError: The file can't be written.
    """
    token = environment.get(_TOKEN)
    elsewhere = environment.get("AWS_ACCESS_KEY_ID") or environment.get(f"{_TOKEN}_FILE")
    if not token or elsewhere or not environment.get(_ADDRESS):
        return {}
    path = os.path.join(folder, f"coldpress-{os.getuid()}.token")  # noqa: PTH118 - pathlib costs INIT
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    file = os.open(path, flags, 0o600)
    with open(file, "w", encoding="utf-8") as writer:  # noqa: PTH123 - as above
        os.fchmod(file, 0o600)
        writer.write(token)
    return {"container_authorization_token_file": path}
