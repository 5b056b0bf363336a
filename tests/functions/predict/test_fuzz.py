import base64
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
INFER = "/v2/models/breast-cancer/infer"

_json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=4),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "datatype", "shape", "data", "http", "method"]), children
        )
    ),
    max_leaves=8,
)
_request_bodies = st.fixed_dictionaries(
    {},
    optional={
        "id": _json_values,
        "parameters": _json_values,
        "inputs": _json_values
        | st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.just("input") | _json_values,
                    "datatype": st.just("FP64") | _json_values,
                    "shape": st.just([1, 30]) | _json_values,
                    "data": st.just([0.5] * 30) | _json_values,
                }
            ),
            max_size=2,
        ),
        "outputs": st.just([{"name": "label"}]) | _json_values,
    },
)
_envelopes = st.fixed_dictionaries(
    {"requestContext": st.just({"http": {"method": "POST"}}) | _json_values},
    optional={
        "version": st.just("2.0") | _json_values,
        "httpMethod": st.just("POST") | _json_values,
        "path": st.just(INFER) | _json_values,
        "rawPath": st.just(INFER) | _json_values,
        "headers": _json_values,
        "multiValueHeaders": _json_values,
        "body": _json_values,
        "isBase64Encoded": _json_values,
    },
)


@FUZZED
@given(event=_json_values | _envelopes | _request_bodies)
def test_no_event_makes_the_handler_fail(predict, read, event):
    """Whatever the event is, the answer is JSON, and the fault is never the function's."""
    answer = predict.handler(event, None)
    json.dumps(answer, ensure_ascii=False).encode()
    assert read(answer)[0] < 500


@FUZZED
@given(body=_request_bodies.map(json.dumps) | st.text() | st.binary())
def test_no_body_makes_the_handler_fail(predict, infer, read, body):
    """Whatever the body is, the answer is 200 or a refusal."""
    data = body if isinstance(body, bytes) else body.encode(errors="surrogatepass")
    event = infer(base64.b64encode(data).decode(), encoded=True)
    assert read(predict.handler(event, None))[0] in (200, 400)
