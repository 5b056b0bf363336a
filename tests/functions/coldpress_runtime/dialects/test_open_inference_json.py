import pytest

from coldpress_runtime.artifact import DATATYPES, Signature, TensorSpec
from coldpress_runtime.dialects.open_inference_json import example, parse
from coldpress_runtime.session import DTYPES, check_inputs


def _signature(datatype, shape):
    spec = TensorSpec(name="x", datatype=datatype, shape=shape)
    return Signature(inputs=(spec,), outputs=(spec,))


@pytest.mark.parametrize("datatype", DATATYPES)
def test_an_example_fits_its_signature(datatype):
    """A request of zeros has every input in its datatype, with 1 for each free dimension."""
    signature = _signature(datatype, (-1, 3, -1))
    tensors = parse(example(signature, most_bytes=1000)).tensors
    assert (tensors["x"].dtype, tensors["x"].shape) == (DTYPES[datatype], (1, 3, 1))
    check_inputs(signature, tensors)


def test_an_example_is_not_larger_than_a_request_may_be():
    """One row that takes more than a request may have is not written at all."""
    assert example(_signature("FP32", (-1, 2**40)), most_bytes=6_000_000) is None
