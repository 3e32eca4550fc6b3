"""The pace: never more than allowed in any minute, whatever happens to the clock, the file or its holders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.lock import FileLock
from contox_hooks.net.pace import (
    BLOCK_CAP_S,
    LIMIT_S,
    WINDOW_S,
    Pace,
    Window,
    asked_wait_s,
    decide_admission,
    fold_reply,
    pace_of,
)
from contox_hooks.wire.endpoint import parse_endpoint

NOON = 1_800_000_000.0


class Clock:
    def __init__(self, at: float = NOON) -> None:
        self.at = at
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def paced(path: Path, per_minute: int, clock: Clock) -> Pace:
    return Pace(path, per_minute, clock=clock, sleep=clock.sleep)


# -- the decision -------------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(st.floats(0, 0.3), st.floats(0, 20), st.sampled_from([0.0, 1.0, 59.999, 60.0, 61.0])), max_size=150
)


@given(STEPS, st.integers(1, 7))
def test_no_minute_holds_more_than_the_limit(steps: list[float], per_minute: int) -> None:
    window, now, admitted = Window(), NOON, []
    for step in steps:
        now += step
        window, wait_s = decide_admission(window, now=now, per_minute=per_minute)
        if wait_s == 0.0:
            admitted.append(now)
    for index, first in enumerate(admitted[:-per_minute]):
        assert admitted[index + per_minute] - first > 60.0


@given(STEPS, st.integers(1, 7))
def test_whoever_waits_as_long_as_told_gets_in(steps: list[float], per_minute: int) -> None:
    window, now = Window(), NOON
    for step in steps:
        now += step
        window, wait_s = decide_admission(window, now=now, per_minute=per_minute)
        if wait_s:
            assert wait_s <= WINDOW_S + 1
            now += wait_s
            window, wait_s = decide_admission(window, now=now + 1e-6, per_minute=per_minute)
            assert wait_s == 0.0


@given(st.lists(st.floats(-5000, 5000), max_size=60))
def test_a_clock_that_jumps_holds_nobody_up_for_longer_than_a_window(jumps: list[float]) -> None:
    window, now = Window(), NOON
    for jump in jumps:
        now += jump
        window, wait_s = decide_admission(window, now=now, per_minute=2)
        assert wait_s <= WINDOW_S + 1


def test_a_block_shrinks_when_the_clock_is_set_back(tmp_path: Path) -> None:
    clock = Clock()
    pace = paced(tmp_path / "p.json", 9, clock)
    pace.learn({"retry-after": "600"}, 429)
    clock.at -= 7 * 86400
    assert pace.admit() == BLOCK_CAP_S
    clock.at += BLOCK_CAP_S
    assert pace.admit() == 0.0


def test_a_file_that_cannot_be_replaced_counts_each_request_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = paced(tmp_path / "p.json", 4, Clock())

    def full(self: Path, target: Path) -> Path:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    assert [pace.admit() == 0.0 for _ in range(5)] == [True, True, True, True, False]


@given(st.lists(st.floats(0, 3), min_size=1, max_size=30), st.floats(1, 5000))
def test_a_clock_that_is_set_back_frees_nobody(steps: list[float], back: float) -> None:
    """By true time: what was sent before the clock went back still counts."""
    window, true, shift, admitted = Window(), NOON, 0.0, []
    for index, step in enumerate([*steps, *steps]):
        true += step
        if index == len(steps):
            shift = -back
        window, wait_s = decide_admission(window, now=true + shift, per_minute=3)
        if wait_s == 0.0:
            admitted.append(true)
    for index, first in enumerate(admitted[:-3]):
        assert admitted[index + 3] - first > 60.0


def test_a_million_a_minute_stays_small() -> None:
    window = Window()
    for number in range(3000):
        window, wait_s = decide_admission(window, now=NOON + number / 10, per_minute=1_000_000)
        assert wait_s == 0.0
    assert len(window.sent) <= WINDOW_S + 2


# -- what replies say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status", "wait_s"),
    [
        ({"retry-after": "7"}, 429, 7.0),
        ({"retry-after": "7"}, 503, 7.0),
        ({"retry-after": "7"}, 202, None),
        ({"retry-after": "7"}, 404, None),
        ({"retry-after": formatdate(NOON + 90, usegmt=True)}, 429, 90.0),
        ({"retry-after": formatdate(NOON - 90, usegmt=True)}, 429, 0.0),
        # the server's clock is an hour behind ours: its own Date says how long it means
        ({"retry-after": formatdate(NOON - 3590, usegmt=True), "date": formatdate(NOON - 3600, usegmt=True)}, 429, 10.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON) + 30)}, 202, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 202, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON) - 5)}, 202, 0.0),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOON) + 30)}, 202, None),
        ({"x-ratelimit-remaining": "0"}, 202, None),
        ({"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON) + 30)}, 429, 7.0),
        ({"retry-after": "soon"}, 429, None),
        ({"retry-after": "-3"}, 429, None),
        ({"retry-after": "inf"}, 429, None),
        ({"retry-after": "nan"}, 429, None),
        ({}, 429, None),
    ],
)  # fmt: skip
def test_the_silence_that_a_reply_asks_for(headers: dict[str, str], status: int, wait_s: float | None) -> None:
    assert asked_wait_s(headers, status, now=NOON) == wait_s


HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]),
    st.one_of(
        st.text(max_size=30), st.integers().map(str), st.floats().map(str), st.just(formatdate(NOON + 1e7, usegmt=True))
    ),
)


@given(HEADERS, st.integers(100, 599))
def test_no_header_blocks_for_longer_than_an_hour(headers: dict[str, str], status: int) -> None:
    window = fold_reply(Window(), headers, status, now=NOON)
    _, wait_s = decide_admission(window, now=NOON, per_minute=9)
    assert 0.0 <= wait_s <= BLOCK_CAP_S
    assert decide_admission(window, now=NOON + BLOCK_CAP_S, per_minute=9)[1] == 0.0


def test_the_lower_limit_counts(tmp_path: Path) -> None:
    clock = Clock()
    pace = paced(tmp_path / "p.json", 5, clock)
    pace.learn({"x-ratelimit-limit": "2"}, 200)
    assert [pace.admit() == 0.0 for _ in range(3)] == [True, True, False]
    pace.learn({"x-ratelimit-limit": "9000"}, 200)
    assert [pace.admit() == 0.0 for _ in range(4)] == [True, True, True, False]


# -- the file -----------------------------------------------------------------------------------------------------------


def test_patience_is_waited_and_no_more(tmp_path: Path) -> None:
    clock = Clock()
    pace = paced(tmp_path / "p.json", 1, clock)
    assert pace.admit() == 0.0
    wait_s = pace.admit(30.0)
    assert wait_s > 60.0
    assert clock.slept == []
    assert pace.admit(70.0) == 0.0
    assert clock.slept == [wait_s]
    assert pace.admit(0.0) > 60.0


def test_two_paces_of_one_file_share_it(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (paced(tmp_path / "p.json", 3, clock) for _ in range(2))
    assert [pace.admit() == 0.0 for pace in (one, other, one, other, one)] == [True, True, True, False, False]
    other.learn({"retry-after": "600"}, 429)
    assert one.blocked_until == NOON + 600
    clock.at += 120
    assert one.admit() == 480.0


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"\0" * 300, b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000,
        b'{"sent":[[1]],"blocked_until":0,"server_limit":null}', b'{"sent":5,"blocked_until":0,"server_limit":null}',
        b'{"sent":[],"blocked_until":"x","server_limit":null}', b'{"sent":[],"blocked_until":NaN,"server_limit":null}',
        b'{"sent":[[1e999,1]],"blocked_until":0,"server_limit":null}', b'{"sent":[[99999999999999,-5]],"blocked_until":0,"server_limit":0}',
    ],
    ids=range(14),
)  # fmt: skip
def test_a_damaged_file_counts_as_full_until_a_minute_after_the_damage(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(damage)
    os.utime(path, (NOON - 20, NOON - 20))
    clock = Clock()
    wait_s = paced(path, 3, clock).admit()
    assert 40.0 < wait_s <= 42.0
    clock.at += wait_s
    assert paced(path, 3, clock).admit() == 0.0
    assert json.loads(path.read_bytes())["sent"]


def test_where_nothing_can_be_written_a_process_still_paces_itself(tmp_path: Path) -> None:
    clock = Clock()
    pace = paced(tmp_path / "absent" / "p.json", 2, clock)
    assert [pace.admit() == 0.0 for _ in range(3)] == [True, True, False]
    pace.learn({"retry-after": "600"}, 429)
    assert pace.blocked_until == NOON + 600


def test_a_holder_that_does_not_let_go_is_not_waited_for_without_end(tmp_path: Path) -> None:
    clock = Clock()
    with FileLock(tmp_path / "p.lock") as lock:
        assert lock.take()
        assert paced(tmp_path / "p.json", 2, clock).admit() > 0.0
    assert sum(clock.slept) < 5.0
    assert paced(tmp_path / "p.json", 2, clock).admit() == 0.0


_BUSY = """
import sys
from pathlib import Path
from contox_hooks.net.pace import Pace
pace = Pace(Path(sys.argv[1]), int(sys.argv[2]))
print("on", flush=True)
sys.stdin.readline()
print(sum(pace.admit() == 0.0 for _ in range(int(sys.argv[3]))), flush=True)
"""


def start(path: Path, per_minute: int, tries: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _BUSY, str(path), str(per_minute), str(tries)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "on\n"
    return process


def test_processes_together_never_exceed_the_limit(tmp_path: Path) -> None:
    both = [start(tmp_path / "p.json", 300, 200) for _ in range(2)]
    for process in both:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    admitted = [int(process.communicate(timeout=60)[0]) for process in both]
    assert sum(admitted) == 300
    assert max(admitted) <= 200


def test_a_killed_process_leaves_a_file_that_works(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    for _ in range(3):
        process = start(path, 1_000_000, 1_000_000)
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        before = sum(count for _, count in json.loads(path.read_bytes())["sent"])
        assert Pace(path, 1_000_000).admit() == 0.0
        assert sum(count for _, count in json.loads(path.read_bytes())["sent"]) == before + 1


def test_there_is_one_file_an_origin(tmp_path: Path) -> None:
    for url in (
        "https://a.example",
        "https://A.example/sub",
        "https://a.example:8443",
        "http://127.0.0.1:9",
        "https://b.example",
    ):
        assert pace_of(tmp_path, parse_endpoint(url), 200).admit() == 0.0
    files = sorted((tmp_path / "pace").glob("*.json"))
    assert len(files) == 4
    assert (tmp_path / "pace").stat().st_mode & 0o777 == 0o700


def test_a_limit_that_was_told_long_ago_is_forgotten() -> None:
    window = fold_reply(Window(), {"x-ratelimit-limit": "1"}, 200, now=1000.0)
    window, wait_s = decide_admission(window, now=1000.0, per_minute=200)
    assert wait_s == 0.0
    window, wait_s = decide_admission(window, now=1010.0, per_minute=200)
    assert wait_s > 0
    window, _ = decide_admission(window, now=1000.0 + 2 * LIMIT_S, per_minute=200)
    assert decide_admission(window, now=1001.0 + 2 * LIMIT_S, per_minute=200)[1] == 0.0
