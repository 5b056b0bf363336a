"""The function as a container image: its Dockerfile, its templates, and a model that is in it."""

import functools
import json
import re
import shutil
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import coldpress
from coldpress.registry import publish
from coldpress.scaffold.sample_events import sample_events
from tests.integration.compiled import (
    IMAGE,
    JWT,
    KEY,
    MODEL_URI,
    chosen_of,
    comparable,
    of_type,
)
from tests.integration.emulated import RunningFunction, every

pytestmark = pytest.mark.slow

# A user that owns nothing in the image, as Lambda's own.
LAMBDAS_USER = "993"
BAKED = f"file:///opt/models/churn@sha256:{'ab' * 32}"
HANDLERS = {
    "PredictLambdaFunction": "predict.handler",
    "HooksLambdaFunction": "hooks.handler",
    "DocsLambdaFunction": "docs.handler",
    "QueueLambdaFunction": "batch.handler",
}
CHOICES = {
    "as it comes": {},
    "pages and a queue": {"Docs": "true", "Queue": "true", **JWT},
    "a REST API with keys in a VPC": {
        "Api": "rest-api",
        "Auth": "api-key",
        "SubnetIds": "subnet-1",
        "SecurityGroupIds": "sg-1",
    },
    "a model in the image": {"ModelUri": BAKED},
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A small model that may go into an image."""
    rows = np.linspace(0, 1, 4).reshape(-1, 1)
    model = LinearRegression().fit(rows, rows[:, 0])
    return coldpress.export(
        model, sample=rows, output=tmp_path_factory.mktemp("bundle") / "churn", name="churn"
    )


@pytest.fixture(scope="module")
def sam_image(translate, project):
    """A function that gives the CloudFormation of SAM's template for an image."""
    template = project / "infra" / "sam" / "image.yaml"
    return lambda **chosen: translate(template, ImageUri=IMAGE, **chosen)


@pytest.fixture(scope="module")
def serverless_image(osls_package):
    """A function that gives the CloudFormation of Serverless with an image; no zip is needed."""

    @functools.cache
    def package(uri):
        name = "fetched" if uri == MODEL_URI else "baked"
        folder = osls_package(name, ModelUri=uri, ImageUri=IMAGE)
        assert not list(folder.glob("*.zip"))
        return json.loads((folder / "cloudformation-template-update-stack.json").read_bytes())

    return lambda **chosen: package(chosen.get("ModelUri", MODEL_URI))


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES.keys())
def test_both_tools_create_the_same(sam_image, serverless_image, chosen):
    """With an image, too: resource by resource, but for the versions' names."""
    told = {"ImageUri": IMAGE, **chosen}
    ours = comparable(chosen_of(sam_image(**chosen), told))
    theirs = comparable(chosen_of(serverless_image(**chosen), told))
    assert sorted(ours) == sorted(theirs)
    for name in ours:
        assert ours[name] == theirs[name], name


@pytest.mark.parametrize("tool", ["sam", "serverless"])
def test_each_function_is_the_image_with_its_command(request, tool):
    """All functions are one image; none has what only a zip has."""
    template = request.getfixturevalue(f"{tool}_image")()
    told = {"ImageUri": IMAGE, "Docs": "true", "Queue": "true"}
    resources = chosen_of(template, told)["Resources"]
    for name, handler in HANDLERS.items():
        properties = resources[name]["Properties"]
        assert properties["PackageType"] == "Image"
        assert properties["Code"] == {"ImageUri": IMAGE}
        assert properties["ImageConfig"] == {"Command": [handler]}
        assert not {"Handler", "Runtime", "SnapStart"} & properties.keys()
    assert not {"PythonVersion", "SnapStart"} & template["Parameters"].keys()


