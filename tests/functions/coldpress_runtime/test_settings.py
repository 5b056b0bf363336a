import pytest

from coldpress_runtime.settings import Settings

URI = "s3://bucket/models/iris@live"
DEFAULTS = Settings(
    metrics_namespace="Coldpress",
    plain_http=False,
    model_uri=URI,
    threads=1,
    fetch_seconds=20,
    init_seconds=8,
    max_body_bytes=6_291_456,
    max_response_bytes=6_000_000,
    max_model_bytes=4_294_967_296,
)
NUMBERS = {
    "COLDPRESS_THREADS": ("threads", 256),
    "COLDPRESS_FETCH_SECONDS": ("fetch_seconds", 900),
    "COLDPRESS_INIT_SECONDS": ("init_seconds", 900),
    "COLDPRESS_MAX_BODY_BYTES": ("max_body_bytes", 10**15),
    "COLDPRESS_MAX_RESPONSE_BYTES": ("max_response_bytes", 10**15),
    "COLDPRESS_MAX_MODEL_BYTES": ("max_model_bytes", 10**15),
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
    assert settings == DEFAULTS._replace(threads=2)


@pytest.mark.parametrize(("name", "field", "most"), [(n, *f) for n, f in NUMBERS.items()])
def test_a_number_is_read_up_to_its_most(name, field, most):
    """Each numeric variable sets its field, the largest value included."""
    assert _read(**{name: str(most)}) == DEFAULTS._replace(**{field: most})


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
    assert settings.max_body_bytes == DEFAULTS.max_body_bytes
    (problem,) = settings.problems
    assert problem.startswith("COLDPRESS_MAX_BODY_BYTES must be a whole number from 1 to ")
    assert len(problem) < 150


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
    assert _read(AWS_LAMBDA_FUNCTION_MEMORY_SIZE=megabytes).threads == threads


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
    assert Settings.from_environment(variables).plain_http is plain


def test_metrics_namespace():
    """The metrics' namespace is Powertools' own variable."""
    given = {"POWERTOOLS_METRICS_NAMESPACE": "Shop"}
    assert Settings.from_environment(given).metrics_namespace == "Shop"
