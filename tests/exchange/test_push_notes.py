"""Digests in a git notes ref: pushed, pulled, joined, by several people (git/note*.py, exchange/noting.py)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from contox_hooks.git import note_sync
from contox_hooks.git.note import REF, notes_at, read_texts, tip
from tests.exchange.team import Member, Team
from tests.gitrepo import Repo

PLANTED = "gh" + "p_" + "A1b2C3d4" * 4 + "Zz9x"


def started(team: Team, *, captured: bool = True) -> Member:
    """With two commits, both at the remote."""
    ada = team.member("ada")
    if captured:
        assert ada.does("init", "--no-history", "--no-hooks") == 0
    ada.repo.commit("Use SQLite", {"store.py": "import sqlite3\nX = 1\n"}, now=True)
    ada.repo.commit("Write to ada@example.org", {"ä b.py": f"token = '{PLANTED}'\n"}, now=True)
    ada.repo.git("push", "-q", "origin", "main")
    return ada


def lines(repo: Repo) -> dict[str, list[str]]:
    """Each note's lines."""
    repository = repo.repository
    head = tip(repository)
    assert head is not None
    notes = notes_at(repository, head)
    texts = read_texts(repository, head, notes.values())
    return {sha: (text or b"").decode(errors="replace").splitlines() for sha, text in zip(notes, texts, strict=True)}


def all_events(member: Member) -> list[dict[str, Any]]:
    sessions = member.asks("sessions")["sessions"]
    return [event for session in sessions for event in member.asks("events", session["id"])["events"]]


def refs(repo: Repo) -> str:
    return repo.git("for-each-ref")


def test_what_one_pushes_another_learns_and_only_of_what_the_remote_has(team: Team) -> None:
    ada = started(team)
    made = ada.repo.git("rev-list", "HEAD").split()
    private = ada.repo.commit("not pushed yet", {"plan.py": "x = 1\n"}, now=True)
    before = (ada.repo.git("status", "--porcelain"), ada.repo.head(), refs(ada.repo))
    told = ada.asks("push-notes")
    assert told["added"] == 2
    others = "\n".join(line for line in refs(ada.repo).splitlines() if not line.endswith(REF))
    assert (ada.repo.git("status", "--porcelain"), ada.repo.head(), others) == before
    assert set(lines(team.bare)) == set(made)
    assert "example.org" not in str(lines(team.bare))
    assert PLANTED not in str(lines(team.bare))
    assert "import sqlite3" in ada.repo.git("notes", "--ref=contox", "show", made[-1])

    eve = team.member("eve")
    assert eve.does("init", "--no-history", "--no-hooks") == 0
    learnt = eve.asks("pull-notes")
    assert (learnt["captured"], learnt["known"], learnt["absent"], learnt["unfit"]) == (2, 0, 0, 0)
    commits = [event for event in all_events(eve) if event["type"] == "commit"]
    assert [event["source"] for event in commits] == ["git-history"] * 2
    assert eve.asks("pull-notes")["known"] == 2
    assert eve.asks("push-notes")["added"] == 0

    ada.repo.git("push", "-q", "origin", "main")
    assert ada.asks("push-notes")["added"] == 1  # by now the remote has it
    assert set(lines(team.bare)) == {*made, private}
    own = [event for event in all_events(ada) if event["type"] == "commit"]
    assert len(own) == 3  # the notes' own commits are nobody's work


def test_two_who_never_saw_each_other_converge(team: Team) -> None:
    ada = started(team)
    eve = team.member("eve")
    assert eve.does("init", "--no-hooks") == 0  # reads history: tells of the same commits
    eve.repo.git("checkout", "-q", "-b", "topic")
    own = eve.repo.commit("topic", {"topic.py": "t = 1\n"}, now=True)
    eve.repo.git("push", "-q", "origin", "topic")
    assert ada.asks("push-notes")["added"] == 2
    # As if it had been told at the same time: eve's notes begin without ada's.
    repository = eve.repo.repository
    first = ada.repo.git("rev-list", "--max-parents=0", "HEAD")
    note_sync.joined(repository, None, [(own, b"{}"), (first, b'{"mine":1}')])
    eve.asks("push-notes")
    ada.asks("pull-notes")
    assert lines(ada.repo) == lines(eve.repo) == lines(team.bare)
    assert tip(ada.repo.repository) == tip(repository)
    assert '{"mine":1}' in lines(ada.repo)[first]
    assert len(lines(ada.repo)[first]) == 2


def test_joining_does_not_depend_on_who_joins(team: Team) -> None:
    one, two = Repo(team.path / "one"), Repo(team.path / "two")
    for repo, line in ((one, b"b"), (two, b"a")):
        shas = [repo.commit(f"c{number}", at=1_760_000_000 + number) for number in range(3)]
        note_sync.joined(
            repo.repository, None, [(shas[0], line), (shas[1], b"same"), (shas[2 if line == b"a" else 1], b"c")]
        )
    for repo, other in ((one, two), (two, one)):
        repo.git("fetch", "-q", str(other.path), f"{REF}:refs/notes/other")
    before = [repo.git("rev-parse", "refs/notes/other") for repo in (one, two)]
    for repo, there in zip((one, two), before, strict=True):
        note_sync.joined(repo.repository, there)
    assert one.git("rev-parse", f"{REF}^{{tree}}") == two.git("rev-parse", f"{REF}^{{tree}}")
    assert lines(one)[one.git("rev-list", "--max-parents=0", "HEAD")] == ["a", "b"]


