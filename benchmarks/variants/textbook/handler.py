"""The textbook: boto3, Powertools' validating resolver, logger and metrics, onnxruntime."""

import os
from typing import Annotated, Any

import boto3
import numpy as np
import onnxruntime as ort
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver(enable_validation=True)

stored = boto3.client("s3").get_object(
    Bucket=os.environ["MODEL_BUCKET"], Key=os.environ["MODEL_KEY"]
)
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(stored["Body"].read(), options, providers=["CPUExecutionProvider"])


class Tensor(BaseModel):
    """One input."""

    name: str
    datatype: str
    shape: list[int]
    data: list[list[float]]


class Inference(BaseModel):
    """What is asked."""

    id: str | None = None
    inputs: list[Tensor]


class Prediction(BaseModel):
    """What is answered."""

    label: list[int]
    probabilities: list[list[float]]


@app.post("/v2/models/<name>/infer")
def infer(name: Annotated[str, Path()], inference: Inference) -> Prediction:
    """Predict."""
    rows = np.array(inference.inputs[0].data, dtype=np.float64)
    label, probabilities = session.run(["label", "probabilities"], {"input": rows})
    metrics.add_metric(name="Predictions", unit=MetricUnit.Count, value=len(rows))
    logger.info("request", extra={"model": name, "rows": len(rows)})
    return Prediction(label=label.tolist(), probabilities=probabilities.tolist())


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one event."""
    return app.resolve(event, context)
