"""The report in a real browser, without any network: shown whole, and without complaint."""

import shutil
import subprocess

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from coldpress.pipeline import export

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    """A browser of the Chromium family; skips without one."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is on this machine to show the report with")
    return found


@pytest.fixture
def load(browser, tmp_path):
    """A function that loads a file; it gives the page afterwards, and what the console said."""

    def load_file(path):
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *("--proxy-server=127.0.0.1:9", f"--user-data-dir={tmp_path / 'profile'}"),
            path.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        return done.stdout, said

    return load_file


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a classifier."""
    rows = np.random.default_rng(0).normal(size=(60, 3))
    model = LogisticRegression().fit(rows, np.where(rows[:, 0] > 0, "<b>yes</b>", "no"))
    path = tmp_path_factory.mktemp("report") / "bundle"
    return export(model, sample=rows, output=path, name="small").path / "report.html"


def test_the_report_is_shown(load, report):
    """Its parts are there after loading, and the console has nothing to say of it."""
    page, said = load(report)
    assert said == []
    for part in ("Size at each step", "How long one row takes", "--aws-sigv4", "</svg>"):
        assert part in page
    assert "&lt;b&gt;yes&lt;/b&gt;" in page


@pytest.mark.parametrize(
    "added",
    ["<script>alert(1)</script>", "<style>p { color: red }</style>", '<img src="https://a.test/">'],
    ids=["script", "style", "image"],
)
def test_the_report_runs_and_loads_nothing_else(load, report, tmp_path, added):
    """Whatever slipped into the page would be refused by its policy, and the console says so."""
    text = report.read_text(encoding="utf-8")
    (tmp_path / "altered.html").write_text(text.replace("<main>", f"<main>{added}"))
    _, said = load(tmp_path / "altered.html")
    assert any("Content Security Policy" in line for line in said)
