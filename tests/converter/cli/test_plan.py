"""`coldpress plan` as people and pipelines run it, with a real bundle measured once a round."""

import json
import os
import re
import stat
import sys
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from coldpress.planning.planning import MEMORIES
from coldpress.planning.prices import read_prices
from coldpress.registry import publish

NUMBER = {"type": "number", "minimum": 0}
TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
SPREAD = {
    "type": "object",
    "required": ["median", "low", "high"],
    "additionalProperties": False,
    "properties": dict.fromkeys(["median", "low", "high"], NUMBER),
}


def exact(**properties):
    """The schema of an object that has these properties, and no others."""
    return {
        "type": "object",
        "required": [*properties],
        "additionalProperties": False,
        "properties": properties,
    }


TEXT = {"type": "string", "minLength": 1}
TIMES = ("start", "imports", "unpack", "open", "first", "request", "request_p95", "run", "run_p95")
PARTS = ("placement", "start", "imports", "transfer", "unpack", "open", "first")
COST = exact(**dict.fromkeys(["requests", "duration", "storage", "api", "ready", "total"], NUMBER))
ARCHITECTURE = {"enum": ["x86_64", "arm64"]}
SCHEMA = exact(
    name={"const": "churn"},
    version={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    artifact=exact(**dict.fromkeys(["stored_bytes", "unpacked_bytes", "file_bytes"], NUMBER)),
    traffic=exact(
        requests=NUMBER,
        cold_share=NUMBER,
        peak=NUMBER,
        api={"enum": ["http-api", "rest-api", "function-url"]},
        megabytes_per_second=NUMBER,
        free_tier={"type": "boolean"},
    ),
    p95_ms={"type": ["number", "null"]},
    measured=exact(
        machine={"type": "string", "minLength": 1},
        architecture=ARCHITECTURE,
        requests={"enum": ["golden examples", "zeros"]},
        through_handler={"type": "boolean"},
        body_bytes={"type": "array", "items": NUMBER, "minItems": 1},
        settings={"type": "array"},
        by_threads={
            "type": "array",
            "minItems": 1,
            "items": exact(
                threads=NUMBER,
                rounds=NUMBER,
                calls=NUMBER,
                ms=exact(**dict.fromkeys(TIMES, SPREAD)),
                loaded_bytes=NUMBER,
                peak_bytes=NUMBER,
            ),
        },
    ),
    estimates={
        "type": "array",
        "items": exact(
            memory_mb=NUMBER,
            architecture=ARCHITECTURE,
            vcpus=NUMBER,
            threads=NUMBER,
            basis={"enum": ["measured", "scaled", "interpolated", "kept"]},
            foreign={"type": "boolean"},
            cold_ms=NUMBER,
            init_ms=NUMBER,
            cold_parts_ms=exact(**dict.fromkeys(PARTS, NUMBER), overlapped={"type": "boolean"}),
            p50_ms=NUMBER,
            p95_ms=NUMBER,
            needed_memory_mb=NUMBER,
            storage_mb=NUMBER,
            package_bytes=NUMBER,
            fits={"type": "boolean"},
            meets_p95={"type": "boolean"},
            problems={"type": "array"},
            notes={"type": "array"},
            monthly_cost=COST,
            provisioned=exact(
                instances=NUMBER,
                monthly_cost=COST,
                break_even_requests={"type": ["number", "null"]},
            ),
        ),
    },
    recommended={
        "anyOf": [
            exact(
                memory_mb=NUMBER,
                architecture=ARCHITECTURE,
                parameters=exact(MemorySize=TEXT, Architecture=ARCHITECTURE),
            ),
            {"type": "null"},
        ]
    },
    extrapolations=TEXTS,
    assumptions=TEXTS,
    prices=exact(
        region={"const": "us-east-1"},
        currency={"const": "USD"},
        dated={"const": read_prices().dated},
        sources=TEXTS,
    ),
    plot={"type": ["string", "null"]},
)


@pytest.fixture
def plan(run, make_bundle):
    """Runs `coldpress plan` with a bundle, a million requests, one round and what else is said."""
    bundle = make_bundle()

    def run_plan(*options, model=bundle.path):
        return run("plan", model, "--requests-per-month", 1_000_000, "--rounds", 1, *options)

    return run_plan


def test_the_table(plan):
    """Both processors have a row for each size, with what it rests on and what to choose."""
    code, out, err = plan()
    assert (code, err) == (0, "")
    rows = re.findall(r"^ *([\d,]+)  [\d.]+  ~[\d,]+ .* (?:yes|no)$", out, re.MULTILINE)
    assert rows == [f"{size:,}" for size in MEMORIES] * 2
    for words in (
        "arm64",
        "x86_64",
        "Measured here, in ms",
        "warm request, p95",
        "Extrapolated",
        "Assumed",
        "us-east-1",
        read_prices().dated,
        "Recommended: ",
        "Deploy it so: coldpress deploy MODEL --param MemorySize=128 --param Architecture=arm64",
    ):
        assert words in out


def test_lines_are_no_wider_than_a_terminal(plan):
    """What stands in columns fits 80 of them; only sentences are longer."""
    out = plan()[1]
    table = out.partition("Measured here")[2].partition("Extrapolated")[0]
    assert [line for line in table.splitlines() if len(line) > 80] == []


def test_json_has_its_documented_keys(plan):
    """The document has just the keys of docs/costs.md, all of them."""
    code, out, _ = plan("--json", "--p95-ms", 1000)
    assert code == 0
    found = json.loads(out)
    jsonschema.validate(found, SCHEMA)
    assert found["traffic"]["requests"] == 1_000_000
    assert len(found["estimates"]) == 2 * len(MEMORIES)
    assert found["recommended"] is not None


def test_documented_keys_are_these(root):
    """docs/costs.md names every key of the document."""
    page = (root / "docs" / "costs.md").read_text("utf-8")
    assert [key for key in keys_of(SCHEMA) if f"`{key}`" not in page] == []


def keys_of(schema):
    """Every property's name in a schema."""
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from keys_of(inner)
        yield from keys_of(inner.get("items", {}))


def test_options_reach_the_estimates(plan):
    """Sizes, traffic, API, store and free tier are what the document says that they were."""
    out = plan(
        *("--memory", 512, "--memory", 2048, "--memory", 512, "--api", "rest-api", "--json"),
        *("--cold-share", "2.5%", "--peak", 3, "--store-mb-per-second", 50, "--free-tier"),
    )[1]
    found = json.loads(out)
    assert found["traffic"] == {
        "requests": 1_000_000,
        "cold_share": 0.025,
        "peak": 3.0,
        "api": "rest-api",
        "megabytes_per_second": 50.0,
        "free_tier": True,
    }
    assert [each["memory_mb"] for each in found["estimates"]] == [512, 2048] * 2
    assert found["estimates"][0]["monthly_cost"]["api"] == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        pytest.param("1e9", "Its cold starts meet 1e+09 ms, too.", id="slow"),
        pytest.param("50", "Its cold starts do not meet 50 ms", id="warm-alone"),
        pytest.param("0.0001", "None of these is right: none has a warm p95", id="too-fast"),
    ],
)
def test_a_wanted_p95(plan, wanted, words):
    """The advice says what meets it, if cold starts do, and exits 0 though nothing does."""
    code, out, err = plan("--p95-ms", wanted)
    assert (code, err) == (0, "")
    assert words in out


