"""The Brain tab and the page of an item (server/page/memory.py, item.py), as browsers ask for them."""

from __future__ import annotations

import pytest

from contox_hooks.domain.access import Role
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.deciding import seen_of
from contox_hooks.server.page.tree import MOST
from tests.server.learned import Learned, learned
from tests.server.page.browsing import Visitor, plain, values_of, visitor, words
from tests.server.page.reading import Element, read

__all__ = ["learned"]

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e"


@pytest.fixture
def editor(learned: Learned) -> Visitor:
    return visitor(learned.running, learned.running.person("ed", {learned.project_id: Role.EDITOR}))


@pytest.fixture
def viewer(learned: Learned) -> Visitor:
    return visitor(learned.running, learned.running.person("vi", {learned.project_id: Role.VIEWER}))


def test_without_a_project_one_is_taken_to_the_first(learned: Learned, viewer: Visitor) -> None:
    answer = viewer.get("/dashboard/memory")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/dashboard/memory?project={learned.project_id}")
    nobody = visitor(learned.running, learned.running.person("new"))
    assert "No project yet" in nobody.text("/dashboard/memory")


def test_the_list_says_what_is_remembered_and_how_much_care_it_wants(learned: Learned, viewer: Visitor) -> None:
    text = viewer.text(f"/dashboard/memory?project={learned.project_id}")
    for item in learned.items():
        assert (item.title in text) == (item.status == "active")
    assert "Tier 1" in text
    assert f"of {sum(item.status == 'active' for item in learned.items())} items" in text


def test_filters_search_and_the_tree_narrow_it(learned: Learned, viewer: Visitor) -> None:
    base = f"/dashboard/memory?project={learned.project_id}"
    todo = next(item for item in learned.items() if item.type == "todo")
    other = next(item for item in learned.items() if item.type == "convention")
    for narrow in ("&type=todo", f"&key={todo.schema_key}", "&q=reject+orders+without+lines"):
        text = viewer.text(base + narrow)
        assert todo.title in text, narrow
    assert other.title not in viewer.text(f"{base}&type=todo")
    assert "Nothing fits" in viewer.text(f"{base}&type=todo&band=check&status=archived")
    assert viewer.text(f"{base}&type=nonesuch&band=nonesuch&status=nonesuch")
    found = viewer.get(f"{base}&status=").text
    assert f"key={todo.schema_key.replace('/', '%2F')}" in found


def test_pages_hold_fifty(learned: Learned, viewer: Visitor) -> None:
    with learned.running.service() as service, service.store.transaction():
        for number in range(120):
            service.items.add(learned.project_id, None, Draft("bug", f"old bug {number}", "", "root/bugs", 0.3, 1, ()))
    base = f"/dashboard/memory?project={learned.project_id}&type=bug&band=check"
    assert "1 to 50 of 120 items" in viewer.text(base)
    assert "101 to 120 of 120 items" in viewer.text(f"{base}&page=3")
    assert viewer.get(f"{base}&page=4").status_code == 200
    assert viewer.get(f"{base}&page=0").status_code == 400


def test_an_item_shows_the_quoted_lines_in_their_diff(learned: Learned, viewer: Visitor) -> None:
    todo = next(item for item in learned.items() if item.type == "todo")
    answer = viewer.get(f"/dashboard/memory/{todo.id}")
    marked = [plain(part.partition("</mark>")[0]) for part in answer.text.split("<mark>")[1:]]
    assert any("TODO: reject orders without lines" in line for line in marked)
    assert 'class="a cited"' in answer.text
    assert todo.evidence[0].commit_sha[:12] in words(answer)
    assert f"/dashboard/sessions/{todo.session_id}" in answer.text
    assert "def place(order):" in words(answer), "the lines around it"


def test_a_quote_whose_commit_is_not_stored_stands_alone(learned: Learned, viewer: Visitor) -> None:
    with learned.running.service() as service, service.store.transaction():
        draft = Draft("bug", "far away", "", "root/bugs", 0.9, 3, (Evidence("f" * 40, "the quote", "gone.py"),))
        item_id = service.items.add(learned.project_id, None, draft)
    text = viewer.text(f"/dashboard/memory/{item_id}")
    assert "the quote" in text
    assert "This commit is not stored here" in text


