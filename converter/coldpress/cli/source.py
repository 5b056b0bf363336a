"""Options that every command has that reads a trained model and rows for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from coldpress.wanted import TECHNIQUES

from .command import click
from .paths import NamedPath

__all__ = ["compress_option", "model_argument", "rows_options", "source_options"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

model_argument = click.argument("model")
compress_option = click.option(
    "--compress",
    type=click.Choice(TECHNIQUES),
    default="lossless",
    show_default=True,
    help="How to make the model smaller: without loss, by one technique, or whichever is smallest "
    "and still good enough.",
)


def rows_options(function: _Function) -> _Function:
    """Which columns of the rows are what."""
    for option in (
        click.option(
            "--labels",
            metavar="COLUMN",
            help="Column with the true labels or targets, to measure how well the model does.",
        ),
        click.option(
            "--drop", multiple=True, metavar="COLUMN", help="Leave this column of the rows out."
        ),
    ):
        function = option(function)
    return function


def source_options(function: _Function) -> _Function:
    """How the model is read: the fields of `coldpress.pipeline.ModelSource` but the model."""
    for option in (
        click.option(
            "--plugin",
            "plugins",
            multiple=True,
            metavar="MODULE",
            help="Import this module first; it may register converters for its own estimators.",
        ),
        click.option(
            "--signature", metavar="NAME", help="Which signature of a TensorFlow SavedModel."
        ),
        click.option(
            "--weights",
            type=NamedPath(),
            help="Weights for MODULE:FACTORY: .safetensors, or a state dict (.pt).",
        ),
        click.option(
            "--trust",
            is_flag=True,
            help="Read what can run code: .joblib, .pkl, .h5, .pt2, TorchScript, MODULE:FACTORY, "
            "some SavedModels.",
        ),
    ):
        function = option(function)
    return function
