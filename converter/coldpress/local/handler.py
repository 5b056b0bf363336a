"""Loading the function's handler as Lambda does: a fresh module, told all by its environment."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coldpress.errors import UsageError
from coldpress.resources import resource
from coldpress.stores import profile_variables
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.settings import Settings

__all__ = ["Handler", "LocalContext", "latest_fault", "load_batch", "load_docs", "load_handler"]

_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalContext:
    """What the handler reads of Lambda's context."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline: float = field(default_factory=lambda: time.monotonic() + _TIMEOUT_SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation would be stopped."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


Handler = Callable[[Any, LocalContext], dict[str, Any]]


def load_handler(*models: ModelUri) -> Handler:
    """Import `functions/predict.py` anew, with the models in its environment.

    The first is fetched and opened by this call, as in Lambda's INIT phase; a failure is logged by
    the function and answered with 503, here as there.

    Args:
        models: What to serve, at least one.

    Raises:
        UsageError: A variable of the function's settings can't be read.
    """
    _tell(models)
    return _load("predict")


def load_batch(model: ModelUri, *, results: str) -> Handler:
    """Import `functions/batch.py` anew, with a model and a place for answers in its environment.

    Args:
        model: What to answer with.
        results: URL of the place for answers.

    Raises:
        UsageError: As `load_handler`.
    """
    os.environ["COLDPRESS_RESULTS"] = results
    _tell([model])
    return _load("batch")


def load_docs() -> Handler:
    """Import `functions/docs.py` anew, for the model that `load_handler` put in the environment."""
    return _load("docs")


def latest_fault(log: str) -> str:
    """What a function logged as its latest fault, in a sentence; empty if it logged none."""
    records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    faults = [record for record in records if record.get("level") == "ERROR"]
    return f"{faults[-1]['message']} ({faults[-1]['error_code']})" if faults else ""


def _tell(models: Sequence[ModelUri]) -> None:
    """Put into the environment what a function reads there."""
    if any(model.root.startswith("s3://") for model in models):
        os.environ.update(profile_variables())
    os.environ["MODEL_URI"] = " ".join(map(str, models))
    os.environ.pop("COLDPRESS_MODELS", None)  # whose store MODEL_URI would have to be
    if "COLDPRESS_SCRATCH" not in os.environ:
        os.environ["COLDPRESS_SCRATCH"] = _own_folder()
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", models[0].name)
    # CloudWatch reads metrics from the log; on a terminal they are only noise.
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    if problems := Settings.from_environment(os.environ).problems:
        raise UsageError("; ".join(problems))


def _load(name: str) -> Handler:
    spec = importlib.util.spec_from_file_location(name, resource("functions", f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(f"functions/{name}.py can't be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    gc.unfreeze()  # a function is killed in the end; this process closes what it has open
    handler: Handler = module.handler
    return handler


def _own_folder() -> str:
    """A folder for large weights that goes with this process; a container's would stay."""
    folder = tempfile.mkdtemp(prefix="coldpress-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
