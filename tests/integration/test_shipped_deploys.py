"""`coldpress deploy` where there is no project: with the build, and the shipped template."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.integration.compiled import JWT
from tests.integration.moto_stacks import behind_tls

pytestmark = pytest.mark.slow

ROWS = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.5], [0.5, 0.5], [2.5, 0.0]])


@pytest.fixture
def environment(moto_environment, taught_moto, osls):
    """What the command finds: the moto server and the Serverless Framework, and no token."""
    assert taught_moto
    kept = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
    programs = f"{Path(sys.executable).parent}:{osls.path.parent}"
    with behind_tls():
        yield {
            **kept,
            **moto_environment,
            "PATH": f"{programs}:{kept['PATH']}",
            "SLS_TELEMETRY_DISABLED": "1",
        }


@pytest.mark.usefixtures("interpreter")
def test_from_a_file_to_a_function(environment, aws_client, target_python, architecture, tmp_path):
    """Exported, published, built, laid down and deployed; who has no token is told so."""
    joblib.dump(LogisticRegression().fit(ROWS, ROWS[:, 0] > 1), tmp_path / "shop.joblib")
    np.save(tmp_path / "rows.npy", ROWS)
    target = {"PythonVersion": target_python, "Architecture": architecture, **JWT}
    told = [f"--param={name}={value}" for name, value in target.items()]
    command = [sys.executable, "-m", "coldpress", "deploy", "shop.joblib", "--sample", "rows.npy"]
    outcome = subprocess.run(
        [*command, "--trust", "--with", "serverless", "--stage", "shipped", *told],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    steps = re.findall(r"^[$#] (?:\(cd )?(\S+ \S+)", outcome.stdout, re.MULTILINE)
    # The account's bucket is made by whichever test comes first.
    assert [step for step in steps if step != "make the"] == [
        "coldpress export",
        "coldpress publish",
        "coldpress build",
        "lay the",
        "build/deployment/shop-shipped &&",
        "coldpress promote",
    ]
    assert "nobody asked it: its API takes tokens" in outcome.stderr
    (uri,) = re.findall(r"Deployed (\S+)", outcome.stdout)
    function = aws_client("lambda").get_function_configuration(
        FunctionName="shop-shipped-predict", Qualifier="live"
    )
    assert function["Environment"]["Variables"]["MODEL_URI"] == uri
    assert function["CodeSize"] == (tmp_path / "build" / "function.zip").stat().st_size
    record = json.loads((tmp_path / "build" / "exported" / "shop" / "record.json").read_bytes())
    assert record["command"][:3] == ["coldpress", "export", "shop.joblib"]
