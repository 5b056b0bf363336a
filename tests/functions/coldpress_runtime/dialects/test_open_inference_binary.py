import re

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldpress_runtime.artifact import TensorSpec
from coldpress_runtime.dialects.open_inference import answer
from coldpress_runtime.dialects.open_inference_binary import respond, split
from coldpress_runtime.dialects.open_inference_json import parse
from coldpress_runtime.dialects.open_inference_parameters import forms_of
from coldpress_runtime.errors import PayloadTooLarge, RequestError, RuntimeFault
from coldpress_runtime.exchange import Request, Source
from coldpress_runtime.loading import LoadedModel, Usage
from coldpress_runtime.options import Limits
from coldpress_runtime.session import ModelSession

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=200)
HEADER = "inference-header-content-length"
FLOATS = np.array([1.5, -2.5], "<f4")
TEXTS = b"\x01\x00\x00\x00a\x02\x00\x00\x00\xc3\xa9"


def _floats(size=8, **changes):
    tensor = {"name": "x", "datatype": "FP32", "shape": [2]}
    return {**tensor, "parameters": {"binary_data_size": size}, **changes}


def _texts(size=11, **changes):
    return _floats(size, name="s", datatype="BYTES", **changes)


def _body(*inputs, raw=b"", **fields):
    """A body and the length of its JSON."""
    head = orjson.dumps({"inputs": inputs, **fields})
    return head + raw, str(len(head))


def _read(body, length, limits=None):
    head, raw = split(body, length)
    request = parse(head, limits or Limits(), raw)
    raw.finish()
    return request


# Inputs, what follows the JSON, and what the error says.
WRONG = {
    "nothing follows": (
        [_floats()],
        b"",
        "'x' has 8 as its binary_data_size, but 0 bytes are left",
    ),
    "too little follows": ([_floats()], b"\x00" * 7, "but 7 bytes are left"),
    "too much follows": ([_floats()], b"\x00" * 9, "1 bytes follow the last tensor's"),
    "bytes of none": ([_floats(parameters={}, data=[1, 2])], b"\x00", "1 bytes follow the last"),
    "second too short": (
        [_floats(), _texts()],
        FLOATS.tobytes() + TEXTS[:-1],
        "input 's' has 11 as its binary_data_size, but 10 bytes are left",
    ),
    "wrong order": (
        [_texts(), _floats()],
        FLOATS.tobytes() + TEXTS,
        "input 's': element 0 says it has",
    ),
    "size against shape": ([_floats(shape=[3])], b"\x00" * 8, "3 values of FP32 take 12"),
    "huge size": ([_floats(2**64 - 1)], b"\x00" * 8, "but 8 bytes are left"),
    "huge shape": ([_floats(shape=[2**62])], b"\x00" * 8, "values of FP32 take"),
    "twice": ([_floats(), _floats()], b"\x00" * 16, "input 'x' is there twice"),
    "data as well": ([_floats(data=[1, 2])], b"\x00" * 8, "both data and binary_data_size"),
}

LENGTHS = ["", "0", "-1", "+5", "1.0", "1e2", "0x10", "ten", "²", "٣", "1,1", "9" * 30, "1000"]


def test_tensors_follow_the_json_in_order():
    """Bytes and data may stand side by side; each input with bytes takes its own in turn."""
    plain = {"name": "p", "datatype": "INT8", "shape": [1], "data": [7]}
    raw = FLOATS.tobytes() + TEXTS
    request = _read(*_body(_floats(), plain, _texts(), raw=raw, id="é"))
    assert request.id == "é"
    values = {name: array.tolist() for name, array in request.tensors.items()}
    assert values == {"x": [1.5, -2.5], "p": [7], "s": ["a", "é"]}


def test_bytes_may_be_none():
    """An input without values has no bytes, and a body may be JSON from end to end."""
    assert _read(*_body(_floats(0, shape=[0, 2]))).tensors["x"].shape == (0, 2)


@pytest.mark.parametrize(("inputs", "raw", "message"), WRONG.values(), ids=WRONG.keys())
def test_bytes_that_do_not_add_up_are_refused(inputs, raw, message):
    """Sizes, shapes and what follows the JSON have to agree."""
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        _read(*_body(*inputs, raw=raw))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("length", LENGTHS, ids=lambda text: text or "empty")
def test_a_length_that_is_none_is_refused(length):
    """The header has to be a whole number of bytes that the body has."""
    with pytest.raises(RequestError, match=r"from 1 to the body's [\d,]+ bytes, not '"):
        split(_body(_floats(), raw=FLOATS.tobytes())[0], length)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_length_that_cuts_the_json_is_refused(off):
    """A length that is not the JSON's own leaves no JSON."""
    body, length = _body(_floats(), raw=FLOATS.tobytes())
    with pytest.raises(RequestError, match="the body is not JSON"):
        _read(body, str(int(length) + off))


def test_bytes_without_the_header_are_refused():
    """An input that says it has bytes needs the header that says where they begin."""
    with pytest.raises(RequestError, match=r"no header Inference-Header-Content-Length$"):
        parse(_body(_floats())[0])


def test_values_in_bytes_count_against_the_limit():
    """The limit of values holds for tensors in bytes as for those in JSON."""
    body = _body(_floats(), raw=FLOATS.tobytes())
    assert _read(*body, Limits(elements=2)).tensors["x"].size == 2
    with pytest.raises(PayloadTooLarge, match=r"more than 1 values"):
        _read(*body, Limits(elements=1))


