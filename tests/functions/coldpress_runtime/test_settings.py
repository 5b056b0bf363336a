import pytest

from coldpress_runtime.options import FetchOptions, Limits, SessionOptions
from coldpress_runtime.pointers import ModelUri
from coldpress_runtime.settings import Settings

URI = "s3://bucket/models/iris@live"
DIGEST = "0123456789abcdef" * 4
DEFAULTS = Settings(
    models=(ModelUri(root="s3://bucket/models", name="iris", channel="live"),),
    channel_seconds=60,
    model_memory=1_289_748_480,
    session=SessionOptions(threads=1, spinning=False, prepacking=None),
    fetch=FetchOptions(
        seconds=20,
        streams=8,
        max_model_bytes=4_294_967_296,
        scratch="/tmp",  # noqa: S108 - Lambda's own
        plain_http=False,
    ),
    initialization="on-demand",
    init_seconds=8,
    limits=Limits(
        body_bytes=6_291_456,
        unpacked_bytes=33_554_432,
        ratio=100,
        depth=100,
        rank=16,
        elements=16_777_216,
        response_bytes=6_000_000,
    ),
    base_path="",
    cors_origins=(),
    results="",
    dead_letter_queue="",
    log_information=True,
    log_requests=True,
    metrics=True,
    metrics_namespace="Coldpress",
    service="service_undefined",
)
NUMBERS = {
    "COLDPRESS_THREADS": ("session.threads", 256),
    "COLDPRESS_FETCH_SECONDS": ("fetch.seconds", 900),
    "COLDPRESS_FETCH_STREAMS": ("fetch.streams", 64),
    "COLDPRESS_INIT_SECONDS": ("init_seconds", 900),
    "COLDPRESS_CHANNEL_SECONDS": ("channel_seconds", 86_400),
    "COLDPRESS_MODEL_MEMORY": ("model_memory", 10**15),
    "COLDPRESS_MAX_BODY_BYTES": ("limits.body_bytes", 10**15),
    "COLDPRESS_MAX_UNPACKED_BYTES": ("limits.unpacked_bytes", 10**15),
    "COLDPRESS_MAX_RATIO": ("limits.ratio", 10**15),
    "COLDPRESS_MAX_DEPTH": ("limits.depth", 1000),
    "COLDPRESS_MAX_RANK": ("limits.rank", 64),
    "COLDPRESS_MAX_ELEMENTS": ("limits.elements", 10**15),
    "COLDPRESS_MAX_RESPONSE_BYTES": ("limits.response_bytes", 10**15),
    "COLDPRESS_MAX_MODEL_BYTES": ("fetch.max_model_bytes", 10**15),
}
NO_NUMBERS = {
    "text": "many",
    "zero": "0",
    "negative": "-1",
    "fraction": "1.5",
    "exponent": "1e3",
    "underscore": "1_0",
    "hexadecimal": "0x10",
    "superscript": "²",
    "other digits": "٣",
    "beyond the most": str(10**15 + 1),
    "19 digits": "1" * 19,
    "5,000 digits": "1" * 5_000,
}


CHOICES = {
    "prepacking by itself": ("COLDPRESS_PREPACKING", "auto", "session.prepacking", None),
    "prepacking": ("COLDPRESS_PREPACKING", " On ", "session.prepacking", True),
    "no prepacking": ("COLDPRESS_PREPACKING", "off", "session.prepacking", False),
    "spinning": ("COLDPRESS_SPINNING", "on", "session.spinning", True),
    "no request lines": ("COLDPRESS_LOG_REQUESTS", "off", "log_requests", False),
    "debugging": ("POWERTOOLS_LOG_LEVEL", "DEBUG", "log_requests", True),
    "no metrics": ("POWERTOOLS_METRICS_DISABLED", "true", "metrics", False),
    "metrics": ("POWERTOOLS_METRICS_DISABLED", "false", "metrics", True),
    "namespace": ("POWERTOOLS_METRICS_NAMESPACE", "Shop", "metrics_namespace", "Shop"),
    "service": ("POWERTOOLS_SERVICE_NAME", "shop", "service", "shop"),
    "SnapStart": ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start", "initialization", "snap-start"),
    "directory": ("COLDPRESS_SCRATCH", "/mnt/x", "fetch.scratch", "/mnt/x"),
}


def _changed(settings, field, value):
    """The settings with one field changed, or one of their session's or fetch's."""
    outer, _, inner = field.partition(".")
    if not inner:
        return settings._replace(**{outer: value})
    return settings._replace(**{outer: getattr(settings, outer)._replace(**{inner: value})})


def _read(**environment):
    return Settings.from_environment({"MODEL_URI": URI, **environment})


def test_only_the_model_must_be_named():
    """With nothing but the model's URI, every setting has its default and there is no problem."""
    assert _read() == DEFAULTS


