"""Paths on the command line: each has a name, since an empty one would be the working directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .command import click

__all__ = ["NamedPath"]


class NamedPath(click.Path):
    """A path that is not empty, as a variable that is not set would make it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - click's own interface
        super().__init__(path_type=Path, **options)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's own interface
        """The path, as click does it."""
        if not str(value).strip():
            self.fail("the path has no name; write . for this folder", param, ctx)
        return super().convert(value, param, ctx)
