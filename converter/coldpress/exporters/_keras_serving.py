"""Keras models followed as they serve, without what they keep for training.

Layers that augment images may draw a seed though they then hand their input on as it is. That
changes a variable, which no ONNX graph can; and what no answer depends on need not be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coldpress.errors import ExportError

__all__ = ["served"]


def served(model: Any, call: Callable[[], Any]) -> list[Any]:  # noqa: ANN401 - untyped package
    """Follow a call of a model so that it changes no variable.

    Args:
        model: The Keras model.
        call: Calls it, while a function is traced.

    Returns:
        Its answers, flattened.

    Raises:
        ExportError: An answer depends on a variable that the call would have changed, so that
            the next call answers otherwise.
    """
    import keras  # noqa: PLC0415 - there is a Keras model, so it is imported

    with keras.StatelessScope() as scope:
        answers = [keras.ops.convert_to_tensor(answer) for answer in keras.tree.flatten(call())]
    own = {id(v.value.handle): v for v in model.variables if hasattr(v.value, "handle")}
    changed = {key for key, v in own.items() if scope.get_current_value(v) is not None}
    # One that the model does not know of, such as the seed of all that have none of their own.
    hidden = len(scope.state_mapping) > len(changed)
    for handle in map(id, _handles(answers)):
        if handle in changed or (hidden and handle not in own):
            name = own[handle].path if handle in own else "a variable outside the model"
            raise ExportError(
                f"the Keras model's answers depend on what each of them changes ({name}); build it "
                "without random numbers and without stateful layers"
            )
    return answers


def _handles(answers: Sequence[Any]) -> Iterator[Any]:
    """The variables that tensors are made from; those that they only wait for are left out."""
    captures = {id(inner): outer for answer in answers for outer, inner in answer.graph.captures}
    waiting, seen = list(answers), {id(answer) for answer in answers}
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in captures:
            yield captures[id(tensor)]
        for source in tensor.op.inputs:
            if id(source) not in seen:
                seen.add(id(source))
                waiting.append(source)
