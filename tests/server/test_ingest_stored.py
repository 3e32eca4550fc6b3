"""What ingest keeps of whom (CONTRACT.md sections 0.5, 3, 5): sessions, redaction, bounds, the pipeline asked for."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from contox_hooks.domain.access import Scope
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.error import Busy
from contox_hooks.domain.event import Event, checkout_event, commit_event, landed_event, rewrite_event
from contox_hooks.domain.setting import Settings
from contox_hooks.memory.delivery import Delivery, Taken
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.server import committer as committing
from contox_hooks.server.committer import Committer
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.site import Options, Site
from contox_hooks.wire.capture import Bounds, fit
from contox_hooks.wire.letter import letter
from tests.memory.events import commit
from tests.server.conftest import Running, ran, serve
from tests.server.ingesting import CAPTURE, SAVE, Sender

TOKEN = "ghp_" + "a1B2" * 9


@dataclass
class Bell(NoEngine):
    woken: list[tuple[str, list[str]]] = field(default_factory=list)

    def wake(self, project_id: str, session_ids: Sequence[str]) -> None:
        self.woken.append((project_id, list(session_ids)))


@pytest.fixture(scope="module")
def bell() -> Bell:
    return Bell()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, bell: Bell) -> Iterator[Running]:
    yield from ran(tmp_path_factory.mktemp("server") / "memory.db", bell)


@pytest.fixture(scope="module")
def owner(running: Running) -> httpx.Client:
    return running.client(running.person("owner", is_owner=True))


@pytest.fixture
def sender(owner: httpx.Client, project_id: str) -> Sender:
    return Sender(owner, project_id)


@pytest.fixture
def service(running: Running) -> Iterator[Service]:
    with running.service() as service:
        yield service


def kept(service: Service, project_id: str) -> list[Event]:
    """In the order of time."""
    sessions = service.sessions.page(project_id, limit=200)
    return sorted(
        (found.event for session in sessions for found in service.sessions.events(session.id)),
        key=lambda event: event.at_utc,
    )


def ours(sender: Sender, *events: Event, **how: Any) -> dict[str, Any]:
    answer = sender.send(raw=fit(events, Bounds(500, 4_000_000)).text, source="cli", **how)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


# Sessions


def test_our_own_events_stand_in_the_session_they_happened_in(sender: Sender, service: Service) -> None:
    now = int(time.time())
    late = [commit(1, at=now - 9 * 3600), commit(2, at=now - 60)]
    said = ours(sender, *late)
    found = kept(service, sender.project_id)
    assert [(event.key, event.at_utc, event.source) for event in found] == [
        (event.key, event.at_utc, "cli") for event in late
    ]
    sessions = service.sessions.page(sender.project_id)
    assert [(session.started_at, session.source) for session in sessions] == [
        (now - 60, "cli"),
        (now - 9 * 3600, "cli"),
    ]
    assert said["sessionId"] == sessions[0].id  # the latest event's


def test_history_keeps_its_own_source(sender: Sender, service: Service) -> None:
    event = commit(1, at=int(time.time()) - 60)
    digest = replace(CommitDigest.from_payload(event.payload), origin="history")
    ours(sender, commit_event(digest, at_utc=event.at_utc))
    assert [session.source for session in service.sessions.page(sender.project_id)] == ["git-history"]


def test_a_clock_that_runs_ahead_puts_nothing_into_the_future(sender: Sender, service: Service) -> None:
    ours(sender, commit(1, at=int(time.time()) + 86_400))
    [event] = kept(service, sender.project_id)
    assert event.at_utc <= time.time() + 1


def test_a_foreign_commit_keeps_its_time_and_stands_in_the_session_of_its_arrival(
    sender: Sender, service: Service
) -> None:
    first = sender.send(CAPTURE).json()
    again = {**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": "f" * 12, "timestamp": "2019-05-05T05:05:05Z"}]}
    assert sender.send(again).json()["sessionId"] == first["sessionId"]
    old, new = kept(service, sender.project_id)
    assert (old.at_utc, new.at_utc) == (1_557_032_705, 1_767_323_045)
    [session] = service.sessions.page(sender.project_id)
    assert abs(session.started_at - time.time()) < 60
    assert session.files == ("src/a.py", "src/b.py")
    assert old.payload["author"] == {"name": "Ada Example", "email": "", "at_utc": 1_557_032_705, "offset_min": 0}


def test_saved_files_alone_are_an_event(sender: Sender, service: Service) -> None:
    event = {**CAPTURE, "commits": [], "filesModified": [f"src/{number}.py" for number in range(600)]}
    answer = sender.send(event)
    assert answer.json()["enrichmentPending"] is False
    [found] = kept(service, sender.project_id)
    assert (found.type, found.payload["filesTotal"], len(found.payload["filesModified"])) == (
        "vscode_capture",
        600,
        500,
    )
    [session] = service.sessions.page(sender.project_id)
    assert (session.event_count, len(session.files)) == (1, 500)


def test_saved_files_beside_commits_are_noted(sender: Sender, service: Service) -> None:
    sender.send({**CAPTURE, "filesModified": ["src/a.py", "src/new.py"]})
    assert sorted(event.type for event in kept(service, sender.project_id)) == ["commit", "vscode_capture"]
    assert set(service.sessions.page(sender.project_id)[0].files) == {"src/a.py", "src/b.py", "src/new.py"}


def test_our_own_saved_files_come_through_at_their_own_time(sender: Sender, service: Service) -> None:
    at_utc = int(time.time()) - 7200
    saved = Event("vscode_capture", "vscode_capture:1", "git-hooks", at_utc, {"filesModified": ["src/new.py", "a.py"]})
    ours(sender, saved)
    [found] = kept(service, sender.project_id)
    assert (found.type, found.at_utc, found.payload["filesModified"]) == (
        "vscode_capture",
        at_utc,
        ["src/new.py", "a.py"],
    )
    ours(sender, commit(7, at=at_utc))
    assert sorted(event.type for event in kept(service, sender.project_id)) == ["commit", "vscode_capture"]


def test_our_own_notes_keep_their_time(sender: Sender, service: Service) -> None:
    now = int(time.time())
    for at in (now - 6 * 3600, now - 60, now + 9999):
        sender.send(raw=letter(Event("mcp_save", "k", "mcp-server", at, {"summary": f"{at}", "changes": []}), 9999))
    found = kept(service, sender.project_id)
    assert [event.at_utc - now for event in found[:2]] == [-6 * 3600, -60]
    assert found[2].at_utc <= now + 60
    assert all("contoxHooks" not in event.payload for event in found)
    assert len(service.sessions.page(sender.project_id)) == 2


def test_a_short_id_is_the_commit_that_is_known_by_its_full_one(sender: Sender, service: Service) -> None:
    event = commit(7, at=int(time.time()) - 60)
    first = ours(sender, event)
    short = event.key.partition(":")[2][:12]
    theirs = {**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": short}]}
    answer = sender.send(theirs, source="vscode").json()
    assert (answer["sessionId"], answer["eventId"]) == (first["sessionId"], first["eventId"])
    assert [found.key for found in kept(service, sender.project_id)] == [event.key]


def test_a_commit_that_comes_with_its_full_id_takes_the_place_of_the_short_one(
    sender: Sender, service: Service
) -> None:
    event = commit(7, at=int(time.time()) - 60)
    sha = event.key.partition(":")[2]
    sender.send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": sha[:12]}]})
    ours(sender, event)
    found = [
        (stored.event.key, stored.superseded_by)
        for session in service.sessions.page(sender.project_id)
        for stored in service.sessions.events(session.id)
        if stored.event.type == "commit"
    ]
    assert sorted(found) == sorted([(f"commit:{sha[:12]}", sha), (event.key, None)])


def test_other_events_of_ours_arrive_as_they_were(sender: Sender, service: Service) -> None:
    now = int(time.time()) - 60
    events = [
        checkout_event(
            worktree="main",
            old="a" * 40,
            new="b" * 40,
            old_branch="main",
            new_branch="topic",
            left_behind=2,
            at_utc=now,
        ),
        landed_event(how="pull", ref="refs/heads/main", old="a" * 40, new="b" * 40, count=3, at_utc=now + 1),
        rewrite_event([("c" * 40, "d" * 40), ("e" * 40, None)], command="rebase", at_utc=now + 2),
    ]
    ours(sender, *events)
    assert kept(service, sender.project_id) == [replace(event, source="cli") for event in events]


@pytest.mark.parametrize(
    "odd", [None, 7, "x", [1], {"pairs": 7}, {"pairs": [[1, 2, 3], ["--all", "x"]], "from": "--all"}]
)
@pytest.mark.parametrize("kind", ["rewrite", "landed", "checkout", "tomorrow"])
def test_whatever_they_hold_nothing_breaks(sender: Sender, service: Service, kind: str, odd: object) -> None:
    activity = [{"type": kind, "key": f"{kind}:1", "at": "x", "payload": odd}, odd, {"type": kind, "key": "commit:1"}]
    answer = sender.send({"type": "vscode_capture", "contoxHooks": {"activity": activity}})
    assert answer.status_code == 202
    [event] = kept(service, sender.project_id)
    assert (event.type, event.key) == (kind, f"{kind}:1")
    assert "--all" not in str(event.payload) or kind == "tomorrow"


@pytest.mark.parametrize("sha", [None, 7, "", "xyz", "--all", "A" * 12, "a" * 65])
def test_a_commit_without_an_id_is_refused(sender: Sender, service: Service, sha: object) -> None:
    answer = sender.send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": sha}]})
    assert (answer.status_code, "commits.0.sha" in answer.json()["error"]) == (400, True)
    assert not kept(service, sender.project_id)


@pytest.mark.parametrize(
    "name", ["message", "author", "timestamp", "filesChanged", "insertions", "diff", "parents", "at"]
)
@pytest.mark.parametrize("value", [None, -7, 2**60, 1e300, "\ud83d", "\0", [[]], {"a": [1]}])
def test_a_commit_with_odd_fields_is_kept(sender: Sender, service: Service, name: str, value: object) -> None:
    answer = sender.client.post(
        "/api/v2/ingest",
        content=sender.body(raw=json.dumps({**CAPTURE, "commits": [{**CAPTURE["commits"][0], name: value}]})),
    )
    assert answer.status_code == 202, answer.text
    assert CommitDigest.from_payload(kept(service, sender.project_id)[0].payload).sha == "0123456789ab"


def test_a_capture_of_400_commits_is_one_request(sender: Sender, service: Service) -> None:
    now = int(time.time())
    diff = "@@ -1 +1 @@\n" + "+    return answer\n" * 150
    answer = ours(sender, *(commit(number, at=now - 500 + number, diff=diff) for number in range(400)))
    assert answer["enrichmentPending"] is True
    found = kept(service, sender.project_id)
    assert [event.key for event in found] == [f"commit:{CommitDigest.from_payload(e.payload).sha}" for e in found]
    assert len(found) == 400


# What is not kept


def test_secrets_and_addresses_are_gone_before_anything_is_stored(
    running: Running, sender: Sender, service: Service
) -> None:
    dirty = f"token {TOKEN} of ada@example.org"
    commit_shape = {
        **CAPTURE["commits"][0], "message": dirty, "author": "Ada <ada@example.org>", "diff": f"+{TOKEN}\n",
        "filesChanged": [f"src/{TOKEN}.py"],
    }  # fmt: skip
    sender.send({**CAPTURE, "commits": [commit_shape], "filesModified": [f"{TOKEN}/x"], "activeEditorFiles": [dirty]})
    note = {"category": "decisions", "title": dirty, "content": dirty}
    sender.send({"type": "mcp_save", "summary": dirty, "changes": [note]})
    odd = {"type": "scan_result", TOKEN: {"deep": [dirty, {"password": "hunter2-Zx81-kk"}]}, "email": "ada@example.org"}
    sender.send(odd)
    sender.send({"type": "vscode_capture", "contoxHooks": {"activity": [
        {"type": "checkout", "key": "checkout:1", "payload": {"to_branch": dirty}},
    ]}})  # fmt: skip
    found = kept(service, sender.project_id)
    assert len(found) == 5
    assert sum("[redacted:" in str(event.payload) for event in found) == 5
    service.store.sync()
    stored = b"".join(path.read_bytes() for path in Path(running.where).parent.iterdir())
    for text in (TOKEN, "ada@example.org", "hunter2-Zx81-kk"):
        assert text.encode() not in stored


def test_what_a_sender_cut_may_end_in_half_a_secret(sender: Sender, service: Service) -> None:
    half = TOKEN[:9]
    diff = ("+    return answer\n" * 300)[: 3000 - len(half)] + half
    message = ("word " * 100)[: 500 - len(half)] + half
    sender.send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "diff": diff, "message": message}]})
    [event] = [event for event in kept(service, sender.project_id) if event.type == "commit"]
    assert half not in str(event.payload)
    assert "[… cut by the sender]" in event.payload["diff"]
    assert event.payload["diff_cut"] is True
    assert event.payload["subject"].endswith("[… cut by the sender]")


def test_a_failing_redactor_costs_the_texts_not_the_event(
    monkeypatch: pytest.MonkeyPatch, sender: Sender, service: Service
) -> None:
    def broken(texts: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("contox_hooks.wire.clean.redact_all", broken)
    for event in (CAPTURE, SAVE):
        assert sender.send(event).status_code == 202
    for stored in kept(service, sender.project_id):
        assert "withheld" in str(stored.payload)
        assert "Ada" not in str(stored.payload)
        assert "hour" not in str(stored.payload)


def test_bounds_are_kept_and_said(sender: Sender, service: Service) -> None:
    shape = {**CAPTURE["commits"][0], "message": "m" * 9000, "diff": "d\n" * 90_000, "body": "b" * 900_000}
    shape["filesChanged"] = [f"src/{number}" for number in range(2000)]
    sender.send({**CAPTURE, "commits": [shape]})
    sender.send({"type": "git_digest", "text": "t" * 2_000_000, "rows": list(range(90_000))})
    sender.send({"type": "mcp_save", "summary": "S", "changes": [{"title": str(number)} for number in range(900)]})
    found = {event.type: event.payload for event in kept(service, sender.project_id)}
    digest = CommitDigest.from_payload(found["commit"])
    assert (len(digest.files), digest.files_total, digest.files_cut) == (500, 2000, 1500)
    assert all("characters not sent]" in text for text in (digest.diff, digest.body, digest.subject))
    assert len(str(digest)) < 200_000
    assert "rows in any one place" in found["git_digest"]["contoxCut"]
    assert len(str(found["git_digest"])) < 300_000
    assert (len(found["mcp_save"]["changes"]), found["mcp_save"]["changesTotal"]) == (200, 900)


@pytest.mark.parametrize("kind", ["scan_result", "git_digest", "context_update", "memory_operation", "of_tomorrow"])
def test_events_that_nobody_reads_yet_are_kept(sender: Sender, service: Service, kind: str) -> None:
    deep: Any = "end"
    for _ in range(40):
        deep = [deep]
    sender.send({"type": kind, "n": 1.5, "list": [None, True, {"a": "b"}], "deep": deep})
    [event] = kept(service, sender.project_id)
    assert (event.type, event.key.startswith(f"{kind}:")) == (kind, True)
    assert (event.payload["n"], event.payload["list"]) == (1.5, [None, True, {"a": "b"}])
    assert "nested too deep" in str(event.payload["deep"])


# The pipeline


def test_commits_start_the_pipeline_by_themselves(sender: Sender, service: Service, bell: Bell) -> None:
    said = sender.send(CAPTURE).json()
    [run] = service.jobs.pending(project_id=sender.project_id)
    assert (run.session_id, run.cause, said["enrichmentPending"]) == (said["sessionId"], "auto", True)
    assert said["enrichmentJobId"] == service.jobs.of_run(run.id)[0].id
    assert bell.woken[-1] == (sender.project_id, [said["sessionId"]])


def test_what_is_small_saved_or_unwanted_starts_nothing(
    sender: Sender, service: Service, running: Running, bell: Bell
) -> None:
    small = {**CAPTURE, "commits": [{**CAPTURE["commits"][0], "insertions": 1, "deletions": 1}]}
    answers = [sender.send(small), sender.send(SAVE, skipEnrichment=True)]
    answers.append(
        sender.send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": "a" * 12}]}, skipEnrichment=True)
    )
    service.projects.set_setting(sender.project_id, "auto_learn", False)
    answers.append(sender.send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": "b" * 12}]}))
    for answer in answers:
        assert (answer.status_code, answer.json()["enrichmentPending"]) == (202, False)
        assert "enrichmentJobId" not in answer.json()
    assert service.jobs.pending_count(sender.project_id) == 0
    assert not [project_id for project_id, _ in bell.woken if project_id == sender.project_id]


def test_a_note_and_a_scan_start_what_makes_memory_of_them(sender: Sender, service: Service) -> None:
    scan = {"type": "scan_result", "summary": "s", "findings": [], "standing": []}
    for event, source in ((SAVE, "mcp-server"), (scan, "cli-scan")):
        said = sender.send(event, source=source).json()
        assert said["enrichmentPending"] is True
        assert service.jobs.of_session(said["sessionId"])[0].id == said["enrichmentJobId"]


def test_a_trailing_run_waits_for_its_time_and_is_not_forgotten(sender: Sender, service: Service, bell: Bell) -> None:
    service.projects.set_setting(sender.project_id, "min_interval_s", 600)
    sender.send(CAPTURE, source="vscode")
    said = sender.send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": "a" * 12}]}, source="cursor").json()
    assert said["enrichmentPending"] is True
    run = service.jobs.latest_run(said["sessionId"])
    assert run is not None
    assert 590_000 < run.due_ms - time.time() * 1000 < 601_000
    assert bell.woken[-1] == (sender.project_id, [said["sessionId"]])


def test_a_broken_settings_file_costs_the_run_not_the_event(
    monkeypatch: pytest.MonkeyPatch, sender: Sender, service: Service
) -> None:
    service.projects.set_setting(sender.project_id, "min_interval_s", "soon")
    assert sender.send(CAPTURE).json()["enrichmentPending"] is False
    assert len(kept(service, sender.project_id)) == 1


# The writer


@pytest.fixture
def in_postgres(postgres_url: str) -> Iterator[Running]:
    site = Site(Pool(lambda: Store.open(postgres_url)), NoEngine(), Options(requests_a_minute=0))
    for url in serve(site):
        found = Running(url, postgres_url, site)
        yield found
        for client in found.clients:
            client.close()


def test_postgresql_takes_the_same(in_postgres: Running) -> None:
    owner = in_postgres.client(in_postgres.person("owner", is_owner=True))
    senders = [Sender(owner, in_postgres.project(name)) for name in ("one", "two")]
    saves = [{**SAVE, "summary": f"Number {number}\0"} for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda number: senders[number % 2].send(saves[number // 2], skipEnrichment=True), range(40))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["eventId"] for answer in answers}) == 40
    assert senders[0].send(saves[0]).json()["eventId"] == answers[0].json()["eventId"]
    for number, nonce in enumerate(("n" * 9, "\0ü")):
        assert (
            senders[0].send({**SAVE, "summary": f"Nonce {number}"}, nonce=nonce, skipEnrichment=True).status_code == 202
        )
        assert senders[0].send(CAPTURE, nonce=nonce).status_code == 409
    said = senders[0].send(CAPTURE).json()
    assert "enrichmentJobId" in said
    short, full = "0123456789ab", "0123456789ab" + "c" * 28
    senders[0].send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": full}]})
    senders[1].send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": full}]})
    assert senders[1].send({**CAPTURE, "commits": [{**CAPTURE["commits"][0], "sha": short}]}).status_code == 202
    with in_postgres.service() as service:
        commits = [[e.key for e in kept(service, s.project_id) if e.type == "commit"] for s in senders]
    assert commits == [[f"commit:{short}", f"commit:{full}"], [f"commit:{full}"]]


class Project:
    def __init__(self, where: Path) -> None:
        self.pool = Pool(lambda: Store.open(where))
        with self.pool.service() as service:
            self.id = service.projects.create("demo").id

    def delivery(self, number: int, **other: Any) -> Delivery:
        values = {
            "project_id": self.id, "source": "cli", "type": "mcp_save", "content_hash": f"{number:064x}",
            "nonce": f"n{number}", "events": [Event("mcp_save", f"mcp_save:{number}", "cli", 1_767_323_045, {})],
            "seen_at": None, "wants_memory": True, "settings": Settings(),
        } | other  # fmt: skip
        return Delivery(**values)


def test_a_bad_request_harms_nobody_else(tmp_path: Path) -> None:
    project = Project(tmp_path / "memory.db")
    committer = Committer(project.pool, NoEngine())

    def nonsense(service: Service) -> Delivery:
        raise ValueError("nonsense")

    async def all_at_once() -> list[Taken | BaseException | None]:
        wanted = [project.delivery(number) for number in range(9)]
        wanted[4] = project.delivery(4, project_id="nonesuch")  # breaks a constraint
        asked = [committer.taken(lambda _, delivery=delivery: delivery) for delivery in wanted]  # type: ignore[misc]
        waiting = [asyncio.ensure_future(one) for one in (*asked, committer.taken(nonsense))]
        committer.start()
        await asyncio.sleep(0)
        return await asyncio.gather(*waiting, return_exceptions=True)

    committer._threads = [threading.current_thread()]  # it takes requests in, and does nothing yet
    answers = asyncio.run(all_at_once())
    committer.stop()
    assert [type(answer).__name__ for answer in answers] == ["Taken"] * 4 + ["IntegrityError"] + ["Taken"] * 4 + [
        "ValueError"
    ]
    with project.pool.service() as service:
        assert len(kept(service, project.id)) == 8


def test_too_many_at_once_are_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "MOST_WAITING", 3)
    project = Project(tmp_path / "memory.db")
    committer = Committer(project.pool, NoEngine())
    gate = threading.Event()

    def slow(service: Service) -> Delivery:
        gate.wait(10)
        return project.delivery(0)

    async def flood() -> list[Taken | BaseException | None]:
        committer.start()
        first = asyncio.ensure_future(committer.taken(slow))
        await asyncio.sleep(0.1)
        others = [asyncio.ensure_future(committer.taken(lambda _, n=n: project.delivery(n))) for n in range(1, 6)]  # type: ignore[misc]
        await asyncio.sleep(0.1)
        gate.set()
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        committer.stop()  # writes what was taken in
        with pytest.raises(Busy):
            await committer.taken(slow)
        return answers

    answers = asyncio.run(flood())
    assert [type(answer).__name__ for answer in answers] == ["Taken"] * 4 + ["Busy"] * 2


SERVER = """
import socket, sys, uvicorn
from pathlib import Path
from contox_hooks.memory.store import Store
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import NoEngine
from contox_hooks.memory.pool import Pool
from contox_hooks.server.site import Options, Site
where, listener = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
site = Site(Pool(lambda: Store.open(where)), NoEngine(), Options(requests_a_minute=0))
uvicorn.Server(uvicorn.Config(create_app(site), log_level="warning")).run(sockets=[listener])
"""


def test_what_was_answered_survives_the_servers_death(tmp_path: Path) -> None:
    where = tmp_path / "memory.db"
    with Service.open(where) as service:
        person = service.access.add_person("owner", is_owner=True)
        key = service.access.create_key(person.id, "test", scopes=set(Scope))[1]
        project_id = service.projects.create("demo").id
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(where), str(listener.fileno())], pass_fds=[listener.fileno()]
        )
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        ) as client:
            sender = Sender(client, project_id)
            answered: list[str] = []

            def send(part: int) -> None:
                for number in range(1000):
                    try:
                        answer = sender.send({**SAVE, "summary": f"{part}-{number}"})
                    except httpx.TransportError:
                        return
                    answered.append(answer.json()["eventId"])

            threads = [threading.Thread(target=send, args=(part,)) for part in range(4)]
            for thread in threads:
                thread.start()
            while len(answered) < 20:
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            listener.close()
            for thread in threads:
                thread.join()
    with Service.open(where) as service:
        stored = {event.id for s in service.sessions.page(project_id) for event in service.sessions.events(s.id)}
    assert len(answered) >= 20
    assert set(answered) <= stored


GIT_DIFF = """diff --git a/src/ok.py b/src/ok.py
index 1..2 100644
--- a/src/ok.py
+++ b/src/ok.py
@@ -1 +1 @@
+OK = 1
diff --git a/private/pricing.py b/private/pricing.py
new file mode 100644
--- /dev/null
+++ b/private/pricing.py
@@ -0,0 +1 @@
+def margin_formula(): ...
diff --git "a/private/\\303\\244.py" "b/private/\\303\\244.py"
@@ -0,0 +1 @@
+UMLAUT = 1
diff --git a/old.py b/private/moved.py
similarity index 90%
rename from old.py
rename to private/moved.py
"""


@pytest.mark.parametrize("diffs", [True, False])
def test_what_a_project_excludes_is_not_kept_whoever_sends_it(
    running: Running, owner: httpx.Client, diffs: bool
) -> None:
    project_id = running.project("narrow")
    with running.service() as service:
        service.projects.set_setting(project_id, "exclude", ["private/**"])
        service.projects.set_setting(project_id, "diffs", diffs)
    commit = CAPTURE["commits"][0] | {
        "filesChanged": ["private/pricing.py", "src/ok.py", "private/moved.py"], "diff": GIT_DIFF,
    }  # fmt: skip
    sent = CAPTURE | {
        "commits": [commit], "filesModified": ["private/saved.py", "src/saved.py"], "activeEditorFiles": ["private/x.py"],
    }  # fmt: skip
    assert Sender(owner, project_id).send(sent).status_code == 202
    with running.service() as service:
        rows = service.store.rows("SELECT payload FROM event WHERE project_id = :id", id=project_id)
        stored = "".join(row["payload"] for row in rows)
    assert [name for name in ("private", "margin_formula", "UMLAUT") if name in stored] == []
    assert "src/ok.py" in stored
    assert "src/saved.py" in stored
    assert ("OK = 1" in stored) == diffs


def test_an_event_of_too_many_commits_is_refused(running: Running, owner: httpx.Client) -> None:
    sender = Sender(owner, running.project("many"))
    commits = [
        {"sha": f"{number:012x}", "message": "m", "timestamp": "2026-01-02T04:04:05Z"} for number in range(5_001)
    ]
    answer = sender.send(CAPTURE | {"commits": commits})
    assert (answer.status_code, "5,000 commits" in answer.json()["error"]) == (400, True)


def test_no_name_that_a_client_gives_is_a_secret_in_the_clear(running: Running, owner: httpx.Client) -> None:
    project_id = running.project("names")
    sender = Sender(owner, project_id)
    activity = {"type": "note", "key": f"note:{TOKEN}", "at": 1, "order": 0, "payload": {"api_key": "Zqabcdefghij1K"}}
    sent = CAPTURE | {"commits": [], "contoxHooks": {"format": 1, "activity": [activity]}}
    assert sender.send(sent, nonce=TOKEN).status_code == 202
    assert sender.send(nonce=TOKEN).status_code == 409, "it was used"
    for source in (TOKEN, "two words", "a" * 51):
        assert sender.send(source=source).status_code == 400
        opened = owner.post("/api/v2/sessions", json={"projectId": project_id, "source": source})
        assert (opened.status_code, "source" in opened.json()["error"]) == (400, True)
    settings = owner.patch(f"/api/v2/projects/{project_id}/settings", json={"exclude": [f"private/{TOKEN}"]})
    assert settings.status_code == 400
    with running.service() as service:
        for table in ("event", "delivery", "session", "project"):
            stored = repr([tuple(row) for row in service.store.rows(f"SELECT * FROM {table}")])
            assert TOKEN not in stored, table
            assert "Zqabcdefghij1K" not in stored, table
