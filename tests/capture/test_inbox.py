"""What is told and not done in git: durable at once, stored once, redacted, in nobody's way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from contox_hooks.capture import inbox, saved
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.domain.error import NotInitialised
from contox_hooks.domain.event import Event, key_of
from tests.capture.conftest import Captured

TOKEN = "ghp_" + "a1B2" * 9


def note(summary: str, at_utc: int = 1_700_000_000, **payload: object) -> Event:
    told = {"summary": summary, "changes": [], **payload}
    return Event("mcp_save", key_of("mcp_save", summary, at_utc), "mcp-server", at_utc, told)


def test_a_note_reaches_memory_with_the_next_drain(captured: Captured) -> None:
    state = captured.assembly.state
    inbox.put(state, note("we chose SQLite"))
    inbox.put(state, note("we chose SQLite"))
    done = captured.drain()
    assert (done.events, len(done.told), len(done.runs)) == (1, 1, 1)
    assert [event.payload["summary"] for event in captured.events("mcp_save")] == ["we chose SQLite"]
    assert inbox.letters(state) == []
    inbox.put(state, note("we chose SQLite"))  # an agent that repeats itself
    assert captured.drain().events == 0
    [session] = captured.assembly.service.sessions.page(captured.assembly.project.id, source="mcp-server", limit=9)
    assert session.event_count == 1


def test_secrets_are_gone_before_the_first_byte_is_stored(captured: Captured) -> None:
    state = captured.assembly.state
    inbox.put(state, note(f"token {TOKEN}", changes=[{"title": TOKEN}]))
    saved.note_saved(state, [f"keys/{TOKEN}.txt"])
    held = b"".join(path.read_bytes() for path in state.root.rglob("*") if path.is_file())
    assert TOKEN.encode() not in held


def test_what_is_no_text_is_kept_as_far_as_it_is(captured: Captured) -> None:
    inbox.put(captured.assembly.state, note("caf\udce9 \ud83d\ude00 \ud800 é", changes=[{"\udcff": "\ud800"}]))
    captured.drain()
    [event] = captured.events("mcp_save")
    assert event.payload["summary"] == "caf� 😀 � é"
    assert inbox.refused(captured.assembly.state) == []


def test_a_kill_between_storing_and_removing_repeats_nothing(
    captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.put(captured.assembly.state, note("once"))
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "file_away", lambda *found: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            captured.drain()
    captured.drain()
    assert len(captured.events("mcp_save")) == 1
    assert inbox.letters(captured.assembly.state) == []


def test_what_cannot_be_read_is_set_aside_and_holds_up_nothing(captured: Captured) -> None:
    state = captured.assembly.state
    inbox.put(state, note("good"))
    for name, text in (
        ("a", "{"),
        ("b", '["commit", "k", "s", 1, {}]'),
        ("c", '["mcp_save", "k", "s", 1e400, {}]'),
        ("d", "[" * 9000),
        ("e", '["mcp_save", "k", "s", 1, {"summary": "\\ud800"}]'),
    ):
        (state.inbox / name).write_text(text)
    captured.drain()
    assert [event.payload["summary"] for event in captured.events("mcp_save")] == ["good"]
    assert sorted(path.name for path in state.inbox.iterdir()) == [f"{name}.refused" for name in "abcde"]
    assert "kept as a.refused" in state.log.read_text()
    assert len(inbox.refused(state)) == 5


def test_a_capture_database_that_was_lost_is_filled_with_notes_again(captured: Captured) -> None:
    state = captured.assembly.state
    inbox.put(state, note("told before"))
    captured.drain()
    state.database.write_bytes(b"no database" * 1000)
    inbox.put(state, note("told after", at_utc=1_700_000_001))
    done = captured.drain()
    assert done.set_aside
    assert [event.payload["summary"] for event in captured.events("mcp_save")] == ["told before", "told after"]


def test_a_paused_repository_keeps_letters_for_later(captured: Captured) -> None:
    inbox.put(captured.assembly.state, note("later"))
    captured.repo.git("config", "contox.paused", "true")
    assert captured.drain().events == 0
    captured.repo.git("config", "contox.paused", "false")
    assert captured.drain().events == 1


def test_nothing_is_put_where_nothing_is_captured(tmp_path: Path) -> None:
    with pytest.raises(NotInitialised):
        inbox.put(State(tmp_path / "contox"), note("x"))
    assert not (tmp_path / "contox").exists()


def test_an_auto_learn_that_is_off_asks_for_no_run(captured: Captured) -> None:
    captured.repo.git("config", "contox.autoLearn", "false")
    inbox.put(captured.assembly.state, note("x"))
    done = captured.drain()
    assert done.told
    assert done.runs == []


# Files that were saved


def files_of(captured: Captured) -> list[list[str]]:
    return [event.payload["filesModified"] for event in captured.events("vscode_capture")]


def test_saved_files_go_out_with_the_next_commit_once(captured: Captured) -> None:
    state = captured.assembly.state
    saved.note_saved(state, ["a.py", "b é.py", "secret.env"])
    saved.note_saved(state, ["a.py"])
    captured.drain()
    assert files_of(captured) == []
    captured.repo.commit("feat: a", {"c.py": "x = 1\n"}, now=True)
    captured.drain()
    assert files_of(captured) == [["b é.py", "a.py"]]
    captured.repo.commit("feat: b", {"b.py": "x = 1\n"}, now=True)
    captured.drain()
    assert len(files_of(captured)) == 1
    project = captured.assembly.project
    session = captured.assembly.service.sessions.active(project.id, "git-hooks")
    assert session is not None
    assert {"b é.py", "a.py", "b.py", "c.py"} <= set(session.files)


def test_what_git_wrote_is_not_told_as_saved(captured: Captured) -> None:
    repo, state = captured.repo, captured.assembly.state
    repo.git("switch", "-qc", "other")
    repo.commit("theirs", {f"theirs{number}.py": "1\n" for number in range(5)}, now=True)
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--ff-only", "other")
    saved.note_saved(state, [f"theirs{number}.py" for number in range(5)])
    repo.commit("mine", {"mine.py": "1\n"}, now=True)
    captured.drain()
    saved.note_saved(state, ["mine.py", "open.py"])  # the tracker tells of it seconds later
    repo.commit("next", {"next.py": "1\n"}, now=True)
    captured.drain()
    assert files_of(captured) == [["open.py"]]


def test_names_that_are_no_text_hold_up_nothing(captured: Captured) -> None:
    state = captured.assembly.state
    saved.note_saved(state, ["caf\udce9.py"])
    state.saved.write_text(state.saved.read_text() + '1 "\\ud800"\n1 7\nx\n')
    captured.repo.commit("next", {"next.py": "1\n"}, now=True)
    captured.drain()
    [names] = files_of(captured)
    assert names[0] == "caf\\xe9.py"
    assert captured.subjects()["next"] == 1


def test_a_paused_repository_keeps_saved_files_for_later(captured: Captured) -> None:
    saved.note_saved(captured.assembly.state, ["a.py"])
    saved.flush(captured.assembly.state)
    captured.repo.git("config", "contox.paused", "true")
    captured.drain()
    assert files_of(captured) == []
    captured.repo.git("config", "contox.paused", "false")
    captured.drain()
    assert files_of(captured) == [["a.py"]]


def test_a_flush_sends_them_without_a_commit(captured: Captured) -> None:
    state = captured.assembly.state
    saved.flush(state)
    assert not state.saved.exists()
    saved.note_saved(state, [f"f{number}.py" for number in range(700)])
    saved.flush(state)
    captured.drain()
    [event] = captured.events("vscode_capture")
    assert (len(event.payload["filesModified"]), event.payload["filesTotal"]) == (500, 700)
    assert event.payload["filesModified"][-1] == "f699.py"
    captured.drain()
    assert len(captured.events("vscode_capture")) == 1


def test_what_is_saved_while_the_file_starts_over_is_not_lost(
    captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = captured.assembly.state
    monkeypatch.setattr(saved, "_ROTATE_BYTES", 200)
    names = [f"f{number:04}.py" for number in range(400)]

    def write() -> None:
        for name in names:
            saved.note_saved(state, [name])
        saved.flush(state)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        saved.flush(state)
        captured.drain()
    writer.join()
    captured.drain()
    assert [name for part in files_of(captured) for name in part] == names
    assert state.saved.stat().st_size < 400 * 8
    with CaptureStore.open(state.database) as store:
        assert int(store.meta("saved_offset") or 0) == state.saved.stat().st_size