def test_relations_merges_and_decisions_are_told(learned: Learned, editor: Visitor) -> None:
    one, other = learned.items()[:2]
    with learned.running.service() as service:
        service.items.relate(one.id, other.id, "supersedes", "newer words")
    assert "supersedes" in editor.text(f"/dashboard/memory/{one.id}")
    assert "superseded by" in editor.text(f"/dashboard/memory/{other.id}")
    choice = f"{one.id}:{seen_of(one)}"
    assert (
        editor.told(f"/dashboard/memory/{one.id}/decide", item=choice, do="archive", reason="no  more")
        == "1 item archived"
    )
    assert "archived: by ed: no more" in editor.text(f"/dashboard/memory/{one.id}")


def test_many_are_decided_at_once(learned: Learned, editor: Visitor) -> None:
    where = f"/dashboard/memory?project={learned.project_id}&status="
    for verb, status in (("deprecate", "deprecated"), ("archive", "archived"), ("approve", "active")):
        choices = sorted(values_of(editor.get(where), "item"))[:3]
        told = editor.told(where, item=choices, do=verb)
        assert told.startswith("3 items "), verb
        ids = {choice.partition(":")[0] for choice in choices}
        assert {item.status for item in learned.items() if item.id in ids} == {status}


def test_what_changed_meanwhile_is_left_alone(learned: Learned, editor: Visitor) -> None:
    where = f"/dashboard/memory?project={learned.project_id}"
    [choice, *_] = values_of(editor.get(where), "item")
    item_id = choice.partition(":")[0]
    with learned.running.service() as service:
        service.items.edit(item_id, facts="other facts")
    assert "1 item left alone" in editor.told(where, item=choice, do="archive")
    with learned.running.service() as service:
        assert service.items.get(item_id).status == "active"


def test_forms_of_no_sense_change_nothing(learned: Learned, editor: Visitor) -> None:
    before = learned.items()
    forms: list[dict[str, str]] = [
        {}, {"do": "archive"}, {"do": "delete", "item": "a:b"}, {"one": "archive"}, {"one": "archive x"}, {"item": "a:b"},
    ]  # fmt: skip
    for form in forms:
        assert editor.told(f"/dashboard/memory?project={learned.project_id}", **form), form
    assert learned.items() == before


def test_an_edit_is_kept_and_what_is_wrong_is_told(learned: Learned, editor: Visitor) -> None:
    item = learned.items()[0]
    where = f"/dashboard/memory/{item.id}/edit"
    form = {
        "seen": seen_of(item), "type": item.type, "title": item.title, "key": item.schema_key,
        "importance": str(item.importance), "tags": ", ".join(item.tags), "facts": item.facts.replace("\n", "\r\n"),
        "rationale": item.rationale or "", "impact": item.impact or "",
    }  # fmt: skip
    assert "nothing was changed" in editor.told(where, **form)
    refused = editor.post(where, **{**form, "title": "", "key": "Root/Bad", "importance": "9"})
    assert refused.status_code == 400
    for problem in ("the title is empty", "lower-case words", "is not 1 to 5"):
        assert problem in words(refused)
    assert editor.told(where, **{**form, "title": "Another title", "facts": "one\r\ntwo"}) == "changed facts, title"
    with learned.running.service() as service:
        now = service.items.get(item.id)
    assert (now.title, now.facts, now.approved_at is not None) == ("Another title", "one\ntwo", True)
    late = editor.post(where, **{**form, "title": "A third title"})
    assert late.status_code == 409
    assert "changed meanwhile" in words(late)
    assert values_of(late, "title") == ["A third title"]


