"""A headless Chromium, driven by Selenium: what it asks for, what its console says."""

import json
import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

__all__ = ["chromium", "complaints", "hosts", "missing", "resize"]

_BROWSER, _DRIVER = "chromium", "chromedriver"
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


def missing():
    """Which of the programs is not on this machine; empty if all are."""
    return [name for name in (_BROWSER, _DRIVER) if shutil.which(name) is None]


@contextmanager
def chromium(*options):
    """A browser with a fresh profile, closed afterwards."""
    chosen = webdriver.ChromeOptions()
    chosen.binary_location = shutil.which(_BROWSER)
    for option in (*_OPTIONS, *options):
        chosen.add_argument(option)
    chosen.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=chosen, service=Service(shutil.which(_DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver, width, height, *, touch=False):
    """Give the page a screen of so many CSS pixels, a phone's with `touch`."""
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def complaints(driver):
    """What the console said since it was last asked."""
    return [entry["message"] for entry in driver.get_log("browser")]


def hosts(driver):
    """Every host that was asked for anything since this was last asked."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    urls = [urlsplit(params["request"]["url"]) for params in sent]
    return {url.netloc for url in urls if url.scheme not in ("data", "blob", "chrome")}
