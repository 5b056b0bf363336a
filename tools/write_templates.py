"""Write the SAM templates from their parts: the functions, and what both tools create alike.

CloudFormation has no way to include a file of this machine, and the Serverless Framework has; so
`infra/resources/` is what both share, and `infra/sam/template.yaml` is put together from it. The
image's template is the same but for where the code comes from, which can't be a condition.
"""

from __future__ import annotations

import re
from pathlib import Path

INFRA = Path(__file__).parent.parent / "infra"
TEMPLATE = INFRA / "sam" / "template.yaml"
IMAGE = INFRA / "sam" / "image.yaml"
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


# What only a zip has: a runtime of Lambda's, and snapshots.
_ZIP_ONLY = ("PythonVersion", "SnapStart", "HasSnapStart", "SnapshotsOrProvisionedConcurrency")
_CODE = """\
      PackageType: Image
      ImageUri: !Ref ImageUri
      ImageConfig:
        Command: [\\1]
"""


def image_template() -> str:
    """The text of the SAM template whose functions are one container image."""
    text = template("image")
    for name in _ZIP_ONLY:
        text = re.sub(rf"^  {name}:(?: .+)?\n(?:    .*\n)*", "", text, flags=re.MULTILINE)
    text = re.sub(r"^      SnapStart:\n        .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^      (?:CodeUri|Runtime): .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^      Handler: (\S+)\n", _CODE, text, flags=re.MULTILINE)


def template(*own: str) -> str:
    """The SAM template's text, of the functions and what else is SAM's own."""
    parts = [INFRA / "sam" / f"{name}.yml" for name in ("functions", *own)]
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
    TEMPLATE.write_text(template(), "utf-8")
    IMAGE.write_text(image_template(), "utf-8")
