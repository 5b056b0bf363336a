"""What each tool is told, as command lines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from coldpress.scaffold.infrastructure import TEMPLATES

from .settings import SamSettings

__all__ = ["deploy_command", "revision"]

_RIGHTS = ("--capabilities", "CAPABILITY_IAM")


def deploy_command(  # noqa: PLR0913 - the parts of a command line
    tool: str,
    program: Path | str,
    *,
    stack: str,
    stage: str,
    region: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    settings: SamSettings,
) -> list[str]:
    """The command that deploys a project, to be run in its folder.

    Args:
        tool: ``sam`` or ``serverless``.
        program: Its program.
        stack: The stack's name.
        stage: The stage's name.
        region: Where to.
        parameters: Values by parameter; those that the tool does not find in its own settings.
        tags: Tags of the stack; without any, those of the tool's own settings stay.
        settings: What the project's samconfig.toml tells SAM already.
    """
    if tool == "sam":
        pairs = [f"{name}={_quoted(value)}" for name, value in parameters.items()]
        config_env = settings.config_env(stage)
        return [
            # By name: after a `sam build`, SAM would deploy what that had made of it.
            *(str(program), "deploy", "--template-file", TEMPLATES[tool]),
            *("--stack-name", stack, "--region", region),
            *(("--config-env", config_env) if config_env else ()),
            *(() if settings.text("s3_bucket", stage) else ("--resolve-s3",)),
            *(() if settings.text("capabilities", stage) else _RIGHTS),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
            *(
                ("--tags", *(f"{name}={_quoted(value)}" for name, value in tags.items()))
                if tags
                else ()
            ),
            *("--parameter-overrides", *pairs),
        ]
    pairs = [f"{name}={value}" for name, value in parameters.items()]
    if tags:
        pairs.append("Tags=" + ",".join(f"{name}={value}" for name, value in tags.items()))
    told = [f"--param={pair}" for pair in (f"StackName={stack}", *pairs)]
    return [str(program), "deploy", "--stage", stage, "--region", region, *told]


def revision(archive: Path | None, parameters: Mapping[str, str]) -> str:
    """What tells a deployment from one of another function: 64 hexadecimal digits.

    SAM makes a new version of the function, to which traffic moves, where this is another; the
    same package with the same parameters needs none. An image is one of the parameters, and needs
    no package.
    """
    digest = hashlib.sha256(archive.read_bytes() if archive else b"")
    for name, value in sorted(parameters.items()):
        digest.update(f"\n{name}={value}".encode())
    return digest.hexdigest()


def _quoted(value: str) -> str:
    """A value as SAM reads it, which ends at the first blank otherwise."""
    plain = re.fullmatch(r"[\w@:/.,+-]+", value)
    return value if plain else f'"{value}"'
