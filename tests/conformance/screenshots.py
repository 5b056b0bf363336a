"""Write the pictures of docs/playground.md: `python -m tests.conformance.screenshots`.

They show the real `coldpress serve` in headless Chromium, at a desktop's and at a phone's size.
"""

import tempfile
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.conformance.browser import chromium, resize
from tests.conformance.flowers import iris
from tests.conftest import serving_of

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DESKTOP, PHONE = (1180, 900), (360, 1180)


def main():
    """Take every picture."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        uri = iris(Path(folder))
        with serving_of(uri) as address, chromium() as driver:
            _playground(driver, address, DESKTOP, "playground.png", "light")
            _playground(driver, address, DESKTOP, "playground-dark.png", "dark")
            _playground(driver, address, PHONE, "playground-phone.png", "light")
            _reference(driver, address, DESKTOP, "swagger-ui.png")
            _reference(driver, address, PHONE, "swagger-ui-phone.png")


def _playground(driver, address, size, name, scheme):
    """A prediction of a row that two classes share."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    resize(driver, *size, touch=size == PHONE)
    driver.get(f"{address}/")
    _until(driver, lambda: driver.find_element(By.ID, "predict").is_enabled())
    Select(driver.find_element(By.ID, "example")).select_by_index(3)
    for field, text in (("field-2", "4.8"), ("field-3", "1.75")):
        driver.find_element(By.ID, field).clear()
        driver.find_element(By.ID, field).send_keys(text)
    driver.find_element(By.ID, "predict").click()
    _until(driver, lambda: driver.find_elements(By.CLASS_NAME, "took"))
    driver.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    driver.save_screenshot(str(IMAGES / name))


def _reference(driver, address, size, name):
    """Swagger UI with its operations."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    resize(driver, *size, touch=size == PHONE)
    driver.get(f"{address}/docs")
    _until(driver, lambda: driver.find_elements(By.CLASS_NAME, "opblock"))
    driver.save_screenshot(str(IMAGES / name))


def _until(driver, condition):
    WebDriverWait(driver, 20, poll_frequency=0.05).until(lambda _: condition())


if __name__ == "__main__":
    main()
