"""`coldpress deploy`: the real SAM CLI onto a moto server, and answers through the stack's URL."""

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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.conftest import serving_of

pytestmark = pytest.mark.slow

ROWS = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.5], [0.5, 0.5], [2.5, 0.0]])
STACK = "churn-live"
EXPORTED = ("--sample", "rows.npy", "--trust", "--name", "churn", "--no-build")
FIRST = ("first.joblib", *EXPORTED)
STORE = "s3://coldpress-models-123456789012-us-east-1/models"


class _Gateway:
    """What stands in API Gateway's and Lambda's place, of which moto has no running ones.

    A request is answered by the handler, with the environment that the deployed alias has.
    """

    def __init__(self, aws_client, environment):
        self._aws = aws_client
        self._environment = environment
        self._served = {}
        self._open = ExitStack()
        self._lock = threading.Lock()

    def __enter__(self):
        gateway = self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["content-length"])
                status, body = gateway.forward(self.path, self.rfile.read(length))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._open.close()

    def forward(self, path, body):
        """A request's status and body, as the deployed function answers."""
        variables = self._aws("lambda").get_function_configuration(
            FunctionName=f"{STACK}-predict", Qualifier="live"
        )["Environment"]["Variables"]
        uri = variables["MODEL_URI"]
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


@pytest.fixture(scope="module")
def environment(moto_environment, taught_moto, sam_tool, tmp_path_factory):
    """What the command finds: the moto server, by the name that it wants, and the real tool."""
    tools = f"{Path(sys.executable).parent}:{sam_tool('sam').path.parent}"
    kept = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        **moto_environment,
        "AWS_ENDPOINT_URL": taught_moto,
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "COLDPRESS_ACTOR": "the tests",
    }


@pytest.fixture(scope="module")
def gateway(aws_client, environment):
    """The server in the API's place."""
    with _Gateway(aws_client, environment) as running:
        yield running


@pytest.fixture(scope="module")
def workplace(translate, gateway, built_package, code_bucket, tmp_path_factory):
    """A project whose template is translated, which moto can't do, and whose API is the gateway."""
    folder = tmp_path_factory.mktemp("project") / "api"
    (folder / "build").mkdir(parents=True)
    shutil.copyfile(built_package.archive, folder / "build" / "function.zip")
    (folder / "samconfig.toml").write_text(
        # SAM's own bucket would be TLS only, too.
        f'version = 0.1\n[default.deploy.parameters]\ns3_bucket = "{code_bucket}"\n'
        'parameter_overrides = ["Api=rest-api"]\n'
    )
    for seed, name in ((1, "first"), (2, "second")):
        labels = (ROWS[:, 0] > seed).astype(int)
        joblib.dump(LogisticRegression().fit(ROWS, labels), folder / f"{name}.joblib")
    np.save(folder / "rows.npy", ROWS)

    def prepare(revision):
        template = translate(Api="rest-api", Revision=revision)
        outputs = template["Outputs"] | {"RestApiUrl": {"Value": gateway.url}}
        text = json.dumps({**template, "Outputs": outputs})
        (folder / "template.yaml").write_text(text, "utf-8")
        return folder

    return prepare


@pytest.fixture(scope="module")
def deploy(environment, workplace):
    """A function that deploys from the project; gives exit code, output and errors."""

    def run(*arguments, revision="0a" * 10, **variables):
        folder = workplace(revision)
        outcome = subprocess.run(
            [sys.executable, "-m", "coldpress", "deploy", *map(str, arguments)],
            cwd=folder,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return outcome.returncode, outcome.stdout, outcome.stderr

    return run


@pytest.fixture(scope="module")
def stopped(deploy, aws_client):
    """What a first try says, and the policy of the bucket that it made.

    It stops there: the policy wants TLS, and moto has none.
    """
    code, _, err = deploy(*FIRST)
    assert code == 1
    s3, bucket = aws_client("s3"), STORE.split("/")[2]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    s3.delete_bucket_policy(Bucket=bucket)
    return err, policy


@pytest.fixture(scope="module")
def first(stopped, deploy):
    """What the first deployment prints, once it may go on: a model's file, without a store."""
    assert stopped
    code, out, err = deploy(*FIRST)
    assert code == 0, out + err
    return out


@pytest.fixture(scope="module")
def second(first, deploy):
    """What the second one says to machines: another model, with a new version of the function."""
    assert first
    code, out, err = deploy("second.joblib", *EXPORTED, "--json", revision="0b" * 10)
    assert code == 0, out + err
    return json.loads(out)


def test_the_account_s_bucket_is_made_safe(stopped, aws_client):
    """The bucket that nobody named is TLS only, not public, encrypted and versioned."""
    err, policy = stopped
    assert "access was denied" in err
    (statement,) = policy["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bucket, s3 = STORE.split("/")[2], aws_client("s3")
    blocks = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(blocks) == 4
    assert all(blocks.values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]


def test_a_model_s_file_to_a_url(first, gateway):
    """Each step shows the command that does it alone; the URL answers as the original did."""
    steps = [line.split()[1:3] for line in first.splitlines() if line.startswith("$ ")]
    assert steps == [
        ["coldpress", "export"],
        ["coldpress", "publish"],
        ["sam", "deploy"],
        ["coldpress", "promote"],
    ]
    assert re.search(rf"Deployed {STORE}/churn@sha256:[0-9a-f]{{64}}", first)
    assert re.search(rf"url +{gateway.url}\n", first)
    assert "its 5 golden examples, through the URL" in first
    assert f"curl {gateway.url}/v2/models/churn/infer" in first


def test_another_model_comes_in_its_place(second, first, aws_client, gateway):
    """The function's alias has the second model; the channel names it, and remembers the first."""
    (before,) = re.findall(r"Deployed (\S+)", first)
    assert second["uri"] != before
    assert (second["golden_examples"], second["not_asked"]) == (5, "")
    assert second["url"] == gateway.url
    live = {"FunctionName": f"{STACK}-predict", "Qualifier": "live"}
    found = aws_client("lambda").get_function_configuration(**live)
    assert found["Environment"]["Variables"]["MODEL_URI"] == second["uri"]
    key = "models/churn/channels/live.json"
    channel = json.loads(
        aws_client("s3").get_object(Bucket=STORE.split("/")[2], Key=key)["Body"].read()
    )
    moves = [(f"{STORE}/churn@sha256:{move['version']}", move["by"]) for move in channel["moves"]]
    assert moves == [(before, "the tests"), (second["uri"], "the tests")]


def test_the_version_before_comes_back(second, first, deploy, aws_client):
    """Deploying the published version of before needs nothing but its URI."""
    assert second
    (before,) = re.findall(r"Deployed (\S+)", first)
    code, out, err = deploy(before, "--no-build", revision="0c" * 10)
    assert code == 0, out + err
    assert "coldpress publish" not in out
    live = {"FunctionName": f"{STACK}-predict", "Qualifier": "live"}
    found = aws_client("lambda").get_function_configuration(**live)
    assert found["Environment"]["Variables"]["MODEL_URI"] == before
