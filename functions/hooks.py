"""The pre-traffic hook: a new version answers its golden examples before it gets any traffic.

CodeDeploy calls it while a deployment is under way, and waits for a verdict. Source:
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from coldpress_runtime.errors import PreflightFailed
from coldpress_runtime.preflight import check_version
from coldpress_runtime.settings import Settings
from coldpress_runtime.telemetry import Telemetry

__all__ = ["handler"]

_settings = Settings.from_environment(os.environ)
_telemetry = Telemetry(_settings)
# Seconds that are kept for telling the verdict.
_MARGIN_SECONDS = 5.0


def handler(event: Any, context: Any) -> dict[str, str]:  # noqa: ANN401 - Lambda's own interface
    """Ask the version that ``NEW_VERSION`` names, and tell CodeDeploy whether it holds.

    Args:
        event: CodeDeploy's: the ids of the deployment and of the hook.
        context: Lambda's context; the remaining time is read.

    Returns:
        The verdict, for the log and for whoever invokes it by hand.
    """
    import boto3  # noqa: PLC0415 - Lambda's runtime has it, and the package need not

    reason = _objection(context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS)
    status = "Failed" if reason else "Succeeded"
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    return {"status": status, "reason": reason}


def _objection(seconds: float) -> str:
    """Why the version must get no traffic; empty if it may."""
    try:
        check_version(_settings, _invoker(os.environ["NEW_VERSION"], seconds), seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing ships unproven
        _telemetry.failure(f"the new version gets no traffic: {error}", error)
        return str(error) or type(error).__name__
    return ""


def _invoker(version: str, seconds: float) -> Callable[[bytes], bytes]:
    """Invokes a version; a call that takes longer than there is time fails."""
    import boto3  # noqa: PLC0415 - as above
    from botocore.config import Config  # noqa: PLC0415 - as above

    once = {"total_max_attempts": 1}
    client = boto3.client("lambda", config=Config(read_timeout=max(1.0, seconds), retries=once))

    def invoke(payload: bytes) -> bytes:
        answer = client.invoke(FunctionName=version, Payload=payload)
        data: bytes = answer["Payload"].read()
        if "FunctionError" in answer:
            raise PreflightFailed(f"it ends with an error: {data.decode(errors='replace'):.300}")
        return data

    return invoke
