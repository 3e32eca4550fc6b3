"""The two doors to memory say the same of the same store: this machine's service, and a server of ours over HTTP."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.connection import Connection
from contox_hooks.credential import Credentials, keep_credentials
from contox_hooks.domain.access import Role, Scope
from contox_hooks.domain.error import AccessRefused, Error, NotFound, NotInitialised, Refused, SpendRefused, UsageError
from contox_hooks.domain.item import Draft
from contox_hooks.git.repository import locate
from contox_hooks.link import Link
from contox_hooks.mcp.local import LocalMemory
from contox_hooks.mcp.memory import Memory
from contox_hooks.mcp.remote import RemoteMemory
from contox_hooks.net.http import Http, Reply, Unreachable
from contox_hooks.place import memory_path
from tests.cli import world
from tests.gitrepo import Repo
from tests.model.server import fails, says, serving
from tests.net.client import no_proxies  # noqa: F401
from tests.server.conftest import options, running  # noqa: F401
from tests.server.learned import Learned, learned  # noqa: F401

pytestmark = pytest.mark.usefixtures("no_proxies")

SQLITE = "decision: keep orders in SQLite instead of PostgreSQL"
UTC = "convention: all times are UTC"
SHA = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Doors:
    local: LocalMemory
    remote: RemoteMemory
    learned: Learned

    @property
    def both(self) -> tuple[LocalMemory, RemoteMemory]:
        return self.local, self.remote

    def id_of(self, title: str) -> str:
        return next(item.id for item in self.learned.items() if item.title == title)


def remote_of(learned: Learned, key: str) -> RemoteMemory:  # noqa: F811
    keep_credentials(learned.running.url, learned.project_id, Credentials(key, "hmac-test-secret"))
    return RemoteMemory.of(Link(Connection(learned.running.url, "team", learned.project_id, "shop")))


@pytest.fixture
def doors(learned: Learned, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:  # noqa: F811
    """Both over the server's store; the clone is at its place."""
    monkeypatch.setenv("CONTOX_DATA_DIR", str(Path(learned.running.where).parent))
    learned.bring_clone()
    local = LocalMemory.of(Assembly(locate(learned.made.repo)))
    remote = remote_of(learned, learned.running.person("owner", is_owner=True))
    yield Doors(local, remote, learned)
    local.close()
    remote.close()


def session_of(memory: Memory) -> str:
    return str(memory.sessions()["sessions"][0]["id"])


CALLS: dict[str, Callable[[Memory], Mapping[str, Any]]] = {
    "brain": lambda memory: memory.brain(),
    "brain, small": lambda memory: memory.brain(budget_tokens=300, limit=3, active_files=["src/store.py"]),
    "search": lambda memory: memory.search("which database keeps the orders?"),
    "search, few": lambda memory: memory.search("sqlite", limit=2, min_similarity=0.5),
    "search, files": lambda memory: memory.search("orders", active_files=["src/orders.py", "src/mail.py"]),
    "search, nothing": lambda memory: memory.search("kubernetes", min_similarity=0.9),
    "items": lambda memory: memory.items(),
    "items, all": lambda memory: memory.items(status="all", limit=3, offset=1),
    "items, key": lambda memory: memory.items(schema_key="root/decisions", status="approved"),
    "item": lambda memory: memory.item(memory.search("sqlite")["results"][0]["itemId"]),
    "ask": lambda memory: memory.ask("why sqlite?"),
    "ask, nothing": lambda memory: memory.ask("which kubernetes cluster?"),
    "analyze": lambda memory: memory.analyze(mode="weekly"),
    "analyze, key": lambda memory: memory.analyze(mode="quick", schema_key_prefix="root/decisions"),
    "apply, dry": lambda memory: memory.apply(
        plan := memory.analyze(mode="weekly"), [each["actionId"] for each in plan["actions"]], dry_run=True
    ),
    "apply, unknown": lambda memory: memory.apply(memory.analyze(mode="quick"), ["none"], dry_run=True),
    "auto_resolve": lambda memory: memory.auto_resolve(
        [{"sha": SHA, "message": "fix: reject orders without lines", "files": ["src/orders.py"]}], dry_run=True
    ),
    "check_drift": lambda memory: memory.check_drift(),
    "drift": lambda memory: memory.drift(),
    "changelog": lambda memory: memory.changelog(mode="developer", since=0),
    "changelog, product": lambda memory: memory.changelog(mode="product", since=1_700_000_000),
    "impact": lambda memory: memory.impact(days=30),
    "onboarding": lambda memory: memory.onboarding(),
    "sessions": lambda memory: memory.sessions(),
    "sessions, one": lambda memory: memory.sessions(limit=1, offset=1, status="completed"),
    "session": lambda memory: memory.session(session_of(memory)),
}