@REPEATABLE
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from("xyz"),
                "datatype": st.sampled_from(["BOOL", "INT16", "BYTES", "FP64", "BF16"]),
                "shape": st.lists(st.integers(0, 2), max_size=2),
            },
            optional={
                "parameters": st.fixed_dictionaries(
                    {}, optional={"binary_data_size": st.integers(-1, 16) | st.none()}
                ),
                "data": st.just([1]),
            },
        ),
        max_size=3,
    ),
    st.binary(max_size=24),
    st.integers(-2, 2),
)
def test_any_body_is_read_or_refused(inputs, raw, off):
    """Whatever inputs say of the bytes that follow, all are read or the request is refused."""
    body, length = _body(*inputs, raw=raw)
    try:
        request = _read(body, str(int(length) + off))
    except RequestError:
        return
    sizes = [(fields.get("parameters") or {}).get("binary_data_size") or 0 for fields in inputs]
    assert sum(sizes) == len(raw)
    assert request.tensors.keys() == {fields["name"] for fields in inputs}


@REPEATABLE
@given(st.binary(max_size=64), st.integers(0, 70).map(str) | st.text(max_size=3))
def test_any_bytes_are_refused_as_the_requests_error(body, length):
    """Bytes that are no request are refused, and never raise another error."""
    with pytest.raises(RequestError):
        _read(body, length)


@pytest.fixture(scope="module")
def model(build_onnx, store_model):
    """A model that gives back floats and strings."""
    from onnx import helper

    graph = build_onnx(
        [
            helper.make_node("Identity", ["x"], ["y"]),
            helper.make_node("Identity", ["s"], ["t"]),
        ],
        {"x": ("FP32", [None]), "s": ("BYTES", [None])},
        {"y": ("FP32", [None]), "t": ("BYTES", [None])},
    )
    manifest = store_model("file:///s", model=graph).manifest
    return LoadedModel(
        manifest=manifest,
        version="0" * 64,
        session=ModelSession(graph),
        load_ms=0.0,
        usage=Usage(),
    )


class _Serving:
    """The model, as a dialect asks for it."""

    limits = Limits()

    def __init__(self, model):
        self._model = model

    def model(self, *_):
        return self._model

    def predict(self, model, tensors):
        return model.session.run(tensors)


def _asked(model, *, source=Source.HTTP_API, **fields):
    raw = FLOATS.tobytes() + TEXTS
    body, length = _body(_floats(), _texts(), raw=raw, **fields)
    request = Request(
        source=source, method="POST", path="/v2/infer", headers={HEADER: length}, body=body
    )
    return answer(request, _Serving(model))


def test_outputs_follow_the_json_in_order(model):
    """Outputs as bytes follow an answer's JSON, which says how many each has."""
    response = _asked(model, parameters={"binary_data_output": True}, id="1")
    size = int(response.headers[HEADER])
    document = orjson.loads(response.body[:size])
    assert (response.content_type, response.is_text) == ("application/octet-stream", False)
    assert response.body[size:] == FLOATS.tobytes() + TEXTS
    assert document["id"] == "1"
    assert document["outputs"] == [
        {"name": "y", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}},
        {"name": "t", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 11}},
    ]


def test_an_output_may_stay_json_beside_others(model):
    """An output that is not wanted as bytes has its data in the JSON."""
    outputs = [{"name": "t"}, {"name": "y", "parameters": {"binary_data": True}}]
    response = _asked(model, outputs=outputs)
    size = int(response.headers[HEADER])
    assert response.body[size:] == FLOATS.tobytes()
    assert orjson.loads(response.body[:size])["outputs"][0]["data"] == ["a", "é"]


def test_an_answer_without_bytes_is_json(model):
    """Where no output is wanted as bytes, the answer is JSON alone, though the request is not."""
    response = _asked(model, outputs=[{"name": "y", "parameters": {"classification": 1}}])
    assert (response.content_type, dict(response.headers)) == ("application/json", {})
    (output,) = orjson.loads(response.body)["outputs"]
    assert (output["datatype"], output["data"]) == ("BYTES", ["1.500000:0", "-2.500000:0"])


def test_bytes_carry_what_json_cannot():
    """NaN and infinities come back in bytes as they were."""
    spec = TensorSpec(name="y", datatype="FP64", shape=(-1,))
    array = np.array([np.nan, np.inf, -np.inf, -0.0])
    forms = forms_of({"parameters": {"binary_data_output": True}}, [])
    response = respond({}, [spec], forms, {"y": array})
    assert response.body[int(response.headers[HEADER]) :] == array.tobytes()


def test_a_direct_invocation_gets_no_bytes(model):
    """A direct invocation, whose answer is a JSON document, is refused outputs as bytes."""
    with pytest.raises(RequestError, match="ask for no binary outputs"):
        _asked(model, source=Source.DIRECT, parameters={"binary_data_output": True})


def test_an_unknown_output_is_refused_before_the_model_runs(model):
    """A request for an output that is not there costs no prediction."""
    serving = _Serving(model)
    serving.predict = lambda *_: pytest.fail("the model ran")
    body, _ = _body(
        {"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}, outputs=[{"name": "z"}]
    )
    request = Request(source=Source.HTTP_API, method="POST", path="/v2/infer", body=body)
    with pytest.raises(RuntimeFault, match="unknown output 'z'"):
        answer(request, serving)
