"""What is deployed most: boto3, a pickle, scikit-learn."""

import json
import os
import pickle

import boto3
import numpy as np

stored = boto3.client("s3").get_object(
    Bucket=os.environ["MODEL_BUCKET"], Key=os.environ["PICKLE_KEY"]
)
model = pickle.loads(stored["Body"].read())


def handler(event, context):
    """Answer one event; the labels come from the probabilities, so that the trees run once."""
    tensor = json.loads(event["body"])["inputs"][0]
    rows = np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"])
    probabilities = model.predict_proba(rows)
    label = model.classes_[probabilities.argmax(axis=1)]
    answer = {"label": label.tolist(), "probabilities": probabilities.tolist()}
    return {"statusCode": 200, "body": json.dumps(answer)}
