"""The pages' files, and Swagger UI's, which Powertools brings; nothing comes from another host."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from coldpress_runtime.errors import UnknownRoute

__all__ = ["PAGES", "Asset", "asset"]

_OWN = Path(__file__).with_name("static")
_SWAGGER = ("swagger-ui-bundle.min.js", "swagger-ui.min.css")
_POWERTOOLS = "aws_lambda_powertools"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The pages by path; the other files lie below /static/.
PAGES = {"/": "index.html", "/docs": "docs.html"}


class Asset(NamedTuple):
    """A file as it is sent.

    Attributes:
        body: Its bytes.
        content_type: What it is.
    """

    body: bytes
    content_type: str


def asset(name: str) -> Asset:
    """A file by its bare name.

    Raises:
        UnknownRoute: There is none.
    """
    path = _files().get(name)
    if path is None:
        raise UnknownRoute(f"there is no file '{name:.64}' here")
    return Asset(path.read_bytes(), _TYPES[path.suffix])


@cache
def _files() -> dict[str, Path]:
    """Every file that may be asked for: a name is looked up, and never joined to a path."""
    own = {path.name: path for path in _OWN.iterdir() if path.suffix in _TYPES}
    return own | {path.name: path for path in _swagger()}


def _swagger() -> list[Path]:
    spec = find_spec(_POWERTOOLS)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{_POWERTOOLS} is not installed", name=_POWERTOOLS)
    folder = Path(spec.submodule_search_locations[0], "event_handler", "openapi", "swagger_ui")
    return [folder / name for name in _SWAGGER]