def test_both_doors_say_the_same(doors: Doors) -> None:
    told = {name: call(doors.local) for name, call in CALLS.items()}
    for name, call in CALLS.items():
        assert timeless(told[name]) == timeless(call(doors.remote)), name
        assert json.loads(json.dumps(told[name])) == told[name], f"{name}: no JSON object"
    # There was something to compare:
    assert "keep orders in PostgreSQL" in told["brain"]["document"]
    assert told["brain, small"]["itemsLoaded"] == 3
    assert all("compositeScore" in hit for hit in told["search, files"]["results"])
    assert [hit["title"] for hit in told["ask"]["sources"]] == [SQLITE]
    assert told["items, all"]["hasMore"]
    assert len(told["items, all"]["items"]) == 3
    assert told["item"]["evidenceRefs"]
    assert told["item"]["title"] == SQLITE
    assert told["analyze"]["itemsAnalyzed"] > 3
    assert told["apply, unknown"]["errors"][0]["actionId"] == "none"
    assert told["auto_resolve"]["totalItemsScanned"] >= 1
    assert told["changelog"]["entries"]
    assert told["changelog"]["unseen"] == []
    assert "src" in json.dumps(told["impact"]["modules"])
    assert len(told["onboarding"]["guide"]["sections"]) == 9
    assert told["session"]["events"]
    assert told["session"]["jobs"]
    assert told["session"]["pipeline"]["status"] == "done"


def timeless(value: Mapping[str, Any]) -> Any:
    """Without when it was asked."""
    told = copy.deepcopy(dict(value))
    told.get("metadata", {}).pop("assembledAt", None)
    told.get("range", {}).pop("until", None)
    told.get("guide", {}).pop("generatedAt", None)
    return told


@pytest.mark.parametrize("which", [0, 1], ids=["local", "remote"])
def test_what_one_door_changes_both_tell(doors: Doors, which: int) -> None:
    memory, other = doors.both[which], doors.both[1 - which]
    item_id = doors.id_of(UTC)
    hash_before = other.brain()["brainHash"]
    told = memory.decide(item_id, "deprecated")
    assert (told["status"], told["state"]) == ("deprecated", "deprecated")
    assert other.item(item_id) == told
    assert other.brain()["brainHash"] == memory.brain()["brainHash"] != hash_before
    assert item_id not in {hit["itemId"] for hit in other.search("times in UTC")["results"]}
    assert other.decide(item_id, "approved")["approvedAt"] is not None
    assert memory.decide(item_id, "draft")["status"] == "review"
    assert memory.brain()["brainHash"] == other.brain()["brainHash"]

    todo = next(item for item in doors.learned.items(type="todo"))
    with doors.learned.running.service() as service:
        service.items.edit(todo.id, facts="see #17")
        service.items.replace_evidence(todo.id, ())
    commits = [{"sha": SHA, "message": "fix: closes #17", "files": ["src/orders.py"]}]
    tried = memory.auto_resolve(commits, dry_run=True)
    done = memory.auto_resolve(commits, dry_run=False)
    assert [[each["itemId"] for each in found["resolved"]] for found in (tried, done)] == [[todo.id], [todo.id]]
    assert other.auto_resolve(commits, dry_run=False)["resolved"] == []


@pytest.mark.parametrize("which", [0, 1], ids=["local", "remote"])
def test_a_plan_is_applied_as_far_as_it_is_named(doors: Doors, which: int) -> None:
    memory = doors.both[which]
    with doors.learned.running.service() as service:
        service.reviews.edit(doors.id_of(SQLITE), title="keep the orders in SQLite.   ")
    plan = json.loads(json.dumps(memory.analyze(mode="weekly")))
    assert plan["actions"]
    ids = [each["actionId"] for each in plan["actions"]]
    assert memory.apply(plan, [], dry_run=False)["appliedActionIds"] == []
    assert memory.apply(plan, ids[:1], dry_run=False)["appliedActionIds"] == ids[:1]
    assert memory.apply(plan, ids[:1], dry_run=False)["skipped"] == [{"actionId": ids[0], "reason": "already applied"}]


