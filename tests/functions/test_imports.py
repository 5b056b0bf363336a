"""The import budget: what a cold start loads beyond numpy and onnxruntime, module by module."""

import json

import pytest

LIST_LIMIT = "import json, numpy, onnxruntime, sys; print(json.dumps(sorted(sys.modules)))"
ANSWER_AND_LIST = """
import json, sys
import predict

answer = predict.handler(json.loads(EVENT), None)
print(json.dumps({"status": answer["statusCode"], "modules": sorted(sys.modules)}))
"""

# Everything that the function may load beyond what `import numpy, onnxruntime` loads. Whoever adds
# a line has measured what it costs each cold start.
BUDGET = {
    # Our own: the handler and the library, but for what large models, faults and snapshots need.
    "predict",
    "coldpress_runtime",
    *(
        f"coldpress_runtime.{name}"
        for name in (
            "answering", "artifact", "credentials", "dialects", "dialects.json_body",
            "dialects.json_marks", "dialects.json_tensors", "dialects.open_inference",
            "dialects.open_inference_json",
            "errors", "events", "events.http_api", "events.proxy", "exchange", "fetching", "fields",
            "deferral", "headroom",
            "models", "options", "pointers", "serving", "session", "settings", "snapshot", "store",
            "telemetry", "unpacking", "version", "loading",
        )
    ),
    # The store client.
    "obstore", "obstore._obstore", "obstore._store", "obstore.exceptions", "obstore.store",
    # JSON, and what it can write that JSON has not.
    "orjson", "orjson.orjson", "uuid", "_uuid", "dataclasses", "copy",
    # zstd, from the standard library or, before Python 3.14, its backport.
    "backports", "backports.zstd", "backports.zstd._streams", "backports.zstd._zstd",
    "backports.zstd._zstdfile", "compression", "compression.zstd", "compression.zstd._zstdfile",
    "compression._common", "compression._common._streams", "_zstd",
    # Digests, base64, threads, the garbage collector's switch.
    "hashlib", "_hashlib", "_blake2", "_sha3", "binascii", "threading", "gc",
}  # fmt: skip

# Each of these would make the zip larger or the cold start longer; named so that the failure is.
FORBIDDEN = {
    "onnx", "boto3", "pydantic", "sklearn", "skl2onnx", "pandas", "pyarrow", "scipy", "coldpress",
    "click", "rich", "requests", "urllib3", "asyncio", "zoneinfo", "multiprocessing", "email",
    "http.client", "logging", "concurrent.futures", "aws_xray_sdk", "aws_lambda_powertools",
    "flatbuffers", "google.protobuf", "packaging",
    # What numpy would bring; see `coldpress_runtime.deferral`.
    "ctypes", "numpy._typing", "pickle",
}  # fmt: skip


@pytest.fixture
def loaded(run_python, store_model, s3_root, aws_environment, sample_event):
    """What a process has imported once it has loaded a model from S3 and answered a request."""
    event = json.dumps(sample_event("http-infer"))
    lines = run_python(
        f"EVENT = {event!r}\n{ANSWER_AND_LIST}",
        MODEL_URI=store_model(s3_root).put().live,
        **aws_environment,
    )
    answer = json.loads(lines[-1])
    assert answer["status"] == 200
    return set(answer["modules"])


def test_the_function_keeps_its_import_budget(loaded, run_python):
    """A cold start loads nothing beyond numpy, onnxruntime and the list."""
    limit = set(json.loads(run_python(LIST_LIMIT)[-1]))
    assert sorted(loaded - limit - BUDGET) == []


def test_the_function_imports_only_what_inference_needs(loaded):
    """The handler answers without converter, training libraries, AWS SDK or an event loop."""
    assert not FORBIDDEN & loaded
    assert {"onnxruntime", "obstore", "orjson", "coldpress_runtime.store"} <= loaded
