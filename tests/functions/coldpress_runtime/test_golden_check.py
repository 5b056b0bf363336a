"""Golden examples: what an answer may differ by, and what it may not."""

import json
import os

import numpy as np
import pytest
from onnx import TensorProto, helper

from coldpress_runtime.golden_check import GoldenMismatch, check_golden
from coldpress_runtime.models import ModelHolder
from coldpress_runtime.settings import Settings

EXACT = {"max_abs_diff": 0.0, "label_agreement": 1.0}
SCALED = {"max_abs_diff": 0.5, "label_agreement": 1.0}
TIES = {"max_abs_diff": 0.0, "label_agreement": 0.99}
LOSSY = {"max_abs_diff": 0.01, "label_agreement": 0.99, "tolerance": "lossy"}


@pytest.fixture
def judged(store_model, build_onnx, local_root):
    """Holds a model's answers against examples, by a certificate.

    The model gives its number back, whether it is above 0, that as a text, and its square root.
    """
    model = build_onnx(
        [
            helper.make_node("Identity", ["x"], ["same"]),
            helper.make_node("Greater", ["x", "zero"], ["above"]),
            helper.make_node("Cast", ["above"], ["label"], to=TensorProto.INT64),
            helper.make_node("Cast", ["label"], ["text"], to=TensorProto.STRING),
            helper.make_node("Sqrt", ["x"], ["root"]),
        ],
        {"x": ("FP32", [None])},
        {
            "same": ("FP32", [None]),
            "above": ("BOOL", [None]),
            "label": ("INT64", [None]),
            "text": ("BYTES", [None]),
            "root": ("FP32", [None]),
        },
        {"zero": np.float32(0)},
    )

    def judge(certificate, *examples):
        golden = json.dumps({"schema_version": 1, "examples": list(examples)}).encode()
        _check(store_model(local_root, model=model, certificate=certificate, golden=golden).put())

    return judge


def _check(stored):
    settings = Settings.from_environment({**os.environ, "MODEL_URI": stored.pinned})
    check_golden(ModelHolder(settings).get(), stored.uri, settings)


def example(x, **answers):
    """One example: a request, and what the original answered."""
    kinds = {"same": "FP32", "above": "BOOL", "label": "INT64", "text": "BYTES", "root": "FP32"}
    request = {"name": "x", "datatype": "FP32", "shape": [1], "data": [x]}
    outputs = [
        {"name": name, "datatype": kinds[name], "shape": [1], "data": [value]}
        for name, value in answers.items()
    ]
    return {"request": {"inputs": [request]}, "response": {"outputs": outputs}}


WRONG = [example(2.0, label=0), example(3.0, label=1)]

HOLD = {
    "every type": (EXACT, [example(4.0, same=4.0, above=True, label=1, text="1", root=2.0)]),
    "none": (EXACT, []),
    "within the tolerance": (EXACT, [example(4.0, same=4.0004)]),
    "as far as the certificate": (SCALED, [example(4.0, same=4.5)]),
    "four times that, lossy": (LOSSY, [example(4.0, same=4.04)]),
    "not a number": (EXACT, [example(-1.0, root=None)]),
    "a tie": (TIES, WRONG),
    "a lossy label": (LOSSY, WRONG),
}

FAIL = {
    "beyond the tolerance": (EXACT, [example(4.0, same=4.001)], "'same' is too far"),
    "beyond the certificate": (SCALED, [example(4.0, same=4.51)], "'same' is too far"),
    "beyond the loss": (LOSSY, [example(4.0, same=4.05)], "'same' is too far"),
    "a label": (EXACT, WRONG, "another label than the original to golden example 1 of 2"),
    "a truth": (EXACT, [example(2.0, above=False)], "another label"),
    "a text": (EXACT, [example(2.0, text="0")], "another label"),
    "two lossy labels": (LOSSY, WRONG * 2, "another label"),
    "a number that is none": (EXACT, [example(-1.0, root=1.0)], "'root' is too far"),
    "none that is a number": (EXACT, [example(4.0, root=None)], "'root' is too far"),
    "an output that is not there": (
        EXACT,
        [json.loads(json.dumps(example(1.0, same=1.0)).replace("same", "other"))],
        "'other' has shape",
    ),
    "another shape": (
        EXACT,
        [json.loads(json.dumps(example(1.0, same=1.0)).replace("[1]", "[1, 1]", 2))],
        "can't answer golden example 1 of 1",
    ),
    "no request": (EXACT, [{"response": {}}], "can't be read"),
    "no tensor": (EXACT, [json.loads(json.dumps(example(1.0)).replace("FP32", "FP7"))], "datatype"),
}


@pytest.mark.parametrize(("certificate", "examples"), HOLD.values(), ids=HOLD.keys())
def test_answers_like_the_originals_hold(judged, certificate, examples):
    """What the certificate allows passes: its own differences, ties, and what compression lost."""
    judged(certificate, *examples)


@pytest.mark.parametrize(("certificate", "examples", "said"), FAIL.values(), ids=FAIL.keys())
def test_other_answers_do_not(judged, certificate, examples, said):
    """What is beyond that fails, and the error says which output or example it is."""
    with pytest.raises(GoldenMismatch, match=said) as caught:
        judged(certificate, *examples)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"examples": 3}', b"\xff"], ids=repr)
def test_examples_that_are_none_are_refused(store_model, local_root, data):
    """A file that holds no examples proves nothing, and is refused."""
    with pytest.raises(GoldenMismatch, match="can't be read"):
        _check(store_model(local_root, golden=data).put())