@pytest.mark.parametrize("which", [0, 1], ids=["local", "remote"])
def test_a_session_is_ended_once(doors: Doors, which: int) -> None:
    memory = doors.both[which]
    with doors.learned.running.service() as service:
        session_id = service.sessions.open(doors.learned.project_id, "mcp-server", started_at=service.store.now())
    assert memory.session(session_id)["status"] == "active"
    ended = {"ok": True, "sessionId": session_id, "status": "closed"}
    assert (memory.end_session(session_id), memory.end_session(session_id)) == (ended, ended)
    assert [each.session(session_id)["lifecycle"] for each in doors.both] == ["completed", "completed"]


def test_what_is_pending_goes_into_the_session_that_ends(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Assembly, "start_worker", lambda _: None)
    world.begin(repo)
    world.commit(repo, "feat: add f")
    world.drain(repo)
    memory = LocalMemory.of(Assembly(repo.repository))
    session_id = session_of(memory)
    world.commit(repo, "feat: add g", lines=5)
    memory.end_session(session_id)
    world.commit(repo, "feat: add h", lines=7)
    world.drain(repo)
    subjects = [each["payload"]["message"] for each in memory.session(session_id)["events"]]
    assert [text.splitlines()[0] for text in subjects] == ["feat: add f", "feat: add g"]
    assert (memory.session(session_id)["status"], memory.sessions()["total"]) == ("closed", 2)
    memory.close()


MISSES: list[tuple[type[Error], Callable[[Memory], object]]] = [
    (NotFound, lambda memory: memory.item("01NONE")),
    (NotFound, lambda memory: memory.decide("01NONE", "approved")),
    (NotFound, lambda memory: memory.session("01NONE")),
    (NotFound, lambda memory: memory.end_session("01NONE")),
    (UsageError, lambda memory: memory.ask(" ? ")),
    (UsageError, lambda memory: memory.items(status="wrong")),
    (UsageError, lambda memory: memory.sessions(status="wrong")),
    (UsageError, lambda memory: memory.apply({"planVersion": "1"}, [], dry_run=True)),
    (UsageError, lambda memory: memory.auto_resolve([{"sha": "--output=x"}], dry_run=True)),
]


def test_what_is_not_there_or_cannot_be_asked_is_the_same_error(doors: Doors) -> None:
    for error, call in MISSES:
        for memory in doors.both:
            with pytest.raises(error) as caught:
                call(memory)
            if error is NotFound:
                assert caught.value.hint in ("contox-hooks memory", "contox-hooks sessions")


