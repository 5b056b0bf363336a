"""The tutorial's network the whole way, by nothing but the commands that a user types."""

import json
import os
import subprocess
import sys
import urllib.request

import numpy as np
import pytest


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_network_is_exported_published_and_served(
    tmp_path, tutorial_network, bucket, aws_environment, serving, suffix
):
    """What the served function answers over HTTP is what model.predict said."""
    environment = {**os.environ, **aws_environment}

    def coldpress(*arguments):
        command = [sys.executable, "-m", "coldpress", *map(str, arguments)]
        subprocess.run(command, check=True, env=environment, cwd=tmp_path, capture_output=True)

    trust = ["--trust"] if suffix == "h5" else []
    sample = tutorial_network / "rows.npy"
    coldpress(
        *("export", tutorial_network / f"network.{suffix}", "--sample", sample),
        *("-o", "bundle", "--name", "tutorial", *trust),
    )
    coldpress("publish", "bundle", f"s3://{bucket}/models", "--channel", "live")

    rows, predicted = np.load(sample), np.load(tutorial_network / "predicted.npy")
    with serving(f"s3://{bucket}/models/tutorial@live", environment) as address:
        model = f"{address}/v2/models/tutorial"
        with urllib.request.urlopen(model, timeout=30) as described:
            (given,) = json.load(described)["inputs"]
        tensor = {**given, "shape": list(rows.shape), "data": rows.tolist()}
        body = json.dumps({"inputs": [tensor]}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{model}/infer", body, headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            (output,) = json.load(response)["outputs"]
    assert output["shape"] == list(predicted.shape)
    np.testing.assert_allclose(output["data"], predicted.ravel(), rtol=1e-5, atol=1e-6)
