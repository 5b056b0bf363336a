"""`coldpress deploy` with the real tools onto a moto server, and answers through the URL."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.scaffold import infrastructure
from tests.conftest import serving_of
from tests.integration.moto_stacks import behind_tls
from tests.loopback import answering
from tests.signed import is_signed

pytestmark = pytest.mark.slow

ROWS = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.5], [0.5, 0.5], [2.5, 0.0]])
# A stage for each tool: both deploy into the same account.
STAGES = {"sam": "live", "serverless": "staging"}
EXPORTED = ("--sample", "rows.npy", "--trust", "--name", "churn", "--no-build")
STORE = "s3://coldpress-models-123456789012-us-east-1/models"


class _Gateway:
    """What stands in API Gateway's and Lambda's place, of which moto has no running ones.

    A request that is signed is answered by the handler, with the environment that the deployed
    alias has; another gets 403.
    """

    def __init__(self, aws_client, environment, stack):
        self._aws = aws_client
        self._function = {"FunctionName": f"{stack}-predict", "Qualifier": "live"}
        self._environment = environment
        self._served = {}
        self._open = ExitStack()
        self._lock = threading.Lock()

    def __enter__(self):
        self.url = self._open.enter_context(answering(self._answer))
        return self

    def __exit__(self, *_):
        self._open.close()

    def _answer(self, asked):
        if is_signed(asked, self.url, "execute-api"):
            return self.forward(asked.path, asked.body)
        return 403, b'{"message":"Forbidden"}'

    @property
    def model(self):
        """The URI that the deployed alias serves."""
        function = self._aws("lambda").get_function_configuration(**self._function)
        return function["Environment"]["Variables"]["MODEL_URI"]

    def forward(self, path, body):
        """A request's status and body, as the deployed function answers."""
        uri = self.model
        with self._lock:
            if uri not in self._served:
                context = serving_of(uri, self._environment)
                self._served[uri] = self._open.enter_context(context)
        request = urllib.request.Request(
            f"{self._served[uri]}{path}", body, {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module", params=STAGES)
def tool(request):
    """What deploys."""
    return request.param


@pytest.fixture(scope="module")
def stack(tool):
    """The stack's name."""
    return f"churn-{STAGES[tool]}"


@pytest.fixture(scope="module")
def environment(moto_environment, taught_moto, sam_tool, tool, tmp_path_factory):
    """What the command finds: the moto server, by the name that the tool wants, and the tools."""
    programs = f"{Path(sys.executable).parent}:{sam_tool('sam').path.parent}"
    kept = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
    # SAM names the bucket in the path, and moto finds it there only below a name; Serverless
    # would put the bucket before that name.
    addresses = {"sam": taught_moto, "serverless": moto_environment["AWS_ENDPOINT_URL"]}
    with behind_tls():
        yield {
            **kept,
            **moto_environment,
            "AWS_ENDPOINT_URL": addresses[tool],
            "HOME": str(tmp_path_factory.mktemp("home")),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "SAM_CLI_TELEMETRY": "0",
            "SLS_TELEMETRY_DISABLED": "1",
            "COLDPRESS_ACTOR": "the tests",
        }


@pytest.fixture(scope="module")
def gateway(aws_client, environment, stack):
    """The server in the API's place."""
    with _Gateway(aws_client, environment, stack) as running:
        yield running


@pytest.fixture(scope="module")
def workplace(request, tool, gateway, built_package, tmp_path_factory):
    """A function that makes a project whose API is the gateway, of a revision; gives its folder."""
    folder = tmp_path_factory.mktemp("project") / "api"
    (folder / "build").mkdir(parents=True)
    shutil.copyfile(built_package.archive, folder / "build" / "function.zip")
    for seed, name in ((1, "first"), (2, "second")):
        labels = (ROWS[:, 0] > seed).astype(int)
        joblib.dump(LogisticRegression().fit(ROWS, labels), folder / f"{name}.joblib")
    np.save(folder / "rows.npy", ROWS)
    if tool == "serverless":
        _for_serverless(folder, gateway.url, request.getfixturevalue("osls"))
        return lambda _: folder
    translate = request.getfixturevalue("translate")
    return lambda revision: _for_sam(folder, gateway.url, translate(Revision=revision))


def _for_sam(folder, url, template):
    """The template is translated, which moto can't do, and has a parameter set in its settings."""
    outputs = template["Outputs"] | {"HttpApiUrl": {"Value": url}}
    (folder / "template.yaml").write_text(json.dumps({**template, "Outputs": outputs}), "utf-8")
    (folder / "samconfig.toml").write_text(
        'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = ["MemorySize=2048"]\n'
    )
    return folder


def _for_serverless(folder, url, osls):
    """The project as it is laid down, with the tool in its node_modules."""
    for name, text in infrastructure(
        "serverless", service="churn", archive="build/function.zip"
    ).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    path = folder / "serverless.yml"
    own = f"  - Outputs: {{ HttpApiUrl: {{ Value: '{url}' }} }}\n  - extensions:\n"
    text = path.read_text("utf-8").replace("MemorySize: 1769", "MemorySize: 2048", 1)
    path.write_text(text.replace("  - extensions:\n", own), "utf-8")
    (folder / "node_modules").symlink_to(osls.path.parents[1])


@pytest.fixture(scope="module")
def deploy(environment, workplace, tool):
    """A function that deploys from the project; gives exit code, output and errors."""

    def run(*arguments, revision="0a" * 10):
        folder = workplace(revision)
        outcome = subprocess.run(
            [sys.executable, "-m", "coldpress", "deploy", *arguments, "--stage", STAGES[tool]],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return outcome.returncode, outcome.stdout, outcome.stderr

    return run


@pytest.fixture(scope="module")
def first(deploy):
    """What the first deployment prints: a model's file, without a store."""
    code, out, err = deploy("first.joblib", *EXPORTED, "--tag", "team=ml ops", "--tag", "env=test")
    assert code == 0, out + err
    return out


@pytest.fixture(scope="module")
def second(first, deploy):
    """What the second one says to machines: another model, with a new version of the function."""
    assert first
    code, out, err = deploy("second.joblib", *EXPORTED, "--json", revision="0b" * 10)
    assert code == 0, out + err
    return json.loads(out)


def test_a_model_s_file_to_a_url(first, gateway, tool):
    """Each step shows the command that does it alone; the URL answers as the original did."""
    steps = [line.split()[1:3] for line in first.splitlines() if line.startswith("$ ")]
    assert steps == [
        ["coldpress", "export"],
        ["coldpress", "publish"],
        ["sam" if tool == "sam" else "osls", "deploy"],
        ["coldpress", "promote"],
    ]
    assert re.search(rf"Deployed {STORE}/churn@sha256:[0-9a-f]{{64}}", first)
    assert re.search(rf"url +{gateway.url}\n", first)
    assert "its 5 golden examples, through the URL" in first
    assert f"curl {gateway.url}/v2/models/churn/infer" in first


def test_the_account_s_bucket_is_made_safe(first, aws_client):
    """The bucket that nobody named is TLS only, not public, encrypted and versioned."""
    assert first
    of, s3 = {"Bucket": STORE.split("/")[2]}, aws_client("s3")
    (statement,) = json.loads(s3.get_bucket_policy(**of)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    blocks = s3.get_public_access_block(**of)["PublicAccessBlockConfiguration"]
    assert (len(blocks), set(blocks.values())) == (4, {True})
    assert s3.get_bucket_versioning(**of)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"]


def test_the_project_s_own_values_count(first, aws_client, stack):
    """What the project sets is deployed, and the chosen tags are the stack's."""
    assert first
    function = aws_client("lambda").get_function_configuration(FunctionName=f"{stack}-predict")
    assert function["MemorySize"] == 2048
    (found,) = aws_client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    tags = {each["Key"]: each["Value"] for each in found["Tags"]}
    assert (tags["team"], tags["env"]) == ("ml ops", "test")


def test_another_model_comes_in_its_place(second, first, aws_client, gateway, tool):
    """The function's alias has the second model; the channel names it, and remembers the first."""
    (before,) = re.findall(r"Deployed (\S+)", first)
    assert second["uri"] != before
    assert (second["golden_examples"], second["not_asked"]) == (5, "")
    assert (second["url"], gateway.model) == (gateway.url, second["uri"])
    key = f"models/churn/channels/{STAGES[tool]}.json"
    channel = json.loads(
        aws_client("s3").get_object(Bucket=STORE.split("/")[2], Key=key)["Body"].read()
    )
    moves = [(f"{STORE}/churn@sha256:{move['version']}", move["by"]) for move in channel["moves"]]
    assert moves == [(before, "the tests"), (second["uri"], "the tests")]


def test_the_version_before_comes_back(second, first, deploy, gateway):
    """Deploying the published version of before needs nothing but its URI."""
    assert second
    (before,) = re.findall(r"Deployed (\S+)", first)
    code, out, err = deploy(before, "--no-build", revision="0c" * 10)
    assert code == 0, out + err
    assert "coldpress publish" not in out
    assert gateway.model == before