def test_another_projects_things_are_not_there_either(doors: Doors) -> None:
    with doors.learned.running.service() as service:
        other = service.projects.create("other").id
        session_id = service.sessions.open(other, "mcp-server", started_at=service.store.now())
        fact = Draft("bug", "of another", "facts", "root/bugs", 0.9, 3, ())
        with service.store.transaction():
            item_id = service.items.add(other, session_id, fact)
    for memory in doors.both:
        for method, *arguments in (
            (memory.item, item_id), (memory.decide, item_id, "deprecated"),
            (memory.session, session_id), (memory.end_session, session_id),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                method(*arguments)
    with doors.learned.running.service() as service:
        assert service.items.get(item_id).status == "active"
        assert service.sessions.get(session_id).status == "active"


def test_a_merged_items_words_are_elsewhere(doors: Doors) -> None:
    item_id = doors.id_of(SQLITE)
    with doors.learned.running.service() as service, service.store.transaction():
        service.items.set_status(item_id, "superseded", reason="merged into another")
    for memory in doors.both:
        with pytest.raises(Refused):
            memory.decide(item_id, "approved")


def test_a_model_is_asked_only_where_the_project_names_one(doors: Doors) -> None:
    said = {"sentences": [{"text": "One file is enough.", "sources": [1]}, {"text": "It is fast.", "sources": [99]}]}
    with serving(lambda _: says(said)) as model:
        assert doors.local.ask("why sqlite?")["model"] == "offline"
        assert model.asked == []
        set_up(doors, model="small", model_provider="custom", model_url=model.url, model_small="m")
        local, remote = (memory.ask("why sqlite?") for memory in doors.both)
        assert local == remote
        assert local["answer"].startswith("One file is enough. [Source 1]\n\n[Source 1] **")
        assert (local["usage"]["totalTokens"], local["dropped"], local["trouble"]) == (120, 1, None)
        model.respond = lambda _: fails(401)
        local, remote = (memory.ask("why sqlite?") for memory in doors.both)
        assert local == remote
        assert (bool(local["trouble"]), len(local["sources"])) == (True, 1)
        asked = len(model.asked)
        set_up(doors, tokens_a_day=0)
        assert "tokens" in doors.local.ask("why sqlite?")["trouble"]
        with pytest.raises(SpendRefused):
            doors.remote.ask("why sqlite?")
        assert len(model.asked) == asked


def set_up(doors: Doors, **settings: object) -> None:
    with doors.learned.running.service() as service:
        for name, value in settings.items():
            service.projects.set_setting(doors.learned.project_id, name, value)


def test_many_calls_at_once_say_what_one_says(doors: Doors) -> None:
    names = ["brain", "search", "search, files", "items", "item", "session", "ask", "changelog", "drift"]
    for memory in doors.both:
        expected = {name: timeless(CALLS[name](memory)) for name in names}
        with ThreadPoolExecutor(20) as pool:
            asked = [(name, pool.submit(CALLS[name], memory)) for name in names * 3]
            for name, one in asked:
                assert timeless(one.result()) == expected[name], name


# -- this machine's alone ------------------------------------------------------------------------------------------------


def test_a_repository_that_nobody_captures_gets_no_project(repo: Repo) -> None:
    with pytest.raises(NotInitialised):
        LocalMemory.of(Assembly(repo.repository))
    assert not memory_path().exists()


# -- a server's alone ----------------------------------------------------------------------------------------------------


def test_who_may_not_is_refused_in_words_without_the_key(learned: Learned) -> None:  # noqa: F811
    reader = learned.running.person("bob", {learned.project_id: Role.EDITOR}, scopes={Scope.READ})
    memory = remote_of(learned, reader)
    item_id = memory.items()["items"][0]["itemId"]
    with pytest.raises(AccessRefused) as caught:
        memory.decide(item_id, "deprecated")
    assert reader not in f"{caught.value.message} {caught.value.hint}"
    assert memory.item(item_id)["status"] == "active"
    keep_credentials(learned.running.url, learned.project_id, Credentials("contox_" + "sk_wrong", ""))
    with pytest.raises(AccessRefused):
        memory.decide(item_id, "deprecated")  # its key was read anew after the refusal
    memory.close()


def test_a_server_that_says_nothing_is_waited_for_only_where_a_model_may_be_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []

    def say_nothing(http: Http, *_: object, **__: object) -> Reply:
        waited.append(http.total_s)
        raise Unreachable("no answer in time", why="timeout")

    monkeypatch.setattr(Http, "request", say_nothing)
    keep_credentials("http://127.0.0.1:1", "p", Credentials("key", "hmac-test-secret"))
    memory = RemoteMemory.of(Link(Connection("http://127.0.0.1:1", "team", "p", "shop")))
    for ask in (lambda: memory.ask("why sqlite?"), lambda: memory.search("orders"), memory.brain):
        with pytest.raises(Unreachable):
            ask()
    assert waited == [60.0, 20.0, 20.0]
    memory.close()


def test_a_brain_that_did_not_change_is_not_sent_again(learned: Learned) -> None:  # noqa: F811
    memory = remote_of(learned, learned.running.person("owner", is_owner=True))
    first = memory.brain()
    assert memory.brain() is first
    assert memory.brain(budget_tokens=300) is not first
    assert memory.brain() is first, "an etag a set of parameters"
    memory.decide(next(item.id for item in learned.items() if item.title == UTC), "deprecated")
    assert memory.brain()["brainHash"] != first["brainHash"]
    memory.close()
