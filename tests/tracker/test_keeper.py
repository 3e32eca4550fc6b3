"""What a running tracker does when it cannot write, and with what others write."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.tracker import close as closing
from contox_hooks.tracker import keeper as keepers
from contox_hooks.tracker import log
from contox_hooks.tracker.close import close_dead, has_summary
from contox_hooks.tracker.keeper import Keeper
from contox_hooks.tracker.line import line
from contox_hooks.tracker.place import Place
from contox_hooks.tracker.state import State, read_state, write_state
from tests.tracker.test_log import files_of_at_most
from tests.tracker.world import details

AT = 1_760_000_000.0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.create()
    return place


def begun(place: Place) -> Keeper:
    offset = log.append(place, [line("Session tracker started", AT)], header="# Session 20251009T142320.000Z\n")
    return Keeper(place, State(status="running", session="20251009T142320.000Z"), offset)


def test_a_full_disk_is_told_and_what_waited_is_written_later(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    keeper = begun(place)
    keeper.write()
    append = log.append
    monkeypatch.setattr(log, "append", lambda *args, **named: tries.append(1) or append(*args, **named))
    keeper.tell([line("Edited: a.txt", AT)])
    with files_of_at_most(8):
        for _ in range(20):  # a loop of tries would be a loop of failures
            keeper.write()
    assert len(tries) == 1
    assert details(place) == ["Session tracker started"]
    monkeypatch.setattr(keepers, "RETRY_S", 0.0)
    with files_of_at_most(8):
        keeper._rests_until = 0.0
        keeper.write()
    keeper.write()
    assert details(place) == ["Session tracker started", "Edited: a.txt"]
    state = read_state(place)
    assert state is not None
    assert state.last_error is not None
    assert "File too large" in state.last_error["detail"]
    assert state.unwritten == 0


def test_what_waits_too_long_is_counted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "WAITING_LINES", 3)
    keeper = begun(place)
    keeper.tell([line(f"Edited: {number}", AT) for number in range(5)])
    keeper.close()
    assert details(place)[-4:] == [
        "Edited: 0",
        "Edited: 1",
        "Edited: 2",
        "Session tracker stopped (2 lines could not be written)",
    ]
    state = read_state(place)
    assert state is not None
    assert (state.unwritten, state.status) == (2, "stopped")


def test_a_log_that_is_full_takes_no_more_changes_and_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "LOG_BYTES", 200)
    keeper = begun(place)
    for number in range(20):
        keeper.tell([line(f"Edited: {number}", AT)])
        keeper.write()
    told = details(place)
    assert [text for text in told if text.startswith("Gap")] == told[-1:]
    edited = sum(1 for text in told if text.startswith("Edited"))
    assert 0 < edited < 20
    assert keeper.state.unwritten == 20 - edited


def test_what_others_wrote_reaches_the_state(place: Place) -> None:
    keeper = begun(place)
    log.append(
        place, [line("Ran: make -> Success", AT), line("Note: it works", AT), line("Output: fine", AT)], header=""
    )
    keeper.tell([line("Edited: a.txt", AT)], events=1)
    keeper.write()
    state = read_state(place)
    assert state is not None
    assert state.last_command == {"timestamp": "2025-10-09T08:53:20+00:00", "command": "make", "status": "Success"}
    assert state.last_event == {"timestamp": "2025-10-09T08:53:20+00:00", "detail": "Note: it works"}
    assert state.events == 1


def test_a_log_that_somebody_removed_begins_again_with_its_header(place: Place) -> None:
    keeper = begun(place)
    place.log.unlink()
    keeper.tell([line("Edited: a.txt", AT)])
    keeper.write()
    assert place.log.read_text().startswith("# Session 20251009T142320.000Z\n")
    assert details(place) == ["Edited: a.txt"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"status": 7, "session": null, "watching": "x"}', "\x00"])
def test_a_state_that_cannot_be_read_is_none_and_odd_fields_are_left_out(place: Place, text: str) -> None:
    place.state.write_text(text)
    assert read_state(place) in (None, State())


def test_an_end_that_is_told_again_stands_there_once(place: Place) -> None:
    """A full disk took the line and not the state."""
    begun(place)
    write_state(place, State(status="running", session="20251009T142320.000Z"))
    limit = place.log.stat().st_size + 160
    for _ in range(2):
        with files_of_at_most(limit), pytest.raises(OSError):
            close_dead(place)
    assert len(details(place)) == 2
    closed = close_dead(place)
    assert closed is not None
    assert closed.status == "stopped"
    assert len(details(place)) == 2


def test_a_summary_that_cannot_be_made_ends_no_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Place) -> str:
        raise ValueError("odd")

    monkeypatch.setattr(closing, "write_summary", fail)
    begun(place).close()
    state = read_state(place)
    assert state is not None
    assert (state.status, state.last_error is not None) == ("stopped", True)
    assert (place.sessions / "20251009T142320.000Z.md").read_bytes() == place.log.read_bytes()
    assert not has_summary(place, state.session)
