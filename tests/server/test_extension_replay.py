"""What Contox's VS Code extension (v2.0.0) asks for, in its order, and what it makes of each answer (CONTRACT.md 8).

The sequences are those of its source, run against a server with a stand-in for the editor and recorded. It reads
`error` of a bad answer, calls `response.json()` on every good one, and nothing else stands between it and the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.server.captured import run_pipeline
from tests.server.conftest import Running, ran
from tests.server.ingesting import Sender, written

LABELS = {"enrich": "Enrichment", "embed": "Embedding", "dedup": "Deduplication", "drift_check": "Drift Check"}
DIFF = "diff --git a/src/auth.ts b/src/auth.ts\n@@ -1 +1,3 @@\n-old\n+export function token(user) {\n+  return sign(user);\n+}\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all of these; each test has a project of its own."""
    yield from ran(tmp_path_factory.mktemp("server") / "memory.db")


@pytest.fixture(scope="module")
def owner(running: Running) -> httpx.Client:
    return running.client(running.person("owner", is_owner=True))


def cut(text: str, units: int) -> str:
    """As JavaScript's `slice`: by UTF-16 units, through the middle of a character if need be."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "surrogatepass")


def stringified(value: object) -> str:
    """As JSON.stringify: half a character is an escape, all else is itself."""
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", written(value))


def commit(sha: str, message: str, *, diff: str = DIFF, at: str = "2026-01-02T04:04:05+01:00") -> dict[str, Any]:
    return {
        "sha": sha[:12], "message": cut(message, 500), "author": "Ada Example", "timestamp": at,
        "filesChanged": ["src/auth.ts"], "insertions": 3, "deletions": 1, "diff": cut(diff, 3000),
    }  # fmt: skip


def numbered(number: int) -> dict[str, Any]:
    return commit(f"{number:012x}", f"Change number {number}")


class Editor:
    """What the extension knows of one workspace; each method is one of its own steps."""

    def __init__(self, client: httpx.Client, project_id: str) -> None:
        self.client = client
        self.project_id = project_id
        self.sender = Sender(client, project_id)
        self.known: set[str] = set()
        self.tracked: str | None = None
        self.is_first = True
        self.shown: list[str] = []

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self.client.request(method, f"/api{path}", json=body, headers={"Content-Type": "application/json"})
        assert answer.is_success, (method, path, answer.text)
        return answer.json()

    def sessions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"/v2/sessions?projectId={self.project_id}&limit=5")["sessions"]
        return found

    def poll(self) -> None:
        """Every 30 seconds."""
        sessions = self.sessions()
        active = next((each["id"] for each in sessions if each["status"] == "active"), None)
        if self.is_first:
            self.known |= {each["id"] for each in sessions}
            self.tracked, self.is_first = active, False
            return
        if self.tracked and active is None:
            self.tracked = self.open_session()
            self.known.add(self.tracked)
            self.shown.append("closed externally")
        else:
            self.tracked = active
        for each in sessions:
            if each["id"] not in self.known:
                self.known.add(each["id"])
                datetime.fromisoformat(each["updatedAt"])
                self.shown.append(f"saved ({each['source']}): {each['summary'] or 'New session saved'}")

    def open_session(self) -> str:
        return str(self.ask("POST", "/v2/sessions", {"projectId": self.project_id, "source": "vscode"})["sessionId"])

    def pipeline(self, session_id: str) -> str:
        """Every 5 seconds until it is done or failed; what is then said."""
        answer = self.ask("GET", f"/v2/sessions/{session_id}/jobs")
        summary = answer["pipeline"]
        if summary["status"] not in ("done", "failed"):
            return f"{summary['status']} {summary['completedSteps']}/{summary['totalSteps']}"
        signs = {"done": "✓", "failed": "✗"}
        return "  ".join(
            f"{signs.get(job['status'], '○')} {LABELS[job['jobType']]}"
            for job in answer["jobs"]
            if job["jobType"] in LABELS  # it names every job; the others by their type
        )

    def try_flush(
        self, *commits: dict[str, Any], saved: tuple[str, ...] = (), auto_enrich: bool = True
    ) -> httpx.Response:
        event = {
            "type": "vscode_capture", "commits": list(commits), "filesModified": ["src/auth.ts", *saved],
            "sessionDurationMs": 1200, "activeEditorFiles": [],
        }  # fmt: skip
        opted_out = {} if auto_enrich else {"skipEnrichment": True}
        return self.sender.send(raw=stringified(event), extensionVersion="2.0.0", **opted_out)

    def flush(self, *commits: dict[str, Any], **how: Any) -> Any:
        answer = self.try_flush(*commits, **how)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def end_session(self) -> tuple[str, str]:
        """The closed one's id and the new one's."""
        ended = next(each["id"] for each in self.sessions() if each["status"] == "active")
        assert self.ask("PATCH", f"/v2/sessions/{ended}", {"status": "closed"})["ok"] is True
        return ended, self.open_session()


@pytest.fixture
def editor(owner: httpx.Client, project_id: str) -> Editor:
    return Editor(owner, project_id)


def stored(editor: Editor) -> list[str]:
    """Ids of the project's commits as the server has them, in its sessions' order."""
    found: list[str] = []
    for session in editor.ask("GET", f"/v2/sessions?projectId={editor.project_id}&limit=200")["sessions"]:
        for offset in range(0, session["messageCount"], 200):
            events = editor.ask("GET", f"/v2/sessions/{session['id']}/events?limit=200&offset={offset}")["events"]
            found += [event["payload"]["sha"] for event in events if event["type"] == "commit"]
    return found


def test_setup_from_a_key_to_an_empty_tree(running: Running, editor: Editor) -> None:
    refused = running.client("ctx_wrong").get("/api/contexts/__ping__")
    assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized"}), "the one word that it knows"
    ping = editor.client.get("/api/contexts/__ping__")
    assert ping.json().get("error") != "Unauthorized"
    [team] = editor.ask("GET", "/orgs")["orgs"]
    assert team.keys() >= {"id", "name", "members", "createdAt"}
    listed = editor.ask("GET", f"/projects?teamId={team['id']}")
    [project] = [each for each in listed if each["id"] == editor.project_id]
    assert (project["name"], project["contextsCount"], project["teamId"]) == ("demo", 0, team["id"])
    brain = editor.ask("GET", f"/v2/brain?projectId={editor.project_id}")
    assert (brain["tree"], brain["itemsLoaded"]) == ([], 0)


def test_a_commit_until_its_pipeline_is_done(running: Running, editor: Editor) -> None:
    editor.poll()
    said = editor.flush(commit("c579a6237f1b", "Decision: tokens last an hour"))
    assert (said["status"], said["enrichmentPending"]) == ("accepted", True)
    assert said["eventId"]
    assert said["enrichmentJobId"]
    editor.poll()
    assert editor.tracked == said["sessionId"]
    assert editor.pipeline(said["sessionId"]) == "pending 0/5"
    run_pipeline(running)
    assert editor.pipeline(said["sessionId"]) == "✓ Enrichment  ✓ Embedding  ✓ Deduplication  ✓ Drift Check"
    again = Editor(editor.client, editor.project_id)
    again.is_first = False
    again.poll()
    assert again.shown == ["saved (vscode): 1 commit: Decision: tokens last an hour."]


def test_memory_tree_and_what_fits_the_open_file(running: Running, editor: Editor) -> None:
    editor.flush(commit("c579a6237f1b", "Decision: tokens last an hour"))
    run_pipeline(running)
    brain = editor.ask("GET", f"/v2/brain?projectId={editor.project_id}")
    assert "tokens last an hour" in brain["document"]
    assert (brain["itemsLoaded"], isinstance(brain["tokenEstimate"], int)) == (1, True)
    [node] = brain["tree"]
    assert (node["schemaKey"], node["itemCount"], node["children"]) == (f"root/{node['name']}", 1, [])
    query = "q=auth+src&limit=8&minSimilarity=0.5&activeFiles=src%2Fauth.ts&useCompositeScore=true"
    [found] = editor.ask("GET", f"/v2/search?projectId={editor.project_id}&{query}")["results"]
    assert found["files"] == ["src/auth.ts"]
    assert 0.5 <= found["similarity"] <= 1
    assert all(isinstance(found[name], str) for name in ("title", "type", "schemaKey", "facts"))


def test_half_an_emoji_is_signed_as_it_is_sent(editor: Editor) -> None:
    half = commit("aaaaaaaaaaaa", "x" * 499 + "\U0001f600 tail", diff="\U0001f600" * 1501)
    assert half["message"].endswith("\ud83d")
    editor.flush(half, commit("bbbbbbbbbbbb", "One more", diff="x" * 2999 + "\U0001f600"))
    assert stored(editor) == ["aaaaaaaaaaaa", "bbbbbbbbbbbb"]


def test_four_hundred_commits_in_captures_that_overlap(editor: Editor) -> None:
    """From 100 KiB on each further commit sends the buffer again, until the first answer empties it."""
    commits = [numbered(number) for number in range(400)]
    captures = [commits[start : start + 32 + more] for start in range(0, 400, 32) for more in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda capture: editor.flush(*capture), captures))
    assert len({answer["sessionId"] for answer in answers}) == 1
    assert sorted(stored(editor)) == [each["sha"] for each in commits]
    [session] = editor.sessions()
    assert session["status"] == "active"


def test_a_merge_and_a_pull_stay_in_the_session_of_now(editor: Editor) -> None:
    """Merged commits are sent once more, without the merge; pulled ones carry their authors' old dates."""
    side = commit("5de000000000", "Side work")
    first = editor.flush(side)
    editor.flush(commit("3a1000000000", "Main work"))
    assert editor.flush(side)["eventId"] == first["eventId"]
    old = [commit(f"01d{number:09}", f"Old {number}", at="2024-03-01T10:00:00+02:00") for number in range(3)]
    assert editor.flush(*old)["sessionId"] == first["sessionId"]
    [session] = editor.sessions()
    assert (session["id"], session["status"], len(stored(editor))) == (first["sessionId"], "active", 5)


