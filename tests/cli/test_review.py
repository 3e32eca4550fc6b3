"""`review`: what needs a person's judgement, and deciding about it without a terminal."""

from __future__ import annotations

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.domain.item import Draft, Evidence
from tests.cli.conftest import Call
from tests.cli.world import drain, learn
from tests.gitrepo import Repo


@pytest.fixture
def doubtful(learnt: Repo, call: Call) -> str:
    """The id of an item that own work put into review."""
    learnt.commit(
        "refactor(store): events are rows", {"store/events.py": "def rows() -> list[str]:\n    return []\n"}, now=True
    )
    learn(learnt)
    (item,) = call("review", "--json").json["items"]
    assert item["files"] == ["store/events.py"]
    return str(item["id"])


@pytest.fixture
def outdated(learnt: Repo, call: Call) -> str:
    """The id of an item that history itself put into review: HISTORY's last commit changed what its second had made."""
    (item,) = call("review", "--history", "--json").json["items"]
    assert item["files"] == ["api/orders.py"]
    return str(item["id"])


def unsure(repo: Repo, title: str = "Perhaps orders are cached", confidence: float = 0.4, **fields: object) -> str:
    """An active item of low confidence, citing the last commit."""
    parts = Assembly(repo.repository)
    draft = Draft(
        type="decision", title=title, facts="- said once", schema_key="root/decisions", confidence=confidence,
        importance=3, evidence=(Evidence(repo.head(), "orders are paged"),), files=("api/cache.py",),
    )  # fmt: skip
    with parts.service as service:
        return service.items.add(parts.project.id, None, draft)


def test_each_is_listed_with_commit_and_path(learnt: Repo, call: Call, doubtful: str) -> None:
    found = call("review", "list", "--json").json
    assert set(found) == {"items", "total"}
    assert found == call("review", "--json").json
    (item,) = found["items"]
    assert (item["band"], found["total"]) == ("skim", 1)
    assert "store/events.py" in item["status_reason"]
    assert learnt.head()[:7] in item["status_reason"]
    out = call("review").out
    assert item["status_reason"] in out
    assert "decide: contox-hooks review approve|deprecate|archive ID" in out


@pytest.mark.parametrize(
    ("verb", "status"), [("approve", "active"), ("deprecate", "deprecated"), ("archive", "archived")]
)
def test_deciding(learnt: Repo, call: Call, doubtful: str, verb: str, status: str) -> None:
    title = call("memory", doubtful, "--json").json["title"]
    told = call("review", verb, doubtful.lower(), "--json").json
    assert told == {"changed": [{"id": doubtful, "title": title, "was": "review", "status": status}]}
    item = call("memory", doubtful, "--json").json
    assert (item["status"], item["status_reason"]) == (status, None)
    assert (item["approved_at"] is not None) == (verb == "approve")
    assert call("review").out.startswith("nothing to review")
    assert call("review", "--json").json == {"items": [], "total": 0}
    assert call("review", verb, doubtful).out == f"already {status}: {title}\n"


def test_a_wrong_id_changes_none(learnt: Repo, call: Call, doubtful: str) -> None:
    told = call("review", "approve", doubtful, "nope")
    assert (told.code, told.out) == (4, "")
    assert call("memory", doubtful, "--json").json["status"] == "review"
    assert call("review", "archive", "nope", "--json").error["code"] == "not_found"
    assert call("review", "aprove", doubtful, "--json").error["code"] == "usage"


def test_what_was_merged_stays_merged(learnt: Repo, call: Call) -> None:
    parts = Assembly(learnt.repository)
    survivor, absorbed = parts.service.items.page(parts.project.id)[:2]
    parts.service.items.merge(survivor.id, absorbed.id, "the same")
    for arguments in (
        ("approve", absorbed.id),
        ("merge", absorbed.id, survivor.id),
        ("merge", survivor.id, absorbed.id),
    ):
        error = call("review", *arguments, "--json").error
        assert (error["code"], error["hint"]) == ("refused", f"contox-hooks memory {survivor.id}")


def test_what_was_never_sure_comes_too_until_it_is_approved(learnt: Repo, call: Call, doubtful: str) -> None:
    item_id = unsure(learnt)
    edge = unsure(learnt, "Exactly at the edge", confidence=0.5)
    ids = [item["id"] for item in call("review", "--json").json["items"]]
    assert set(ids) == {doubtful, item_id}
    assert edge not in ids
    assert "confidence 0.40 only" in call("review").out
    assert call("review", "show", item_id, "--json").json["band"] == "check"
    assert call("review", "show", item_id).out.startswith("check the source; confidence 0.40 only\n")
    call("review", "approve", item_id)
    assert [item["id"] for item in call("review", "--json").json["items"]] == [doubtful]


