"""The playground and Swagger UI in headless Chromium, against the real `coldpress serve`."""

import json
import shutil
import subprocess
import sys

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.conformance.browser import chromium, complaints, hosts, missing, resize
from tests.conformance.echo import SHAPES, published
from tests.conformance.flowers import iris, rents

PHONE, DESKTOP = (360, 740), (1280, 900)
SECONDS = 20


@pytest.fixture(scope="module")
def driver():
    """A browser; skips without one."""
    if names := missing():
        pytest.skip(f"{' and '.join(names)} not on this machine to show the pages with")
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def address(tmp_path_factory, serving):
    """The real command's address, serving a classifier."""
    with serving(iris(tmp_path_factory.mktemp("iris"))) as url:
        yield url


@pytest.fixture(scope="module")
def rent_address(tmp_path_factory, serving):
    """The same, serving a regressor with text and whole numbers."""
    with serving(rents(tmp_path_factory.mktemp("rents"))) as url:
        yield url


@pytest.fixture
def page(driver, address):
    """The playground, ready, at a desktop's size; nothing said and nothing asked before it."""
    return opened(driver, address)


def opened(driver, address):
    """Load a server's playground and wait for its form."""
    driver.get("about:blank")
    resize(driver, *DESKTOP)
    complaints(driver), hosts(driver)
    driver.get(f"{address}/")
    until(driver, lambda: driver.find_element(By.ID, "predict").is_enabled())
    return driver


def until(driver, condition):
    """Wait for a condition of the page."""
    return WebDriverWait(driver, SECONDS, poll_frequency=0.05).until(lambda _: condition())


def predict(page):
    """Press the button, and wait for what is told in the place of what was."""
    before = page.find_element(By.CSS_SELECTOR, "#result > *")
    page.find_element(By.ID, "predict").click()
    return told_after(page, before)


def told_after(page, before):
    """The result's text once it is another than before."""
    until(page, lambda: not connected(page, before))
    return page.find_element(By.ID, "result").text


def connected(page, found):
    """Whether an element is still part of the page."""
    try:
        return page.execute_script("return arguments[0].isConnected", found)
    except StaleElementReferenceException:
        return False


def test_the_page_loads_from_its_own_host_only(page, address):
    """Loading, predicting and Swagger UI ask no other host, and the console has nothing to say."""
    predict(page)
    page.get(f"{address}/docs")
    until(page, lambda: page.find_elements(By.CLASS_NAME, "opblock"))
    assert complaints(page) == []
    assert hosts(page) == {address.removeprefix("http://")}


def test_a_row_is_predicted(page):
    """The certified row gives its label, a bar for each class, and the time it took."""
    labels = [label.text for label in page.find_elements(By.CSS_SELECTOR, "#fields label")]
    assert labels == [
        f"{part} {side} (cm)" for part in ("sepal", "petal") for side in ("length", "width")
    ]
    told = predict(page)
    assert page.find_element(By.CLASS_NAME, "label").text.split() == ["label", "setosa"]
    bars = page.find_elements(By.CSS_SELECTOR, ".bars li")
    assert sorted(bar.text.split()[0] for bar in bars) == ["setosa", "versicolor", "virginica"]
    widths = [fill.rect["width"] for fill in page.find_elements(By.CLASS_NAME, "fill")]
    assert widths[0] > 100
    assert widths == sorted(widths, reverse=True)
    assert " ms, from sending to the last byte" in told


def test_an_edited_row_is_another_request(page):
    """Another row has another answer, and curl and Python say what was sent."""
    Select(page.find_element(By.ID, "example")).select_by_index(4)
    assert "virginica" in predict(page)
    field = page.find_element(By.ID, "field-3")
    field.clear()
    field.send_keys("0.25")
    for name in ("curl", "python"):
        assert "0.25]" in page.find_element(By.ID, name).text


def test_the_python_shown_runs(page, run_script):
    """The script that the page shows gets the label that the page tells."""
    told = predict(page)
    printed = run_script(page.find_element(By.ID, "python").text)
    assert "setosa" in told
    assert "'data': ['setosa']" in printed


def test_the_curl_shown_runs(page, run_shell):
    """The command that the page shows gets the label that the page tells."""
    printed = run_shell(page.find_element(By.ID, "curl").text)
    assert json.loads(printed)["outputs"][0]["data"] == ["setosa"]


@pytest.fixture
def run_script():
    """Runs Python, and gives what it prints."""
    return lambda text: _run([sys.executable, "-c", text])


@pytest.fixture
def run_shell():
    """Runs a line of a shell, and gives what it prints; skips without curl."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    return lambda text: _run(["sh", "-c", text])


def _run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_what_is_no_number_is_the_functions_sentence(page):
    """A wrong field is told in the function's own words, and the next request is answered."""
    page.find_element(By.ID, "field-0").clear()
    page.find_element(By.ID, "field-0").send_keys("e")
    told = predict(page)
    assert told.startswith("input 'input'")
    assert "strings" in told
    assert page.find_element(By.CLASS_NAME, "problem").text == told
    page.find_element(By.ID, "field-0").clear()
    page.find_element(By.ID, "field-0").send_keys("5")
    assert "setosa" in predict(page)


def test_an_empty_field_is_a_missing_number(page):
    """What is left out goes as null, which the model's own answer is to."""
    page.find_element(By.ID, "field-0").clear()
    predict(page)
    page.find_element(By.CSS_SELECTOR, "[value=json]").click()
    request = json.loads(page.find_element(By.ID, "json").get_attribute("value"))
    assert request["inputs"][0]["data"][0] is None


