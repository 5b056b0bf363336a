"""When what happens in INIT: a handler's import with a clock at its imports, threads and session.

A script, run in the function's place with its own packages:

    python trace.py FUNCTION EVENT BEGAN_NS

``BEGAN_NS`` is the monotonic clock just before the process was started. Prints the spans as JSON,
each ``{"lane", "name", "began", "ended"}`` in milliseconds since then.
"""

import importlib.abc
import json
import os
import sys
import threading
import time
from importlib.machinery import PathFinder

BEGAN = int(sys.argv[3])
SPANS = []
# What is drawn: the packages whose imports matter, and the function's own modules.
SHOWN = {"numpy", "onnxruntime", "obstore", "orjson", "aws_lambda_powertools", "backports.zstd"}


def now():
    """Milliseconds since before the process."""
    return (time.monotonic_ns() - BEGAN) / 1e6


def noted(name, call, *arguments, **keywords):
    """Call something and keep when it ran, and on which thread."""
    began = now()
    try:
        return call(*arguments, **keywords)
    finally:
        lane = threading.current_thread().name
        SPANS.append({"lane": lane, "name": name, "began": began, "ended": now()})


class Clock(importlib.abc.MetaPathFinder):
    """Finds modules as ever, and has the execution of those that are shown timed."""

    def find_spec(self, name, path, target=None):
        """The spec that the usual finder gives, with its loader's work noted."""
        if name not in SHOWN and not name.startswith("coldpress_runtime."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def timed(module):
                noted(f"import {name}", execute, module)
                if name == "onnxruntime":
                    watch_session(module)

            spec.loader.exec_module = timed
        return spec


def watch_session(onnxruntime):
    """Note when sessions are opened and run."""
    session = onnxruntime.InferenceSession
    opened, ran = session.__init__, session.run
    session.__init__ = lambda *given, **named: noted("open session", opened, *given, **named)
    session.run = lambda *given, **named: noted("session.run", ran, *given, **named)


def watch_threads():
    """Note when threads run."""
    start = threading.Thread.start

    def started(thread):
        run = thread.run
        thread.run = lambda: noted(f"thread {thread.name}", run)
        start(thread)

    threading.Thread.start = started


def main():
    """Import the handler, answer one event, print the spans."""
    function, event = sys.argv[1:3]
    SPANS.append({"lane": "MainThread", "name": "interpreter", "began": 0.0, "ended": now()})
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import driver

    sys.path.pop(0)
    with open(event, encoding="utf-8") as source:
        request = json.load(source)
    sys.meta_path.insert(0, Clock())
    watch_threads()
    handler = noted("INIT", driver.loaded, function)
    noted("first answer", handler, request, driver.Context())
    print(f"SPANS {json.dumps(SPANS)}")


main()
