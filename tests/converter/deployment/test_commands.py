"""What the tools are told."""

import pytest

from coldpress.deployment.commands import deploy_command, revision
from coldpress.deployment.settings import SamSettings

TOLD = {
    "stack": "churn-live",
    "stage": "live",
    "region": "eu-central-1",
    "tags": {},
    "settings": SamSettings(None),
}
TAGGED = {**TOLD, "tags": {"team": "ml ops", "env": "prod"}}


def test_sam_is_told_all():
    """Stack, region, rights, and each value; nothing is asked back."""
    command = deploy_command("sam", "sam", parameters={"Auth": "iam", "WarmUp": ""}, **TOLD)
    assert command[:4] == ["sam", "deploy", "--template-file", "template.yaml"]
    assert command[4:6] == ["--stack-name", "churn-live"]
    assert {"--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset"} <= set(
        command
    )
    assert command[-3:] == ["--parameter-overrides", "Auth=iam", 'WarmUp=""']


@pytest.mark.parametrize(
    ("setting", "option"),
    [
        pytest.param('s3_bucket = "mine"', "--resolve-s3", id="bucket"),
        pytest.param('capabilities = "CAPABILITY_NAMED_IAM"', "--capabilities", id="rights"),
    ],
)
def test_sam_s_own_settings_stay(tmp_path, setting, option):
    """What the project's settings say of the bucket and of rights is not told otherwise."""
    (tmp_path / "samconfig.toml").write_text(f"[default.deploy.parameters]\n{setting}\n")
    told = {**TOLD, "settings": SamSettings(tmp_path)}
    assert option not in deploy_command("sam", "sam", parameters={}, **told)
    assert option in deploy_command("sam", "sam", parameters={}, **TOLD)


def test_sam_reads_the_stage_s_table(tmp_path):
    """A stage that has a table of its own is named to SAM."""
    (tmp_path / "samconfig.toml").write_text("[live.deploy.parameters]\n")
    told = {**TOLD, "settings": SamSettings(tmp_path)}
    command = deploy_command("sam", "sam", parameters={}, **told)
    assert command[command.index("--config-env") + 1] == "live"
    assert "--config-env" not in deploy_command("sam", "sam", parameters={}, **TOLD)


@pytest.mark.parametrize(
    ("value", "pair"),
    [
        pytest.param("rate(5 minutes)", 'WarmUp="rate(5 minutes)"', id="blanks"),
        pytest.param("a,b", "WarmUp=a,b", id="list"),
        pytest.param("s3://b/m/x@sha256:0a", "WarmUp=s3://b/m/x@sha256:0a", id="URI"),
    ],
)
def test_sam_reads_values_whole(value, pair):
    """A value with blanks is in quotes, as SAM's own parser wants it."""
    assert deploy_command("sam", "sam", parameters={"WarmUp": value}, **TOLD)[-1] == pair


def test_serverless_is_told_its_stack():
    """The framework gets the stage, the region, the stack's name and each value."""
    command = deploy_command("serverless", "osls", parameters={"Auth": "iam"}, **TOLD)
    assert command == [
        "osls", "deploy", "--stage", "live", "--region", "eu-central-1",
        "--param=StackName=churn-live", "--param=Auth=iam",
    ]  # fmt: skip


def test_a_revision_is_of_package_and_parameters(tmp_path):
    """The same again is the same; another package or value is another."""
    archive = tmp_path / "function.zip"
    archive.write_bytes(b"one")
    first = revision(archive, {"A": "1", "B": "2"})
    assert first == revision(archive, {"B": "2", "A": "1"})
    assert len(first) == 64
    assert first != revision(archive, {"A": "1", "B": "3"})
    archive.write_bytes(b"two")
    assert first != revision(archive, {"A": "1", "B": "2"})


def test_tags_reach_both_tools():
    """Each is told the stack's tags in its own way."""
    sam = deploy_command("sam", "sam", parameters={}, **TAGGED)
    assert sam[sam.index("--tags") :][:3] == ["--tags", 'team="ml ops"', "env=prod"]
    serverless = deploy_command("serverless", "osls", parameters={}, **TAGGED)
    assert serverless[-1] == "--param=Tags=team=ml ops,env=prod"