@pytest.mark.parametrize(("uri", "reads"), [(None, True), (BAKED, False)], ids=["S3", "image"])
def test_a_model_in_the_image_needs_no_right(sam_image, uri, reads):
    """Only who fetches a model may read one."""
    chosen = {"ModelUri": uri} if uri else {}
    resources = chosen_of(sam_image(**chosen), {"ImageUri": IMAGE, **chosen})["Resources"]
    text = json.dumps([resources["PredictRole"], resources["HooksRole"]])
    assert ("s3:GetObject" in text) is reads


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({}, id="as it comes"),
        pytest.param(
            {
                "KmsKey": KEY,
                "SubnetIds": "subnet-1",
                "SecurityGroupIds": "sg-1",
                "Tracing": "Active",
            },
            id="a key, a VPC, traces",
        ),
        pytest.param({"ModelUri": BAKED, "Queue": "false"}, id="a model in the image"),
    ],
)
def test_its_roles_are_the_zip_s(sam_image, translate, chosen):
    """Who reviewed the rights of one template has reviewed those of the other."""
    chosen = {"Docs": "true", "Queue": "true", **chosen}
    image = chosen_of(sam_image(**chosen), {"ImageUri": IMAGE, **chosen})["Resources"]
    zipped = chosen_of(translate(**chosen), chosen)["Resources"]
    for kind in ("AWS::IAM::Role", "AWS::Lambda::Permission", "AWS::SQS::QueuePolicy"):
        assert of_type(image, kind) == of_type(zipped, kind)
    assert len(of_type(image, "AWS::IAM::Role")) == (5 if chosen["Queue"] == "true" else 4)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        pytest.param({"ImageUri": "churn:latest"}, "ImageUri can't be 'churn:latest'", id="tag"),
        pytest.param(
            {"ImageUri": IMAGE, "SnapStart": "true"}, "SnapStart=true needs a zip", id="snapshots"
        ),
    ],
)
def test_serverless_refuses_what_sam_s_template_does(project, osls, chosen, message):
    """An image that is not pinned, and snapshots, which SAM's template has no parameter for."""
    told = [f"--param={name}={value}" for name, value in {"ModelUri": MODEL_URI, **chosen}.items()]
    outcome = osls.run("package", *told, cwd=project / "infra" / "serverless")
    assert outcome.returncode
    assert message in outcome.stdout


def test_both_take_the_same_images(root):
    """The plugin's pattern is that of SAM's template, and says the same of what it refuses."""
    asked = (root / "infra" / "sam" / "image.yml").read_text("utf-8")
    plugin = (root / "infra" / "serverless" / "container-image.js").read_text("utf-8")
    (pattern,) = re.findall(r"AllowedPattern: (.+)", asked)
    (message,) = re.findall(r"ConstraintDescription: (.+)", asked)
    (theirs,) = re.findall(r"^  /(\^.+\$)/;$", plugin, re.MULTILINE)
    assert theirs.replace(r"\/", "/") == pattern
    assert message.removeprefix("must be ") in plugin
    assert re.fullmatch(pattern, IMAGE)
    assert re.fullmatch(pattern, IMAGE.replace("amazonaws.com", "amazonaws.com.cn"))


def test_the_templates_are_valid(project, sam_tool, lint, serverless_image):
    """SAM and cfn-lint, with the rules for serverless applications, find nothing."""
    assert serverless_image()
    told = ("--template", "image.yaml", "--lint")
    outcome = sam_tool("sam").run("validate", *told, cwd=project / "infra" / "sam")
    assert outcome.returncode == 0, outcome.stdout
    assert lint(project / "infra" / "sam" / "image.yaml") == ""
    assert lint(project / "fetched" / "cloudformation-template-update-stack.json") == ""


def test_sam_takes_an_image_that_is_pushed_already(project, sam_tool, code_bucket):
    """`sam package` needs no Docker: it wants a repository named, and leaves the parameter be."""
    outcome = sam_tool("sam").run(
        *("package", "--template-file", "infra/sam/image.yaml", "--s3-bucket", code_bucket),
        *("--image-repository", IMAGE.partition("@")[0], "--output-template-file", "image.yaml"),
        cwd=project,
    )
    assert outcome.returncode == 0, outcome.stdout
    packaged = (project / "image.yaml").read_text("utf-8")
    assert packaged.count("Ref: ImageUri") == len(HANDLERS)


def test_the_dockerfile_is_sound(root, reviewer):
    """Hadolint finds nothing in it."""
    outcome = reviewer("hadolint").run("infra/container/Dockerfile", cwd=root)
    assert (outcome.returncode, outcome.stdout) == (0, "")


