"""Times and fit of a function of some memory; measured were 8 ms with one thread and 5 with two."""

import pytest

from coldpress.package.limits import MOST_BYTES
from coldpress.planning.workload import Artifact, Traffic

MEBIBYTE = 1024**2
SIZES = [128, 256, 512, 1024, 1769, 2654, 3538, 5120, 10_240]
SLOW = {
    "start": 10.0, "imports": 90.0, "unpack": 5.0, "open": 9_000.0, "first": 25_000.0,
    "request": 31_000.0, "request_p95": 32_000.0, "run": 7.0, "run_p95": 9.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("megabytes", "threads", "basis", "p50_ms", "p95_ms"),
    [
        pytest.param(128, 1, "scaled", 8 * 1769 / 128, 12 * 1769 / 128, id="a-share"),
        pytest.param(1768, 1, "scaled", 8 * 1769 / 1768, 12 * 1769 / 1768, id="below-one"),
        pytest.param(1769, 1, "measured", 8, 12, id="one"),
        pytest.param(2653, 1, "measured", 8, 12, id="one-thread-yet"),
        pytest.param(2654, 2, "interpolated", 6.4992, 9.9989, id="one-and-a-half"),
        pytest.param(3537, 2, "interpolated", 5.0017, 8.0023, id="below-two"),
        pytest.param(3538, 2, "measured", 5, 8, id="two"),
        pytest.param(3539, 2, "kept", 5, 8, id="above-two"),
        pytest.param(10_240, 6, "kept", 5, 8, id="six"),
    ],
)
def test_latency(estimated, megabytes, threads, basis, p50_ms, p95_ms):
    """Below one vCPU by the share, up to 1.5 as with one thread, to two between, and then kept."""
    found = estimated(megabytes)
    assert (found.threads, found.basis) == (threads, basis)
    assert found.p50_ms == pytest.approx(p50_ms, rel=1e-4)
    assert found.p95_ms == pytest.approx(p95_ms, rel=1e-4)


@pytest.mark.parametrize("megabytes", [2654, 3538, 10_240])
def test_one_core_gives_one_threads_times(estimated, one_thread, megabytes):
    """Where two threads were not measured, more memory than a vCPU's is taken for no faster."""
    found = estimated(megabytes, times=one_thread)
    assert (found.p50_ms, found.p95_ms, found.basis) == (8, 12, "kept")


def test_more_memory_is_never_slower(estimated):
    """Where two threads are faster than one, latency and cold start fall with memory."""
    found = [estimated(size) for size in SIZES]
    for figure in ("p50_ms", "p95_ms"):
        times = [getattr(each, figure) for each in found]
        assert times == sorted(times, reverse=True)
    cold = [each.cold.total for each in found]
    assert cold == sorted(cold, reverse=True)


@pytest.mark.parametrize(
    ("megabytes", "open_ms", "first_ms"),
    [
        pytest.param(1769, 6, 20, id="one-vcpu"),
        pytest.param(3538, 4, 12, id="two-vcpus"),
        pytest.param(128, 6, 20 * 1769 / 128, id="a-share"),
    ],
)
def test_cold_start(estimated, megabytes, open_ms, first_ms):
    """It is placement, start, the longer of imports and fetch, opening, and the first request."""
    cold = estimated(megabytes).cold
    # Two requests of 30 ms, and 0.75 MB at 75 MB/s; 5 ms to unpack.
    assert (cold.transfer, cold.fetch) == (pytest.approx(70), pytest.approx(75))
    assert cold.init == pytest.approx(10 + 90 + open_ms)
    assert cold.total == pytest.approx(150 + 10 + 90 + open_ms + first_ms)


def test_a_slow_store_is_waited_for(estimated):
    """A fetch that takes longer than the imports takes their place."""
    traffic = Traffic(requests=1000, megabytes_per_second=1)
    cold = estimated(1769, traffic=traffic).cold
    assert cold.init == pytest.approx(10 + (60 + 750 + 5) + 6)


def test_frames_are_unpacked_as_they_arrive(estimated):
    """Of a large artifact the longer of transfer and unpacking counts, not both."""
    large = Artifact(
        stored_bytes=750_000_000, unpacked_bytes=800_000_000, file_bytes=800_000_000
    )  # fmt: skip
    assert estimated(1769, artifact=large).cold.fetch == pytest.approx(60 + 10_000)


@pytest.mark.parametrize(
    ("peak", "needed"),
    [
        pytest.param(80 * MEBIBYTE, 112, id="at-least-32"),
        pytest.param(96 * MEBIBYTE, 128, id="edge"),
        pytest.param(400 * MEBIBYTE, 500, id="a-quarter"),
        pytest.param(400 * MEBIBYTE + 1, 501, id="rounded-up"),
    ],
)
def test_memory_needed(estimated, peak, needed):
    """What was held and a quarter more, at least 32 MB; a size that has just that fits."""
    assert estimated(10_240, peak=peak).needed_megabytes == needed
    assert estimated(needed, peak=peak).fits
    short = estimated(needed - 1, peak=peak)
    assert short.problems == (f"needs {needed} MB of memory",)


