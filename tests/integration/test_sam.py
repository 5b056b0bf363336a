"""The SAM template through the SAM CLI, with a moto server in the place of AWS."""

import re

import pytest

pytestmark = pytest.mark.slow


def test_sam_finds_the_template_valid(project, sam_tool):
    """`sam validate --lint` passes."""
    outcome = sam_tool("sam").run("validate", "--lint", cwd=project / "infra" / "sam")
    assert outcome.returncode == 0, outcome.stdout
    assert "is a valid SAM Template" in outcome.stdout


def test_the_linter_finds_nothing(project, lint):
    """cfn-lint, with the rules for serverless applications, has nothing to say of the template."""
    assert lint(project / "infra" / "sam" / "template.yaml") == ""


def test_package_uploads_the_build_as_it_is(sam_packaged, built_package, aws_client, code_bucket):
    """`sam package`, without `sam build`, puts the very bytes of function.zip into the bucket."""
    uri = re.search(rf"CodeUri: s3://{code_bucket}/(\S+)", sam_packaged.read_text("utf-8"))
    assert uri is not None
    uploaded = aws_client("s3").get_object(Bucket=code_bucket, Key=uri[1])["Body"].read()
    assert uploaded == built_package.archive.read_bytes()


def test_the_linter_finds_nothing_in_what_sam_packages(sam_packaged, lint):
    """cfn-lint has nothing to say of the packaged template either."""
    assert lint(sam_packaged) == ""
