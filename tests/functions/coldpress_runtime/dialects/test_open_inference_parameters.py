import re

import pytest

from coldpress_runtime.dialects.open_inference_parameters import (
    PLAIN,
    Form,
    binary_size,
    forms_of,
    parameters_of,
)
from coldpress_runtime.errors import RequestError

BINARY = Form(binary=True)
ALL_BINARY = {"parameters": {"binary_data_output": True}}

# The request's parameters, those of its requested output y if there is one, and y's form.
FORMS = {
    "nothing asked": ({}, None, PLAIN),
    "all as bytes": ({"binary_data_output": True}, None, BINARY),
    "all as JSON": ({"binary_data_output": False}, None, PLAIN),
    "null": ({"binary_data_output": None}, {"binary_data": None}, PLAIN),
    "one as bytes": ({}, {"binary_data": True}, BINARY),
    "one as JSON": ({}, {"binary_data": False}, PLAIN),
    "all, and named": ({"binary_data_output": True}, {}, BINARY),
    "all but one": ({"binary_data_output": True}, {"binary_data": False}, PLAIN),
    "none but one": ({"binary_data_output": False}, {"binary_data": True}, BINARY),
    "classes": ({}, {"classification": 3}, Form(classes=3)),
    "no classes": ({}, {"classification": 0}, PLAIN),
    "classes as bytes": (
        {"binary_data_output": True},
        {"classification": 1},
        Form(binary=True, classes=1),
    ),
    "Triton's others": (
        {"sequence_id": 7, "sequence_start": True, "priority": 1, "timeout": 10},
        {},
        PLAIN,
    ),
}

# The request, its requested outputs, and what the error says.
WRONG = {
    "parameters a list": ({"parameters": []}, [], "the request: parameters must be an object"),
    "flag a number": (
        {"parameters": {"binary_data_output": 1}},
        [],
        "the request: binary_data_output must be true or false, not 1",
    ),
    "an output's a number": (
        {},
        [{"name": "y", "parameters": 3}],
        "requested output 'y': parameters must be an object",
    ),
    "an output's flag text": (
        {},
        [{"name": "y", "parameters": {"binary_data": "true"}}],
        "requested output 'y': binary_data must be true or false, not 'true'",
    ),
    "classes negative": (
        {},
        [{"name": "y", "parameters": {"classification": -1}}],
        "requested output 'y': classification must be a whole number from 0, not -1",
    ),
    "classes true": (
        {},
        [{"name": "y", "parameters": {"classification": True}}],
        "classification must be a whole number from 0, not True",
    ),
    "shared memory": (
        {},
        [{"name": "y", "parameters": {"shared_memory_region": "r"}}],
        "requested output 'y' lies in shared memory",
    ),
    "long": (
        {},
        [{"name": "y" * 999, "parameters": {"binary_data": "t" * 999}}],
        f"requested output '{'y' * 64}': binary_data must be",
    ),
}

# An input's fields, and what the error says.
WRONG_INPUTS = {
    "parameters text": ({"parameters": "a"}, "x: parameters must be an object"),
    "size text": ({"parameters": {"binary_data_size": "4"}}, "x: binary_data_size must be a whole"),
    "size a float": ({"parameters": {"binary_data_size": 4.0}}, "from 0, not 4.0"),
    "size true": ({"parameters": {"binary_data_size": True}}, "from 0, not True"),
    "size negative": ({"parameters": {"binary_data_size": -1}}, "from 0, not -1"),
    "data as well": ({"parameters": {"binary_data_size": 4}, "data": [1]}, "x has both data and"),
    "shared memory": ({"parameters": {"shared_memory_region": "r"}}, "x lies in shared memory"),
}


@pytest.mark.parametrize(("request_wide", "own", "form"), FORMS.values(), ids=FORMS.keys())
def test_an_outputs_form_is_its_own_or_the_requests(request_wide, own, form):
    """What an output says of itself wins over what the request says of all."""
    outputs = [] if own is None else [{"name": "y", "parameters": own}]
    forms = forms_of({"parameters": request_wide}, outputs)
    assert forms.of("y") == form
    assert forms.are_plain is (form == PLAIN)
    assert forms.are_text is not form.binary


def test_what_no_output_uses_changes_nothing():
    """Where each output named is plain, what the request says of all has no effect."""
    outputs = [{"name": "y", "parameters": {"binary_data": False}}]
    assert forms_of(ALL_BINARY, outputs).are_plain


@pytest.mark.parametrize(("document", "outputs", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_parameter_is_refused(document, outputs, message):
    """A parameter that counts and is not of its type is refused, saying where."""
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        forms_of(document, outputs)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, None),
        ({"parameters": None}, None),
        ({"parameters": {"a": 1}, "data": [1]}, None),
        ({"parameters": {"binary_data_size": None}, "data": [1]}, None),
        ({"parameters": {"binary_data_size": 0}}, 0),
        ({"parameters": {"binary_data_size": 2**63}, "data": None}, 2**63),
    ],
    ids=["none", "null", "others", "size null", "no bytes", "more than any"],
)
def test_an_inputs_bytes_are_counted_by_its_parameter(fields, size):
    """The size of an input's bytes is its parameter's, and None where it has data."""
    assert binary_size(fields, "x") == size


@pytest.mark.parametrize(("fields", "message"), WRONG_INPUTS.values(), ids=WRONG_INPUTS.keys())
def test_a_wrong_parameter_of_an_input_is_refused(fields, message):
    """An input whose parameters can't be followed is refused by name."""
    with pytest.raises(RequestError, match=re.escape(message)):
        binary_size(fields, "x")


def test_parameters_are_empty_where_there_are_none():
    """Absent and null parameters are read as none."""
    assert parameters_of({}, "x") == parameters_of({"parameters": None}, "x") == {}
