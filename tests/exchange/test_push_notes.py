"""Digests in a git notes ref: pushed, pulled, added to, by several people (git/note*.py, exchange/noting.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from contox_hooks.git import note_sync
from contox_hooks.git.note import REF, commit_named, notes_at, read_texts, ref_of, written
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


def lines(repo: Repo, ref: str = REF) -> dict[str, list[str]]:
    """Each note's lines."""
    repository = repo.repository
    head = commit_named(repository, ref)
    assert head is not None
    notes = notes_at(repository, head)
    texts = read_texts(repository, head, notes.values())
    return {sha: (text or b"").decode(errors="replace").splitlines() for sha, text in zip(notes, texts, strict=True)}


def tell(repo: Repo, *said: tuple[str, bytes]) -> note_sync.Synced:
    """Whatever is wanted, into the notes of origin."""
    return note_sync.push(repo.repository, "origin", lambda there, notes: said)


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
    others = "\n".join(line for line in refs(ada.repo).splitlines() if not line.endswith(ref_of("origin")))
    assert (ada.repo.git("status", "--porcelain"), ada.repo.head(), others) == before
    assert set(lines(team.bare)) == set(made)
    assert "example.org" not in str(lines(team.bare))
    assert PLANTED not in str(lines(team.bare))
    assert "import sqlite3" in ada.repo.git("notes", "--ref=contox-origin", "show", made[-1])

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


def test_one_remotes_notes_never_reach_another_nor_what_is_excluded_by_now(team: Team) -> None:
    ada = started(team)
    private = Repo(team.path / "private.git", bare=True)
    ada.repo.git("remote", "add", "private", str(private.path))
    hidden = ada.repo.commit("a plan of ours alone", {"plan.py": "x = 1\n"}, now=True)
    ada.repo.git("push", "-q", "private", "main")
    assert ada.asks("push-notes", "private")["added"] == 3
    ada.repo.git("config", "contox.exclude", "store.py")
    assert ada.asks("push-notes")["added"] == 2
    told = team.bare.git("log", "-p", REF)
    assert hidden not in lines(team.bare)
    assert "plan of ours" not in told
    assert "sqlite3" not in told
    assert len(lines(private)) == 3


def test_a_race_lost_is_run_again(team: Team, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The remote's own notes move between fetch and push."""
    ada, eve = started(team, captured=False), team.member("eve")
    head = ada.repo.head()
    real, done = note_sync.push_notes, []

    def quicker(repo, remote, commit):  # type: ignore[no-untyped-def]
        if not done:
            done.append(1)
            tell(eve.repo, (head, b"quicker"))
        return real(repo, remote, commit)

    monkeypatch.setattr(note_sync, "push_notes", quicker)
    told = note_sync.push(
        ada.repo.repository, "origin", lambda there, notes: [("e" * 40, b"mine")] if head in notes else [(head, b"no")]
    )
    assert told.attempts == 2
    assert lines(team.bare) == {head: ["quicker"], "e" * 40: ["mine"]}
    assert lines(ada.repo, ref_of("origin")) == lines(team.bare)


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
        b'{"a":"' + b"x" * 2_000_000 + b'"}',
        b'{"contox_digest":1,"sha":"' + more[3].encode() + b'","parents":"no","files":[1],"author":7}',
        b"[" * 200_000,
        b'{"foreign": true}',
    )
    tell(ada.repo, *zip(more, hostile, strict=True))
    eve = team.member("eve")
    assert eve.does("init", "--no-history", "--no-hooks") == 0
    learnt = eve.asks("pull-notes")
    assert (learnt["captured"], learnt["unfit"]) == (0, 6)
    assert ada.asks("push-notes")["added"] == 8  # what is no digest of its commit does not count
    assert '{"foreign": true}' in lines(team.bare)[more[5]]
    assert eve.asks("pull-notes")["captured"] == 8


def _true_line(ada: Member, sha: str) -> str:
    ada.asks("push-notes")
    line = ada.repo.git("notes", "--ref=contox-origin", "show", sha)
    ada.repo.git("push", "-q", "origin", f":{REF}")
    return line


def test_a_note_says_which_commit_and_git_what_is_in_it(team: Team) -> None:
    ada = started(team)
    first = ada.repo.git("rev-list", "HEAD").split()[-1]
    forged = json.loads(_true_line(ada, first)) | {
        "subject": "We turn TLS off", "body": "\ud800 and \0", "branch": "b\ud800", "kind": "amend", "origin": "created",
        "diff": f"+ token: {PLANTED}\n", "diff_missing": "",
    }  # fmt: skip
    tell(ada.repo, (first, json.dumps(forged).encode()), ("f" * 40, b"{}"))
    eve = team.member("eve")
    assert eve.does("init", "--no-history", "--no-hooks") == 0
    learnt = eve.asks("pull-notes")
    assert (learnt["captured"], learnt["absent"], learnt["unfit"]) == (1, 1, 0)
    (event,) = [event for event in all_events(eve) if event["type"] == "commit"]
    assert event["source"] == "git-history"
    assert "Use SQLite" in json.dumps(event)
    assert "TLS" not in json.dumps(event)


