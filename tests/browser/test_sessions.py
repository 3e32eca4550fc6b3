"""The Sessions pages in a browser: still and moving pipelines, the keyboard, a phone, light and dark."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from contox_hooks.domain.access import Role
from tests.browser.conftest import WIDE, Page
from tests.server.conftest import Running
from tests.server.page.story import HOSTILE, HOUR, asked, one_commit, session_of, through

STATES = "return [...document.querySelectorAll('.stage .state')].map((e) => e.textContent).join(' ')"


@pytest.fixture
def owner(browser: Page, running: Running) -> Page:
    browser.sign_in(running.person("owner", is_owner=True))
    return browser


def focused(page: Page) -> str:
    return page.driver.execute_script("return document.activeElement.textContent.trim()")


def test_the_list_of_sessions(owner: Page, running: Running, project_id: str) -> None:
    with running.service() as service:
        session_of(service, project_id, one_commit(1, 60, subject=HOSTILE), one_commit(2, 30))
        failed = session_of(service, project_id, one_commit(3, 9 * HOUR))
        through(service, asked(service, failed), failing=1, error=HOSTILE)
        for day in range(2, 9):
            session_of(service, project_id, *(one_commit(day * 10 + n, day * 86_400 + n) for n in range(day % 3 + 1)))
    owner.open("/dashboard/sessions")
    assert len(owner.find_all(".card")) == 9
    assert owner.find(".plot canvas").size["height"] > 100
    owner.look_over("sessions")
    owner.find("#status").send_keys("failed")
    owner.leave(lambda: owner.find(".filters button").click())
    assert owner.texts(".card .badge") == ["failed"]
    owner.leave(lambda: owner.find(".card h2 a").click())
    assert owner.driver.current_url.endswith(f"/dashboard/sessions/{failed}")


def test_the_list_is_live(owner: Page, running: Running, project_id: str) -> None:
    other = running.project("another")
    for path in ("/dashboard/sessions", f"/dashboard/sessions?project={project_id}"):
        owner.open(path)
        owner.until_live()
        with running.service() as service:
            before = len(owner.find_all(".card"))
            session = session_of(service, project_id, one_commit(before + 1, (before + 1) * 30 * HOUR))
            owner.until("return document.querySelectorAll('.card').length === arguments[0]", before + 1)
            asked(service, session)
            owner.until_text(".card .badge.busy", "enriching")
    with running.service() as service:
        session_of(service, other, one_commit(50, 60))
        session_of(service, project_id, one_commit(51, 200 * HOUR))
    owner.until_text("#list", "3 sessions")
    cells = (
        "return [...document.querySelector('#activity-days').lastElementChild.cells].map((cell) => cell.textContent)"
    )
    assert owner.driver.execute_script(cells)[1:] == ["0", "0"]  # the other project's commit is not this list's
    assert owner.complaints() == []


def test_a_pipeline_that_stands_still(owner: Page, running: Running, project_id: str) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60, subject=HOSTILE, body=HOSTILE), one_commit(2, 30))
        through(service, asked(service, session), failing=2, error=f"{HOSTILE}\n" + "a long line " * 40)
    owner.open(f"/dashboard/sessions/{session}")
    assert owner.texts(".stage .state") == ["completed", "completed", "failed", "pending", "pending"]
    owner.find("details[id^=event] summary").click()
    owner.until_text(".diff", "raise ValueError")
    assert "alert(1)" in owner.find("#session").text
    owner.look_over("session")
    owner.leave(lambda: owner.find(".tabs a[href*=jobs]").click())
    assert "a long line" in owner.find("pre").text
    owner.look_over("session-jobs")


def test_a_pipeline_that_moves_while_one_looks(owner: Page, running: Running, project_id: str) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60), one_commit(2, 30))
        owner.open(f"/dashboard/sessions/{session}")
        owner.until_live()
        owner.find("details[id^=event] summary").click()
        owner.until_text(".diff", "raise ValueError")
        owner.driver.execute_script("window.region = document.querySelector('#told')")
        jobs = asked(service, session)
        expected = ["pending"] * 5
        for number, job in enumerate(jobs):
            owner.driver.execute_script("document.querySelector(arguments[0]).focus()", "#tab-2")
            service.jobs.start(job)
            expected[number] = "active"
            owner.until(f"{STATES.replace('return', 'return arguments[0] ===')}", " ".join(expected))
            name = owner.find(".stage.active .name").text
            assert owner.driver.execute_script("return region.isConnected && region.textContent") == f"{name} is active"
            assert focused(owner).startswith("Jobs")  # swapping what is around it took it from nobody
            if number == 1:
                assert owner.find(".stage.active [data-elapsed]").text
                owner.picture("session-moving")
                service.jobs.finish(job, "skipped", detail="no clone of the repository is here")
                expected[number] = "skipped"
            else:
                service.jobs.finish(job, "done")
                expected[number] = "completed"
        owner.until(f"{STATES.replace('return', 'return arguments[0] ===')}", " ".join(expected))
        assert "no clone of the repository is here" in owner.find(".stage.skipped").text
        session_of(service, project_id, one_commit(3, 10))
        owner.until("return document.querySelectorAll('.events > li').length === 3")
    assert "raise ValueError" in owner.find(".diff").text  # what was opened is open still
    assert owner.complaints() == []


def test_what_happens_while_a_page_is_hidden_is_there_when_it_is_seen(
    owner: Page, running: Running, project_id: str
) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
        owner.open(f"/dashboard/sessions/{session}")
        owner.until_live()
        here = owner.driver.current_window_handle
        owner.driver.switch_to.new_window("tab")
        there = owner.driver.current_window_handle
        through(service, asked(service, session))
        owner.driver.close()
        assert there != here
        owner.driver.switch_to.window(here)
        owner.until(f"{STATES.replace('return', 'return arguments[0] ===')}", " ".join(["completed"] * 5))


def test_all_of_it_by_keyboard(owner: Page, running: Running, project_id: str) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
    owner.open(f"/dashboard/sessions/{session}")
    owner.press(Keys.TAB)
    assert focused(owner) == "Skip to content"
    assert owner.find(".skip").location["x"] >= 0
    owner.press(Keys.ENTER)
    assert owner.driver.execute_script("return document.activeElement.id") == "main"
    seen = []
    for _ in range(6):
        owner.press(Keys.TAB)
        seen.append(focused(owner))
        outline = owner.driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", seen
    assert seen == ["Sessions of demo", "Generate Memory", "End session", "Events 1", "Jobs 0", "The digest"]
    owner.driver.execute_script("document.querySelector('form[action$=\"/end\"] button').focus()")
    owner.press(Keys.ENTER)
    owner.driver.switch_to.alert.dismiss()
    with running.service() as service:
        assert service.sessions.get(session).status == "active"
    owner.leave(lambda: (owner.press(Keys.ENTER), owner.driver.switch_to.alert.accept()))
    assert "is ended" in owner.find(".flash").text
    with running.service() as service:
        assert service.sessions.get(session).status == "closed"
    owner.driver.execute_script("document.querySelector('form[action$=\"/generate\"] button').focus()")
    owner.leave(lambda: owner.press(Keys.ENTER))
    assert "on its way" in owner.find(".flash").text
    assert owner.violations() == []
    with running.service() as service:
        through(service, service.jobs.of_session(session), failing=3)
    owner.until("return document.querySelector('form[action$=\"/retry\"] button') !== null")
    owner.driver.execute_script("document.querySelector('form[action$=\"/retry\"] button').focus()")
    owner.leave(lambda: owner.press(Keys.ENTER))
    assert owner.texts(".stage .state") == ["completed"] * 3 + ["pending"] * 2
    owner.driver.execute_script("document.querySelector('.menu summary').focus()")
    owner.press(Keys.ENTER)
    assert owner.find(".menu").get_attribute("open")
    owner.press(Keys.TAB, Keys.ESCAPE)
    assert not owner.find(".menu").get_attribute("open")
    assert "Project" in focused(owner)


def test_signing_in_with_a_key_and_out_again(browser: Page, running: Running) -> None:
    key = running.person("ada", {running.project(): Role.VIEWER})
    browser.open("/dashboard/sessions?status=active")
    browser.look_over("login")
    browser.find("#key").send_keys("wrong", Keys.ENTER)
    browser.until_text("#key-error", "opens nothing")
    browser.find("#key").send_keys(key)
    browser.leave(lambda: browser.find("#key").submit())
    assert browser.driver.current_url == f"{running.url}/dashboard/sessions?status=active"
    browser.leave(lambda: browser.find("form[action='/logout'] button").click())
    assert browser.texts(".flash") == ["You are signed out"]


def test_the_theme_stays_as_one_sets_it(owner: Page) -> None:
    def is_dark() -> bool:
        return (
            owner.driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 28)"
        )

    assert not is_dark()
    owner.find("[data-theme-switch]").click()
    assert is_dark()
    owner.open("/dashboard/sessions")
    assert is_dark()
    owner.theme("dark")
    owner.find("[data-theme-switch]").click()
    assert not is_dark()


def test_without_scripts_everything_is_there(owner: Page, running: Running, project_id: str) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
    owner.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        owner.driver.get(f"{running.url}/dashboard/sessions/{session}")
        owner.find("details[id^=event] summary").click()
        owner.find(".whole a").click()
        assert "raise ValueError" in owner.until_there(".diff").text
        owner.driver.get(f"{running.url}/dashboard/sessions/{session}")
        owner.find("form[action$='/generate'] button").click()
        assert "on its way" in owner.until_there(".flash").text
    finally:
        owner.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert owner.driver.execute_script("return innerWidth") == WIDE[0]
