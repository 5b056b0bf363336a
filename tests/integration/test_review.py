"""What a cloud security reviewer would run: checkov on all that both templates create."""

import json
import re
from dataclasses import replace

import pytest

from tests.integration.compiled import IMAGE, JWT, KEY, chosen_of
from tests.loopback import answering

pytestmark = pytest.mark.slow

HEAD = {"AWSTemplateFormatVersion": "2010-09-09"}
IN_AN_IMAGE = {"Docs": "true", "Queue": "true"}
# Together they have every resource that there can be.
CHOICES = {
    "plain": {},
    "http": {**JWT, "Docs": "true", "Queue": "true", "CreateBucket": "true"},
    "rest": {"Api": "rest-api", "Docs": "true", "Tracing": "Active"},
    "keys": {"Api": "rest-api", "Auth": "api-key"},
    "url": {
        "Api": "function-url",
        "Docs": "true",
        "WarmUp": "rate(5 minutes)",
        "SubnetIds": "subnet-1",
        "SecurityGroupIds": "sg-1",
    },
    "key": {"KmsKey": KEY, "Docs": "true", "Queue": "true", "CreateBucket": "true"},
}
# What a key of one's own answers.
OF_KEYS = {"CKV_AWS_27", "CKV_AWS_158", "CKV_AWS_173"}


@pytest.fixture(scope="module")
def reviewed(translate, serverless_template, project, checkov, tmp_path_factory):
    """What checkov finds in what both tools create, with these choices: check and resource."""
    folder = tmp_path_factory.mktemp("created")
    image = translate(project / "infra" / "sam" / "image.yaml", ImageUri=IMAGE, **IN_AN_IMAGE)
    created = chosen_of(image, {"ImageUri": IMAGE, **IN_AN_IMAGE})
    (folder / "image.json").write_text(json.dumps({**HEAD, **created}), "utf-8")
    for name, chosen in CHOICES.items():
        for tool, template in (
            ("sam", translate(**chosen)),
            ("serverless", serverless_template),
        ):
            document = {**HEAD, **chosen_of(template, chosen)}
            (folder / f"{name}-{tool}.json").write_text(json.dumps(document), "utf-8")

    def run(*arguments, only=""):
        where = ("--file", folder / f"{only}.json") if only else ("--directory", folder)
        outcome = checkov.run(*where, "--output", "json", *arguments, cwd=folder)
        document = json.loads(outcome.stdout)
        assert document["summary"]["parsing_errors"] == 0
        assert document["summary"]["resource_count"] > (20 if only else 200)
        return {
            (each["check_id"], each["resource"].partition(".")[2])
            for each in document["results"]["failed_checks"]
        }

    return run


@pytest.fixture(scope="module")
def skips(root):
    """Each skipped check, with the resources that it is skipped for and the reason."""
    text = (root / "infra" / "checkov.yaml").read_text("utf-8")
    listed = re.findall(r"^  - (CKV\w+)(?: # ([\w, ]+): (.+))?$", text, re.MULTILINE)
    assert len(listed) == text.count("CKV")
    return {check: (set(where.split(", ")), why) for check, where, why in listed}


def test_checkov_finds_nothing_but_what_is_justified(reviewed, root):
    """With the committed list, as a reviewer would run it, there is nothing to mend."""
    assert reviewed("--config-file", root / "infra" / "checkov.yaml") == set()


def test_each_skip_is_needed_where_it_says(reviewed, skips):
    """Without the list checkov finds just what it names, check by check, place by place."""
    found = reviewed("--framework", "cloudformation", "--skip-download")
    named = {(check, place) for check, (where, _) in skips.items() for place in where}
    assert found == named


@pytest.mark.parametrize("tool", ["sam", "serverless"])
def test_a_key_of_one_s_own_answers_its_checks(reviewed, tool):
    """With `KmsKey` nothing is left of what is skipped for want of a customer's key."""
    found = reviewed("--framework", "cloudformation", "--skip-download", only=f"key-{tool}")
    assert not {check for check, _ in found} & OF_KEYS


@pytest.mark.parametrize(
    ("told", "asks"),
    [
        pytest.param({}, False, id="as the tests run it"),
        # The other way round, so that it is known that one who asks is noticed.
        pytest.param({"CKV_SKIP_PACKAGE_UPDATE_CHECK": "false"}, True, id="left to itself"),
    ],
)
def test_checkov_asks_nobody(checkov, root, tmp_path, told, asks):
    """A review needs no network: a proxy that refuses everybody hears of nobody."""
    bucket = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    (tmp_path / "bucket.json").write_text(json.dumps({**HEAD, **bucket}), "utf-8")
    came = []

    def refuse(request):
        came.append(request.path)
        return 403, b""

    with answering(refuse) as proxy:
        through = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "HOME": str(tmp_path)}
        alone = replace(checkov, environment={**checkov.environment, **through, **told})
        options = ("--config-file", root / "infra" / "checkov.yaml", "--output", "json")
        outcome = alone.run("--file", "bucket.json", *options, cwd=tmp_path)
    assert json.loads(outcome.stdout)["summary"]["resource_count"] == 1
    assert bool(came) is asks


def test_each_skip_has_a_reason(skips, root):
    """A sentence in the list, and the check in what is told to reviewers."""
    page = (root / "infra" / "README.md").read_text("utf-8")
    for check, (_, why) in skips.items():
        assert len(why.split()) > 5, check
        assert f"`{check}`" in page
    assert set(re.findall(r"`(CKV\w+)`", page)) == skips.keys()