def test_who_may_only_read_has_no_buttons_and_is_refused(learned: Learned, viewer: Visitor) -> None:
    item = learned.items()[0]
    where = f"/dashboard/memory?project={learned.project_id}"
    for path in (where, f"/dashboard/memory/{item.id}"):
        assert 'method="post"' not in viewer.get(path).text.partition("<main")[2]
    choice = f"{item.id}:{seen_of(item)}"
    assert viewer.post(where, item=choice, do="archive").status_code == 403
    assert viewer.post(f"/dashboard/memory/{item.id}/decide", item=choice, do="archive").status_code == 403
    assert viewer.post(f"/dashboard/memory/{item.id}/edit", seen=seen_of(item), title="x").status_code == 403


def test_strangers_and_other_sites_get_nothing(learned: Learned, editor: Visitor) -> None:
    item = learned.items()[0]
    stranger = visitor(learned.running, learned.running.person("eve", {learned.running.project("other"): Role.ADMIN}))
    where = f"/dashboard/memory?project={learned.project_id}"
    choice = f"{item.id}:{seen_of(item)}"
    for path in (where, f"/dashboard/memory/{item.id}"):
        assert stranger.get(path).status_code == 404
        assert item.title not in stranger.get(path).text
    assert stranger.post(where, item=choice, do="archive").status_code == 404
    for origin in (None, "http://evil.example"):
        assert editor.post(where, origin=origin, item=choice, do="archive").status_code == 403
    with learned.running.service() as service:
        assert service.items.get(item.id) == item


def test_a_choice_of_another_project_is_not_taken(learned: Learned, editor: Visitor) -> None:
    running = learned.running
    with running.service() as service, service.store.transaction():
        other = service.projects.create("other").id
        foreign = service.items.get(service.items.add(other, None, Draft("bug", "theirs", "", "root/bugs", 0.9, 3, ())))
    told = editor.told(
        f"/dashboard/memory?project={learned.project_id}", item=f"{foreign.id}:{seen_of(foreign)}", do="archive"
    )
    assert "left alone" in told
    with running.service() as service:
        assert service.items.get(foreign.id).status == "active"


def test_hostile_text_stays_text(learned: Learned, editor: Visitor) -> None:
    with learned.running.service() as service, service.store.transaction():
        draft = Draft(
            "bug", HOSTILE, HOSTILE, f"root/{HOSTILE}", 0.3, 5, (Evidence("e" * 40, HOSTILE, HOSTILE),),
            rationale=HOSTILE, impact=HOSTILE, files=(HOSTILE,), tags=(HOSTILE,),
        )  # fmt: skip
        item_id = service.items.add(learned.project_id, None, draft)
        service.items.set_status(item_id, "review", reason=HOSTILE)
    project = f"project={learned.project_id}"
    for path in (
        f"/dashboard/memory?{project}&status=", f"/dashboard/memory/{item_id}", f"/dashboard/review?{project}",
        f"/dashboard/hygiene?{project}&mode=weekly", f"/dashboard/memory?{project}&q=%3Cscript%3Ealert&key=%22%3E%3Cimg",
    ):  # fmt: skip
        page = editor.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "\u202e" not in page.text


def test_the_tree_has_the_open_branch_alone(learned: Learned, viewer: Visitor) -> None:
    with learned.running.service() as service, service.store.transaction():
        for number in range(2 * MOST):
            key = f"root/wide/key{number:03}"
            service.items.add(learned.project_id, None, Draft("bug", f"bug {number}", "", f"{key}/deep", 0.9, 3, ()))
    base = f"/dashboard/memory?project={learned.project_id}&type=todo"

    def tree(key: str) -> tuple[str, list[str]]:
        nav = read(viewer.get(f"{base}&key={key}")).one("nav", class_="tree")
        return nav.text, [" ".join(link.text.split()) for link in links_in(nav)]

    assert "wide …" in tree("")[1]
    assert "key000" not in tree("")[0]
    text, names = tree("root/wide")
    assert "key000 …" in names
    assert f"{MOST} more keys" in text
    names = tree("root/wide/key150/deep")[1]
    assert names[names.index("key150") + 1] == "deep"
    assert names.count("deep") == 1


def links_in(element: Element) -> list[Element]:
    found = [element] if element.tag == "a" else []
    return found + [link for child in element.children for link in links_in(child)]
