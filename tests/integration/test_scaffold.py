"""What `coldpress init` lays down from the installed wheel, used as it lies there."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from tests.integration.emulated import every, free_ports

pytestmark = pytest.mark.slow

# Paths that lead elsewhere; and what a `make` that runs the tests tells those that it starts.
APART = ("PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


@pytest.fixture(scope="session")
def wheel_environment(root, shared_folder):
    """An environment in which `coldpress` is the built wheel's, and nothing of the repository."""
    place = shared_folder / "wheel"
    with FileLock(shared_folder / "wheel.lock"):
        if not place.exists():
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place]
            subprocess.run(command, cwd=root, check=True, capture_output=True)
            (wheel,) = place.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place)
    kept = {name: value for name, value in os.environ.items() if name not in APART}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return {**kept, "PYTHONPATH": str(place), "PATH": path}


@pytest.fixture(scope="session", params=["sam", "serverless"])
def tool(request):
    """What is to deploy the project."""
    return request.param


@pytest.fixture(scope="session")
def laid_down(wheel_environment, tmp_path_factory):
    """A function that lays down an example's project for a tool, once each."""
    projects = {}

    def lay(tool):
        if tool not in projects:
            folder = tmp_path_factory.mktemp(tool)
            run = _runner(wheel_environment, folder)
            run(sys.executable, "-m", "coldpress", "init", "api", "--with", tool)
            projects[tool] = folder / "api"
        return projects[tool]

    return lay


@pytest.fixture
def project(laid_down, tool):
    """The project of a tool."""
    return laid_down(tool)


@pytest.fixture
def run(wheel_environment, project):
    """A function that runs a command in the project; gives what it prints."""
    return _runner(wheel_environment, project)


def test_it_is_the_wheel_s(run, wheel_environment):
    """The tool that lays it down is the built wheel's, which has all it needs with it."""
    file = run(sys.executable, "-c", "import coldpress; print(coldpress.__file__)").strip()
    assert file.startswith(wheel_environment["PYTHONPATH"])


def test_its_test_runs_as_it_is(run):
    """`make test` passes: six events and the golden examples."""
    assert "7 passed" in run("make", "test")


def test_its_makefile_invokes(run):
    """`make invoke` publishes to a store of the project's own and prints a prediction."""
    answer = json.loads(run("make", "invoke").splitlines()[-1])
    assert answer["model_name"] == "breast-cancer"
    assert answer["outputs"][0]["name"] == "label"


def test_its_makefile_says_what_there_is(run):
    """`make` alone lists the targets."""
    named = set(re.findall(r"make [\w-]+", run("make")))
    assert {"make deploy", "make dry-run", "make serve"} <= named


def test_its_makefile_rehearses_a_deployment(run, tool):
    """`make dry-run` prints the tool's own command, with the model's pinned URI."""
    output = run("make", "dry-run", "STORE=s3://my-bucket/models", "STAGE=staging")
    (command,) = (line for line in output.splitlines() if f"{_program(tool)} deploy" in line)
    assert re.search(r"ModelUri=s3://my-bucket/models/breast-cancer@sha256:[0-9a-f]{64}", command)
    assert "breast-cancer-staging" in command


def test_its_events_can_be_made_anew(run, project):
    """`make events` writes what is there already, of the same model."""
    before = {path.name: path.read_bytes() for path in (project / "events").iterdir()}
    run("make", "events")
    assert {path.name: path.read_bytes() for path in (project / "events").iterdir()} == before


def test_its_history_needs_a_store(project, wheel_environment):
    """`make history` without one says how to name it."""
    told = _refused(wheel_environment, project, "history")
    assert "make history STORE=s3://my-bucket/models" in told


def test_its_model_can_be_trained_anew(run, project):
    """`python train.py` writes the bundle again, which is the same version."""
    before = json.loads((project / "model" / "manifest.json").read_bytes())
    printed = run(sys.executable, "train.py")
    after = json.loads((project / "model" / "manifest.json").read_bytes())
    assert before["blobs"][0] == after["blobs"][0]
    assert "model/ holds breast-cancer@sha256:" in printed


@pytest.fixture
def sam_project(laid_down, built_package, tmp_path):
    """A copy of the project for SAM, with the function's package in its place."""
    return _with_package(laid_down("sam"), tmp_path / "api", built_package)


def test_sam_takes_the_project(sam_project, sam_tool):
    """`sam validate --lint` finds nothing."""
    assert "is a valid SAM Template" in _checked(
        sam_tool("sam").run("validate", "--lint", cwd=sam_project)
    )


