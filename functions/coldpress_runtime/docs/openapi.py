"""The OpenAPI 3.1 document of a function, derived from the signatures of the models it serves.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from coldpress_runtime.version import VERSION

from .catalogue import Entry
from .operations import Part

__all__ = ["DIALECTS", "openapi_document"]

# Every protocol that the function answers, in the document's order; each is a module of `paths`.
DIALECTS = ("open_inference", "tensorflow_serving", "invocations", "records")

_DESCRIPTION = (
    "A model in, predictions out. Every schema here is derived from the model's own signature, and "
    "the examples are rows that its export was certified with."
)


def openapi_document(entries: tuple[Entry, ...]) -> dict[str, Any]:
    """The document as JSON values.

    Args:
        entries: The models, at least one.
    """
    parts = [_part(dialect, entries) for dialect in DIALECTS]
    return {
        "openapi": "3.1.0",
        "info": {"title": _title(entries), "version": VERSION, "description": _DESCRIPTION},
        # Beside the document, whatever stage or base path leads both.
        "servers": [{"url": "."}],
        "tags": [{"name": part.tag} for part in parts],
        "paths": {path: item for part in parts for path, item in part.paths.items()},
        "components": {
            "schemas": {name: schema for part in parts for name, schema in part.schemas.items()}
        },
    }


def _part(dialect: str, entries: tuple[Entry, ...]) -> Part:
    module = import_module(f"{__package__}.paths.{dialect}")
    part: Part = module.described(entries)
    return part


def _title(entries: tuple[Entry, ...]) -> str:
    return f"Coldpress: {', '.join(entry.name for entry in entries)}"
