"""Triton's own HTTP client, unchanged, against `coldpress serve`."""

import asyncio
import threading
import time
import urllib.request

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
import uvicorn
from tritonclient.utils import InferenceServerException

from coldpress.local.handler import load_handler
from coldpress.local.serve import application
from coldpress_runtime.session import DTYPES
from tests.conformance.echo import ARRAYS, SHAPES, inputs_of, published, same, wanted


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """The model's URI in a store."""
    return published(tmp_path_factory.mktemp("store").as_uri())


@pytest.fixture(scope="module")
def address(echo, serving):
    """Host and port of the real command, serving the model."""
    with serving(echo) as url:
        yield url.removeprefix("http://")


@pytest.fixture
def client(address):
    """Triton's client of the server."""
    with triton.InferenceServerClient(address) as made:
        yield made


def test_the_server_is_alive_and_ready(client, echo):
    """Health and readiness of server, model and version are what the client asks for."""
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("echo")
    assert client.is_model_ready("echo", echo.digest)
    assert not client.is_model_ready("other")
    assert not client.is_model_ready("echo", "1")


def test_the_metadata_describe_server_and_model(client, echo):
    """Metadata name the extensions, and each tensor with datatype and shape."""
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("echo")
    assert metadata == client.get_model_metadata("echo", echo.digest)
    assert metadata["versions"] == [echo.digest]
    found = {spec["name"]: (spec["datatype"], spec["shape"]) for spec in metadata["inputs"]}
    assert found == {
        name: (datatype, [-1 if size is None else size for size in shape])
        for name, (datatype, shape) in SHAPES.items()
    }


def test_the_configuration_describes_the_model(client):
    """The configuration has each tensor in Triton's words."""
    config = client.get_model_config("echo")
    assert config["max_batch_size"] == 0
    assert {"name": "BYTES", "data_type": "TYPE_STRING", "dims": [-1, 2]} in config["input"]


@pytest.mark.parametrize("sent", [True, False], ids=["bytes in", "JSON in"])
@pytest.mark.parametrize("given", [True, False], ids=["bytes out", "JSON out"])
def test_every_datatype_comes_back(client, sent, given):
    """Tensors of each datatype come back bit for bit, as bytes and as JSON, each way."""
    outputs = wanted(*SHAPES, binary_data=given)
    result = client.infer("echo", inputs_of(binary=sent), outputs=outputs)
    assert {name for name in SHAPES if same(result, name)} == set(SHAPES)
    told = result.get_output("FP32_out")
    assert ("data" not in told) is given
    assert (told.get("parameters") == {"binary_data_size": 16}) is given


def test_without_requested_outputs_all_come_as_bytes(client):
    """The client's default, all outputs as bytes, is answered with all, in the model's order."""
    result = client.infer("echo", inputs_of())
    outputs = result.get_response()["outputs"]
    assert [output["name"] for output in outputs] == [f"{name}_out" for name in SHAPES]
    assert all("binary_data_size" in output["parameters"] for output in outputs)
    assert all(same(result, name) for name in SHAPES)


def test_bytes_and_json_stand_side_by_side(client):
    """Each input and each output of one request may be bytes or JSON."""
    inputs = [
        given
        for at, name in enumerate(SHAPES)
        for given in inputs_of(binary=at % 2 == 0)
        if given.name() == name
    ]
    outputs = [*wanted("FP64", "INT8", binary_data=False), *wanted("BYTES", "FP16")]
    result = client.infer("echo", inputs, outputs=outputs)
    names = ["FP64", "INT8", "BYTES", "FP16"]
    found = [output["name"] for output in result.get_response()["outputs"]]
    assert found == [f"{name}_out" for name in names]
    assert all(same(result, name) for name in names)


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_bytes_carry_nan_and_infinity(client, datatype):
    """What JSON can't carry goes in bytes both ways."""
    odd = np.array([[np.nan, np.inf], [-np.inf, -0.0]], DTYPES[datatype])
    result = client.infer("echo", inputs_of(**{datatype: odd}), outputs=wanted(datatype))
    assert same(result, datatype, odd)