def test_the_emulator_serves_what_sam_built(
    sam_project, built_package, sam_tool, start_function, code_bucket, moto_environment, tmp_path
):
    """`sam build` leaves the package as it is; it answers the project's events with its model."""
    _checked(sam_tool("sam").run("build", cwd=sam_project))
    built = sam_project / ".aws-sam" / "build"
    (code,) = set(re.findall(r"CodeUri: (\S+)", (built / "template.yaml").read_text("utf-8")))
    assert (built / code).read_bytes() == built_package.archive.read_bytes()
    with zipfile.ZipFile(built / code) as archive:
        archive.extractall(tmp_path / "function")
    store = f"s3://{code_bucket}/laid-down"
    published = _runner({**os.environ, **moto_environment}, sam_project)(
        sys.executable, "-m", "coldpress", "publish", "model", store
    )
    uri = published.splitlines()[-1]
    with start_function(uri, code=tmp_path / "function") as function:
        answer = function.invoke((sam_project / "events" / "http-infer.json").read_bytes())
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["model_version"] == uri.partition("@sha256:")[2]


@pytest.fixture
def serverless_project(laid_down, built_package, osls, tmp_path):
    """A copy of the project for Serverless, with the package and the tools in their places."""
    project = _with_package(laid_down("serverless"), tmp_path / "api", built_package)
    (project / "node_modules").symlink_to(osls.path.parents[1])
    return project


def test_osls_packages_the_project(serverless_project, osls):
    """`osls package` compiles it, with the build's zip as the function's code."""
    told = ("--param", "ModelUri=s3://my-bucket/models/breast-cancer@live")
    _checked(osls.run("package", *told, cwd=serverless_project))
    compiled = json.loads(
        (
            serverless_project / ".serverless" / "cloudformation-template-update-stack.json"
        ).read_bytes()
    )
    names = {
        each["Properties"].get("FunctionName")
        for each in compiled["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    }
    assert "breast-cancer-live-predict" in names


def test_offline_runs_in_no_folder_with_blanks(laid_down, wheel_environment, tmp_path):
    """serverless-offline starts Python by a shell's line: the Makefile says so and stops."""
    project = shutil.copytree(laid_down("serverless"), tmp_path / "my api")
    told = _refused(wheel_environment, project, "offline")
    assert "no folder with a blank in its path" in told


def test_serverless_offline_serves_the_project(serverless_project, wheel_environment):
    """`make offline` serves the model, and curl gets a prediction of it."""
    if (curl := shutil.which("curl")) is None:
        pytest.skip("no curl on this machine")
    run = _runner(wheel_environment, serverless_project)
    run("make", "build/store")
    port, lambda_port = free_ports()
    command = ["osls", "offline", "--config", "offline.yml", "--host", "127.0.0.1"]
    ports = ["--httpPort", str(port), "--lambdaPort", str(lambda_port)]
    binaries = serverless_project / "node_modules" / ".bin"
    environment = {
        **wheel_environment,
        "PATH": f"{binaries}:{wheel_environment['PATH']}",
        "SLS_TELEMETRY_DISABLED": "1",
    }
    event = json.loads((serverless_project / "events" / "http-infer.json").read_bytes())
    asked = [
        *(curl, "--silent", "--fail", "--max-time", "60"),
        *("--header", "content-type: application/json", "--data", event["body"]),
        f"http://127.0.0.1:{port}{event['rawPath']}",
    ]
    log = serverless_project / "offline.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, *ports],
            cwd=serverless_project,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as server,
    ):
        try:
            answers = (subprocess.run(asked, capture_output=True, check=False) for _ in every(0.5))
            answer = next((each.stdout for each in answers if each.returncode == 0), b"")
        finally:
            os.killpg(server.pid, signal.SIGTERM)
    assert answer, log.read_text("utf-8")
    assert json.loads(answer)["model_name"] == "breast-cancer"


def _with_package(laid, project, package):
    shutil.copytree(laid, project, ignore=shutil.ignore_patterns("build"))
    (project / "build").mkdir()
    shutil.copyfile(package.archive, project / "build" / "function.zip")
    return project


def _runner(environment, folder):
    """Runs a command in a folder and gives what it prints; it must succeed."""

    def run(*command):
        return _checked(
            subprocess.run(
                [*map(str, command)],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
        )

    return run


def _refused(environment, folder, target):
    """What a project's Makefile says of a target that it does not run."""
    command = [shutil.which("make"), target]
    outcome = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert outcome.returncode
    return outcome.stdout


def _checked(outcome):
    assert outcome.returncode == 0, outcome.stdout
    return outcome.stdout


def _program(tool):
    return {"sam": "sam", "serverless": "osls"}[tool]