def test_auto_enrich_off_and_a_retry_that_forgets_it(running: Running, editor: Editor) -> None:
    """A retry is signed anew and leaves `skipEnrichment` out: the first answer holds."""
    quiet = commit("c579a6237f1b", "Quiet")
    said = editor.flush(quiet, auto_enrich=False)
    assert (said["enrichmentPending"], "enrichmentJobId" in said) == (False, False)
    assert editor.flush(quiet)["eventId"] == said["eventId"]
    run_pipeline(running)
    assert editor.ask("GET", f"/v2/sessions/{said['sessionId']}/jobs") == {
        "jobs": [], "pipeline": {"totalSteps": 0, "completedSteps": 0, "failedSteps": 0, "status": "done"},
    }  # fmt: skip
    assert editor.ask("GET", f"/v2/brain?projectId={editor.project_id}")["itemsLoaded"] == 0


def test_saved_files_alone_are_a_capture(editor: Editor) -> None:
    said = editor.flush(saved=("src/b.ts",))
    assert said["sessionId"] == editor.sessions()[0]["id"]
    assert stored(editor) == []


def test_end_session_and_start_new(editor: Editor) -> None:
    first = editor.flush(numbered(1))["sessionId"]
    ended, opened = editor.end_session()
    assert (ended, editor.flush(numbered(2))["sessionId"]) == (first, opened)
    assert [(each["id"], each["status"]) for each in editor.sessions()] == [(opened, "active"), (ended, "closed")]


