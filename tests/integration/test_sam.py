"""The SAM template through the SAM CLI, with a moto server in the place of AWS."""

import io
import re
import zipfile

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


@pytest.fixture
def uploaded(aws_client, code_bucket):
    """A function that gives the code that a packaged template names in the bucket."""

    def read(packaged):
        uri = re.search(rf"CodeUri: s3://{code_bucket}/(\S+)", packaged.read_text("utf-8"))
        assert uri is not None
        return aws_client("s3").get_object(Bucket=code_bucket, Key=uri[1])["Body"].read()

    return read


@pytest.fixture
def sam_build(project, sam_tool, tmp_path):
    """A function that runs `sam build` on a template; gives the template that it makes."""

    def run(template):
        arguments = ("--template-file", template, "--build-dir", tmp_path / "built")
        outcome = sam_tool("sam").run("build", *arguments, cwd=project)
        assert outcome.returncode == 0, outcome.stdout
        return tmp_path / "built" / "template.yaml"

    return run


def test_package_uploads_the_build_as_it_is(sam_packaged, built_package, uploaded):
    """`sam package`, without `sam build`, puts the very bytes of function.zip into the bucket."""
    assert uploaded(sam_packaged) == built_package.archive.read_bytes()


def test_sam_build_leaves_the_build_as_it_is(
    sam_build, sam_package, built_package, uploaded, tmp_path
):
    """Who runs `sam build` first deploys the very bytes of function.zip all the same."""
    template = sam_build("infra/sam/template.yaml")
    packaged = sam_package(template, tmp_path / "packaged.yaml")
    assert uploaded(packaged) == built_package.archive.read_bytes()


def test_sam_build_leaves_the_directory_s_bytecode(
    sam_build, sam_package, project, built_package, uploaded, tmp_path
):
    """Who points CodeUri to the directory deploys all its files: SAM zips them, and builds none."""
    template = (project / "infra" / "sam" / "template.yaml").read_text("utf-8")
    other = project / "infra" / "sam" / "directory.yaml"
    other.write_text(template.replace("build/function.zip", "build/function"), "utf-8")
    packaged = sam_package(sam_build("infra/sam/directory.yaml"), tmp_path / "packaged.yaml")
    directory = built_package.directory
    with zipfile.ZipFile(io.BytesIO(uploaded(packaged))) as archive:
        found = {entry.filename: entry.file_size for entry in archive.infolist()}
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert found == {path.relative_to(directory).as_posix(): path.stat().st_size for path in files}
    assert any(name.endswith(".pyc") for name in found) is built_package.has_bytecode


def test_the_linter_finds_nothing_in_what_sam_packages(sam_packaged, lint):
    """cfn-lint has nothing to say of the packaged template either."""
    assert lint(sam_packaged) == ""
