"""What in a ``.pt2`` archive could run code: torch itself does not refuse any of it.

`torch.export.load` unpickles weights that say so and example inputs that a strict unpickler has
refused, evaluates the expressions of free dimensions as Python (through sympy), and looks up the
targets of calls by name. So an archive is read without trust only if it holds nothing but tensors
as raw bytes, plain arithmetic, and calls of operators.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from ._globals import find_globals

__all__ = ["suspicious"]

_NUMBER_OR_NAME = re.compile(r"[A-Za-z_]\w*|\d+|[\s+\-*/(),<>=!&|~]")
_KNOWN_NAMES = re.compile(
    r"[suz]\d+|Symbol|Integer|int_oo|oo|zoo|True|False|positive|integer|nonnegative|finite"
    r"|Max|Min|Mod|PythonMod|CleanDiv|CeilDiv|FloorDiv|IntTrueDiv|FloatTrueDiv|PowByNatural"
    r"|CeilToInt|FloorToInt|TruncToInt|Pow|Add|Mul|Eq|Ne|Lt|Le|Gt|Ge|And|Or|Not|Abs|Where"
    r"|floor|ceiling|sqrt|log2|Rational|Float|LShift|RShift|ToFloat|RoundToInt|Identity"
)
_QUOTED_SYMBOL = re.compile(r"'[suz]\d+'")
_OPERATORS = re.compile(
    r"torch\.ops\.(?:aten|prims|quantized_decomposed|higher_order)\.\w+(?:\.\w+)?"
    r"|(?:_operator|operator)\.(?:getitem|add|sub|mul|floordiv|mod|neg|pow|truediv|eq|ne|lt|le|gt|ge|and_|or_)"
    r"|math\.(?:ceil|floor|sqrt|trunc)|torch\.sym_(?:float|int|max|min|not|sum|sqrt|ite)"
)
# What plain tensors in a pickle need; torch's strict unpickler takes them.
_TENSORS = re.compile(
    r"torch\._utils\._rebuild_(?:tensor_v2|parameter)|torch\._tensor\._rebuild_from_type_v2"
    r"|torch\.(?:\w+Storage|Size|Tensor|nn\.parameter\.Parameter)|torch\.storage\.\w+Storage"
    r"|torch\.(?:float|double|half|bfloat16|long|int|short|bool|u?int\d+|float\d+)"
    r"|collections\.OrderedDict"
)


def suspicious(data: bytes) -> tuple[str, ...]:
    """What in an archive could run code, each in a few words, sorted; empty if nothing could.

    Args:
        data: The archive, already checked to be a zip file.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return tuple(sorted(set(_found(archive))))


def _found(archive: zipfile.ZipFile) -> Iterator[str]:
    for name in archive.namelist():
        if name.endswith(".json"):
            try:
                yield from _in_document(json.loads(archive.read(name)))
            except (ValueError, RecursionError):
                yield f"{name.rpartition('/')[2]}, which can't be read"
        elif name.endswith((".pt", ".pkl", ".so", ".py", ".cubin")):
            yield from _in_member(name, archive.read(name))


def _in_member(name: str, data: bytes) -> Iterator[str]:
    if not name.endswith(".pt"):
        yield f"the file {name.partition('/')[2]:.80}"
    elif data:
        yield from _in_pickle(data)


def _in_pickle(data: bytes) -> Iterator[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            pickles = [inner.read(n) for n in inner.namelist() if n.endswith(".pkl")]
    except zipfile.BadZipFile:
        pickles = [data]
    for each in pickles:
        found = find_globals(each)
        if not found.complete:
            yield "a pickle that can't be searched to its end"
        yield from (name for name in found.names if not _TENSORS.fullmatch(name))


def _in_document(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        if not isinstance(item, dict):
            continue
        if item.get("use_pickle"):
            yield "weights that are pickled"
        if "custom_obj" in item or "as_custom_obj" in item:
            yield "a custom object"
        expression, target = item.get("expr_str"), item.get("target")
        if isinstance(expression, str) and not _is_arithmetic(expression):
            yield f"the expression {expression!r:.80}"
        if isinstance(target, str) and "inputs" in item and not _OPERATORS.fullmatch(target):
            yield target
        stack.extend(item.values())


def _is_arithmetic(text: str) -> bool:
    plain = _QUOTED_SYMBOL.sub("0", text)
    tokens = _NUMBER_OR_NAME.findall(plain)
    if "".join(tokens) != plain:
        return False
    names = [token for token in tokens if token[0].isalpha() or token[0] == "_"]
    return all(_KNOWN_NAMES.fullmatch(name) for name in names)
