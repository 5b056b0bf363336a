"""The limit: numpy, onnxruntime, a session from a local file, one run, and nothing else."""

import json
import os

import numpy as np
import onnxruntime as ort

options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(
    os.environ["MODEL_FILE"], options, providers=["CPUExecutionProvider"]
)


def handler(event, context):
    """Answer one event."""
    tensor = json.loads(event["body"])["inputs"][0]
    rows = np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"])
    label, probabilities = session.run(["label", "probabilities"], {"input": rows})
    answer = {"label": label.tolist(), "probabilities": probabilities.tolist()}
    return {"statusCode": 200, "body": json.dumps(answer)}
