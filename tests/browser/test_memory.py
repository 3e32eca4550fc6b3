"""Memory, Review, Hygiene, Projects and Operations in a real browser: every page looked over, every button pressed."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.hygiene.analysis import analyze
from tests.browser.conftest import Page
from tests.server.learned import Learned, learned

__all__ = ["learned"]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def owner(browser: Page, learned: Learned) -> Page:
    browser.sign_in(learned.running.person("boss", is_owner=True))
    return browser


def click(page: Page, css: str) -> None:
    element = page.find(css)
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    page.leave(element.click)


def agree(page: Page, css: str) -> None:
    """To the question that comes first."""

    def act() -> None:
        page.find(css).click()
        page.driver.switch_to.alert.accept()

    page.leave(act)


def status_of(learned: Learned, item_id: str) -> str:
    with learned.running.service() as service:
        return service.items.get(item_id).status


def test_memory_is_found_read_decided_and_edited(owner: Page, learned: Learned) -> None:
    todo = next(item for item in learned.items() if item.type == "todo")
    owner.open(f"/dashboard/memory?project={learned.project_id}")
    owner.look_over("memory")
    owner.find(".filters input[name=q]").send_keys("reject orders without lines")
    owner.leave(lambda: owner.press(Keys.ENTER))
    assert todo.title in owner.texts(".items .strong")[0]
    owner.find(".items .strong a").send_keys("")
    owner.leave(lambda: owner.press(Keys.ENTER))
    assert owner.find("h1").text == todo.title
    assert "TODO: reject orders without lines" in " ".join(owner.texts("mark"))
    owner.look_over("item")
    title = owner.find("#edit input[name=title]")
    title.clear()
    title.send_keys("Another <b>title</b>")
    click(owner, "#edit form .button.main")
    assert owner.find(".flash").text == "changed title"
    assert owner.find("h1").text == "Another <b>title</b>"
    owner.find("#reason").send_keys("done long ago")
    owner.leave(lambda: owner.press(Keys.ENTER))
    assert owner.find(".flash").text == "nothing was decided"
    owner.find("#reason").send_keys("done long ago")
    click(owner, "button[value=archive]")
    assert "archived: by boss: done long ago" in owner.find("#history").text
    click(owner, "button[value=approve]")
    click(owner, "button[value=deprecate]")
    assert status_of(learned, todo.id) == "deprecated"
    owner.open(f"/dashboard/memory?project={learned.project_id}")
    click(owner, ".tree ul a")
    assert "key=" in owner.driver.current_url
    owner.find("#all-list").click()
    chosen = owner.find_all("input[name=item]:checked")
    assert len(chosen) == len(owner.find_all("input[name=item]")) > 0
    click(owner, "button[value=archive]")
    assert owner.find(".flash").text == f"{len(chosen)} item{'' if len(chosen) == 1 else 's'} archived"


def test_review_and_hygiene_are_gone_through(owner: Page, learned: Learned) -> None:
    ids = [item.id for item in learned.items() if item.status == "active"][:4]
    sha = learned.items()[0].evidence[0].commit_sha[:12]
    with learned.running.service() as service, service.store.transaction():
        for item in service.reviews.queue(learned.project_id):
            service.reviews.approve(item.id)
        for item_id in ids:
            service.items.set_status(item_id, "review", reason=f"src/orders.py changed in {sha}: no longer has it")
        for title in ("fix: the pager stops at last (#12)", "The same thing twice", "The same thing twice"):
            service.items.add(
                learned.project_id, None, Draft("bug", title, "f", "root/bugs", 0.9, 3, (Evidence("a" * 40, "q"),))
            )
    owner.open(f"/dashboard/review?project={learned.project_id}")
    assert len(owner.find_all(".row-item")) == 4
    owner.look_over("review")
    for verb, status in (("approve", "active"), ("deprecate", "deprecated")):
        button = owner.find(f"button[name=one][value^={verb}]")
        item_id = button.get_attribute("value").split(" ")[1].partition(":")[0]
        button.send_keys("")
        owner.leave(lambda: owner.press(Keys.ENTER))
        assert status_of(learned, item_id) == status
    owner.find("#all-queue").click()
    click(owner, "button[name=do][value=archive]")
    assert owner.find(".flash").text == "2 items archived"
    assert "Nothing to review" in owner.find("main").text
    owner.open(f"/dashboard/hygiene?project={learned.project_id}")
    click(owner, ".filters .button")
    owner.look_over("hygiene")
    ticked = len(owner.find_all("input[name=action]:checked"))
    click(owner, ".bulk .button.main")
    assert owner.find(".flash").text.startswith(f"{ticked} actions applied")
    owner.find("#all-actions").click()
    click(owner, ".bulk .button.main")
    with learned.running.service() as service:
        assert analyze(service, learned.project_id).by_type.get("MERGE_MEMORIES") is None


def test_a_project_is_made_and_set_up(owner: Page, learned: Learned) -> None:
    owner.open("/dashboard/projects")
    owner.look_over("projects")
    owner.find("#name").send_keys("Side <i>shop</i>")
    click(owner, "#new .button.main")
    owner.look_over("connect")
    assert "contox-hooks connect --url" in owner.find(".copy").text
    click(owner, "#by-link .button.main")
    owner.look_over("connect-link")
    assert str(owner.find("#editor-link").get_attribute("href")).startswith(
        "vscode://contox.contox-vscode/setup?token="
    )
    click(owner, ".tabs a:nth-child(1)")
    owner.look_over("settings")
    owner.find("#model-small").click()
    owner.find("#min_interval_s").send_keys("900")
    click(owner, "#learning .button.main")
    assert owner.find(".flash").text == "Changed min_interval_s, model"
    click(owner, "#general .button.main")
    owner.find("#path").send_keys(str(learned.made.kept))
    click(owner, "#clones form:last-of-type .button")
    assert "Linked" in owner.find(".flash").text
    agree(owner, "#clones .act .button")
    click(owner, ".tabs a:nth-child(2)")
    owner.find("#name").send_keys("<b>bob</b>")
    owner.find("#is_new").click()
    click(owner, "#add .button.main")
    owner.look_over("members")
    click(owner, "td .row .button")
    agree(owner, "td .danger")
    click(owner, ".tabs a:nth-child(3)")
    owner.find("#name").send_keys("laptop")
    click(owner, "#new-key .button.main")
    key = owner.find("#made").text
    assert key.startswith("contox_sk_")
    owner.look_over("access")
    click(owner, "#secret a.button")
    assert len(owner.find("#secret .copy").text) == 64
    assert key not in owner.driver.page_source
    owner.find("#sure").click()
    click(owner, "#secret .danger")
    assert "There is a new secret" in owner.find(".flash").text
    agree(owner, "#keys td .danger")
    assert "Revoked" in owner.find(".flash").text


def test_operations_show_a_failure_and_run_it_again(owner: Page, learned: Learned) -> None:
    with learned.running.service() as service:
        session = service.sessions.page(learned.project_id, limit=1)[0]
        service.jobs.finish(service.jobs.of_session(session.id)[-1], "failed", error="the <b>disk</b> is full")
    learned.bring_clone()
    owner.open("/dashboard/operations")
    assert "the <b>disk</b> is full" in owner.find("#failures").text
    assert str(learned.made.repo) in owner.find("#outbox").text
    owner.look_over("operations")
    click(owner, "#failures button")
    owner.open("/dashboard/operations")
    assert "Nothing failed" in owner.find("#failures").text