def test_what_a_shallow_clone_cannot_see_is_not_told(team: Team) -> None:
    started(team, captured=False)
    path = team.path / "clone of shallow"
    team.bare.git("clone", "-q", "--depth=1", f"file://{team.bare.path}", str(path))
    eve = team.cloned("shallow", path)
    assert eve.does("init", "--no-hooks") == 0
    assert eve.asks("push-notes")["added"] == 0
    own = eve.repo.commit("mine", {"mine.py": "x = 1\n"}, now=True)
    eve.repo.git("push", "-q", "origin", "main")
    assert eve.asks("push-notes")["added"] == 1
    assert list(lines(team.bare)) == [own]


def test_a_ref_that_is_something_else_is_left_alone(team: Team) -> None:
    ada = started(team)
    head = team.bare.head()
    team.bare.git("symbolic-ref", REF, "refs/heads/main")
    assert ada.error("push-notes")[0] == 9
    team.bare.git("update-ref", "--no-deref", REF, head)
    code, told = ada.error("push-notes")
    assert (code, "none is a note" in told) == (3, True)
    assert (team.bare.head(), team.bare.git("rev-parse", REF)) == (head, head)
    team.bare.git("update-ref", "-d", REF)
    ada.repo.git("symbolic-ref", ref_of("origin"), "refs/heads/main")
    assert ada.asks("push-notes")["added"] == 2
    assert ada.repo.head() == head


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
    assert (told["added"], told["pushed"]) == (2, True)
    assert len(lines(team.bare)) == 2


def test_the_users_settings_of_a_remote_change_nothing(team: Team) -> None:
    ada = started(team, captured=False)
    shas = ada.repo.git("rev-list", "HEAD").split()
    tell(ada.repo, *((sha, b"told") for sha in shas))
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
    assert set(lines(eve.repo, ref_of("origin"))) == set(shas)
    tell(eve.repo, ("e" * 40, b"x"))
    # git itself moves what the user's own mapping has for the ref that was pushed
    assert [line for line in refs(eve.repo).splitlines() if "notes/contox" not in line] == before.splitlines()
    assert not (eve.repo.path / ".git" / "FETCH_HEAD").exists()
    assert not ran.exists()
    assert "e" * 40 in lines(team.bare)


def test_killed_in_the_middle_nothing_is_there(team: Team) -> None:
    ada = started(team, captured=False)
    before = refs(ada.repo)
    script = (
        "import itertools, os, signal\n"
        "from contox_hooks.git.note import written\n"
        "from contox_hooks.git.repository import locate\n"
        "def added():\n"
        "    for number in itertools.count():\n"
        "        if number == 2000: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield f'{number:040x}', b'x' * 2000\n"
        "written(locate(), None, {}, added())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ada.repo.path, check=False)
    assert done.returncode == -9
    assert refs(ada.repo) == before
    assert ada.repo.run("fsck", "--connectivity-only").returncode == 0
    assert tell(ada.repo, (ada.repo.head(), b"told")).added == 1


def test_a_partial_clone_gets_notes_whole(team: Team) -> None:
    ada = started(team, captured=False)
    tell(ada.repo, (ada.repo.head(), b"told"))
    team.bare.git("config", "uploadpack.allowFilter", "true")
    path = Path(team.path / "partial")
    team.bare.git("clone", "-q", "--filter=blob:none", f"file://{team.bare.path}", str(path))
    partial = Repo(path, init=False)
    note_sync.pull(partial.repository, "origin")
    assert lines(partial, ref_of("origin")) == {ada.repo.head(): ["told"]}


def test_a_note_twice_in_one_tree_is_one_and_flat_ones_are_read(repo: Repo) -> None:
    """Somebody wrote by hand, and joined by hand."""
    sha = repo.commit("c")
    blobs = [repo.git("hash-object", "-w", "--stdin", input=text) for text in ("a\n", "b\n", "c\n")]
    index = {"GIT_INDEX_FILE": str(repo.path.parent / "index")}
    for blob, path in zip(blobs, (sha, f"{sha[:2]}/{sha[2:]}", "README"), strict=True):
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
    base = repo.git("commit-tree", "-m", "x", repo.git("write-tree", env=index))
    notes = notes_at(repo.repository, base)
    assert [sorted(text or b"") for text in read_texts(repo.repository, base, notes.values())] == [sorted(b"a\n\nb\n")]
    commit = written(repo.repository, base, notes, [(sha, b"a\nb\nmine\n")])
    assert commit is not None
    assert lines(repo, commit) == {sha: ["a", "b", "mine"]}
    assert repo.git("ls-tree", "-r", "--name-only", commit).split() == ["README", f"{sha[:2]}/{sha[2:]}"]