@pytest.mark.parametrize("environment", [{}, {"MODEL_URI": ""}, {"MODEL_URI": "  "}])
def test_a_missing_model_is_a_problem(environment):
    """Without a model's URI the settings are read, and say what is missing."""
    assert Settings.from_environment(environment).problems == ("MODEL_URI is not set",)


def test_space_around_a_value_is_passed_over():
    """A pasted value with a newline at its end is read."""
    settings = Settings.from_environment({"MODEL_URI": f" {URI}\n", "COLDPRESS_THREADS": " 2\n"})
    assert settings == _changed(DEFAULTS, "session.threads", 2)


@pytest.mark.parametrize(("name", "field", "most"), [(n, *f) for n, f in NUMBERS.items()])
def test_a_number_is_read_up_to_its_most(name, field, most):
    """Each numeric variable sets its field, the largest value included."""
    assert _read(**{name: str(most)}) == _changed(DEFAULTS, field, most)


@pytest.mark.parametrize(("name", "most"), [(n, most) for n, (_, most) in NUMBERS.items()])
def test_a_number_beyond_its_most_is_a_problem(name, most):
    """A larger value becomes the default, and a problem that names variable and bound."""
    settings = _read(**{name: str(most + 1)})
    problem = f"{name} must be a whole number from 1 to {most:,}, not '{most + 1}'"
    assert settings == DEFAULTS._replace(problems=(problem,))


@pytest.mark.parametrize("text", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_what_is_no_number_is_a_problem(text):
    """A value that is no whole number above 0 becomes the default and a short problem."""
    settings = _read(COLDPRESS_MAX_BODY_BYTES=text)
    assert settings.limits == DEFAULTS.limits
    (problem,) = settings.problems
    assert problem.startswith("COLDPRESS_MAX_BODY_BYTES must be a whole number from 1 to ")
    assert len(problem) < 150


@pytest.mark.parametrize(
    ("text", "path"),
    [("", ""), ("/", ""), ("ml", "/ml"), ("/ml/", "/ml"), (" /ml/v1 ", "/ml/v1")],
    ids=["none", "root", "bare", "with slashes", "two segments"],
)
def test_the_base_path_begins_with_a_slash_and_ends_without(text, path):
    """However the base path is written, it can be taken off the front of a path."""
    assert _read(COLDPRESS_BASE_PATH=text).base_path == path


def test_origins_are_a_list():
    """Origins stand between commas or blanks."""
    origins = ("https://a.example", "https://b.example")
    assert _read(COLDPRESS_CORS_ORIGINS=" , ".join(origins)).cors_origins == origins


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("POWERTOOLS_LOG_LEVEL", "warning"),
        ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
        ("AWS_LAMBDA_LOG_LEVEL", "ERROR"),
    ],
)
def test_a_higher_level_drops_every_line_of_information(name, level):
    """Where only warnings are wanted, neither requests nor swaps are logged."""
    assert _read(**{name: level}) == DEFAULTS._replace(log_information=False, log_requests=False)


PINNED = f"s3://bucket/models/iris@sha256:{DIGEST}"

# MODEL_URI and COLDPRESS_MODELS, and the URIs that they stand for.
MODELS = {
    "two between blanks": (f"{PINNED} s3://b/wine@live", "", [PINNED, "s3://b/wine@live"]),
    "between commas": ("s3://b/a@x, s3://b/b@y,\ngs://c/c@z,", "",
                       ["s3://b/a@x", "s3://b/b@y", "gs://c/c@z"]),
    "directory with blank and comma": ("file:///a b, c/iris@live", "",
                                       ["file:///a b, c/iris@live"]),
    "store and one name": ("s3://bucket/models", "iris", ["s3://bucket/models/iris@live"]),
    "store with a slash": ("s3://bucket/models/", "iris", ["s3://bucket/models/iris@live"]),
    "store and pointers": ("s3://b/m", f"wine@canary,iris@sha256:{DIGEST}",
                           ["s3://b/m/wine@canary", f"s3://b/m/iris@sha256:{DIGEST}"]),
    "store that looks like a model": ("s3://b/a@live/", "iris", ["s3://b/a@live/iris@live"]),
}  # fmt: skip

# The same where they stand for nothing, and the problem.
NO_MODELS = {
    "no URI": ("nonsense", "", "MODEL_URI: 'nonsense' is no model URI; write STORE/NAME@"),
    "bucket alone": ("s3://bucket", "", "MODEL_URI: 's3://bucket' is no model URI"),
    "bad name": ("s3://b/Name@live", "", "MODEL_URI: 'Name' is no model name"),
    "bad second": ("s3://b/a@live, nonsense", "", "MODEL_URI: 'live, nonsense' is neither"),
    "twice": ("s3://b/a@live s3://c/a@canary", "", "the model 'a' is named twice"),
    "twice in the list": ("s3://b", "a a@canary", "the model 'a' is named twice"),
    "model and list": ("s3://b/a@live", "a", "let it name the store that holds them"),
    "a way out of the store": ("s3://b/m", "../secret/a", "COLDPRESS_MODELS must list NAME"),
    "bad pointer": ("s3://b/m", "a@sha256:12", "MODEL_URI: 'sha256:12' is no digest"),
    "no store": ("bucket", "a", "MODEL_URI: 'bucket/a@live' is no model URI"),
}


