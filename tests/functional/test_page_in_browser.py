"""The page in a real browser: nothing in its console, nothing for axe to find, keyboard and screen reader served.

Needs selenium (extra ``browser``), Chromium with its driver, and for one test axe-core, whose file AXE_CORE names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.report import html
from tests.support.big_report import big
from tests.unit.test_report_history import ENTRIES

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
AXE = os.environ.get("AXE_CORE")

pytestmark = pytest.mark.skipif(None in (BROWSER, DRIVER), reason="no Chromium with its driver is installed")


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Chromium without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for each in ("--headless=new", "--no-sandbox", "--window-size=1200,900", "--disable-dev-shm-usage"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield running
    running.quit()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, driver: Any, tmp_path: Path) -> Any:
    """That of 300 packages, in both schemes."""
    path = tmp_path / "report.html"
    path.write_text(html.render(big()), encoding="ascii")
    scheme = {"features": [{"name": "prefers-color-scheme", "value": request.param}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    driver.get(path.as_uri())
    yield driver
    assert [] == driver.get_log("browser")


def find(page: Any, selector: str) -> list[Any]:
    return page.find_elements("css selector", selector)


def active(page: Any) -> str:
    return page.execute_script("return document.activeElement.textContent")


def test_chain_of_a_name_by_keyboard(page: Any) -> None:
    """Enter on a name shows its chain and moves the focus there; Escape goes back; the graph marks the chain."""
    [button] = [each for each in find(page, "#graph button") if each.text == "p034"]
    button.send_keys("\ue007")
    assert "p034 1.0: held" == active(page)
    chained = {each.text for each in find(page, "#graph button.chain")}
    assert {"p002", "p028", "p031", "p034", "p037"} <= chained
    assert "p001" not in chained
    page.switch_to.active_element.send_keys("\ue00c")
    assert "p034" == active(page)
    assert not find(page, "#chain:not([hidden])")


def test_filter(page: Any) -> None:
    """Rows without the word go, and how many are left is said."""
    [box] = find(page, "#filter")
    box.send_keys("P29")
    assert "10 of 300 packages" == find(page, "#filtered")[0].text
    assert all("p29" in each.text for each in find(page, "tr[data-row]") if each.is_displayed())


def test_nothing_of_an_attack(page: Any) -> None:
    """What an index says became no element; the policy lets nothing else run."""
    assert [] == find(page, "img, iframe, main script, [onerror]")
    page.execute_script(
        "const bad = document.createElement('script'); bad.textContent = 'window.evil = 1'; document.body.append(bad)"
    )
    assert page.execute_script("return window.evil") is None
    assert "Content Security Policy" in page.get_log("browser")[0]["message"]


@pytest.mark.skipif(AXE is None, reason="AXE_CORE does not name axe-core's axe.min.js")
def test_axe(page: Any) -> None:
    """No finding, with and without a chain."""
    assert AXE is not None
    for _ in range(2):
        page.execute_script(Path(AXE).read_text(encoding="utf-8"))
        found = page.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
        assert [] == [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
        assert len(found["passes"]) > 20
        find(page, "button.name")[0].click()


def test_other_pages(driver: Any, tmp_path: Path) -> None:
    """The history has no graph, and misses none when it is printed."""
    path = tmp_path / "history.html"
    path.write_text(html.history(ENTRIES), encoding="ascii")
    driver.get(path.as_uri())
    driver.execute_script("dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint'))")
    assert ([], len(ENTRIES)) == (driver.get_log("browser"), len(find(driver, "tbody tr")))


def test_prints_everything(page: Any) -> None:
    """On paper nothing is folded or cut off, and no filter and no panel is seen."""
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert not find(page, "details:not([open])")
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert find(page, "details:not([open])")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not find(page, ".filter")[0].is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
