"""The queue's rules (team/queue.py), on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from contox_hooks.domain.error import StoreError
from contox_hooks.domain.pipeline import Job, Stage
from contox_hooks.team.queue import Call, make, open_queue, queue_schema
from contox_hooks.team.retry import decide_again_ms, is_due_again


def waiting(url: str) -> list[tuple[str, str | None, bool]]:
    """Task, lock, and whether it waits for a time."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            f"SELECT task_name, lock, scheduled_at IS NOT NULL FROM {queue_schema()}.procrastinate_jobs ORDER BY priority DESC, id"
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_session_waits_once_however_often_it_is_rung_for(postgres_url: str) -> None:
    with open_queue(postgres_url) as queue:
        for _ in range(3):
            queue.ring(Call("p", "s1"))
        queue.ring(Call("p", "s2", "manual"))
    assert waiting(postgres_url) == [("contox.run", "project:p", False), ("contox.run", "project:p", False)]


def test_the_tables_are_made_once(empty_postgres_url: str) -> None:
    make(empty_postgres_url)
    make(empty_postgres_url)
    assert waiting(empty_postgres_url) == []


def test_an_unreachable_database_is_one_line() -> None:
    with pytest.raises(StoreError, match="the queue's database failed") as caught:
        make("postgresql://nobody@127.0.0.1:1/none")
    assert "\n" not in caught.value.message


def failed(attempts: int) -> Job:
    return Job("j", "r", "s", Stage.ENRICH, "failed", attempts, finished_at_ms=1000)


def test_waiting_doubles_and_then_a_person_must_look() -> None:
    assert [decide_again_ms(failed(number)) for number in range(1, 6)] == [61_000, 121_000, 241_000, 481_000, None]
    assert decide_again_ms(replace(failed(1), status="done")) is None
    assert is_due_again(failed(1), 61_000)
    assert not is_due_again(failed(1), 60_999)