@pytest.mark.parametrize(("uri", "listed", "expected"), MODELS.values(), ids=MODELS.keys())
def test_several_models_may_be_named(uri, listed, expected):
    """Models stand in MODEL_URI, or as a list beside the store that it names then."""
    settings = _read(MODEL_URI=uri, COLDPRESS_MODELS=listed)
    assert [str(model) for model in settings.models] == expected
    assert settings.problems == ()


@pytest.mark.parametrize(("uri", "listed", "said"), NO_MODELS.values(), ids=NO_MODELS.keys())
def test_wrong_models_are_a_problem(uri, listed, said):
    """What is wrong with a model's name is one sentence."""
    (problem,) = _read(MODEL_URI=uri, COLDPRESS_MODELS=listed).problems
    assert said in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("megabytes", "mebibytes"),
    [("128", 16), ("160", 24), ("256", 96), ("1769", 1230), ("10240", 7584)],
)
def test_the_memory_for_models_follows_the_functions(megabytes, mebibytes):
    """Without a number, models may fill three quarters of what the runtime leaves them."""
    settings = _read(AWS_LAMBDA_FUNCTION_MEMORY_SIZE=megabytes)
    assert settings.model_memory == mebibytes * 1024**2


def test_every_problem_is_named():
    """Several wrong variables are all reported at once."""
    settings = Settings.from_environment({"COLDPRESS_THREADS": "x", "COLDPRESS_INIT_SECONDS": "y"})
    names = {problem.split()[0] for problem in settings.problems}
    assert names == {"MODEL_URI", "COLDPRESS_THREADS", "COLDPRESS_INIT_SECONDS"}


@pytest.mark.parametrize(
    ("megabytes", "threads"),
    [("128", 1), ("1769", 1), ("3008", 2), ("3538", 2), ("10240", 6), ("999999", 6), ("", 1)],
)
def test_threads_follow_the_memory(megabytes, threads):
    """Without a number of threads, there are as many as the memory brings whole CPUs."""
    assert _read(AWS_LAMBDA_FUNCTION_MEMORY_SIZE=megabytes).session.threads == threads


@pytest.mark.parametrize(
    ("variables", "plain"),
    [
        ({}, False),
        ({"AWS_ENDPOINT_URL": "http://localhost:5000"}, True),
        ({"AWS_ENDPOINT_URL": "https://s3.example.com"}, False),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_S3": "https://y"}, False),
    ],
    ids=["none", "http", "https", "the service's own wins"],
)
def test_plain_http_is_for_plain_endpoints(variables, plain):
    """Plain HTTP is allowed where the endpoint that S3 uses asks for it, and nowhere else."""
    assert Settings.from_environment(variables).fetch.plain_http is plain


@pytest.mark.parametrize(("name", "text", "field", "value"), CHOICES.values(), ids=CHOICES.keys())
def test_a_choice_is_read(name, text, field, value):
    """Each variable that is no number sets its field, whatever its capitals."""
    assert _read(**{name: text}) == _changed(DEFAULTS, field, value)


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("COLDPRESS_PREPACKING", "auto, on or off"),
        ("COLDPRESS_SPINNING", "on or off"),
        ("COLDPRESS_LOG_REQUESTS", "on or off"),
    ],
)
def test_what_is_no_choice_is_a_problem(name, choices):
    """Another word becomes the default, and a problem that names the choices."""
    problem = f"{name} must be {choices}, not 'maybe'"
    assert _read(**{name: "maybe"}) == DEFAULTS._replace(problems=(problem,))


def test_what_is_no_origin_is_a_problem():
    """A page's origin has a scheme, and nothing behind its host."""
    settings = _read(COLDPRESS_CORS_ORIGINS="foo https://a.example https://a.example/path *")
    assert len(settings.problems) == 2
    assert "COLDPRESS_CORS_ORIGINS must list origins" in settings.problems[0]
    assert "'foo'" in settings.problems[0]


def test_a_queues_places_are_read():
    """Where answers go, and what can't be answered, without the blanks around them."""
    settings = _read(COLDPRESS_RESULTS=" s3://b/a ", COLDPRESS_DEAD_LETTER_QUEUE="https://q/dead ")
    assert (settings.results, settings.dead_letter_queue) == ("s3://b/a", "https://q/dead")
