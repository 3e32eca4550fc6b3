"""The Sessions pages as HTML: lists, one session, one event, the buttons and who has them."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from contox_hooks.domain.access import Role
from contox_hooks.domain.event import Event
from contox_hooks.server.engine import NoEngine
from contox_hooks.server.page.session import EVENTS_A_PAGE
from contox_hooks.server.page.session_list import A_PAGE, DAYS
from tests.server.conftest import Running
from tests.server.page.conftest import Enter
from tests.server.page.reading import Reading, read
from tests.server.page.story import HOSTILE, HOUR, asked, one_commit, session_of, through
from tests.server.page.test_frame import is_quiet

SESSIONS = "/dashboard/sessions"


def cards(page: Reading) -> list[str]:
    return [" ".join(card.text.split()) for card in page.all("article")]


def links(page: Reading, rel: str) -> list[str]:
    return [link.attributes["href"] for link in page.all("a", rel=rel)]


def test_a_card_tells_what_a_session_was(running: Running, browser: httpx.Client, project_id: str) -> None:
    with running.service() as service:
        now = session_of(service, project_id, one_commit(1, 120), one_commit(2, 60))
        then = session_of(service, project_id, one_commit(3, 9 * HOUR))
        through(service, asked(service, then))
    page = read(browser.get(SESSIONS))
    first, second = cards(page)
    assert "active Git hooks demo Events 2 Items 0 Created 2m ago" in first
    assert "Completed" not in first
    assert "enriched Git hooks demo Events 1 Items 0 Created 9h ago Completed 5h ago" in second
    assert [card.children[0].children[0].attributes["href"] for card in page.all("article")] == [
        f"{SESSIONS}/{now}",
        f"{SESSIONS}/{then}",
    ]


def test_pages_of_all_projects_together_hold_every_session_once(running: Running, browser: httpx.Client) -> None:
    made = []
    with running.service() as service:
        for number in range(3):
            project = running.project(f"project {number}")
            made += [
                session_of(service, project, one_commit(number * 100 + day, day * 86_400 + number * 60))
                for day in range(A_PAGE // 2)
            ]
    seen: list[str] = []
    path: str | None = SESSIONS
    before = None
    while path:
        page = read(browser.get(path))
        assert f"{len(made)} sessions" in page.one("main").text
        seen += re.findall(rf'href="{SESSIONS}/(\w+)"', browser.get(path).text)
        assert links(page, "prev") == ([] if before is None else [before])
        before, path = path, next(iter(links(page, "next")), None)
        before = before.replace("?page=1", "")
    assert sorted(seen) == sorted(made)
    starts = {}
    with running.service() as service:
        starts = {session_id: service.sessions.get(session_id).started_at for session_id in made}
    assert [starts[one] for one in seen] == sorted(starts.values(), reverse=True)


def test_filters_keep_what_they_say_and_survive_paging(
    running: Running, browser: httpx.Client, project_id: str
) -> None:
    other = running.project("other")
    with running.service() as service:
        failed = session_of(service, project_id, one_commit(1, 60))
        through(service, asked(service, failed), failing=1)
        session_of(service, other, one_commit(2, 60))
        session_of(
            service, project_id, Event("mcp_save", "mcp_save:1", "mcp-server", int(time.time()), {"summary": "s"})
        )
    assert len(cards(read(browser.get(SESSIONS)))) == 3
    assert len(cards(read(browser.get(SESSIONS, params={"project": other})))) == 1
    [card] = cards(read(browser.get(SESSIONS, params={"source": "mcp-server"})))
    assert "active MCP" in card
    page = read(browser.get(SESSIONS, params={"status": "failed", "source": "git-hooks"}))
    [card] = cards(page)
    assert "failed Git hooks" in card
    assert [one.attributes["value"] for one in page.all("option") if "selected" in one.attributes] == [
        "git-hooks",
        "failed",
    ]
    nothing = read(browser.get(SESSIONS, params={"status": "enriching"}))
    assert "No session is like that" in nothing.one("main").text
    assert "No sessions yet" in read(browser.get(SESSIONS, params={"project": running.project("new")})).one("main").text


def test_odd_questions_are_answered_or_refused_never_a_fault(browser: httpx.Client) -> None:
    for query in ("page=0", "page=x", "page=99999999999", f"source={'x' * 200}", "project=%00", "project=nonesuch"):
        assert browser.get(f"{SESSIONS}?{query}").status_code in (400, 404), query
    for query in ("page=1000000", "source=%F0%9F%92%A9", "status=nonesuch", "project="):
        assert browser.get(f"{SESSIONS}?{query}").status_code == 200, query


def test_the_chart_is_a_table_of_commits_and_items_by_day(
    running: Running, browser: httpx.Client, project_id: str
) -> None:
    at = int(time.time()) // 86_400 * 86_400
    ago = int(time.time()) - at
    with running.service() as service:
        session_of(service, project_id, one_commit(1, ago + 86_400 - 10), one_commit(2, ago + 86_400 - 20))
        session_of(service, project_id, one_commit(3, ago + 5 * 86_400 - 10))
        session_of(service, project_id, one_commit(4, ago + (DAYS + 1) * 86_400))  # too long ago
        session_of(service, running.project("other"), one_commit(5, ago + 86_400 - 10))
    rows = [row.text.split() for row in read(browser.get(SESSIONS, params={"project": project_id})).all("tr")[1:]]
    assert len(rows) == DAYS
    assert [row[1:] for row in rows if row[1:] != ["0", "0"]] == [["1", "0"], ["2", "0"]]
    assert rows[-2] == [time.strftime("%Y-%m-%d", time.gmtime(at - 86_400)), "2", "0"]


def stages(page: Reading) -> list[list[str]]:
    return [stage.text.split("\n") for stage in page.all("li", class_="stage")]


def told(page: Reading) -> list[str]:
    return [" ".join(stage.text.split()) for stage in page.all("li", class_="stage")]


def test_the_timeline_shows_five_stages_however_far_they_are(
    running: Running, browser: httpx.Client, project_id: str
) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
        page = f"{SESSIONS}/{session}"
        assert told(read(browser.get(page))) == [
            "Enrich pending",
            "Deep Enrich pending",
            "Embed pending",
            "Dedup pending",
            "Drift Check pending",
        ]
        jobs = asked(service, session)
        service.jobs.finish(service.jobs.start(jobs[0]), "done", detail="1 commit read")
        service.jobs.finish(service.jobs.start(jobs[1]), "skipped", detail="no clone is here")
        service.jobs.start(jobs[2])
        first, second, third, *rest = told(read(browser.get(page)))
        assert re.fullmatch(r"Enrich completed \d+ m?s 1 commit read", first)
        assert re.fullmatch(r"Deep Enrich skipped \d+ m?s no clone is here", second)
        assert re.fullmatch(r"Embed active [\d.]+ m?s", third)
        assert rest == ["Dedup pending", "Drift Check pending"]
        service.jobs.finish(jobs[2], "failed", error="the disk is full\nTraceback (most recent call last): …")
    assert re.fullmatch(r"Embed failed \d+ m?s the disk is full", told(read(browser.get(page)))[2])
    whole = read(browser.get(page, params={"tab": "jobs"}))
    assert whole.one("pre").text == "the disk is full\nTraceback (most recent call last): …"
    rows = [row.text.split() for row in whole.all("tr")]
    assert rows[3][:2] == ["Embed", "failed"]
    assert whole.one("main").text.count("0 items extracted from this session.") == 1


def test_a_run_that_waits_says_until_when(running: Running, browser: httpx.Client, project_id: str) -> None:
    with running.service() as service:
        first, second = (session_of(service, project_id, one_commit(n, n * 9 * HOUR)) for n in (1, 2))
        for session in (first, second):
            service.jobs.request([session], trigger="auto", min_interval_s=600)
    assert "It begins at" not in browser.get(f"{SESSIONS}/{first}").text
    assert "It begins at" in browser.get(f"{SESSIONS}/{second}").text


def test_events_are_told_in_a_line_and_whole_on_demand(
    running: Running, browser: httpx.Client, project_id: str
) -> None:
    with running.service() as service:
        note = {
            "summary": "Chose SQLite",
            "changes": [{"category": "decisions", "title": "One file", "content": "No server\nto run"}],
        }
        session = session_of(service, project_id, one_commit(1, 60, body="Because of it"))
        noted = session_of(service, project_id, Event("mcp_save", "mcp_save:1", "mcp-server", int(time.time()), note))
        odd = session_of(
            service,
            project_id,
            Event("context_update", "context_update:1", "api", int(time.time()), {"any": ["thing"]}),
        )  # type: ignore[arg-type]
    page = browser.get(f"{SESSIONS}/{session}")
    assert "0000000000 Step 1 (+3 −1, 1 file)" in read(page).one("main").text
    assert "raise ValueError" not in page.text
    [link] = re.findall(rf'<a href="({SESSIONS}/{session}/events/\w+)"', page.text)
    event = read(browser.get(link))
    assert [line.text for line in event.all("span", class_="a")][-1] == '+    return f"Hello {name}"'
    assert [line.text for line in event.all("span", class_="d")] == ['-    return "Hello " + name']
    assert "Because of it" in event.one("main").text
    assert "ada@example.org" not in browser.get(link).text
    assert "Chose SQLite (1 change)" in browser.get(f"{SESSIONS}/{noted}").text
    for session_id, expected in ((noted, "No server\nto run"), (odd, '"thing"')):
        [link] = re.findall(
            rf'<a href="({SESSIONS}/{session_id}/events/\w+)"', browser.get(f"{SESSIONS}/{session_id}").text
        )
        assert expected in read(browser.get(link)).one("main").text
    assert browser.get(link.replace(odd, session)).status_code == 404  # of another session


def test_many_events_come_in_pages(running: Running, browser: httpx.Client, project_id: str) -> None:
    with running.service() as service:
        session = session_of(service, project_id, *(one_commit(n, 3600 - n) for n in range(2 * EVENTS_A_PAGE + 1)))
    counts = []
    path: str | None = f"{SESSIONS}/{session}"
    while path:
        page = read(browser.get(path))
        counts.append(len(page.one("ol", class_="events").children))
        path = next(iter(links(page, "next")), None)
    assert counts == [EVENTS_A_PAGE, EVENTS_A_PAGE, 1]


def test_hostile_text_is_text(running: Running, browser: httpx.Client, project_id: str) -> None:
    running.project(HOSTILE)
    paths = ["/dashboard/sessions", "/dashboard/sessions?source=" + "%3Cscript%3E"]
    with running.service() as service:
        service.store.transaction()
        payload = {"summary": HOSTILE, "changes": [{"category": HOSTILE, "title": HOSTILE, "content": HOSTILE}]}
        for event in (
            one_commit(
                1,
                60,
                subject=HOSTILE,
                body=HOSTILE,
                diff=f"--- {HOSTILE}\n+++ x\n@@ -1 +1 @@\n-{HOSTILE}\n+{HOSTILE}\n",
            ),
            Event("mcp_save", "mcp_save:1", HOSTILE, int(time.time()), payload),
            Event("scan_result", "scan_result:1", "api", int(time.time()), {HOSTILE: [HOSTILE, {"deep": HOSTILE}]}),
        ):
            session = session_of(service, project_id, event)
            [stored] = service.sessions.events(session)
            paths += [
                f"{SESSIONS}/{session}",
                f"{SESSIONS}/{session}?tab=jobs",
                f"{SESSIONS}/{session}/events/{stored.id}",
            ]
            if event.type == "commit":
                through(service, asked(service, session), failing=0, error=HOSTILE)
    shown = 0
    for path in paths:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert is_quiet(read(answer))
        assert not read(answer).all("img")
        assert "\u202e" not in answer.text
        assert "\x1b" not in answer.text
        shown += answer.text.count("&lt;script&gt;alert(1)")
    assert shown > 10


@pytest.mark.parametrize(
    ("role", "buttons"),
    [(Role.VIEWER, set()), (Role.WRITER, {"generate", "end", "retry"}), (Role.EDITOR, {"generate", "end", "retry"})],
)
def test_buttons_are_for_who_may_and_refused_to_who_forces_them(
    running: Running, enter: Enter, project_id: str, role: Role, buttons: set[str]
) -> None:
    client = enter(running.person("ada", {project_id: role}))
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
        through(service, asked(service, session), failing=0)
        page = f"{SESSIONS}/{session}"
        assert read(client.get(page)).actions == {"/logout", *(f"{page}/{button}" for button in buttons)}
        for action in ("retry", "end", "generate"):
            assert client.post(f"{page}/{action}").status_code == (303 if buttons else 403)
        assert service.sessions.get(session).status == ("closed" if buttons else "active")


def test_a_session_of_others_is_not_there(running: Running, enter: Enter, project_id: str) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
        [event] = service.sessions.events(session)
    client = enter(running.person("eve", {running.project("other"): Role.ADMIN}))
    page = f"{SESSIONS}/{session}"
    for answer in (
        client.get(page), client.get(f"{page}/events/{event.id}"), client.post(f"{page}/end"),
        client.get(SESSIONS, params={"project": project_id}),
    ):  # fmt: skip
        assert answer.status_code == 404
    assert session not in client.get(SESSIONS).text


def test_buttons_do_what_they_say_and_say_what_they_did(
    running: Running, browser: httpx.Client, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(NoEngine, "wake", lambda self, project, sessions: woken.append((project, list(sessions))))
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
        page = f"{SESSIONS}/{session}"

        def press(button: str) -> str:
            answer = browser.post(f"{page}/{button}")
            assert (answer.status_code, answer.headers["location"]) == (303, page)
            said = read(browser.get(page)).one("p", class_="flash").text
            assert not read(browser.get(page)).all("p", class_="flash")  # once
            return said

        assert "is ended" in press("end")
        assert service.sessions.get(session).end_reason == "external"
        assert "had ended before" in press("end")
        assert woken == []
        assert "on its way" in press("generate")
        assert woken == [(project_id, [session])]
        assert "No stage" in press("retry")
        jobs = service.jobs.of_session(session)
        assert [job.status for job in jobs] == ["queued"] * 5
        through(service, jobs, failing=2)
        assert "runs again" in press("retry")
        assert [job.status for job in service.jobs.of_session(session)] == [
            "done",
            "done",
            "queued",
            "queued",
            "queued",
        ]
        assert woken[1:] == [(project_id, [session])]


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_another_site_presses_no_button(
    running: Running, browser: httpx.Client, project_id: str, origin: str | None
) -> None:
    with running.service() as service:
        session = session_of(service, project_id, one_commit(1, 60))
        headers = {} if origin is None else {"Origin": origin}
        del browser.headers["Origin"]
        for action in ("end", "generate", "retry"):
            assert browser.post(f"{SESSIONS}/{session}/{action}", headers=headers).status_code == 403
        assert service.sessions.get(session).status == "active"
        assert browser.get(f"{SESSIONS}/{session}/end").status_code == 405


def test_the_title_is_live_and_says_how_it_ended(running: Running, browser: httpx.Client, project_id: str) -> None:
    with running.service() as service:
        later = session_of(service, project_id, one_commit(1, 9 * HOUR))
        earlier = session_of(service, project_id, one_commit(2, 11 * HOUR))  # delivered late: over when the other began
    for session_id, ended in ((later, "its window was over"), (earlier, "a newer session began")):
        page = read(browser.get(f"{SESSIONS}/{session_id}"))
        assert "Ended " + ended in " ".join(page.one("main").text.split())
        oob = page.one("div", id="session").attributes["hx-select-oob"].split(",")
        assert page.one("h1").children[0].attributes["id"] in [each.partition(":")[0].removeprefix("#") for each in oob]


def test_a_long_subject_is_brief_in_the_list_and_whole_on_its_page(
    running: Running, browser: httpx.Client, project_id: str
) -> None:
    subject = "word " * 1000 + "end"
    with running.service() as service:
        session_id = session_of(service, project_id, one_commit(1, 60, subject=subject))
        [event] = service.sessions.events(session_id, limit=1, offset=0)
    assert subject[:100] in (shown := browser.get(f"{SESSIONS}/{session_id}").text)
    assert subject[:200] not in shown
    assert subject in browser.get(f"{SESSIONS}/{session_id}/events/{event.id}").text
