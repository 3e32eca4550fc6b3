"""A row before each call, caps that count it, and one claim a chunk: also with two processes, also after kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.error import SpendRefused, StoreDamaged
from contox_hooks.memory.chunk import Chunks
from contox_hooks.memory.store import Place, Store
from contox_hooks.model.ledger import DAY_MS, Call, Caps, Ledger, dollars
from tests.memory.events import DAY, commit
from tests.model.server import ModelServer, says, silent
from tests.model.world import PRICE, WIDE, World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(where: Place) -> Iterator[World]:
    with closing(World(where)) as made:
        yield made


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path)) as made:
        yield made


def call_of(world: World, prompt: int = 100, completion: int = 50, **other: object) -> Call:
    session_id = world.session_id
    return replace(Call("enrich", "p/m", True, PRICE, prompt, completion, session_id, 1), **other)  # type: ignore[arg-type]


def test_a_call_counts_as_its_estimate_while_it_runs_and_as_it_was_after(world: World) -> None:
    call = call_of(world, 1_000, 1_000)
    call_id = world.ledger.start(call, WIDE)
    used = world.ledger.used(world.session_id)
    assert (used.tokens_today, used.tokens_of_session, used.micro_dollars_today, used.calls_today) == (
        2000,
        2000,
        750,
        1,
    )
    world.clock.now += 3
    world.ledger.settle(call_id, call, model="p/m-2603", prompt=900, completion=10, is_estimate=False)
    (row,) = world.ledger.calls(world.session_id)
    assert (row.status, row.model, row.prompt_tokens, row.completion_tokens) == ("done", "p/m-2603", 900, 10)
    assert (row.micro_dollars, row.is_estimate, (row.finished_ms or 0) - row.started_ms) == (141, False, 3000)
    assert world.ledger.used(world.session_id).tokens_today == 910
    assert world.ledger.calls() == [row]


def test_a_failure_is_free_or_counts_as_its_estimate(world: World) -> None:
    call = call_of(world)
    world.ledger.fail(world.ledger.start(call, WIDE), call, "no connection", is_free=True)
    assert world.ledger.used().tokens_today == 0
    world.ledger.fail(world.ledger.start(call, WIDE), call, "timed out", is_free=False)
    assert world.ledger.used().tokens_today == 150
    assert [(row.status, row.error) for row in world.ledger.calls()] == [
        ("failed", "no connection"), ("failed", "timed out"),
    ]  # fmt: skip


def test_the_row_is_seen_by_others_before_the_call_is_made(world: World, where: Place) -> None:
    world.ledger.start(call_of(world), WIDE)
    with Store.open(where, clock=world.clock) as other:
        assert Ledger(other, world.project_id).used().tokens_today == 150


def test_inside_a_transaction_no_call_is_recorded_nor_claimed(world: World) -> None:
    with world.store.transaction():
        with pytest.raises(RuntimeError, match="before its row is committed"):
            world.ledger.start(call_of(world), WIDE)
        with pytest.raises(RuntimeError, match="before its row is committed"):
            world.ledger.claim(world.session_id, 1)
    assert world.ledger.calls() == []
    assert world.ledger.claim(world.session_id, 1)


# -- caps ---------------------------------------------------------------------------------------------------------------


def test_the_cap_of_a_day_counts_the_estimate_of_the_call_that_is_asked_for(world: World) -> None:
    caps = WIDE._replace(tokens_a_day=300)
    world.ledger.start(call_of(world), caps)
    world.ledger.start(call_of(world), caps)
    with pytest.raises(SpendRefused) as caught:
        world.ledger.start(call_of(world, 1, 0), caps)
    assert caught.value.message == "tokens_a_day: 300 of 300 tokens used today (UTC), and this call may take 1"
    assert caught.value.hint == "contox-hooks settings set tokens_a_day NUMBER, or wait until 00:00 UTC"
    assert caught.value.exit_code == 13
    assert len(world.ledger.calls()) == 2


def test_a_day_ends_at_midnight_utc(world: World) -> None:
    caps = WIDE._replace(tokens_a_day=150)
    midnight = (int(world.clock.now * 1000) // DAY_MS + 1) * DAY_MS / 1000
    world.clock.now = midnight - 1
    world.ledger.start(call_of(world), caps)
    with pytest.raises(SpendRefused):
        world.ledger.start(call_of(world), caps)
    world.clock.now = midnight
    world.ledger.start(call_of(world), caps)


def test_a_session_has_its_own_cap_over_all_days(world: World) -> None:
    caps = WIDE._replace(tokens_a_session=200)
    world.ledger.start(call_of(world), caps)
    world.clock.now += 2 * 86_400
    with pytest.raises(SpendRefused, match="tokens_a_session: 150 of 200 tokens used by this session") as caught:
        world.ledger.start(call_of(world), caps)
    assert "wait" not in caught.value.hint
    world.ledger.start(call_of(world, session_id=None, chunk_no=None), caps)


def test_tokens_are_a_projects_money_is_the_users(world: World) -> None:
    projects = world.service.projects
    other = projects.find_or_create(common_dir="/other/.git", root_commit="e" * 40, remote=None, name="other")
    caps = Caps(tokens_a_day=1_000_000, tokens_a_session=1_000_000, cents_a_day=1)
    cheap = call_of(world, 60_000, 0)
    world.ledger.start(cheap, caps)
    elsewhere = Ledger(world.store, other.id)
    assert (elsewhere.used().tokens_today, elsewhere.used().micro_dollars_today) == (0, 9_000)
    with pytest.raises(SpendRefused) as caught:
        elsewhere.start(replace(cheap, session_id=None), caps)
    assert caught.value.message == (
        "cents_a_day: $0.0090 of $0.01 spent today (UTC), and this call may cost $0.0090"
    )  # fmt: skip


def test_a_price_that_nobody_knows_is_counted_in_calls(world: World) -> None:
    world.ledger.start(call_of(world, price=None), WIDE._replace(cents_a_day=1))
    used = world.ledger.used()
    assert (used.micro_dollars_today, used.unpriced_today, used.tokens_today) == (0, 1, 150)


def test_what_is_not_paid_is_counted_and_not_capped_by_money(world: World) -> None:
    caps = Caps(300, 300, 0)
    world.ledger.start(call_of(world, paid=False), caps)
    assert world.ledger.used().unpriced_today == 0
    with pytest.raises(SpendRefused, match="tokens_a_day"):
        world.ledger.start(call_of(world, paid=False, prompt_tokens=200), caps)


def test_money_is_shown_in_digits_that_say_something() -> None:
    assert [dollars(amount) for amount in (0, 10_000, 9_000, 12_345, 1_500_000)] == [
        "$0.00", "$0.01", "$0.0090", "$0.0123", "$1.50",
    ]  # fmt: skip


def test_where_nothing_may_be_spent_an_unknown_price_is_too_much(world: World) -> None:
    with pytest.raises(SpendRefused) as caught:
        world.ledger.start(call_of(world, price=None), WIDE._replace(cents_a_day=0))
    assert caught.value.message == "cents_a_day: nothing may be spent, and nobody knows what p/m costs"
    assert "model_price" in caught.value.hint
    world.ledger.start(call_of(world, price=None, paid=False), WIDE._replace(cents_a_day=0))


def test_what_a_clock_wrote_that_was_ahead_is_not_todays(world: World) -> None:
    world.clock.now += 40 * 86_400
    world.ledger.start(call_of(world), WIDE)
    world.clock.now -= 40 * 86_400
    assert world.ledger.used().tokens_today == 0


# -- a store that is lost -----------------------------------------------------------------------------------------------


def test_memory_that_is_filled_anew_neither_forgets_nor_pays_again(tmp_path: Path) -> None:
    before = World(tmp_path)
    Chunks(before.store).assign(before.session_id, size=10)
    assert before.ledger.claim(before.session_id, 1)
    before.ledger.start(call_of(before), WIDE)
    before.close()
    for path in tmp_path.glob("memory.db*"):
        path.unlink()
    after = World(tmp_path)
    Chunks(after.store).assign(after.session_id, size=10)
    assert after.session_id != before.session_id
    assert after.ledger.used().tokens_today == 150
    assert not after.ledger.claim(after.session_id, 1)
    after.close()


def test_a_chunk_with_one_commit_that_was_claimed_is_claimed(world: World) -> None:
    chunks = Chunks(world.store)
    chunks.assign(world.session_id, size=10)
    assert world.ledger.claim(world.session_id, 1)
    world.service.ingest(world.project_id, [commit(2, DAY + 60)])
    with world.store.transaction():
        world.store.run("UPDATE event SET chunk_no = NULL")
    chunks.assign(world.session_id, size=10)
    assert not world.ledger.claim(world.session_id, 2)


def test_nothing_is_written_to_say_that_nothing_was_spent(filed: World, tmp_path: Path) -> None:
    assert filed.ledger.used().calls_today == 0
    assert filed.ledger.calls() == []
    assert not filed.ledger.is_claimed(["a" * 40])
    assert not (tmp_path / "spend.db").exists()


def test_a_damaged_record_of_spending_is_not_begun_anew_by_itself(filed: World, tmp_path: Path) -> None:
    (tmp_path / "spend.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreDamaged) as caught:
        filed.ledger.start(call_of(filed), WIDE)
    assert "none is asked" in caught.value.message
    assert (tmp_path / "spend.db").read_bytes().startswith(b"no database")


# -- claims -------------------------------------------------------------------------------------------------------------


def test_a_chunk_is_claimed_once(world: World, where: Place) -> None:
    assert world.ledger.claim(world.session_id, 1)
    assert not world.ledger.claim(world.session_id, 1)
    assert world.ledger.claim(world.session_id, 2)
    with Store.open(where) as again:
        assert not Ledger(again, world.project_id).claim(world.session_id, 1)


def test_a_call_that_a_cap_refuses_claims_nothing(world: World) -> None:
    with pytest.raises(SpendRefused, match="tokens_a_day"):
        world.ledger.start(call_of(world), WIDE._replace(tokens_a_day=0), claims=True)
    world.ledger.start(call_of(world), WIDE, claims=True)
    with pytest.raises(SpendRefused, match="perhaps paid"):
        world.ledger.start(call_of(world), WIDE, claims=True)
    assert len(world.ledger.calls()) == 1


RACE = """
import json, sys, time
from contox_hooks.memory.store import Store
from contox_hooks.model.ledger import Ledger
from tests.memory.events import place_of
project_id, session_id, at = sys.argv[2], sys.argv[3], float(sys.argv[4])
with Store.open(place_of(sys.argv[1])) as store:
    ledger = Ledger(store, project_id)
    time.sleep(max(0.0, at - time.time()))
    print(json.dumps([number for number in range(100) if ledger.claim(session_id, number)]))