@pytest.mark.parametrize(
    ("share", "words"), [("1%", "a warm one's"), ("10%", "is one of theirs")], ids=["few", "many"]
)
def test_cold_starts_count_in_a_p95_of_all(plan, share, words):
    """Where more than one in twenty is cold, the p95 of all requests is a cold start's."""
    assert words in plan("--p95-ms", 50, "--cold-share", share)[1]


def test_a_plot(plan, tmp_path):
    """The picture is drawn where it was asked for, over an earlier one."""
    path = tmp_path / "plan.svg"
    path.write_text("an earlier one", "utf-8")
    code, out, _ = plan("--plot", path)
    assert code == 0
    assert f"Drew {path}" in out
    assert ET.fromstring(path.read_bytes()).get("role") == "img"  # noqa: S314 - our own


def test_a_published_version(plan, make_bundle, tmp_path):
    """A model URI is fetched and measured as the same bundle is."""
    store = tmp_path / "store"
    bundle = make_bundle(name="published")
    publish(bundle.path, str(store), channel="live")
    found = json.loads(plan("--json", model=f"{store}/churn@live")[1])
    assert found["version"] == f"sha256:{bundle.digest}"


def test_other_prices(plan, tmp_path):
    """A price file of one's own is reckoned with and named."""
    tiers = [{"up_to": None, "price": 0}]
    ready = dict.fromkeys(["provisioned_gb_second", "provisioned_duration_gb_second"], 0)
    free = {"gb_second": tiers, **ready}
    document = {
        "schema_version": 1, "region": "mars-north-1", "currency": "MRD", "dated": "2030-01-02",
        "sources": ["https://example.com/"],
        "lambda": {
            "request": 1, "storage_gb_second": 0,
            "x86_64": free, "arm64": free,
        },
        "free_tier": {"requests": 0, "gb_seconds": 0},
        "api": {"http-api": tiers, "rest-api": tiers, "function-url": tiers},
    }  # fmt: skip
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(document), "utf-8")
    out = plan("--prices", path)[1]
    assert "mars-north-1 in MRD, of 2030-01-02; see https://example.com/" in out
    assert "1,000,000.00" in out