def test_two_pushes_at_once_both_end_up_there(team: Team) -> None:
    """The remote's own notes move between fetch and push: the loop goes round again."""
    ada = started(team, captured=False)
    repository = ada.repo.repository
    others = [team.member(f"m{number}").repo for number in range(2)]
    head = ada.repo.head()
    results: list[object] = []

    def pushed(repo: Repo, line: bytes) -> None:
        results.append(note_sync.push(repo.repository, "origin", lambda there, noted: []))
        assert line

    for number, repo in enumerate(others):
        note_sync.joined(repo.repository, None, [(head, f"line {number}".encode())])
    threads = [threading.Thread(target=pushed, args=(repo, b"x")) for repo in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert lines(team.bare)[head] == ["line 0", "line 1"]
    note_sync.pull(repository, "origin")
    assert lines(ada.repo) == lines(team.bare)


def test_a_race_lost_is_run_again(team: Team, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    ada, eve = started(team, captured=False), team.member("eve")
    head = ada.repo.head()
    real, done = note_sync.push_notes, []

    def quicker(repo, remote, commit):  # type: ignore[no-untyped-def]
        if not done:
            done.append(1)
            note_sync.joined(eve.repo.repository, None, [(head, b"quicker")])
            eve.repo.git("push", "-q", "origin", REF)
        return real(repo, remote, commit)

    monkeypatch.setattr(note_sync, "push_notes", quicker)
    told = note_sync.push(ada.repo.repository, "origin", lambda there, noted: [] if noted else [(head, b"mine")])
    assert told.attempts == 2
    assert lines(team.bare)[head] == ["mine", "quicker"]


def test_hostile_notes_harm_nobody(team: Team) -> None:
    ada = started(team)
    shas = ada.repo.git("rev-list", "HEAD").split()
    for number in range(6):
        ada.repo.git("commit", "-q", "--allow-empty", "-m", f"more {number}")
    more = ada.repo.git("rev-list", "--max-count=6", "HEAD").split()
    ada.repo.git("push", "-q", "origin", "main")
    true = json.loads(_true_line(ada, shas[0]))
    hostile = (
        json.dumps({**true, "sha": more[0], "subject": "forged"}).encode(),  # another commit's times and parents
        b"\x00\xff\xfe" * 1000,
        b'{"a":"' + b"x" * 10_000_000 + b'"}',
        b'{"contox_digest":1,"sha":"' + more[3].encode() + b'","parents":"no","files":[1],"author":7}',
        b"[" * 200_000,
        b'{"foreign": true}',
    )
    note_sync.push(ada.repo.repository, "origin", lambda there, noted: zip(more, hostile, strict=True))
    eve = team.member("eve")
    assert eve.does("init", "--no-history", "--no-hooks") == 0
    learnt = eve.asks("pull-notes")
    assert (learnt["captured"], learnt["unfit"]) == (0, 6)
    assert ada.asks("push-notes")["added"] == 2  # those have a note already, whatever it says
    assert set(lines(team.bare)) == {*shas, *more}


def _true_line(ada: Member, sha: str) -> str:
    ada.asks("push-notes")
    line = ada.repo.git("notes", "--ref=contox", "show", sha)
    ada.repo.git("push", "-q", "origin", f":{REF}")
    ada.repo.git("update-ref", "-d", REF)
    return line


def test_a_note_tells_no_secret_and_waits_for_its_commit(team: Team) -> None:
    ada = started(team)
    first, line = ada.repo.git("rev-list", "HEAD").split()[-1], ""
    line = _true_line(ada, first)
    with_secret = json.loads(line) | {"body": f"token: {PLANTED}", "kind": "amend", "origin": "created"}
    note_sync.joined(ada.repo.repository, None, [(first, json.dumps(with_secret).encode()), ("f" * 40, b"{}")])
    ada.repo.git("push", "-q", "origin", REF)
    eve = team.member("eve")
    assert eve.does("init", "--no-history", "--no-hooks") == 0
    learnt = eve.asks("pull-notes")
    assert (learnt["captured"], learnt["absent"]) == (1, 1)
    events = all_events(eve)
    assert PLANTED not in json.dumps(events)
    assert [event["source"] for event in events if event["type"] == "commit"] == ["git-history"]


def test_what_stands_in_the_way_is_said(team: Team) -> None:
    ada = started(team)
    code, told = ada.error("push-notes", "nowhere")
    assert (code, "nowhere" in told) == (4, True)
    code, told = ada.error("push-notes", "--", "--upload-pack=x")
    assert (code, "no remote" in told) == (2, True)
    code, told = ada.error("pull-notes", "http://127.0.0.1:9/x.git")
    assert (code, "cannot reach" in told) == (11, True)
    hook = team.bare.path / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'notes are protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    code, told = ada.error("push-notes")
    assert (code, "does not take the notes" in told) == (12, True)
    hook.unlink()
    told = ada.asks("push-notes")
    assert (told["added"], told["pushed"]) == (0, True)  # they were written here the first time
    assert len(lines(team.bare)) == 2


def test_the_users_settings_of_a_remote_change_nothing(team: Team) -> None:
    ada = started(team, captured=False)
    shas = ada.repo.git("rev-list", "HEAD").split()
    note_sync.push(ada.repo.repository, "origin", lambda there, noted: [(sha, b"told") for sha in shas])
    eve = team.member("eve")
    team.bare.git("update-ref", "refs/heads/new", "HEAD")
    team.bare.git("tag", "v1")
    ran = team.path / "hook ran"
    for name in ("pre-push", "reference-transaction"):
        hook = eve.repo.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{ran}'\nexit 1\n")
        hook.chmod(0o755)
    for setting in ("remote.origin.fetch=+refs/*:refs/all/*", "fetch.prune=true", "push.followTags=true",
                    "remote.origin.tagOpt=--tags", "notes.rewriteRef=refs/notes/*", "remote.origin.push=refs/heads/*"):  # fmt: skip
        eve.repo.git("config", *setting.split("=", 1))
    before = refs(eve.repo)
    note_sync.pull(eve.repo.repository, "origin")
    assert set(lines(eve.repo)) == set(shas)
    note_sync.push(
        eve.repo.repository, "origin", lambda there, noted: [("e" * 40, b"x")] if "e" * 40 not in noted else []
    )
    # git itself moves what the user's own mapping has for the ref that was pushed
    assert [line for line in refs(eve.repo).splitlines() if not line.endswith("notes/contox")] == before.splitlines()
    assert not (eve.repo.path / ".git" / "FETCH_HEAD").exists()
    assert not ran.exists()
    assert "e" * 40 in lines(team.bare)


def test_killed_in_the_middle_the_ref_stays(team: Team) -> None:
    ada = started(team, captured=False)
    note_sync.push(ada.repo.repository, "origin", lambda there, noted: [(ada.repo.head(), b"told")])
    before = tip(ada.repo.repository)
    script = (
        "import itertools, os, signal, sys\n"
        "from contox_hooks.git.note import joined\n"
        "from contox_hooks.git.repository import locate\n"
        "def added():\n"
        "    for number in itertools.count():\n"
        "        if number == 2000: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield f'{number:040x}', b'x' * 2000\n"
        "joined(locate(), None, added())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ada.repo.path, check=False)
    assert done.returncode == -9
    assert tip(ada.repo.repository) == before
    assert ada.repo.run("fsck", "--connectivity-only").returncode == 0
    assert note_sync.push(ada.repo.repository, "origin", lambda there, noted: []).commit == before


def test_a_partial_clone_gets_notes_whole(team: Team) -> None:
    ada = started(team, captured=False)
    note_sync.push(ada.repo.repository, "origin", lambda there, noted: [(ada.repo.head(), b"told")])
    team.bare.git("config", "uploadpack.allowFilter", "true")
    path = Path(team.path / "partial")
    team.bare.git("clone", "-q", "--filter=blob:none", f"file://{team.bare.path}", str(path))
    partial = Repo(path, init=False)
    note_sync.pull(partial.repository, "origin")
    assert lines(partial) == {ada.repo.head(): ["told"]}


def test_a_note_twice_in_one_tree_is_one_and_flat_ones_are_read(team: Team) -> None:
    """Somebody wrote by hand, and joined by hand."""
    one, two = Repo(team.path / "one"), Repo(team.path / "two")
    shas = [one.commit(f"c{number}", at=1_760_000_000 + number) for number in range(2)]
    two.git("fetch", "-q", str(one.path), "main:other")
    one.git("notes", "--ref=contox", "add", "-m", "by hand", shas[0])
    blobs = [two.git("hash-object", "-w", "--stdin", input=text) for text in ("a\n", "b\n", "c\n")]
    index = {"GIT_INDEX_FILE": str(team.path / "index")}
    for blob, path in zip(blobs, (shas[1], f"{shas[1][:2]}/{shas[1][2:]}", "README"), strict=True):
        two.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
    tree = two.git("write-tree", env=index)
    two.git("update-ref", REF, two.git("commit-tree", "-m", "x", tree))
    one.git("fetch", "-q", str(two.path), f"{REF}:refs/notes/other")
    note_sync.joined(one.repository, one.git("rev-parse", "refs/notes/other"), [])
    assert lines(one) == {shas[0]: ["by hand"], shas[1]: ["a", "b"]}
    assert one.git("notes", "--ref=contox", "show", shas[1]) == "a\nb"
