"""Export a trained model to ONNX, prove the export right, and publish it for AWS Lambda."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bundle import Bundle
    from .package import build
    from .pipeline import export, export_file
    from .recertify import certify
    from .registry import publish

__all__ = ["Bundle", "build", "certify", "export", "export_file", "publish"]

_HOMES = {
    "Bundle": "bundle",
    "build": "package",
    "certify": "recertify",
    "export": "pipeline",
    "export_file": "pipeline",
    "publish": "registry",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute
    """Import a public name when it is first used: a `coldpress --help` needs no onnx."""
    if name not in _HOMES:
        raise AttributeError(f"module 'coldpress' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