def test_bulk_goes_by_band_type_and_file_and_asks(learnt: Repo, call: Call, doubtful: str) -> None:
    item_id = unsure(learnt)
    refused = call("review", "archive", "--band", "check", "--json").error
    assert refused["code"] == "refused"
    assert "1 item (1 check the source) become archived" in refused["message"]
    assert call("review", "list", "--type", "decision", "--json").json["total"] == 1
    assert call("review", "list", "--file", "api", "--json").json["total"] == 1
    assert call("review", "list", "--file", "store/", "--json").json["total"] == 1
    assert call("review", "list", "--file", "api/cache.py", "--json").json["total"] == 1
    assert call("review", "--band", "safe").out == "nothing in review fits these filters\n"
    assert call("review", "approve", "--band", "safe", "--json").json == {"changed": []}
    changed = call("review", "archive", "--band", "check", "--yes", "--json").json["changed"]
    assert [each["id"] for each in changed] == [item_id]
    changed = call("review", "approve", "--all", "-y", "--json").json["changed"]
    assert [each["id"] for each in changed] == [doubtful]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("approve",), "nothing is named"),
        (("approve", "x", "--all"), "name items or filters, not both"),
        (("archive", "--band", "sure"), "'sure' is no confidence of an item"),
        (("list", "--type", "bugs"), "'bugs' is no type of an item"),
    ],
)
def test_a_wrong_command_line_changes_nothing(
    learnt: Repo, call: Call, doubtful: str, arguments: tuple[str, ...], told: str
) -> None:
    error = call("review", *arguments, "--json").error
    assert (error["code"], error["message"]) == ("usage", told)
    assert call("review", "--json").json["total"] == 1


def test_merging_two(learnt: Repo, call: Call, doubtful: str) -> None:
    into = unsure(learnt)
    assert call("review", "merge", doubtful, into, "--json").json == {"merged": doubtful, "into": into}
    absorbed = call("memory", doubtful, "--json").json
    assert (absorbed["status"], absorbed["superseded_by"]) == ("superseded", into)
    assert "store/events.py" in call("memory", into, "--json").json["files"]
    assert call("review", "merge", into, into, "--json").error["code"] == "refused"


def test_editing_by_options_is_found_by_its_new_words_and_survives_a_merge(
    learnt: Repo, call: Call, doubtful: str
) -> None:
    told = call("review", "edit", doubtful, "--title", "Zebra handling", "--importance", "5", "--rationale", "")
    assert told.out == "changed importance, title\n"  # it had no rationale
    item = call("memory", doubtful, "--json").json
    assert (item["title"], item["importance"], item["status"]) == ("Zebra handling", 5, "review")
    assert item["approved_at"] is not None
    assert "Zebra handling" in call("search", "zebra").out
    assert (
        call("review", "edit", doubtful, "--title", "Zebra handling").out
        == "nothing was changed: it says that already\n"
    )
    call("review", "merge", unsure(learnt), doubtful)
    assert call("memory", doubtful, "--json").json["title"] == "Zebra handling"
    assert call("review", "edit", doubtful, "--json").error["code"] == "usage"
    assert call("review", "edit", doubtful, "--type", "bugs", "--json").error["code"] == "usage"


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--title", "x" * 2000, "--title: the title has 2,000 characters, 200 are allowed"),
        ("--title", " ", "--title: the title is empty"),
        ("--facts", "x" * 20_000, "--facts: facts has 20,000 characters, 5,000 are allowed"),
        ("--rationale", "x" * 20_000, "--rationale: rationale has 20,000 characters"),
        ("--key", "UPPER CASE", "--key: key 'UPPER CASE': lower-case words"),
        ("--key", "../../x", "--key: key '../../x': lower-case words"),
        ("--key", "x" * 6000, "--key: the key has 6,000 characters, 200 are allowed"),
    ],
)
def test_options_are_under_the_rules_of_the_form(
    learnt: Repo, call: Call, doubtful: str, option: str, text: str, told: str
) -> None:
    before = call("memory", doubtful, "--json").json
    error = call("review", "edit", doubtful, option, text, "--json").error
    assert error["code"] == "usage"
    assert error["message"].startswith(told)
    assert call("memory", doubtful, "--json").json == before


def test_an_item_that_was_merged_is_not_said_to_be_in_review(learnt: Repo, call: Call, doubtful: str) -> None:
    into = unsure(learnt)
    call("review", "merge", doubtful, into)
    assert call("review", "show", doubtful, "--json").json["reason"] is None
    assert call("review", "show", doubtful).out.startswith("skim it; superseded: merged: by hand\n")


