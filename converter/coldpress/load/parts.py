"""Models inside models, such as a pipeline's steps, a search's candidate or a booster's wrapper."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["models_inside"]


def models_inside(
    model: object, *, mappings: bool = False, closed: tuple[type, ...] = ()
) -> Iterator[object]:
    """A model, and every model that it or a list or tuple of its holds, each once.

    A model is what has `fit`, `predict` or `predict_proba`; not all are scikit-learn's estimators.

    Args:
        model: The outermost.
        mappings: Whether to look into dictionaries, too, which also hold candidates of searches
            that were never trained.
        closed: Kinds that are models, and what is inside is their own affair.
    """
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, list | tuple):
            # Trees of a forest are many and alike: lists are searched, not arrays.
            waiting.extend(part)
        elif mappings and isinstance(part, dict):
            waiting.extend(part.values())
        elif _is_model(part):
            yield part
            if not isinstance(part, closed):
                waiting.extend(vars(part).values())


def _is_model(part: object) -> bool:
    answers = any(hasattr(part, name) for name in ("fit", "predict", "predict_proba"))
    return answers and hasattr(part, "__dict__") and not isinstance(part, type)