@pytest.mark.parametrize("same", [True, False], ids=["this Python", "another"])
def test_the_image_is_of_the_build_s_python(root, tmp_path, same):
    """Building the image stops where the package was built for another version, and says so."""
    built = f"{sys.version_info[0]}.{sys.version_info[1]}" if same else "2.7"
    (tmp_path / "coldpress-build.json").write_text(json.dumps({"python": built}))
    file = (root / "infra" / "container" / "Dockerfile").read_text("utf-8")
    (checked,) = (json.loads(line) for line in re.findall(r"^RUN (\[.+\])$", file, re.MULTILINE))
    command = [sys.executable, *checked[1:]]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (outcome.returncode == 0) is same
    assert ("add --build-arg PYTHON_VERSION=2.7" in outcome.stderr) is not same


def test_a_model_that_is_in_the_image_is_served(bundle, start_function, tmp_path):
    """A store in a directory that nobody may write to, as `COPY` makes it, is read in place."""
    store = tmp_path / "opt" / "models"
    uri = publish(bundle, str(store)).uri
    before = sorted(store.rglob("*"))
    for path in (store, *before):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with start_function(uri) as function:
        answer = function.invoke(json.dumps(sample_events(bundle)["http-infer"]))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["model_version"] == uri.digest
    assert sorted(store.rglob("*")) == before


@pytest.fixture(scope="module")
def docker():
    """Docker's program; skips where there is none, or none that runs."""
    path = shutil.which("docker")
    if path is None or subprocess.run([path, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker on this machine to build the image with")
    return lambda *told: subprocess.run(
        [path, *map(str, told)], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def images(docker, root, built_package, bundle, tmp_path_factory):
    """A function that builds an image of each kind, with a model that only its owner may read."""
    folder = tmp_path_factory.mktemp("context")
    shutil.copytree(built_package.directory, folder / "build" / "function")
    store = folder / "build" / "store"
    publish(bundle, str(store))
    for path in (store, *store.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    file = root / "infra" / "container" / "Dockerfile"

    @functools.cache
    def build(target):
        image = f"coldpress-test-{target}"
        version = f"PYTHON_VERSION={built_package.python}"
        docker("build", "-f", file, "--target", target, "--build-arg", version, "-t", image, folder)
        return image

    return build


@pytest.mark.parametrize("target", ["fetched", "baked"])
def test_the_image_is_built(docker, images, bundle, target):
    """Where Docker is, both kinds are built, and whoever runs them may read all that is in them."""
    ours = "cat predict.py > /dev/null && ls predict.py"
    model = "find /opt/models -type f -exec cat {} + > /dev/null && ls /opt/models"
    shell = ("--rm", "--user", LAMBDAS_USER, "--entrypoint", "/bin/sh", images(target), "-c")
    listed = docker("run", *shell, f"{ours}; {model}; true")
    assert "predict.py" in listed
    assert (bundle.manifest.name in listed) is (target == "baked")


def test_the_image_answers(docker, images, bundle, tmp_path):
    """As a user without privileges, under the emulator that AWS's base image brings."""
    uri = f"file:///opt/models/{bundle.manifest.name}@sha256:{bundle.digest}"
    told = ("--user", LAMBDAS_USER, "--env", f"MODEL_URI={uri}", "--publish", "127.0.0.1::8080")
    container = docker("run", "--detach", *told, images("baked"))
    try:
        port = int(docker("port", container, "8080/tcp").rpartition(":")[2])
        function = RunningFunction(port=port, log_file=tmp_path / "log.txt")
        answer = _first_answer(function, json.dumps(sample_events(bundle)["http-infer"]))
        assert answer["statusCode"] == 200, docker("logs", container)
        assert json.loads(answer["body"])["model_version"] == bundle.digest
    finally:
        docker("rm", "--force", container)


def _first_answer(function, event):
    """What a container answers, once there is somebody in it who does."""
    for _ in every(0.2):
        # Docker takes connections for a container before anybody in it listens.
        with suppress(ConnectionError):
            return function.invoke(event)
    return pytest.fail("nobody in the container answers")
