"""What tests of deployments share."""

import pytest

from tests.loopback import answering


@pytest.fixture
def denied_regions(monkeypatch):
    """An S3 that denies everything; the regions that it was asked for, by who signed."""
    regions = set()

    def denied(asked):
        regions.add(asked.headers["authorization"].split("/")[2])
        return 403, b""

    with answering(denied) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        yield regions
