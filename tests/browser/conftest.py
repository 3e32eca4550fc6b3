"""A real browser, Debian's Chromium without a window, before a real server: one browser for all tests of a process.

Set CONTOX_SCREENSHOTS to a folder to keep the pictures.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options as ChromeOptions
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.server.conftest import Running, options, project_id, running

__all__ = ["options", "project_id", "running"]  # fixtures

KEEP = os.environ.get("CONTOX_SCREENSHOTS")  # the sealed world of a test has no CONTOX_ variables
WIDE, PHONE = (1280, 900), (360, 740)
WAIT_S = 20.0


@dataclass
class Page:
    """What a person does before a browser."""

    driver: webdriver.Chrome
    running: Running
    pictures: Path

    def open(self, path: str) -> None:
        """A page of the server, until its scripts have run."""
        self.driver.get(self.running.url + path)
        self.until_ready()

    def until_ready(self) -> None:
        self.until("return document.documentElement.dataset.ready !== undefined")

    def until(self, script: str, *arguments: object) -> Any:
        """The script's value as soon as it is true."""
        return WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(
            lambda driver: driver.execute_script(script, *arguments)
        )

    def until_there(self, css: str) -> WebElement:
        """Also where scripts are off."""
        found = WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(lambda _: self.find_all(css))
        return found[0]

    def until_text(self, css: str, text: str) -> None:
        self.until(
            "const e = document.querySelector(arguments[0]); return e && e.innerText.includes(arguments[1])", css, text
        )

    def until_live(self) -> None:
        """The page listens to the server."""
        self.until("return document.documentElement.dataset.listening !== undefined")

    def sign_in(self, key: str) -> None:
        """As with the link that `serve` prints."""
        with self.running.service() as service:
            found = service.access.of_text(key)
            assert found is not None
            ticket = service.access.create_ticket(found.id, "login", life_s=60)
        self.driver.get(f"{self.running.url}/login?token={ticket}")
        self.until("return location.pathname === '/dashboard/sessions'")
        self.until_ready()

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def find_all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        return [element.text for element in self.find_all(css)]

    def leave(self, act: Callable[[], object]) -> None:
        """Do what leads to another page, and wait for that."""
        old = self.find("html")
        act()
        WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(lambda _: _is_gone(old))
        self.until_ready()

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def resize(self, size: tuple[int, int]) -> None:
        """The page's own width and height; a window would not get as narrow as a phone."""
        width, height = size
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        # What a page lays out anew in the next frame has been.
        self.driver.execute_async_script("const f = requestAnimationFrame; f(() => f(arguments[0]))")

    def theme(self, name: str) -> None:
        """What the system prefers: light or dark."""
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]}
        )

    def picture(self, name: str) -> None:
        """The whole page as a file `name.png`."""
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        width = self.driver.execute_script("return innerWidth")
        self.resize((width, min(int(height), 4000)))
        self.driver.save_screenshot(str(self.pictures / f"{name}.png"))
        self.resize((width, WIDE[1]))

    def is_too_wide(self) -> list[str]:
        """What makes the page scroll sideways; nothing when it does not."""
        return self.driver.execute_script("""
            if (document.documentElement.scrollWidth <= innerWidth) return [];
            return [...document.body.querySelectorAll("*")]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                .map((e) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 60)}`).slice(0, 5);
        """)

    def violations(self) -> list[str]:
        """What axe-core finds that is serious or critical, of WCAG 2.2 A and AA and its best practices."""
        from axe_core_python.selenium import Axe

        found = Axe().run(self.driver, options={"resultTypes": ["violations"]})
        return [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    def complaints(self) -> list[str]:
        """What the browser's console holds: errors, and what the content security policy stopped."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def look_over(self, name: str) -> None:
        """Light and dark, wide and on a phone: pictures, nothing wider than the page, nothing that axe-core minds."""
        for theme in ("light", "dark"):
            self.theme(theme)
            for size in (WIDE, PHONE):
                self.resize(size)
                assert self.is_too_wide() == [], (name, theme, size)
                self.picture(f"{name}-{theme}-{size[0]}")
            assert self.violations() == [], (name, theme)
        self.theme("light")
        self.resize(WIDE)
        assert self.complaints() == []


def _is_gone(element: WebElement) -> bool:
    from selenium.common.exceptions import StaleElementReferenceException

    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    return False


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in programs.items() if path is None]
    if missing:
        message = f"not installed: {', '.join(missing)} (apt-get install chromium chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    home = tmp_path_factory.mktemp("chromium")
    chrome = ChromeOptions()
    chrome.binary_location = str(programs["chromium"])
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--no-first-run", "--no-proxy-server", f"--user-data-dir={home}",
    ):  # fmt: skip
        chrome.add_argument(argument)
    chrome.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=chrome, service=Driver(str(programs["chromedriver"])))
    yield found
    found.quit()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(KEEP) if KEEP else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def browser(driver: webdriver.Chrome, running: Running, pictures: Path) -> Iterator[Page]:
    """Nobody is signed in yet: `browser.sign_in(key)`."""
    page = Page(driver, running, pictures)
    page.resize(WIDE)
    page.theme("light")
    driver.get_log("browser")  # what an earlier test left
    yield page
    driver.get("about:blank")  # closes its streams before the server stops
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