"""


def test_two_processes_never_claim_the_same_chunk(world: World, where: Place) -> None:
    command = [sys.executable, "-c", RACE, str(where), world.project_id, world.session_id]
    at = str(time.time() + 1.0)
    racers = [subprocess.Popen([*command, at], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    first, second = (json.loads(racer.communicate(timeout=60)[0]) for racer in racers)
    assert sorted(first + second) == list(range(100))


ASK = """
import sys
from pathlib import Path
from contox_hooks.memory.store import Store
from contox_hooks.model.ledger import Ledger
from contox_hooks.model.metering import Meter, Priced
from tests.memory.events import place_of
from tests.model.world import PRICE, QUESTION, WIDE, client
project_id, session_id, url, folder = sys.argv[2:6]
with Store.open(place_of(sys.argv[1])) as store:
    meter = Meter([Priced(client(url, Path(folder)), PRICE)], Ledger(store, project_id), WIDE)
    try:
        print(meter.ask(QUESTION, purpose="enrich", session_id=session_id, chunk_no=1).text)
    except Exception as error:
        print(type(error).__name__)
"""


def test_a_process_killed_in_mid_call_leaves_its_row_and_nobody_pays_again(
    world: World, where: Place, tmp_path: Path, model_server: ModelServer
) -> None:
    model_server.script(silent(), says("a second time"))
    command = [sys.executable, "-c", ASK, str(where), world.project_id, world.session_id]
    victim = subprocess.Popen([*command, model_server.url, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert model_server.reached.wait(30)
        os.kill(victim.pid, signal.SIGKILL)
    finally:
        victim.kill()
        victim.communicate()
    (row,) = world.ledger.calls(world.session_id)
    assert (row.status, row.is_estimate, row.chunk_no) == ("started", True, 1)
    assert row.prompt_tokens + row.completion_tokens == 115
    again = subprocess.run(
        [*command, model_server.url, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert again.stdout == "SpendRefused\n"
    assert len(model_server.asked) == 1
