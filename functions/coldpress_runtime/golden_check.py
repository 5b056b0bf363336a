"""A model held against the golden examples of its own bundle, before it answers anybody.

What they are compared by is a little looser than the certificate, which knew the original's scores
and the sizes of all its answers; the check is for versions that answer something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from .dialects.json_tensors import decode
from .errors import RuntimeFault
from .fetching import store_of
from .options import Limits
from .session import DTYPES, Tensors, datatype_of
from .store import read_blob

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .artifact import CertificateSummary, Manifest
    from .loading import LoadedModel
    from .pointers import ModelUri
    from .settings import Settings

__all__ = ["GoldenMismatch", "answer_of", "check_golden", "compare_examples", "tensors_of"]

# The certificate's own: see docs/certificate.md.
_RTOL = 1e-4
_ATOL = 1e-5
# How many times the largest difference that the certificate measured numbers may be apart. What
# quantised layers lose hangs on the other rows of a request, and the certificate's were many.
_SLACK = {"exact": 1, "lossy": 4}


class GoldenMismatch(RuntimeFault):
    """The model does not answer its golden examples as the original did."""

    code = "golden"


def check_golden(model: LoadedModel, pinned: ModelUri, settings: Settings) -> None:
    """Compare a model's answers with its bundle's golden examples; without any, there is no check.

    Args:
        model: The model.
        pinned: Where its bundle lies.
        settings: How to read it.

    Raises:
        GoldenMismatch: A label is another, or a number is too far off; or they can't be read.
        ModelUnavailable: The examples are not in the store.
    """
    blob = model.manifest.golden
    if blob is None:
        return
    data = read_blob(store_of(pinned.root, settings.fetch), pinned, blob)

    def ask(request: dict[str, Any]) -> Tensors:
        return model.session.run(tensors_of(request, settings.limits))

    compare_examples(data, ask, model.manifest)


def compare_examples(
    golden: bytes, ask: Callable[[dict[str, Any]], Tensors], manifest: Manifest
) -> None:
    """Compare answers with golden examples, as `coldpress.golden` writes them.

    Args:
        golden: The examples' file.
        ask: Has a request answered: a document of the Open Inference Protocol, with its inputs.
        manifest: Of the model that answers.

    Raises:
        GoldenMismatch: As `check_golden`.
    """
    examples = _examples(golden)
    other = []
    for number, (request, expected) in enumerate(examples, 1):
        where = f"golden example {number} of {len(examples)}"
        try:
            answer = ask(request)
        except RuntimeFault as error:
            raise GoldenMismatch(f"the model can't answer {where}: {error}") from error
        _check_numbers(where, expected, answer, manifest.certificate)
        if _labels_differ(expected, answer):
            other.append(where)
    if len(other) > _other_labels(manifest):
        raise GoldenMismatch(f"the model gives another label than the original to {other[0]}")


def _examples(golden: bytes) -> list[tuple[dict[str, Any], Tensors]]:
    """Each request with what the original answered."""
    try:
        return [
            (
                each["request"],
                {output["name"]: answer_of(output) for output in each["response"]["outputs"]},
            )
            for each in orjson.loads(golden)["examples"]
        ]
    except (ValueError, LookupError, TypeError) as error:
        raise GoldenMismatch(f"the golden examples can't be read: {error}") from error


def tensors_of(request: dict[str, Any], limits: Limits) -> Tensors:
    """A golden request's tensors by name; `GoldenMismatch` if it is none."""
    try:
        return {
            each["name"]: decode(
                "a golden request",
                datatype=each["datatype"],
                shape=each["shape"],
                data=each["data"],
                limits=limits,
            )
            for each in request["inputs"]
        }
    except (LookupError, TypeError) as error:
        raise GoldenMismatch(f"the golden examples can't be read: {error}") from error


def answer_of(output: dict[str, Any]) -> NDArray[Any]:
    """An output of an answer; where it was NaN, JSON has null."""
    kind = DTYPES[output["datatype"]]
    wide = np.dtype(np.float64) if kind.kind == "f" else kind
    return np.array(output["data"], dtype=wide).reshape(output["shape"])


def _check_numbers(
    where: str, expected: Tensors, answer: Tensors, certificate: CertificateSummary
) -> None:
    slack = _SLACK[certificate.tolerance] * certificate.max_abs_diff
    for name, wanted in expected.items():
        found = answer.get(name, np.empty(0))
        if wanted.shape != found.shape:
            raise GoldenMismatch(
                f"'{name}' has shape {list(found.shape)} for {where}, not {list(wanted.shape)}"
            )
        if _is_label(found):
            continue
        found = found.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(found - wanted) <= _ATOL + _RTOL * np.abs(wanted) + slack
        if not (near | (np.isnan(found) & np.isnan(wanted))).all():
            raise GoldenMismatch(f"'{name}' is too far from what the original gave to {where}")


def _labels_differ(expected: Tensors, answer: Tensors) -> bool:
    return any(
        not np.array_equal(wanted, answer[name])
        for name, wanted in expected.items()
        if _is_label(answer[name])
    )


def _is_label(array: NDArray[Any]) -> bool:
    return not datatype_of(array).startswith("FP")


def _other_labels(manifest: Manifest) -> int:
    """How many examples may have another label: one, where the certificate has seen another."""
    agreement = manifest.certificate.label_agreement
    return int(agreement is not None and agreement < 1)
