"""What the real runtime and the deployment tools need: a built package and the tools."""

import functools
import json
import os
import pickle
import platform
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from filelock import FileLock

from coldpress.package import DEFAULT_PYTHON, PYTHONS, build
from coldpress.package.interpreters import find_interpreter
from tests.integration.compiled import MODEL_URI, REVISION, chosen_of
from tests.integration.emulated import (  # noqa: F401 - fixtures for all tests here
    emulator,
    function_environment,
    runtime_client,
    start_function,
)
from tests.integration.moto_stacks import behind_tls, taught

TRANSLATE = """
import json, sys, boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
template = yaml_parse(open(sys.argv[1]).read())
print(json.dumps(translator.translate(template, json.loads(sys.argv[2]))))
"""
ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A command line tool in a clean environment, which has nothing of the machine's own."""

    path: Path
    environment: dict[str, str]

    def run(self, *arguments, cwd):
        """Run it and return what became of it, output and errors as one text."""
        return subprocess.run(
            [self.path, *map(str, arguments)],
            cwd=cwd,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """A folder that all test processes of this run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def target_python():
    """The Lambda runtime's version that this machine can run; the default's if it can run none."""
    versions = (DEFAULT_PYTHON, *PYTHONS)
    return next((each for each in versions if find_interpreter(each)), DEFAULT_PYTHON)


@pytest.fixture(scope="session")
def interpreter(target_python):
    """A Python of that version; skips without one."""
    if sys.platform != "linux":
        pytest.skip("AWS's Runtime Interface Emulator is a program for Linux")
    path = find_interpreter(target_python)
    if path is None:
        pytest.skip(f"no Python {', '.join(PYTHONS)} on this machine to run the function with")
    return path


@pytest.fixture(scope="session")
def architecture():
    """Lambda's name of this machine's processor."""
    return ARCHITECTURES.get(platform.machine(), "x86_64")


@pytest.fixture(scope="session")
def built_package(shared_folder, target_python, architecture):
    """The function's package for this machine, built once for all test processes.

    Without a Python of the target's version it has no bytecode, and nobody tried it.
    """
    built = shared_folder / "built.pickle"
    with FileLock(shared_folder / "build.lock"):
        if not built.exists():
            package = build(
                shared_folder / "build",
                python=target_python,
                architecture=architecture,
                bytecode=find_interpreter(target_python) is not None,
            )
            built.write_bytes(pickle.dumps(package))
    return pickle.loads(built.read_bytes())  # noqa: S301 - written above


@pytest.fixture(scope="session")
def project(root, built_package, tmp_path_factory):
    """A folder as the templates expect it: `infra/`, with the build beside it."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(root / "infra", folder / "infra")
    (folder / "build").symlink_to(built_package.directory.parent)
    return folder


@pytest.fixture(scope="session")
def sam_tool(root, moto_environment, tmp_path_factory):
    """A function that gives a program of the SAM CLI's environment, pointed at the moto server."""
    folder = root / ".tools" / "sam" / "bin"
    environment = {
        **moto_environment,
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": f"{folder}:{os.defpath}",
        "SAM_CLI_TELEMETRY": "0",
    }

    def tool(name):
        if not (folder / name).exists():
            pytest.fail("the AWS SAM CLI is not installed; run: make .tools/.sam")
        return Tool(path=folder / name, environment=environment)

    return tool


@pytest.fixture(scope="session")
def lint(sam_tool):
    """A function that lints a CloudFormation or SAM template and returns what was found."""

    def run(template):
        rules = ("-a", "cfn_lint_serverless.rules")
        outcome = sam_tool("cfn-lint").run(*rules, "--", template.name, cwd=template.parent)
        return outcome.stdout

    return run


@pytest.fixture(scope="session")
def reviewer(root, tmp_path_factory):
    """A function that gives a program of the environment of checkov and hadolint."""
    folder = root / ".tools" / "checkov" / "bin"
    home = str(tmp_path_factory.mktemp("home"))

    def tool(name):
        if not (folder / name).exists():
            pytest.fail(f"{name} is not installed; run: make .tools/.checkov")
        quiet = {
            "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
            "LOG_LEVEL": "ERROR",
            "HOME": home,
            "PATH": f"{folder}:{os.defpath}",
            # Nobody beyond this machine is asked, whatever a tool would like to know.
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        return Tool(path=folder / name, environment=quiet)

    return tool


@pytest.fixture(scope="session")
def checkov(reviewer):
    """checkov, which reviews templates."""
    return reviewer("checkov")


@pytest.fixture(scope="session")
def osls(root, tmp_path_factory):
    """The Serverless Framework's open fork; skips where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine, which the Serverless Framework runs on")
    path = root / ".tools" / "node" / "node_modules" / ".bin" / "osls"
    if not path.exists():
        pytest.fail("osls is not installed; run: make .tools/.node")
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": f"{Path(node).parent}:{os.defpath}",
        "SLS_TELEMETRY_DISABLED": "1",
    }
    return Tool(path=path, environment=environment)


@pytest.fixture(scope="session")
def sam_package(project, sam_tool, code_bucket):
    """A function that has `sam package` upload a template's code; gives the template it writes."""

    def run(template, output):
        outcome = sam_tool("sam").run(
            *("package", "--template-file", template, "--no-progressbar"),
            *("--s3-bucket", code_bucket, "--output-template-file", output),
            cwd=project,
        )
        assert outcome.returncode == 0, outcome.stdout
        return output

    return run


@pytest.fixture(scope="session")
def sam_packaged(project, sam_package):
    """The SAM template after `sam package`: its code lies in the bucket."""
    return sam_package("infra/sam/template.yaml", project / "packaged.yaml")


@pytest.fixture(scope="session")
def osls_package(project, osls):
    """A function that packages the service with some parameters; gives the folder made."""

    def run(name, **parameters):
        told = [f"--param={key}={value}" for key, value in parameters.items()]
        outcome = osls.run(
            *("package", "--package", project / name, "--stage", "test", *told),
            cwd=project / "infra" / "serverless",
        )
        assert outcome.returncode == 0, outcome.stdout
        return project / name

    return run


@pytest.fixture(scope="session")
def serverless_package(osls_package):
    """The folder that `osls package` makes, with the compiled CloudFormation template."""
    return osls_package("serverless", ModelUri=MODEL_URI)


@pytest.fixture(scope="session")
def aws_client(moto_environment):
    """A function that gives boto3's client of a service in the moto server."""
    return functools.partial(
        boto3.client,
        endpoint_url=moto_environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=moto_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=moto_environment["AWS_SECRET_ACCESS_KEY"],
        region_name=moto_environment["AWS_REGION"],
    )


@pytest.fixture(scope="session")
def code_bucket(aws_client):
    """A bucket for deployments, such as `sam deploy --resolve-s3` makes."""
    name = f"code-{uuid.uuid4().hex[:12]}"
    aws_client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def model_uri():
    """The URI that the templates are given."""
    return MODEL_URI


@pytest.fixture(scope="session")
def translate(sam_packaged, sam_tool):
    """The CloudFormation template that AWS makes of a SAM template with some parameters."""
    python = sam_tool("python")

    def run(template=sam_packaged, **parameters):
        told = {"ModelUri": MODEL_URI, "Revision": REVISION, **parameters}
        outcome = subprocess.run(
            [python.path, "-c", TRANSLATE, template, json.dumps(told)],
            env=python.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(outcome.stdout)

    return run


@pytest.fixture(scope="session")
def sam_template(translate):
    """The CloudFormation template that AWS makes of the SAM template."""
    return translate()


@pytest.fixture(scope="session")
def serverless_template(serverless_package):
    """The CloudFormation template that the Serverless Framework deploys."""
    return json.loads(
        (serverless_package / "cloudformation-template-update-stack.json").read_bytes()
    )


@pytest.fixture(scope="session", params=["sam", "serverless"])
def template(request):
    """Each tool's CloudFormation template."""
    return request.getfixturevalue(f"{request.param}_template")


@pytest.fixture(scope="session")
def created(template):
    """The resources of a tool's template with some choices, by name."""
    return lambda **chosen: chosen_of(template, chosen)["Resources"]


@pytest.fixture(scope="module")
def taught_moto(aws_client, moto_address):
    """The moto server's address, once it knows the templates' types and their order.

    By name: by number, moto would not find a template's bucket in the path.
    """
    with taught(aws_client):
        yield moto_address.replace("127.0.0.1", "localhost")


@pytest.fixture
def tls():
    """The moto server's buckets take requests as if they had come over TLS, for the test."""
    with behind_tls():
        yield


@pytest.fixture(scope="module")
def sam_deployment(taught_moto, translate, sam_packaged, sam_tool, code_bucket, tmp_path_factory):
    """A function that gives the command and the environment of a real `sam deploy` onto moto."""
    sam = sam_tool("sam")
    folder, translated = tmp_path_factory.mktemp("deploy"), functools.cache(translate)

    def command(stack, *options, source=sam_packaged, **told):
        template = folder / f"{told['Revision']}.json"
        template.write_text(json.dumps(translated(source, **told)), "utf-8")
        return (
            [
                *(sam.path, "deploy", "--template-file", template, "--stack-name", stack),
                *("--s3-bucket", code_bucket, "--capabilities", "CAPABILITY_IAM"),
                *("--no-confirm-changeset", "--no-progressbar", "--no-fail-on-empty-changeset"),
                *options,
                *("--parameter-overrides", *(f'{name}="{each}"' for name, each in told.items())),
            ],
            {**sam.environment, "AWS_ENDPOINT_URL": taught_moto},
        )

    return command


@pytest.fixture(scope="module")
def sam_deploy(sam_deployment, tmp_path_factory):
    """A function that deploys a stack with the SAM CLI; gives what it prints."""
    folder = tmp_path_factory.mktemp("elsewhere")

    def run(stack, *options, **told):
        (path, *arguments), environment = sam_deployment(stack, *options, **told)
        outcome = Tool(path=path, environment=environment).run(*arguments, cwd=folder)
        assert outcome.returncode == 0, outcome.stdout
        return outcome.stdout

    return run


@pytest.fixture(scope="session")
def served(aws_client):
    """A function that gives what a stack's alias serves: the version's number and its model."""

    def of(stack):
        client, name = aws_client("lambda"), f"{stack}-predict"
        alias = client.get_alias(FunctionName=name, Name="live")
        version = client.get_function_configuration(FunctionName=name, Qualifier="live")
        return alias["FunctionVersion"], version["Environment"]["Variables"]["MODEL_URI"]

    return of
