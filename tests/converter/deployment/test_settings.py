"""What samconfig.toml says, stage by stage."""

import pytest

from coldpress.deployment.settings import SamSettings

DEFAULT = """
[default.global.parameters]
region = "eu-central-1"
[default.deploy.parameters]
stack_name = "shop"
s3_bucket = "mine"
"""
STAGING = '[staging.deploy.parameters]\nstack_name = "shop-test"\n'


@pytest.fixture
def settings(tmp_path):
    """A function that writes a samconfig.toml and reads it."""

    def read(text, name="samconfig.toml"):
        (tmp_path / name).write_text(text, "utf-8")
        return SamSettings(tmp_path)

    return read


def test_none_at_all(tmp_path):
    """A folder without settings says nothing."""
    found = SamSettings(tmp_path)
    assert found.path is None
    assert (found.stack("live"), found.text("region", "live"), found.overrides("live")) == (
        "",
        "",
        {},
    )
    assert found.config_env("live") is None


def test_the_default_table_is_the_first_stage_s(settings):
    """Its stack is no other stage's; whatever else it says counts for those without a table."""
    found = settings(DEFAULT)
    assert (found.stack("live"), found.stack("staging")) == ("shop", "")
    assert found.text("region", "staging") == "eu-central-1"
    assert found.text("s3_bucket", "staging") == "mine"


def test_a_stage_s_own_table(settings):
    """It is read alone, as SAM reads it."""
    found = settings(f"{DEFAULT}{STAGING}")
    assert (found.stack("live"), found.stack("staging")) == ("shop", "shop-test")
    assert found.text("s3_bucket", "staging") == ""
    assert (found.config_env("staging"), found.config_env("live")) == ("staging", None)


def test_what_is_for_a_command_stands_before_what_is_for_all(settings):
    """As with SAM: the command's own table counts."""
    found = settings(
        '[default.global.parameters]\nregion = "a"\n[default.deploy.parameters]\nregion = "b"\n'
    )
    assert found.text("region", "live") == "b"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param("""'WarmUp="rate(5 minutes)" MemorySize=512'""", id="text"),
        pytest.param("""['WarmUp="rate(5 minutes)"', "MemorySize=512"]""", id="list"),
        pytest.param("""["WarmUp=rate(5 minutes)", "MemorySize=512"]""", id="list without quotes"),
        pytest.param(
            """'ParameterKey=WarmUp,ParameterValue="rate(5 minutes)" """
            """ParameterKey=MemorySize,ParameterValue=512'""",
            id="longer form",
        ),
        pytest.param("""{WarmUp = "rate(5 minutes)", MemorySize = 512}""", id="table"),
    ],
)
def test_each_form_of_the_values(settings, told):
    """Whatever SAM takes, and lists as one would write them."""
    found = settings(f"[default.deploy.parameters]\nparameter_overrides = {told}\n")
    assert found.overrides("live") == {"WarmUp": "rate(5 minutes)", "MemorySize": "512"}


def test_settings_in_yaml(settings):
    """SAM reads YAML, too."""
    text = "default: {deploy: {parameters: {stack_name: shop, parameter_overrides: [A=1]}}}\n"
    found = settings(text, "samconfig.yaml")
    assert found.stack("live") == "shop"
    assert found.overrides("live") == {"A": "1"}