@pytest.mark.parametrize("generates", [False, True])
def test_a_session_closed_elsewhere_is_noticed_and_followed_by_a_new_one(editor: Editor, generates: bool) -> None:
    editor.poll()
    session_id = editor.flush(numbered(1))["sessionId"]
    editor.poll()
    if generates:
        editor.ask("POST", f"/v2/sessions/{session_id}/enrich")
    else:
        editor.ask("PATCH", f"/v2/sessions/{session_id}", {"status": "closed"})
    editor.shown.clear()
    editor.poll()
    assert editor.shown == ["closed externally"]
    assert editor.tracked not in (None, session_id)
    assert editor.flush(numbered(2))["sessionId"] == editor.tracked
    editor.poll()
    assert editor.shown == ["closed externally"], "its own new session is no news"


def test_a_new_secret_is_asked_for_by_the_next_setup(editor: Editor) -> None:
    new = editor.ask("POST", f"/projects/{editor.project_id}/hmac-secret/rotate")["hmacSecret"]
    refused = editor.try_flush(numbered(1))
    assert (refused.status_code, refused.json()) == (401, {"error": "Invalid signature"})
    editor.sender = Sender(editor.client, editor.project_id)
    assert editor.sender.secret == new
    editor.flush(numbered(1))
    assert stored(editor) == [numbered(1)["sha"]]


def test_a_revoked_key_is_told_by_its_word_at_every_call(running: Running, editor: Editor) -> None:
    made = editor.ask("POST", "/keys", {"name": "editor", "projectId": editor.project_id})
    other = Editor(running.client(made["key"]), editor.project_id)
    other.flush(numbered(1))
    editor.ask("DELETE", f"/keys/{made['id']}")
    calls = [
        other.try_flush(numbered(2)),
        other.client.get("/api/contexts/__ping__"),
        other.client.get(f"/api/v2/sessions?projectId={editor.project_id}&limit=5"),
        other.client.get(f"/api/v2/brain?projectId={editor.project_id}"),
    ]
    assert [(call.status_code, call.json()) for call in calls] == [(401, {"error": "Unauthorized"})] * 4
    assert stored(editor) == [numbered(1)["sha"]]


def test_create_context(editor: Editor) -> None:
    [team] = editor.ask("GET", "/orgs")["orgs"]
    new = {"name": "API docs", "teamId": team["id"], "projectId": editor.project_id, "description": "REST"}
    made = editor.ask("POST", "/contexts", new)
    assert (made["name"], made["description"], made["projectId"]) == ("API docs", "REST", editor.project_id)


def test_a_base_url_with_a_slash_at_its_end(running: Running, editor: Editor) -> None:
    """It is put before each path as it is."""
    assert editor.client.get(f"{running.url}//api/contexts/__ping__").is_success
    refused = httpx.get(f"{running.url}//api/v2/brain?projectId={editor.project_id}", trust_env=False)
    assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized"})
