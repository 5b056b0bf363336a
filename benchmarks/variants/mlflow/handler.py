"""MLflow's pyfunc, ONNX flavour: the model as a directory in S3, loaded as MLflow's users do."""

import json
import os

import mlflow.pyfunc
import numpy as np

model = mlflow.pyfunc.load_model(os.environ["MLFLOW_MODEL"])


def handler(event, context):
    """Answer one event."""
    tensor = json.loads(event["body"])["inputs"][0]
    rows = np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"])
    outputs = model.predict(rows)
    answer = {name: outputs[name].tolist() for name in ("label", "probabilities")}
    return {"statusCode": 200, "body": json.dumps(answer)}
