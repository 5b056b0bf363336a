"""The floor of the warm path: orjson in, one run, orjson out, and nothing else."""

import os

import numpy as np
import onnxruntime as ort
import orjson

options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(
    os.environ["MODEL_FILE"], options, providers=["CPUExecutionProvider"]
)
NAMES = ["label", "probabilities"]


def handler(event, context):
    """Answer one event."""
    tensor = orjson.loads(event["body"])["inputs"][0]
    rows = np.array(tensor["data"], dtype=np.float64)
    answer = dict(zip(NAMES, session.run(NAMES, {"input": rows}), strict=True))
    return {
        "statusCode": 200,
        "body": orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
    }
