"""What the dashboard's Sessions pages weigh, and how long until one can use them, in headless Chromium.

    python benchmarks/dashboard.py [--items 100000] [--sessions 10000] [--rounds 15] [--keep FOLDER]

One server process over the store of `server.py`, the browser on the same machine. `weight`: all that a page loads, as
it is after decoding, its own HTML included. `usable`: from the navigation's start until the last script has run (the
chart is drawn, buttons work); `cold` with nothing in the browser's cache, `warm` with the files that may be kept.
`server`: from the request to the first byte, as the browser sees it. Medians over the rounds, pages and kinds taking
turns. As the unit a page of ten words from a bare route of the same application.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from selenium import webdriver
from selenium.webdriver.chrome.service import Service as Driver
from server import made  # the benchmark beside this one

sys.path.insert(0, str(Path(__file__).parents[1]))
from contox_hooks.domain.pipeline import Job
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.site import Options, Site
from tests.memory.events import commit
from tests.server.conftest import serve

WEIGHT_LIMIT, USABLE_LIMIT_MS = 150_000, 300
_BARE = (
    '<!doctype html><html lang="en" data-ready><title>t</title><p>Ten words, more or less, on a page of its own.</p>'
)
_WATCH = """
new MutationObserver(() => {
    if (document.documentElement?.dataset.ready !== undefined) window.usable ??= performance.now();
}).observe(document, { attributes: true, subtree: true, childList: true });
"""
_MEASURE = """
const [page] = performance.getEntriesByType("navigation");
const files = performance.getEntriesByType("resource");
return { usable: window.usable, server: page.responseStart - page.requestStart, requests: 1 + files.length,
         weight: page.decodedBodySize + files.reduce((sum, file) => sum + file.decodedBodySize, 0) };
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() if options.keep is None else nullcontext(options.keep) as folder:
        path = Path(folder) / "memory.db"
        project_id, key = made(path, options.items, options.sessions)
        session_id = busy_session(path, project_id)
        site = Site(Pool(lambda: Store.open(path)), NoEngine(), Options(requests_a_minute=0))
        app = create_app(site)
        app.add_api_route("/bare", lambda: HTMLResponse(_BARE))
        pages = {
            "bare": "/bare",
            "sessions, all projects": "/dashboard/sessions",
            "sessions, one project": f"/dashboard/sessions?project={project_id}",
            "sessions, failed ones": f"/dashboard/sessions?project={project_id}&status=failed",
            "one session, events": f"/dashboard/sessions/{session_id}",
            "one session, jobs": f"/dashboard/sessions/{session_id}?tab=jobs",
        }
        for url in serve(site, app):
            with browser() as driver:
                sign_in(driver, url, path, key)
                report(driver, url, pages, options.rounds)


def busy_session(path: Path, project_id: str) -> str:
    """A session of fifty commits with a pipeline that is through."""
    with Service.open(path) as service:
        diff = "--- a/app.py\n+++ b/app.py\n@@ -1,9 +1,9 @@\n" + "-    old line of code\n+    new line of code\n" * 40
        events = [commit(n, int(time.time()) - 3000 + n, diff=diff, body="Why it was done.") for n in range(50)]
        session_id = service.ingest(project_id, events)[0].session_id
        service.jobs.request([session_id], trigger="manual")
        for job in service.jobs.of_session(session_id):
            done(service, job)
        return session_id


def done(service: Service, job: Job) -> None:
    service.jobs.start(job)
    service.jobs.finish(job, "done", detail="50 commits read, 12 items")


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Driver(shutil.which("chromedriver")))
    driver.set_window_size(1280, 900)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})
    try:
        yield driver
    finally:
        driver.quit()


def sign_in(driver: webdriver.Chrome, url: str, path: Path, key: str) -> None:
    with Service.open(path) as service:
        found = service.access.of_text(key)
        assert found is not None
        ticket = service.access.create_ticket(found.id, "login", life_s=600)
    driver.get(f"{url}/login?token={ticket}")
    while "/login" in driver.current_url:
        time.sleep(0.05)


def measured(driver: webdriver.Chrome, url: str, *, cold: bool) -> dict[str, float]:
    driver.get("about:blank")
    if cold:
        driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(url)
    while driver.execute_script("return window.usable === undefined"):
        time.sleep(0.01)
    found: dict[str, float] = driver.execute_script(_MEASURE)
    return found


def report(driver: webdriver.Chrome, url: str, pages: dict[str, str], rounds: int) -> None:
    taken: dict[tuple[str, bool], list[dict[str, float]]] = {
        (name, cold): [] for name in pages for cold in (True, False)
    }
    for number in range(rounds + 1):
        for name, cold in taken:
            found = measured(driver, url + pages[name], cold=cold)
            if number:  # the first round warms up server and browser
                taken[name, cold].append(found)

    def median(name: str, cold: bool, what: str) -> Any:
        return statistics.median(one[what] for one in taken[name, cold])

    bare = median("bare", True, "usable")
    print(f"{'page':24} {'weight':>9} {'requests':>8} {'server':>8} {'cold':>8} {'warm':>8} {'cold / bare':>12}")
    for name in pages:
        weight, requests = median(name, True, "weight") / 1000, median(name, True, "requests")
        server, cold, warm = median(name, True, "server"), median(name, True, "usable"), median(name, False, "usable")
        print(
            f"{name:24} {weight:6.1f} kB {requests:8.0f} {server:5.0f} ms {cold:5.0f} ms {warm:5.0f} ms "
            f"{cold / bare:12.1f}"
        )
    print(f"limits: {WEIGHT_LIMIT / 1000:.0f} kB, {USABLE_LIMIT_MS} ms")


if __name__ == "__main__":
    main()