@pytest.mark.parametrize("asked", ["gzip", "deflate", None])
@pytest.mark.parametrize("sent", ["gzip", "deflate", None])
def test_requests_and_answers_may_be_compressed(client, sent, asked):
    """Compressed requests are read, and the client reads the answer, compressed or not."""
    zeros = np.zeros((40, 20, 2, 3), np.uint8)
    rows = {
        name: np.repeat(array, 20, axis=0)
        for name, array in ARRAYS.items()
        if name not in ("image", "scalar")
    }
    result = client.infer(
        "echo",
        inputs_of(**rows, image=zeros),
        request_compression_algorithm=sent,
        response_compression_algorithm=asked,
    )
    assert same(result, "image", zeros)
    assert same(result, "BYTES", rows["BYTES"])


def test_an_answer_in_bytes_is_compressed_on_its_way(address):
    """A body made by the client is answered in gzip where that is asked for and worth it."""
    zeros = np.zeros((2, 1000, 2, 3), np.uint8)
    body, length = triton.InferenceServerClient.generate_request_body(inputs_of(image=zeros))
    headers = {"Inference-Header-Content-Length": str(length), "Accept-Encoding": "gzip"}
    url = f"http://{address}/v2/models/echo/infer"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        packed = answer.read()
        head = int(answer.headers["Inference-Header-Content-Length"])
    assert len(packed) < 3000
    result = triton.InferenceServerClient.parse_response_body(
        packed, header_length=head, content_encoding="gzip"
    )
    assert same(result, "image", zeros)


@pytest.mark.parametrize("request_id", ["", "7", "é 漢"])
def test_the_id_comes_back(client, request_id):
    """The client's id is in the answer, and none where it sent none."""
    result = client.infer("echo", inputs_of(), request_id=request_id, outputs=wanted("INT8"))
    assert result.get_response().get("id", "") == request_id


def test_a_version_may_be_named(client, echo):
    """A request for the version that is served is answered, and names it."""
    result = client.infer("echo", inputs_of(), model_version=echo.digest, outputs=wanted("INT8"))
    response = result.get_response()
    assert (response["model_name"], response["model_version"]) == ("echo", echo.digest)


def test_parameters_of_tritons_scheduler_are_passed_over(client):
    """Sequence, priority, timeout and parameters of one's own change nothing."""
    result = client.infer(
        "echo",
        inputs_of(),
        sequence_id=3,
        sequence_start=True,
        priority=1,
        timeout=1000,
        parameters={"mine": "yes"},
    )
    assert same(result, "INT64")


def test_classes_are_told_with_their_labels(client):
    """A request for classes gets each row's highest values with index and label."""
    rows = np.array([[0.25, 0.75], [2, 1]])
    outputs = [*wanted("FP64", class_count=2), *wanted("INT32", class_count=1, binary_data=False)]
    result = client.infer("echo", inputs_of(FP64=rows), outputs=outputs)
    assert result.as_numpy("FP64_out").tolist() == [
        [b"0.750000:1:dog", b"0.250000:0:cat"],
        [b"2.000000:0:cat", b"1.000000:1:dog"],
    ]
    assert result.as_numpy("INT32_out").tolist() == [[f"{2**31 - 1}:1"], ["1:1"]]


def test_requests_may_be_under_way_at_the_same_time(address):
    """Requests of one client that overlap are each answered with their own tensors."""
    with triton.InferenceServerClient(address, concurrency=4) as client:
        arrays = [np.full((2, 2), at, np.int32) for at in range(12)]
        asked = [
            client.async_infer("echo", inputs_of(INT32=array), outputs=wanted("INT32"))
            for array in arrays
        ]
        results = [request.get_result() for request in asked]
    assert all(same(*pair) for pair in zip(results, ["INT32"] * 12, arrays, strict=True))


