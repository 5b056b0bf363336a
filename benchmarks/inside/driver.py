"""Runs a handler in a process of its own; the only code that every variant's process shares.

A script, not a module of the package: the process has the variant's packages and nothing else, so
this imports as little as it can. ``FUNCTION`` is ``module.function``, as Lambda writes it.

    python driver.py once FUNCTION EVENT     import, answer the event, print the answer
    python driver.py serve FUNCTION          import, then time calls as standard input asks
"""

import json
import os
import sys
from importlib import import_module
from time import perf_counter_ns

_MARK = "ANSWER "


class Context:
    """What handlers and their frameworks read of Lambda's context."""

    function_name = "benchmark"
    function_version = "$LATEST"
    memory_limit_in_mb = "1769"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
    aws_request_id = "8f5ab8a1-0000-4000-8000-000000000000"
    log_group_name = "/aws/lambda/benchmark"
    log_stream_name = "benchmark"

    def get_remaining_time_in_millis(self):
        """Milliseconds until the invocation would be stopped."""
        return 900_000


def once(function, event):
    """Answer one event and print the answer, then the process's peak of resident memory."""
    with open(event, encoding="utf-8") as source:
        request = json.load(source)
    answer = loaded(function)(request, Context())
    print(f"{_MARK}{json.dumps(answer)}", flush=True)
    with open("/proc/self/status", encoding="utf-8") as status:
        fields = dict(line.split(":", 1) for line in status)
    print(f"PEAK {int(fields['VmHWM'].split()[0]) * 1024}", flush=True)


def serve(function):
    """For each line ``{"event", "call", "calls"}``, time so many calls; nanoseconds as a list."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    # What the handler logs is written, as it would be, but read by nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    handler = loaded(function)
    replies.write("ready\n")
    for line in sys.stdin:
        wanted = json.loads(line)
        with open(wanted["event"], encoding="utf-8") as source:
            event = json.load(source)
        call = prepared(wanted["call"], handler, event)
        replies.write(json.dumps([timed(call) for _ in range(wanted["calls"])]) + "\n")


def prepared(name, handler, event):
    """What to time: the whole handler, or the part of it that a model alone would take."""
    if name == "handler":
        context = Context()
        return lambda: handler(event, context)
    import numpy as np

    module = sys.modules["handler"]
    rows = np.array(json.loads(event["body"])["inputs"][0]["data"], dtype=np.float64)
    if name == "predict_proba":
        return lambda: module.model.predict_proba(rows)
    run, names, inputs = module.session.run, ["label", "probabilities"], {"input": rows}
    return lambda: run(names, inputs)


def timed(call):
    """Nanoseconds of one call."""
    began = perf_counter_ns()
    call()
    return perf_counter_ns() - began


def loaded(function):
    """The function, its module imported anew."""
    module, _, name = function.rpartition(".")
    return getattr(import_module(module), name)


if __name__ == "__main__":
    {"once": once, "serve": serve}[sys.argv[1]](*sys.argv[2:])