@pytest.mark.parametrize(
    ("file_bytes", "storage"),
    [
        pytest.param(0, 512, id="no-files"),
        pytest.param(448 * MEBIBYTE, 512, id="what-is-free"),
        pytest.param(448 * MEBIBYTE + 1, 513, id="beyond"),
        pytest.param(10_176 * MEBIBYTE, 10_240, id="the-most"),
    ],
)
def test_storage_needed(estimated, file_bytes, storage):
    """The files and 64 MB, at least the 512 MB that are free; what is beyond is billed."""
    found = estimated(1769, artifact=artifact_of(file_bytes))
    assert (found.storage_megabytes, found.fits) == (storage, True)
    assert (found.cost.storage > 0) == (storage > 512)


@pytest.mark.parametrize(
    ("file_bytes", "own"),
    [
        pytest.param(0, {}, id="none"),
        pytest.param(900 * MEBIBYTE, {"EphemeralStorage": "964"}, id="large"),
    ],
)
def test_the_templates_parameters(estimated, file_bytes, own):
    """A function of it is memory, processor and, where a model needs more than there is, /tmp."""
    found = estimated(2048, artifact=artifact_of(file_bytes))
    told = {"MemorySize": "2048", "Architecture": found.architecture}
    assert found.parameters == told | own


def test_too_large_for_tmp(estimated):
    """Files that /tmp has no room for fit no memory size."""
    found = estimated(10_240, artifact=artifact_of(10_176 * MEBIBYTE + 1))
    assert found.problems == ("needs 10,241 MB of /tmp, of which there are 10,240 at most",)


@pytest.mark.parametrize(("package_bytes", "fits"), [(MOST_BYTES, True), (MOST_BYTES + 1, False)])
def test_package_fit(estimated, package_bytes, fits):
    """A package may have AWS Lambda's limit of bytes, and none more."""
    found = estimated(1769, package_bytes=package_bytes)
    assert found.fits == fits
    assert ("its package has 262,144,001 bytes, above 262,144,000" in found.problems) != fits


@pytest.mark.parametrize(
    ("api", "fits"), [("http-api", False), ("rest-api", False), ("function-url", True)]
)
def test_requests_longer_than_an_api_waits(estimated, api, fits):
    """A request of 32 s fits behind no API, and behind a function URL."""
    traffic = Traffic(requests=1000, api=api)
    assert estimated(1769, times=[SLOW], traffic=traffic).fits == fits


def test_long_inits_are_noted(estimated):
    """An INIT over 8 s and a cold start over the API's patience are told, and still fit."""
    notes = estimated(1769, times=[SLOW], traffic=Traffic(requests=1000, api="http-api")).notes
    assert notes[0].startswith("INIT takes longer than 8 s")
    assert notes[1] == "a cold start takes longer than the http-api waits, 30 s"
    assert estimated(1769).notes == ()


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_other_processor_is_foreign(estimated, architecture):
    """Both have the times of this machine; which of the two was not measured is told."""
    found = estimated(1769, architecture=architecture)
    assert found.foreign == (architecture == "arm64")
    assert found.p50_ms == 8
    here = estimated(1769, architecture="arm64", times=[SLOW])
    assert here.foreign


def test_arm64_costs_less(estimated):
    """For the same times, the other processor's price makes the difference."""
    x86, arm = (estimated(1024, architecture=name).cost for name in ("x86_64", "arm64"))
    assert arm.duration == pytest.approx(x86.duration * 0.0000133334 / 0.0000166667)
    assert (arm.requests, arm.api) == (x86.requests, x86.api)


def test_cold_starts_are_billed_without_placement(estimated):
    """INIT and the first request are billed in whole milliseconds; what Lambda takes is not."""
    found = estimated(1769, traffic=Traffic(requests=1_000_000, cold_share=1))
    milliseconds = 10 + 90 + 6 + 20
    assert found.cost.duration == pytest.approx(
        1_000_000 * milliseconds / 1000 * 1769 / 1024 * 0.0000166667
    )


@pytest.mark.parametrize(
    ("p95_ms", "meets"), [(None, True), (12.0, True), (11.9, False)], ids=["any", "just", "less"]
)
def test_meeting_a_p95(estimated, p95_ms, meets):
    """A warm p95 that is just what was wanted meets it."""
    assert estimated(1769).meets(p95_ms) == meets
    assert not estimated(128, peak=400 * MEBIBYTE).meets(p95_ms)


@pytest.fixture
def one_thread():
    """The times of a machine of one core."""
    return [{**SLOW, "request": 8.0, "request_p95": 12.0}]


def artifact_of(file_bytes):
    """An artifact with so many bytes in files."""
    return Artifact(stored_bytes=1000, unpacked_bytes=file_bytes, file_bytes=file_bytes)
