"""Write infra/sam/template.yaml from its parts: the functions, and what both tools create alike.

CloudFormation has no way to include a file of this machine, and the Serverless Framework has; so
`infra/resources/` is what both share, and the SAM template is put together from it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

INFRA = Path(__file__).parent.parent / "infra"
TEMPLATE = INFRA / "sam" / "template.yaml"
_SECTIONS = ("Metadata", "Parameters", "Rules", "Conditions", "Resources", "Outputs")
_SHARED = (
    "metadata",
    "parameters",
    "rules",
    "conditions",
    "roles",
    "http-api",
    "rest-api",
    "function-url",
    "logs",
    "alarms",
    "dashboard",
    "warm-up",
    "queue",
    "bucket",
    "outputs",
)
_HEAD = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: A model that Coldpress exported, and what stands before and beside it

# Put together by tools/write_templates.py from functions.yml and ../resources; change those.
"""


def template() -> str:
    """The SAM template's text."""
    parts = [INFRA / "sam" / "functions.yml"]
    parts += [INFRA / "resources" / f"{name}.yml" for name in _SHARED]
    bodies: dict[str, list[str]] = {name: [] for name in _SECTIONS}
    for part in parts:
        text = part.read_text("utf-8")
        for name, body in re.findall(r"^(\w+):\n((?:[ #].*\n|\n)+)", text, re.MULTILINE):
            bodies[name].append(f"{_comment(text)}{body.rstrip()}\n")
    sections = "".join(f"\n{name}:\n{_joined(bodies[name])}" for name in _SECTIONS if bodies[name])
    return f"{_HEAD}{sections}"


def _comment(text: str) -> str:
    """A part's first comment, which heads its resources."""
    lines = re.match(r"(?:#.*\n)*", text)
    return re.sub(r"^#", "  #", lines.group() if lines else "", flags=re.MULTILINE)


def _joined(bodies: list[str]) -> str:
    return "\n".join(bodies)


if __name__ == "__main__":
    sys.exit(TEMPLATE.write_text(template(), "utf-8") and 0)