def test_a_package_of_ones_own(plan, tmp_path):
    """A package that is too large fits no size, and that is said of each."""
    folder = tmp_path / "function"
    folder.mkdir()
    with (folder / "large.so").open("wb") as file:
        file.truncate(250 * 1024**2 + 1)  # a hole, which takes no room
    code, out, _ = plan("--package", folder)
    assert code == 0
    assert "its package has 262,144,001 bytes, above 262,144,000" in out
    assert "None of these is right: no memory size here fits the model" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--p95-ms", "nan"], "--p95-ms must be more than 0", id="nan"),
        pytest.param(["--p95-ms", "-1"], "--p95-ms must be more than 0, not -1", id="negative"),
        pytest.param(["--cold-share", "few"], "is no share", id="share"),
        pytest.param(
            ["--cold-share", "5"], "no share of all requests; write such as 5%", id="over-1"
        ),
        pytest.param(["--memory", "64"], "can't have 64 MB", id="memory"),
        pytest.param(["--rounds", "0"], "1<=x<=100", id="rounds"),
        pytest.param(["--api", "soap"], "is not one of", id="api"),
        pytest.param(["--prices", "none.json"], "can't read the price file", id="no-prices"),
        pytest.param(["--package", "none.zip"], "is no package", id="no-package"),
        pytest.param(["--plot", "plan.png"], "ends in .svg", id="png"),
        pytest.param(["--plot", "no/plan.svg"], "there is no directory no", id="no-directory"),
        pytest.param(["--plot", "dir.svg"], "dir.svg is a directory", id="directory"),
        pytest.param(["--requests-per-month", "-1"], "requests a month must be", id="requests"),
        pytest.param(["--requests-per-month", "many"], "not a valid integer", id="no-number"),
    ],
)
def test_misuse(plan, tmp_path, monkeypatch, options, message):
    """What has no meaning exits 2 with one sentence, before anything is measured."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir.svg").mkdir()
    monkeypatch.setattr("coldpress.planning.planning.measure", None)
    code, out, err = plan(*options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_can_not_be_written_to(plan, tmp_path):
    """A directory that nobody may write to is refused before anything is measured."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    code, _, err = plan("--plot", closed / "plan.svg")
    assert code == 2
    assert "can't be written to" in err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_plot_that_fails(plan):
    """A place that takes no files, whoever asks, is told in one sentence."""
    code, _, err = plan("--plot", "/proc/plan.svg")
    assert code in {1, 2}
    assert "name another place" in err
    assert err.count("\n") == 1


def test_a_damaged_bundle(plan, make_bundle):
    """A bundle whose files were altered is refused, and exits 1."""
    bundle = make_bundle(name="damaged")
    (bundle.path / "model.onnx").write_bytes(b"junk")
    code, _, err = plan(model=bundle.path)
    assert code == 1
    assert "is not what the manifest promises" in err
    assert err.count("\n") == 1
