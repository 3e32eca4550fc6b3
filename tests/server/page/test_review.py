"""The Review and Hygiene tabs (server/page/review.py, hygiene.py), as browsers ask for them."""

from __future__ import annotations

import html
import re

import pytest

from contox_hooks.domain.access import Role
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.hygiene.analysis import analyze
from tests.server.learned import Learned, learned
from tests.server.page.browsing import Visitor, values_of, visitor, words

__all__ = ["learned"]


@pytest.fixture
def editor(learned: Learned) -> Visitor:
    return visitor(learned.running, learned.running.person("ed", {learned.project_id: Role.EDITOR}))


@pytest.fixture
def viewer(learned: Learned) -> Visitor:
    return visitor(learned.running, learned.running.person("vi", {learned.project_id: Role.VIEWER}))


def doubted(learned: Learned, count: int = 3) -> list[str]:
    """Ids of items that a later commit of the project made doubtful; nothing else is in review."""
    sha = next(each.evidence[0].commit_sha for each in learned.items() if each.evidence)
    with learned.running.service() as service:
        for item in service.reviews.queue(learned.project_id):
            service.reviews.approve(item.id)
        ids = [item.id for item in service.items.page(learned.project_id)[:count]]
        for item_id in ids:
            service.items.set_status(item_id, "review", reason=f"src/orders.py changed in {sha[:12]}: no longer has it")
    return ids


def statuses(learned: Learned, ids: list[str]) -> list[str]:
    with learned.running.service() as service:
        return [service.items.get(item_id).status for item_id in ids]


def test_it_says_what_drifted_and_by_which_commit(learned: Learned, viewer: Visitor) -> None:
    ids = doubted(learned)
    page = viewer.get(f"/dashboard/review?project={learned.project_id}")
    assert "1 to 3 of 3 items" in words(page)
    with learned.running.service() as service:
        for item in map(service.items.get, ids):
            assert item.title in html.unescape(page.text)
            sha = str(item.status_reason).partition("changed in ")[2][:12]
            assert f"Session of {sha}" in page.text
            assert f"/dashboard/sessions/{service.reviews.session_of(learned.project_id, sha)}" in page.text


def test_filters_and_the_empty_queue(learned: Learned, viewer: Visitor) -> None:
    base = f"/dashboard/review?project={learned.project_id}"
    doubted(learned, 0)
    assert "Nothing to review" in viewer.text(base)
    [item_id] = doubted(learned, 1)
    with learned.running.service() as service:
        item = service.items.get(item_id)
    assert item.title in viewer.text(f"{base}&type={item.type}&file={item.files[0]}")
    assert "Nothing in review fits" in viewer.text(f"{base}&file=nowhere")
    assert viewer.get("/dashboard/review").headers["location"] == base


def test_one_is_decided_by_its_own_button_and_many_together(learned: Learned, editor: Visitor) -> None:
    where = f"/dashboard/review?project={learned.project_id}"
    for verb, status in (("approve", "active"), ("deprecate", "deprecated"), ("archive", "archived")):
        ids = doubted(learned, 2)
        page = editor.get(where)
        own = [value for value in values_of(page, "one") if value.startswith(f"{verb} ")]
        checked = values_of(page, "item")
        assert (len(own), len(checked)) == (2, 2), verb
        first = own[0].partition(" ")[2].partition(":")[0]
        assert editor.told(where, one=own[0], item=checked).startswith("1 item ")
        assert sorted(statuses(learned, ids)) == sorted([status, "review"]), verb
        assert statuses(learned, [first]) == [status]
        assert editor.told(where, item=checked, do=verb).startswith("1 item "), "the first changed: it is left alone"
        assert statuses(learned, ids) == [status] * 2


def test_what_history_settled_is_archived_on_request(learned: Learned, editor: Visitor) -> None:
    where = f"/dashboard/review/settle?project={learned.project_id}"
    assert editor.told(where) == "0 items archived"


def test_viewers_strangers_and_other_sites_decide_nothing(learned: Learned, editor: Visitor, viewer: Visitor) -> None:
    ids = doubted(learned)
    where = f"/dashboard/review?project={learned.project_id}"
    [choice, *_] = values_of(editor.get(where), "item")
    assert 'method="post"' not in viewer.get(where).text.partition("<main")[2]
    stranger = visitor(learned.running, learned.running.person("eve"))
    hygiene, settle = where.replace("review", "hygiene"), where.replace("review", "review/settle")
    for path, form in ((where, {"item": choice, "do": "archive"}), (hygiene, {"action": "x"}), (settle, {})):
        assert viewer.post(path, **form).status_code == 403
        assert stranger.post(path, **form).status_code == 404
        assert editor.post(path, origin=None, **form).status_code == 403
    assert stranger.get(where).status_code == stranger.get(hygiene).status_code == 404
    assert statuses(learned, ids) == ["review"] * 3


def test_a_plan_is_shown_with_before_and_after_and_chosen_parts_are_applied(learned: Learned, editor: Visitor) -> None:
    token = "ghp_" + "A1b2C3d4E5" * 3 + "f6G7h8"
    with learned.running.service() as service, service.store.transaction():
        add = lambda title, **more: service.items.add(  # noqa: E731
            learned.project_id,
            None,
            Draft("bug", title, more.pop("facts", "f"), "root/bugs", 0.9, 3, (Evidence("a" * 40, "q"),), **more),
        )
        renamed, kept = add("fix: the pager stops at last (#12)"), add("fix: the other stays so")
        one, two = add("The same thing twice"), add("The same thing twice")
        leaky = add("A token in the facts", facts=f"the token is {token}")
    where = f"/dashboard/hygiene?project={learned.project_id}&mode=weekly"
    page = editor.get(where)
    text = words(page)
    assert "- fix: the pager stops at last (#12)" in text
    assert "+ the pager stops at last" in text
    assert "needs approval takes something away" in text
    assert token not in page.text
    with learned.running.service() as service:
        plan = analyze(service, learned.project_id, mode="weekly")
    by_target = {(action.type, action.target_ids[0]): action for action in plan.actions}
    destructive = {action.id for action in plan.actions if action.is_destructive}
    ticked = {html.unescape(found) for found in re.findall(r'name="action" value="([^"]+)"[^>]* checked', page.text)}
    assert ticked == {action.id for action in plan.actions} - destructive
    chosen = [by_target["RENAME_TITLE", renamed].id, by_target["MERGE_MEMORIES", one].id, by_target["REDACT", leaky].id]
    assert editor.told(where, action=[*chosen, "rename-title-0000000000"]) == (
        "3 actions applied; 1 left alone: changed since the plan was shown"
    )
    with learned.running.service() as service:
        assert service.items.get(renamed).title == "the pager stops at last"
        assert service.items.get(kept).title == "fix: the other stays so"
        assert service.items.get(two).superseded_by == one
        assert token not in service.items.get(leaky).facts
    assert "left alone" in editor.told(where, action=chosen)
    assert editor.told(where) == "nothing was chosen"
