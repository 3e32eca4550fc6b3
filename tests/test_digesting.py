"""The digest since the last save: where it begins, what it shows, within which budget."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.assembly import Assembly
from contox_hooks.backend.protocol import Receipt
from contox_hooks.capture import inbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.digesting import ALL_CHARACTERS, digest_since_save
from contox_hooks.domain.error import RepositoryError
from contox_hooks.domain.event import Event, key_of
from contox_hooks.domain.since import Save as Made
from contox_hooks.domain.since import SinceSave
from contox_hooks.memory.saving import latest
from contox_hooks.place import memory_path
from tests.gitrepo import EPOCH, Repo

Save = Callable[..., Receipt]


def since(repo: Repo, **wanted: object) -> SinceSave:
    return digest_since_save(Assembly(repo.repository), **wanted)  # type: ignore[arg-type]


def subjects(found: SinceSave) -> list[str]:
    return [commit.digest.subject for commit in found.commits]


def note(head: str | None, at: int) -> Event:
    payload = {"summary": "S", "changes": []} | ({} if head is None else {"headCommitSha": head})
    return Event("mcp_save", key_of("mcp_save", head, at), "mcp-server", at, payload)


@pytest.fixture
def captured(repo: Repo) -> Repo:
    """Captured as far as it matters here."""
    repo.commit("one", {"a.txt": "a\n"})
    state = Assembly(repo.repository).state
    state.create()
    CaptureStore.open(state.database).close()
    return repo


@pytest.fixture
def save(captured: Repo) -> Save:
    def put(head: str | None, at: int = EPOCH) -> Receipt:
        parts = Assembly(captured.repository)
        (receipt,) = parts.service.ingest(parts.project.id, [note(head, at)])
        return receipt

    return put


def test_from_the_newest_save_that_names_a_head(captured: Repo, save: Save) -> None:
    first = captured.head()
    captured.commit("two", {"b.txt": "b\n"})
    save(captured.head(), EPOCH + 10)
    save(first, EPOCH)  # older, though it came later
    save(None, EPOCH + 20)  # newer, and says nothing
    captured.commit("three", {"c.txt": "c\n"})
    found = since(captured)
    assert (found.base.kind, subjects(found), found.commits_total) == ("save", ["three"], 1)
    assert since(captured, base=first[:9]).base.kind == "given"
    assert subjects(since(captured, base=first)) == ["three", "two"]


def test_a_note_that_is_still_on_its_way_counts(captured: Repo, save: Save) -> None:
    inbox.put(Assembly(captured.repository).state, note(captured.head(), EPOCH))
    captured.commit("two", {"b.txt": "b\n"})
    assert subjects(since(captured)) == ["two"]
    save(captured.head(), EPOCH + 1)
    assert subjects(since(captured)) == []


def test_a_clock_that_was_ahead_costs_no_later_save_its_turn(captured: Repo, save: Save) -> None:
    month = 30 * 86_400
    first = captured.head()
    parts = Assembly(captured.repository)
    parts.service.store._clock = lambda: EPOCH + month + 60
    parts.service.ingest(parts.project.id, [note(first, EPOCH + month)])
    captured.commit("two", {"b.txt": "b\n"})
    assert since(captured).base.sha == first  # the only one there is
    parts.service.store._clock = lambda: EPOCH + 60
    parts.service.ingest(parts.project.id, [note(captured.head(), EPOCH)])
    assert since(captured).base.sha == captured.head()


SAVES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=6)


@given(late=SAVES)
def test_by_a_right_clock_the_save_made_last_is_the_last_one(late: list[tuple[int, int]]) -> None:
    """However late each arrives."""
    arrived = sorted(((Made("abcdef0", at), at + by) for at, by in late), key=lambda each: -each[1])
    found = latest(arrived)
    assert found is not None
    assert found.at_utc == max(at for at, _ in late)


@pytest.mark.parametrize("broken", ["missing", "damaged"])
def test_a_memory_out_of_reach_is_told_and_left_as_it_is(captured: Repo, save: Save, broken: str) -> None:
    save(captured.head())
    parts = Assembly(captured.repository)
    parts.service.projects.set_setting(parts.project.id, "diffs", False)
    assert Assembly(captured.repository).effective  # remembered
    folder = memory_path().parent
    for path in folder.iterdir():
        path.unlink() if broken == "missing" else path.write_bytes(b"no database" * 20)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found = since(captured)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert found.commits[0].digest.diff_missing == "off"
    assert found.troubles[0].startswith("the last save: ")
    assert "nothing was saved" not in found.to_markdown()
    assert "the latest, as nobody could say where the last save was" in found.to_markdown()
    assert since(captured, base=captured.head()).troubles == ()


def test_a_save_that_history_left_behind(captured: Repo, save: Save) -> None:
    captured.commit("saved", {"b.txt": "b\n"})
    save(captured.head())
    captured.git("commit", "--amend", "-qm", "amended")
    found = since(captured)
    assert (found.base.kind, found.base.sha) == ("merge-base", captured.git("rev-parse", "HEAD~1"))
    assert subjects(found) == ["amended"]
    assert "where this history left that of the last save" in found.to_markdown()


@pytest.mark.parametrize("head", ["0123456789abcdef0123456789abcdef01234567", "unrelated"])
def test_a_save_that_is_nowhere_here(captured: Repo, save: Save, head: str) -> None:
    if head == "unrelated":
        head = captured.git("commit-tree", "-m", "elsewhere", "HEAD^{tree}")
    save(head)
    found = since(captured)
    assert (found.base.kind, subjects(found)) == ("latest", ["one"])
    assert f"at {head[:12]}) is not in this history" in found.to_markdown()


def test_a_repository_that_is_not_captured_gets_no_store(repo: Repo, sealed: object) -> None:
    assert since(repo).to_markdown().startswith("# Latest work\n\nThere are no commits yet.\n")
    repo.commit("one", {"a.txt": "a\n"})
    found = since(repo)
    assert (found.base.kind, subjects(found)) == ("latest", ["one"])
    assert not (repo.path / ".git/contox").exists()
    assert not list(sealed.rglob("memory.db"))  # type: ignore[attr-defined]


def test_a_merge_counts_as_one_and_names_what_it_brought_in(repo: Repo) -> None:
    base = repo.commit("one", {"a.txt": "a\n"})
    repo.git("checkout", "-qb", "side")
    for number in range(12):
        repo.commit(f"side {number}", {f"s{number}.txt": "s\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("two", {"b.txt": "b\n"})
    repo.git("merge", "-q", "--no-ff", "-m", "join", "side", env=repo.times())
    found = since(repo, base=base)
    assert (subjects(found), found.commits_total) == (["join", "two"], 2)
    assert [side.subject for side in found.commits[0].side] == [f"side {number}" for number in range(11, 1, -1)]
    assert found.commits[0].side_total == 12
    assert "- … and 2 more\n" in found.to_markdown()
    whole = since(repo, base=base, mode="all", limit=5)
    assert (len(whole.commits), whole.commits_total, whole.commits[0].side) == (5, 14, ())
    assert "… 9 older commits not shown" in whole.to_markdown()


def test_all_diffs_share_one_budget_fairly(repo: Repo) -> None:
    base = repo.commit("one")
    for number in range(15):
        lines = 400 if number % 3 else 2
        repo.commit(f"c{number}", {f"f{number}.py": "".join(f"value_{line} = {line}\n" for line in range(lines))})
    found = since(repo, base=base)
    sizes = [len(commit.digest.diff) for commit in found.commits]
    assert sum(sizes) <= ALL_CHARACTERS
    assert sum(sizes) > ALL_CHARACTERS * 0.9
    for commit in found.commits:
        small = commit.digest.insertions == 2
        assert commit.digest.diff_cut is not small
        assert ("not shown]" in commit.digest.diff) is not small


def test_work_is_looked_at_on_request(repo: Repo) -> None:
    repo.commit("one", {"a.txt": "a\n"})
    repo.write("a.txt", "b\n")
    assert since(repo, wip=False).work is None
    work = since(repo).work
    assert work is not None
    assert work.unstaged.files_total == 1
    (repo.path / "a.txt").unlink()
    os.mkfifo(repo.path / "a.txt")
    found = since(repo)
    assert found.work is not None
    assert found.troubles == found.work.troubles != ()
    (repo.path / ".git/index").write_bytes(b"broken")
    found = since(repo)
    assert found.work is None
    assert found.troubles[0].startswith("work in progress: ")
    assert "index file smaller than expected" in found.troubles[0]


def test_the_object_is_json_and_says_what_the_text_says(captured: Repo, save: Save) -> None:
    save(captured.head(), EPOCH)
    captured.commit("two", {"b.txt": "b\n"})
    captured.write("ü.txt", "u\n")
    found = json.loads(json.dumps(since(captured).to_object()))
    assert found["base"]["savedAt"] == EPOCH
    assert [commit["subject"] for commit in found["commits"]] == ["two"]
    assert (found["work"]["untracked"], found["work"]["untrackedTotal"], found["branch"]) == (["ü.txt"], 1, "main")


@pytest.mark.parametrize("base", ["nowhere", "--all", "HEAD:a.txt"])
def test_a_base_that_is_no_commit_is_refused(captured: Repo, base: str) -> None:
    with pytest.raises(RepositoryError):
        since(captured, base=base)