def test_the_asynchronous_client_is_answered(address):
    """The client for asyncio gets the same answers."""

    async def ask():
        async with triton_aio.InferenceServerClient(address) as client:
            assert await client.is_model_ready("echo")
            return await client.infer("echo", inputs_of(), response_compression_algorithm="gzip")

    result = asyncio.run(ask())
    assert all(same(result, name) for name in SHAPES)


def _with_shared_memory():
    inputs = inputs_of()
    inputs[0].set_shared_memory("region", 4)
    return {"inputs": inputs}


def _with_bfloat16():
    given = triton.InferInput("FP32", [2, 2], "BF16")
    given.set_data_from_numpy(np.ones((2, 2), np.float32))
    return {"inputs": [given, *(other for other in inputs_of() if other.name() != "FP32")]}


# What is asked, the status, and what the error says.
REFUSED = {
    "model": ({"model_name": "other"}, "404", "unknown model 'other'"),
    "version": ({"model_version": "1"}, "404", "unknown version '1' of 'echo'"),
    "output": ({"outputs": wanted("no")}, "400", "unknown output 'no_out'; this model gives"),
    "inputs": ({"inputs": inputs_of()[1:]}, "400", "missing input 'BOOL'"),
    "rank": (
        {"inputs": inputs_of(INT8=np.zeros(2, np.int8))},
        "400",
        "input 'INT8' must have 2 dimensions, [-1, 2], not 1: [2]",
    ),
    "rows": (
        {"inputs": inputs_of(INT8=np.zeros((3, 2), np.int8))},
        "400",
        "the inputs differ in their number of rows",
    ),
    "text": (
        {"inputs": inputs_of(BYTES=np.array([[b"\xff", b""]] * 2, object))},
        "400",
        "input 'BYTES': an element of BYTES is no UTF-8",
    ),
    "classes of text": (
        {"outputs": wanted("BYTES", class_count=1)},
        "400",
        "output 'BYTES_out' has no numbers to classify by",
    ),
    "size": (
        {"inputs": inputs_of(image=np.zeros((2, 2**19, 2, 3), np.uint8))},
        "413",
        "the limit is 6,291,456",
    ),
    "answer": (
        {"inputs": inputs_of(image=np.zeros((2, 400_000, 2, 3), np.uint8))},
        "413",
        "at most 6,000,000 can be sent",
    ),
    "shared memory": (_with_shared_memory(), "400", "input 'BOOL' lies in shared memory"),
    "BF16": (_with_bfloat16(), "400", "input 'FP32' is BF16, which onnxruntime can't take"),
}


@pytest.mark.parametrize(("asked", "status", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_the_clients_exception(client, asked, status, message):
    """What can't be answered is raised by the client with status and sentence."""
    with pytest.raises(InferenceServerException) as caught:
        client.infer(**{"model_name": "echo", "inputs": inputs_of(), **asked})
    assert caught.value.status() == status
    assert message in caught.value.message()
    assert client.is_server_ready()


def test_what_is_not_served_is_not_found(client):
    """Calls of Triton's that the function has no answer to are refused as not found."""
    for call in (
        client.get_inference_statistics,
        client.get_model_repository_index,
        client.get_trace_settings,
        client.get_log_settings,
        client.get_system_shared_memory_status,
    ):
        with pytest.raises(InferenceServerException) as caught:
            call()
        assert caught.value.status() == "404"


@pytest.fixture
def unready(echo, tmp_path):
    """Host and port of a server whose model is not in the store any more."""
    handler = load_handler(echo._replace(root=(tmp_path / "empty").as_uri()))
    config = uvicorn.Config(application(handler), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_a_server_without_its_model_lives_but_is_not_ready(unready):
    """Without a model the server is alive, not ready, and says so to who asks for an answer."""
    with triton.InferenceServerClient(unready) as client:
        assert client.is_server_live()
        assert not client.is_server_ready()
        assert not client.is_model_ready("echo")
        with pytest.raises(InferenceServerException, match="not available") as caught:
            client.infer("echo", inputs_of())
    assert caught.value.status() == "503"