def test_several_rows_go_as_json(page):
    """As JSON, several rows are sent, and each is told with a title of its own."""
    page.find_element(By.CSS_SELECTOR, "[value=json]").click()
    area = page.find_element(By.ID, "json")
    request = json.loads(area.get_attribute("value"))
    (tensor,) = request["inputs"]
    tensor |= {"shape": [2, 4], "data": tensor["data"] + [6.7, 3.0, 5.2, 2.3]}
    area.clear()
    area.send_keys(json.dumps(request))
    told = predict(page)
    assert ("Row 1" in told, "Row 2" in told) == (True, True)
    names = [label.text.split()[-1] for label in page.find_elements(By.CLASS_NAME, "label")]
    assert names == ["setosa", "virginica"]


def test_text_that_is_no_json_is_the_functions_sentence(page):
    """What is no JSON at all is sent as it is, and refused in the function's words."""
    page.find_element(By.CSS_SELECTOR, "[value=json]").click()
    page.find_element(By.ID, "json").clear()
    page.find_element(By.ID, "json").send_keys("{'a")
    assert "JSON" in predict(page)


def focused(page):
    """The element that keys go to."""
    return page.switch_to.active_element


def press(page, *keys):
    """Press keys, wherever the focus is."""
    ActionChains(page).send_keys(*keys).perform()


def test_it_works_by_keyboard(page):
    """Every control is reached by Tab in order, Enter predicts, and no control keeps the focus."""
    reached = []
    for _ in range(30):
        press(page, Keys.TAB)
        here = focused(page)
        reached.append(here.get_attribute("id") or here.get_attribute("data-copy") or here.tag_name)
        if reached[-1] == "python":
            break
    wanted = ["model", "example", "field-0", "field-3", "predict", "curl", "python"]
    assert [name for name in reached if name in wanted] == wanted
    field = page.find_element(By.ID, "field-2")
    page.execute_script("arguments[0].focus()", field)
    before = page.find_element(By.CSS_SELECTOR, "#result > *")
    press(page, "6", Keys.ENTER)
    assert "ms" in told_after(page, before)
    assert page.find_element(By.ID, "result").get_attribute("aria-live") == "polite"


def test_every_control_has_a_name(page):
    """Each input, select and text area has a label, by which it is read out."""
    names = page.execute_script(
        "return [...document.querySelectorAll('input, select, textarea')]"
        ".map(one => one.labels.length ? one.labels[0].textContent.trim() : '')"
    )
    assert all(names)
    assert len(names) == 9


def test_copying_tells_so(page):
    """The copy button says what became of it, in a live region."""
    page.find_element(By.CSS_SELECTOR, "[data-copy=curl]").click()
    region = page.find_element(By.ID, "copied")
    assert until(page, lambda: region.text) in ("Copied.", "Selected; copy it with your keyboard.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(page, scheme):
    """At 360 pixels nothing is wider than the screen, whatever is shown."""
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    resize(page, *PHONE, touch=True)
    assert width(page) <= PHONE[0]
    predict(page)
    assert width(page) <= PHONE[0]
    page.find_element(By.CSS_SELECTOR, "[value=json]").click()
    assert width(page) <= PHONE[0]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def width(page):
    """How many CSS pixels the page takes sideways."""
    return page.execute_script("return document.documentElement.scrollWidth")


def test_columns_are_fields_of_their_kind(driver, rent_address):
    """Whole numbers, numbers and text have inputs of their own, and a regression one number."""
    page = opened(driver, rent_address)
    fields = page.find_elements(By.CSS_SELECTOR, "#fields input")
    found = [(field.get_attribute("type"), field.get_attribute("step")) for field in fields]
    assert found == [("number", "1"), ("number", "any"), ("text", "")]
    assert "ms" in predict(page)
    assert float(page.find_element(By.CLASS_NAME, "label").text.split()[-1]) > 100
    assert complaints(page) == []


def test_tensors_of_any_rank_are_json(driver, tmp_path, serving):
    """What is no row of a table is edited as JSON, and its outputs are told with their shapes."""
    with serving(published((tmp_path / "store").as_uri())) as url:
        page = opened(driver, url)
        assert not page.find_element(By.ID, "fields").is_displayed()
        request = json.loads(page.find_element(By.ID, "json").get_attribute("value"))
        assert [tensor["name"] for tensor in request["inputs"]] == list(SHAPES)
        told = predict(page)
    assert "image_out [1,1,2,3]: 0, 0, 0, 0, 0, 0" in told
    assert "BOOL_out [1,2]: false, false" in told


def test_swagger_ui_shows_every_operation(driver, address):
    """Swagger UI shows as many operations as the document has, and can try one out."""
    resize(driver, *DESKTOP)
    driver.get(f"{address}/docs")
    document = driver.execute_async_script(
        "const done = arguments[0]; fetch('openapi.json').then(r => r.json()).then(done)"
    )
    operations = sum(len({"get", "post"} & set(item)) for item in document["paths"].values())
    until(driver, lambda: len(driver.find_elements(By.CLASS_NAME, "opblock")) == operations)
    block = next(
        block
        for block in driver.find_elements(By.CLASS_NAME, "opblock")
        if "/v2/models/iris/infer" in block.text.replace("\u200b", "")
    )
    block.find_element(By.CLASS_NAME, "opblock-control-arrow").click()
    until(driver, lambda: block.find_elements(By.CLASS_NAME, "try-out__btn"))[0].click()
    until(driver, lambda: block.find_elements(By.CLASS_NAME, "execute"))[0].click()
    answer = ".live-responses-table tr.response .response-col_status"
    status = until(driver, lambda: block.find_elements(By.CSS_SELECTOR, answer))
    assert status[0].text.split()[0] == "200"
    assert complaints(driver) == []
