"""The ONNX project's own cases through the handler, and the page of those that do not pass.

    python -m tests.conformance

Writes docs/conformance.md.
"""

from __future__ import annotations

import io
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

from tests.conformance.backend import Outcome, cases, run

_PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
_HEAD = """# The ONNX project's own cases

Every case that the installed `onnx` can make of its operators, published to a store and asked
through the function's handler, with requests that Triton's client wrote and answers that it read:
binary tensors both ways. `make test` runs them; `python -m tests.conformance` writes this page.

"""
_PARTS = {
    "failed": "Cases that do not pass",
    "not run": "Operators or types that onnxruntime has not on the CPU",
    "not carried": "Tensors that the Open Inference Protocol does not carry",
}


def main() -> None:
    """Run every case and write the page."""
    # The function logs what onnxruntime can't do.
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        outcomes = [run(case, f"file://{folder}/store") for case in cases()]
    _PAGE.write_text(page(outcomes), encoding="utf-8")
    print(f"wrote {_PAGE}")


def page(outcomes: Sequence[Outcome]) -> str:
    """The page, as Markdown."""
    counts = Counter(outcome.kind for outcome in outcomes)
    could = counts["passed"] + counts["failed"]
    packages = ", ".join(f"{name} {version(name)}" for name in ("onnx", "onnxruntime"))
    figures = (
        f"**{len(outcomes):,} cases: of the {could:,} that onnxruntime can run and the protocol "
        f"can carry, {counts['passed']:,} pass, {counts['passed'] / could:.1%}.** "
        f"Made with {packages}.\n"
    )
    return _HEAD + figures + "".join(_part(kind, outcomes) for kind in _PARTS)


def _part(kind: str, outcomes: Sequence[Outcome]) -> str:
    by_reason = defaultdict(list)
    for outcome in outcomes:
        if outcome.kind == kind:
            by_reason[outcome.reason].append(outcome.name)
    return f"\n## {_PARTS[kind]}\n\n| cases | why |\n|---|---|\n" + "".join(_rows(by_reason))


def _rows(by_reason: dict[str, list[str]]) -> Iterator[str]:
    for reason, names in sorted(by_reason.items()):
        told = ", ".join(name.removeprefix("test_") for name in names)
        yield f"| {told} | {reason.replace('|', ' ')} |\n"


if __name__ == "__main__":
    main()
