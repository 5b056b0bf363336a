import json

import pytest

ANSWER_AND_LIST_MODULES = """
import json, sys
import predict

answer = predict.handler(json.loads(EVENT), None)
print(json.dumps({"status": answer["statusCode"], "modules": sorted(sys.modules)}))
"""

# Each of these would make the zip larger or the cold start longer.
FORBIDDEN = {
    "onnx", "boto3", "pydantic", "sklearn", "skl2onnx", "pandas", "pyarrow", "scipy", "coldpress",
    "click", "rich", "requests", "urllib3", "asyncio", "zoneinfo", "multiprocessing", "email",
    "http.client", "aws_xray_sdk", "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.parser", "aws_lambda_powertools.utilities.validation",
}  # fmt: skip


@pytest.fixture
def loaded(run_python, store_model, local_root, sample_event):
    """What a process has imported once it has loaded a model and answered a request."""
    event = json.dumps(sample_event("http-infer"))
    lines = run_python(
        f"EVENT = {event!r}\n{ANSWER_AND_LIST_MODULES}",
        MODEL_URI=store_model(local_root).put().live,
    )
    answer = json.loads(lines[-1])
    assert answer["status"] == 200
    return set(answer["modules"])


def test_the_function_imports_only_what_inference_needs(loaded):
    """The handler answers without converter, training libraries, AWS SDK or an event loop."""
    assert not FORBIDDEN & loaded
    # Powertools names itself to botocore where there is one; that loads its empty front only.
    assert not {name for name in loaded if name.startswith("botocore.")}
    assert {"onnxruntime", "obstore", "orjson", "coldpress_runtime.store"} <= loaded