def test_a_file_is_named_from_where_one_stands(learnt: Repo, call: Call, doubtful: str) -> None:
    store = learnt.path / "store"
    for name, at in (("events.py", store), (str(store / "events.py"), learnt.path), ("../store", store), (".", store)):
        found = call("review", "--file", name, "--json", at=at).json["items"]
        assert [item["id"] for item in found] == [doubtful], name
    assert call("review", "--file", "/", "--json").error["code"] == "usage"


def test_what_history_changed_before_anybody_saw_it_is_counted_and_not_asked_about(
    learnt: Repo, call: Call, outdated: str
) -> None:
    assert call("review", "--json").json == {"items": [], "total": 0}
    told = "not asked about: 1 item that later history changed (--history; archive: review settle)"
    assert call("review").out == f"nothing to review; {told}\n"
    assert told in call("review", "list").out
    assert outdated[:10] in call("review", "--history").out
    assert call("review", "archive", "--all", "--yes", "--json").json == {"changed": []}


def test_settling_archives_it_with_the_reason(learnt: Repo, call: Call, outdated: str) -> None:
    would = call("review", "settle", "--dry-run", "--json").json
    assert ([each["id"] for each in would["settled"]], would["dry_run"]) == ([outdated], True)
    reason = would["settled"][0]["status_reason"]
    assert call("memory", outdated, "--json").json["status"] == "review"
    assert call("review", "settle").out == "1 item archived\n"
    item = call("memory", outdated, "--json").json
    assert (item["status"], item["status_reason"]) == ("archived", f"later history: {reason}")
    assert call("review", "settle", "--json").json["settled"] == []
    assert call("review").out == "nothing to review\n"


def test_own_work_and_what_a_person_approved_is_never_settled(
    learnt: Repo, call: Call, outdated: str, doubtful: str
) -> None:
    call("review", "approve", outdated)
    parts = Assembly(learnt.repository)
    with parts.service as service:
        service.items.set_status(outdated, "review", reason=f"x changed in {learnt.git('rev-parse', 'HEAD~1')[:12]}: y")
    assert call("review", "settle", "--json").json["settled"] == []
    assert {item["id"] for item in call("review", "--json").json["items"]} == {outdated, doubtful}


def test_resolve_names_the_commit_and_a_dry_run_changes_nothing(learnt: Repo, call: Call) -> None:
    learnt.commit(
        "feat(store): keep closed orders in a journal\n\nBecause a crash lost them.",
        {"store/todo.py": "def keep():\n    # TODO: write the whole journal to disk\n    pass\n"},
        now=True,
    )
    learn(learnt)
    (todo,) = call("memory", "--type", "todo", "--json").json["items"]
    sha = learnt.commit(
        "feat: the journal is kept", {"store/todo.py": "def keep():\n    journal.flush()\n    pass\n"}, now=True
    )
    drain(learnt)  # it is captured, and not memory yet
    told = call("review", "resolve", "--dry-run", "--json").json
    (found,) = told["resolved"]
    assert (found["itemId"], found["commitSha"], found["newStatus"]) == (todo["id"], sha, "archived")
    assert (found["matchType"], found["matchedFiles"], told["dryRun"]) == ("both", ["store/todo.py"], True)
    assert call("memory", todo["id"], "--json").json["status"] == "active"
    out = call("review", "resolve").out
    assert f"done in {sha[:12]} “feat: the journal is kept”" in out
    assert out.endswith("1 of 1 open item resolved\n")
    item = call("memory", todo["id"], "--json").json
    assert item["status"] == "archived"
    assert sha[:12] in item["status_reason"]
    assert call("review", "resolve").out == "0 of 0 open items resolved\n"


def test_what_was_approved_does_not_come_back_for_what_was_gone_already(
    learnt: Repo, call: Call, doubtful: str
) -> None:
    call("review", "approve", doubtful)
    files: dict[str, str | bytes] = {"store/events.py": "def rows() -> list[str]:\n    return ['one']\n"}
    learnt.commit("refactor(store): rows are told", files, now=True)
    learn(learnt)
    assert call("memory", doubtful, "--json").json["status"] == "active"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("replaced: a later word on the same (“x”)", None),
        ("replaced on a model's word: so", None),
        ("rebase: commit abc became def", "is superseded: rebase: commit abc became def"),
    ],
)
def test_what_a_rule_replaced_a_person_can_bring_back(learnt: Repo, call: Call, reason: str, told: str | None) -> None:
    older, newer = unsure(learnt), unsure(learnt, "Orders are cached")
    parts = Assembly(learnt.repository)
    with parts.service as service:
        service.items.set_status(older, "superseded", reason=reason, superseded_by=newer)
    if told is None:
        assert call("review", "approve", older, "--json").json["changed"][0]["was"] == "superseded"
        assert call("memory", older, "--json").json["superseded_by"] is None
    else:
        assert call("review", "approve", older, "--json").error["message"] == f"{older} {told}"
