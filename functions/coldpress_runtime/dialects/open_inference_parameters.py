"""The parameters of inference requests that change an answer; any others are passed over.

Sources: Triton's extensions of the protocol for binary tensors, classification and shared memory,
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/README.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from coldpress_runtime.errors import RequestError

__all__ = ["PLAIN", "Form", "Forms", "binary_size", "forms_of", "parameters_of"]

_NOTHING: Mapping[str, Any] = {}
_SHARED_MEMORY = "shared_memory_region"


class Form(NamedTuple):
    """How an output is sent.

    Attributes:
        binary: Whether as bytes after the JSON, rather than as its `data`.
        classes: How many of its highest values are sent in its place, with their classes; 0 sends
            the output itself.
    """

    binary: bool = False
    classes: int = 0


PLAIN = Form()


class Forms(NamedTuple):
    """How the outputs of one request are sent.

    Attributes:
        usual: The form of every output, where the request names none.
        named: The forms of the outputs that it names, by name.
    """

    usual: Form
    named: Mapping[str, Form]

    def of(self, name: str) -> Form:
        """How an output is sent."""
        return self.named.get(name, self.usual)

    @property
    def are_plain(self) -> bool:
        """Whether every output is sent as JSON, as it is."""
        return all(form == PLAIN for form in self._used)

    @property
    def are_text(self) -> bool:
        """Whether every output is sent as JSON."""
        return not any(form.binary for form in self._used)

    @property
    def _used(self) -> Collection[Form]:
        return self.named.values() or (self.usual,)


def parameters_of(fields: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The parameters of a request, an input or a requested output; none count as empty ones.

    Raises:
        RequestError: They are no object.
    """
    parameters = fields.get("parameters")
    if parameters is None:
        return _NOTHING
    if not isinstance(parameters, dict):
        raise RequestError(f"{where}: parameters must be an object")
    return parameters


def binary_size(fields: Mapping[str, Any], where: str) -> int | None:
    """How many bytes an input has after the JSON; None if its data stand in the JSON.

    Raises:
        RequestError: The parameter is no whole number, the input has data as well, or it lies in
            shared memory.
    """
    parameters = parameters_of(fields, where)
    _refuse_shared_memory(parameters, where)
    size = _count(parameters, "binary_data_size", where)
    if size is not None and fields.get("data") is not None:
        raise RequestError(f"{where} has both data and binary_data_size; send one of them")
    return size


def forms_of(document: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]]) -> Forms:
    """How a request wants its outputs sent.

    Args:
        document: The request.
        outputs: Its requested outputs, whose names are known to be strings.

    Raises:
        RequestError: A parameter that counts is not of its type, or an output is to be written to
            shared memory.
    """
    parameters = parameters_of(document, "the request")
    binary = _flag(parameters, "binary_data_output", "the request")
    usual = Form(binary=bool(binary))
    return Forms(usual, {fields["name"]: _form(fields, usual) for fields in outputs})


def _form(fields: Mapping[str, Any], usual: Form) -> Form:
    where = f"requested output '{fields['name']:.64}'"
    parameters = parameters_of(fields, where)
    _refuse_shared_memory(parameters, where)
    binary = _flag(parameters, "binary_data", where)
    return Form(
        binary=usual.binary if binary is None else binary,
        classes=_count(parameters, "classification", where) or 0,
    )


def _flag(parameters: Mapping[str, Any], name: str, where: str) -> bool | None:
    value = parameters.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise RequestError(f"{where}: {name} must be true or false, not {value!r:.64}")


def _count(parameters: Mapping[str, Any], name: str, where: str) -> int | None:
    value = parameters.get(name)
    # A boolean is an integer to Python, but not to JSON.
    if value is None or (type(value) is int and value >= 0):
        return value
    raise RequestError(f"{where}: {name} must be a whole number from 0, not {value!r:.64}")


def _refuse_shared_memory(parameters: Mapping[str, Any], where: str) -> None:
    if _SHARED_MEMORY in parameters:
        raise RequestError(
            f"{where} lies in shared memory, which the function can't reach; use the request and "
            "its answer"
        )
