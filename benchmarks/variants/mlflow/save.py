"""Save the ONNX file as an MLflow model: `python save.py MODEL FOLDER`."""

import sys

import mlflow.onnx
import onnx

mlflow.onnx.save_model(
    onnx.load(sys.argv[1]),
    sys.argv[2],
    # onnxruntime's own name for what the other variants set.
    onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
    pip_requirements=["onnxruntime"],
)
