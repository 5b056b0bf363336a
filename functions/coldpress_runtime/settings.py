"""The function's settings: the environment, read once into one frozen value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .artifact import NAME
from .errors import ArtifactError
from .options import (
    MEGABYTES_PER_CPU,
    FetchOptions,
    Limits,
    SessionOptions,
    model_memory_for,
    threads_for,
    unpacked_bytes_for,
    values_for,
)
from .pointers import ModelUri

__all__ = ["Settings", "asks_for_plain_http"]

# Beyond these a setting is a slip: 15 minutes is Lambda's longest run.
_MOST_THREADS = 256
_MOST_STREAMS = 64
_MOST_SECONDS = 900
_MOST_BYTES = 10**15
_DAY = 86_400
_DIGITS = 18
_MOST_DEPTH = 1000
_MOST_RANK = 64
_FETCH = FetchOptions()
_SWITCH = {"on": True, "off": False}
# As Powertools reads its own variables, whose meaning is kept.
_TRUE = ("1", "y", "yes", "t", "true", "on")
# Between models; a directory's name may hold blanks and commas, too.
_BETWEEN_MODELS = re.compile(r"[\s,]+(?=[a-z][a-z0-9+]*://)")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/*\s]+")
_LIVE = "live"
# WARN is what Lambda itself says.
_QUIET_LEVELS = ("WARN", "WARNING", "ERROR", "CRITICAL", "FATAL")


class Settings(NamedTuple):
    """What the function is told from outside; docs/function-settings.md lists every variable.

    Attributes:
        models: What is served, the first of which is opened in INIT: ``MODEL_URI``, or the models
            of ``COLDPRESS_MODELS`` in the store that it names then.
        channel_seconds: ``COLDPRESS_CHANNEL_SECONDS``: how old a channel's pointer may be before
            it is read again.
        model_memory: ``COLDPRESS_MODEL_MEMORY``: bytes that several models may fill before the
            least recently used ones leave.
        session: How onnxruntime is set up: ``COLDPRESS_THREADS``, ``COLDPRESS_SPINNING`` and
            ``COLDPRESS_PREPACKING``.
        fetch: How the model is fetched: ``COLDPRESS_FETCH_SECONDS``, ``COLDPRESS_FETCH_STREAMS``,
            ``COLDPRESS_MAX_MODEL_BYTES``, ``COLDPRESS_SCRATCH``, and whether
            ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` asks for plain HTTP, as a server for
            tests does.
        initialization: ``AWS_LAMBDA_INITIALIZATION_TYPE``: ``on-demand``, ``snap-start`` or
            ``provisioned-concurrency``, among others.
        init_seconds: ``COLDPRESS_INIT_SECONDS``: how long the INIT phase waits for the model before
            it leaves the rest to the first request.
        limits: What a request may hold: ``COLDPRESS_MAX_BODY_BYTES``,
            ``COLDPRESS_MAX_UNPACKED_BYTES``, ``COLDPRESS_MAX_RATIO``, ``COLDPRESS_MAX_DEPTH``,
            ``COLDPRESS_MAX_RANK``, ``COLDPRESS_MAX_ELEMENTS``, ``COLDPRESS_MAX_VALUES`` and
            ``COLDPRESS_MAX_RESPONSE_BYTES``.
        base_path: ``COLDPRESS_BASE_PATH``: what leads each path and is none of the function's, such
            as a custom domain's base path; with a leading slash and no final one, or empty.
        cors_origins: ``COLDPRESS_CORS_ORIGINS``: the origins whose pages may call the function.
        results: ``COLDPRESS_RESULTS``: URL of the place for answers to a queue's messages; empty if
            there is none.
        dead_letter_queue: ``COLDPRESS_DEAD_LETTER_QUEUE``: URL of the queue for messages that can't
            be answered; empty if only the queue's own redrive policy is to fill one.
        log_information: Whether lines of the level INFO are wanted.
        log_requests: ``COLDPRESS_LOG_REQUESTS``: whether a request is logged; a fault always is.
        metrics: Whether requests are counted, unless ``POWERTOOLS_METRICS_DISABLED``.
        metrics_namespace: ``POWERTOOLS_METRICS_NAMESPACE``: CloudWatch namespace of the metrics.
        service: ``POWERTOOLS_SERVICE_NAME``: the service's name in logs and metrics.
        problems: What is wrong with the variables that could not be read; one sentence each. A
            function with problems answers 503 and logs them, rather than crash in a loop.
    """

    models: tuple[ModelUri, ...]
    channel_seconds: int
    model_memory: int
    session: SessionOptions
    fetch: FetchOptions
    initialization: str
    init_seconds: int
    limits: Limits
    base_path: str
    cors_origins: tuple[str, ...]
    results: str
    dead_letter_queue: str
    log_information: bool
    log_requests: bool
    metrics: bool
    metrics_namespace: str
    service: str
    problems: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; what can't be read becomes a default and a problem."""
        reader = _Reader(environment)
        memory = reader.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEGABYTES_PER_CPU, _MOST_BYTES)
        informs = _logs_information(environment)
        return cls(
            models=_models(reader),
            channel_seconds=reader.number("COLDPRESS_CHANNEL_SECONDS", 60, _DAY),
            model_memory=reader.number(
                "COLDPRESS_MODEL_MEMORY", model_memory_for(memory), _MOST_BYTES
            ),
            session=_session(reader, memory),
            fetch=_fetch(reader, environment),
            initialization=environment.get("AWS_LAMBDA_INITIALIZATION_TYPE") or "on-demand",
            init_seconds=reader.number("COLDPRESS_INIT_SECONDS", 8, _MOST_SECONDS),
            limits=_limits(reader, memory),
            base_path=reader.path("COLDPRESS_BASE_PATH"),
            cors_origins=reader.origins("COLDPRESS_CORS_ORIGINS"),
            results=environment.get("COLDPRESS_RESULTS", "").strip(),
            dead_letter_queue=environment.get("COLDPRESS_DEAD_LETTER_QUEUE", "").strip(),
            log_information=informs,
            log_requests=reader.switch("COLDPRESS_LOG_REQUESTS", default=True) and informs,
            metrics=environment.get("POWERTOOLS_METRICS_DISABLED", "").lower() not in _TRUE,
            metrics_namespace=environment.get("POWERTOOLS_METRICS_NAMESPACE") or "Coldpress",
            service=environment.get("POWERTOOLS_SERVICE_NAME") or "service_undefined",
            problems=tuple(reader.problems),
        )


def asks_for_plain_http(environment: Mapping[str, str]) -> bool:
    """Whether the S3 endpoint in an environment is a plain ``http://`` one."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    endpoints = [environment[name] for name in names if environment.get(name)]
    return bool(endpoints) and endpoints[0].startswith("http://")


class _Reader:
    """Reads variables, and keeps what was wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            self.problems.append(f"{name} is not set")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        # The length stands first, since int() refuses thousands of digits.
        if len(text) <= _DIGITS and text.isascii() and text.isdigit() and 0 < int(text) <= most:
            return int(text)
        self.problems.append(f"{name} must be a whole number from 1 to {most:,}, not {text!r:.40}")
        return default

    def names(self, name: str) -> tuple[str, ...]:
        """Words between commas or blanks."""
        return tuple(self._environment.get(name, "").replace(",", " ").split())

    def origins(self, name: str) -> tuple[str, ...]:
        """Origins of pages, or an asterisk."""
        found = self.names(name)
        self.problems += [
            f"{name} must list origins such as https://app.example.com, or *, not {origin!r:.80}"
            for origin in found
            if origin != "*" and not _ORIGIN.fullmatch(origin)
        ]
        return found

    def path(self, name: str) -> str:
        """A path with a leading slash and no final one; empty if there is none."""
        text = self._environment.get(name, "").strip().strip("/")
        return f"/{text}" if text else ""

    def switch(self, name: str, *, default: bool) -> bool:
        return bool(self.choice(name, _SWITCH, default=default))

    def choice(
        self, name: str, choices: Mapping[str, bool | None], *, default: bool | None
    ) -> bool | None:
        text = self._environment.get(name, "").strip().lower()
        if text and text not in choices:
            self.problems.append(f"{name} must be {_either(choices)}, not {text!r:.40}")
        return choices.get(text, default)


def _models(reader: _Reader) -> tuple[ModelUri, ...]:
    """The models to serve; a name that is there twice, or is none, is a problem."""
    models: dict[str, ModelUri] = {}
    for text in _written(reader):
        try:
            uri = ModelUri.parse(text)
        except ArtifactError as error:
            reader.problems.append(f"MODEL_URI: {error}")
            continue
        if uri.name in models:
            reader.problems.append(f"the model '{uri.name}' is named twice; serve one of the two")
        models[uri.name] = uri
    return tuple(models.values())


def _written(reader: _Reader) -> Iterator[str]:
    """The models' URIs as the environment has them, or as its list and its store make them."""
    text, listed = reader.text("MODEL_URI"), reader.names("COLDPRESS_MODELS")
    if not text:
        return
    if not listed:
        yield from _BETWEEN_MODELS.split(text.strip(" ,"))
    elif _names_model(text):
        reader.problems.append(
            "MODEL_URI names a model though COLDPRESS_MODELS is set; let it name the store that "
            "holds them, such as s3://my-bucket/models"
        )
    else:
        for entry in listed:
            name, _, pointer = entry.partition("@")
            if NAME.fullmatch(name):
                yield f"{text.rstrip('/')}/{name}@{pointer or _LIVE}"
            else:
                reader.problems.append(
                    "COLDPRESS_MODELS must list NAME, NAME@CHANNEL or NAME@sha256:DIGEST, not "
                    f"{entry!r:.80}"
                )


def _names_model(text: str) -> bool:
    try:
        return bool(ModelUri.parse(text))
    except ArtifactError:
        return False


def _limits(reader: _Reader, memory: int) -> Limits:
    usual = Limits(unpacked_bytes=unpacked_bytes_for(memory), values=values_for(memory))
    # orjson reads no deeper than 1,024, and numpy's arrays have 64 dimensions at most.
    most = {"depth": _MOST_DEPTH, "rank": _MOST_RANK}
    return Limits(
        **{
            name: reader.number(f"COLDPRESS_MAX_{name.upper()}", value, most.get(name, _MOST_BYTES))
            for name, value in usual._asdict().items()
        }
    )


def _fetch(reader: _Reader, environment: Mapping[str, str]) -> FetchOptions:
    return FetchOptions(
        seconds=reader.number("COLDPRESS_FETCH_SECONDS", _FETCH.seconds, _MOST_SECONDS),
        streams=reader.number("COLDPRESS_FETCH_STREAMS", _FETCH.streams, _MOST_STREAMS),
        max_model_bytes=reader.number(
            "COLDPRESS_MAX_MODEL_BYTES", _FETCH.max_model_bytes, _MOST_BYTES
        ),
        scratch=environment.get("COLDPRESS_SCRATCH") or _FETCH.scratch,
        plain_http=asks_for_plain_http(environment),
    )


def _session(reader: _Reader, memory: int) -> SessionOptions:
    return SessionOptions(
        threads=reader.number("COLDPRESS_THREADS", threads_for(memory), _MOST_THREADS),
        spinning=reader.switch("COLDPRESS_SPINNING", default=False),
        prepacking=reader.choice("COLDPRESS_PREPACKING", {"auto": None, **_SWITCH}, default=None),
    )


def _logs_information(environment: Mapping[str, str]) -> bool:
    """Whether Powertools' logger would write a line of the level INFO."""
    names = ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL")
    levels = [environment[name] for name in names if environment.get(name)]
    return not levels or levels[0].upper() not in _QUIET_LEVELS


def _either(choices: Mapping[str, object]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}"
