"""Compile every module below a folder, for the Python that runs this program.

Arguments: the folder, and where it will lie later. Prints one JSON object: why a module could not
be compiled, by its path below the folder.
"""

import json
import py_compile
import sys
from pathlib import Path


def main(folder: Path, later: str) -> None:
    """Compile one module after the other, in one order: the same sources give the same bytes."""
    failures = {}
    for source in sorted(folder.rglob("*.py")):
        name = source.relative_to(folder).as_posix()
        try:
            _compile(source, f"{later}/{name}")
        except py_compile.PyCompileError as error:
            failures[name] = _reason(error.exc_value)
    json.dump(failures, sys.stdout)


def _compile(source: Path, name: str) -> None:
    # Not importlib's cache_from_source: a sys.pycache_prefix would put it elsewhere.
    compiled = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(
        str(source),
        cfile=str(compiled),
        dfile=name,
        doraise=True,
        optimize=0,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg}, line {error.lineno}"
    return str(error)


main(Path(sys.argv[1]), sys.argv[2])
