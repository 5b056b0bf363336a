"""A web application in a function: FastAPI through Mangum, boto3, onnxruntime."""

import os

import boto3
import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel

stored = boto3.client("s3").get_object(
    Bucket=os.environ["MODEL_BUCKET"], Key=os.environ["MODEL_KEY"]
)
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(stored["Body"].read(), options, providers=["CPUExecutionProvider"])
app = FastAPI()


# The same request and answer as in the textbook: a variant is one file, as its users have it.
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


@app.post("/v2/models/{name}/infer")
async def infer(name: str, inference: Inference) -> Prediction:
    """Predict."""
    rows = np.array(inference.inputs[0].data, dtype=np.float64)
    label, probabilities = session.run(["label", "probabilities"], {"input": rows})
    return Prediction(label=label.tolist(), probabilities=probabilities.tolist())


handler = Mangum(app, lifespan="off")
