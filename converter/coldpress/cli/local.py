"""`coldpress invoke` and `coldpress serve`."""

from __future__ import annotations

from pathlib import Path

from coldpress.errors import ColdpressError
from coldpress.local import invoke as local_invoke
from coldpress.local import serve as local_serve
from coldpress.stores import model_uri, store_url

from .command import click, command, say, say_json
from .paths import NamedPath

__all__ = ["invoke", "serve"]


@command(
    epilog="""\b
Examples:
  coldpress invoke --model ./store/churn@live --event event.json
  coldpress invoke --model s3://my-bucket/models/churn@live --event event.json --body
  coldpress invoke --model ./store/churn@live --event queue.json --results ./answers
"""
)
@click.option("--model", required=True, help="Model URI.")
@click.option("--event", type=NamedPath(), required=True, help="Lambda event, a JSON file.")
@click.option(
    "--results",
    envvar="COLDPRESS_RESULTS",
    help="Store or directory for the answers to a queue's messages.",
)
@click.option("--body", is_flag=True, help="Print only the answer's body, as it is sent.")
@click.option("--logs", is_flag=True, help="Show the function's log on standard error.")
def invoke(  # noqa: PLR0913 - one keyword an option
    model: str, event: Path, *, results: str | None, body: bool, logs: bool, as_json: bool
) -> None:
    """Let the function answer one event, and print its response as JSON.

    The handler is the one that Lambda runs. Exits 1 when it answers with a 5xx status, or gives
    messages back to their queue.
    """
    del as_json  # the response is JSON anyway
    place = store_url(results) if results else ""
    result = local_invoke.invoke(model_uri(model), local_invoke.read_event(event), results=place)
    if logs:
        click.echo(result.logs, err=True, nl=False)
    if body:
        click.echo(result.body)
    else:
        say_json(result.response)
    if result.fault:
        raise ColdpressError(result.fault)


@command(
    epilog="""\b
Examples:
  coldpress serve --model ./store/churn@live --port 8080
  curl -s localhost:8080/v2/models/churn
  coldpress serve --model ./store/churn@live --model ./store/fraud@live
"""
)
@click.option(
    "--model",
    "models",
    required=True,
    multiple=True,
    help="Model URI; once more for each further model.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
def serve(models: tuple[str, ...], host: str, port: int, *, as_json: bool) -> None:
    """Serve models over HTTP on this machine, until interrupted.

    Each request becomes the event that an API Gateway HTTP API would send, and goes through the
    handler that Lambda runs. A browser finds a playground at / and the API reference at /docs.
    """
    uris = [model_uri(model) for model in models]
    address = f"http://{host}:{port}"

    def ready() -> None:
        if as_json:
            say_json({"address": address, "models": [str(uri) for uri in uris]})
        else:
            lines = [f"Serving {uri} at {address}/v2/models/{uri.name}" for uri in uris]
            say("\n".join(lines) + " (Ctrl-C stops)")
            say(f"Playground at {address}/ and its API reference at {address}/docs")

    local_serve.serve(uris, host=host, port=port, ready=ready)
