"""Requests for tables, as the dialects of tables get them."""

import json

import orjson

from coldpress_runtime.dialects import invocations, records
from coldpress_runtime.exchange import Request, Source
from coldpress_runtime.options import Limits
from coldpress_runtime.serving import Serving

__all__ = ["OTHER", "ROW", "invoke", "predict", "request"]

ROW = {"width": 1.5, "height": -2, "depth": None}
OTHER = {"depth": 4, "height": 0.25, "width": 3}


def request(path, body, kind="application/json", method="POST", **headers):
    """A request with a body, which is written as JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": kind, **headers}
    return Request(source=Source.HTTP_API, method=method, path=path, headers=headers, body=data)


def predict(holder, body, *, path="/predict", limits=None, **more):
    """The answer to records."""
    serving = Serving(holder, 10, limits or Limits())
    return orjson.loads(records.answer(request(path, body, **more), serving).body)


def invoke(holder, body, **more):
    """The predictions for an invocation."""
    asked = request("/invocations", body, **more)
    return orjson.loads(invocations.answer(asked, Serving(holder, 10)).body)["predictions"]
