"""The queue's rules (team/queue.py), on a real PostgreSQL."""

from __future__ import annotations

import time

import psycopg
import pytest

from contox_hooks.domain.error import StoreError
from contox_hooks.team.queue import Call, make, open_queue, queue_schema
from contox_hooks.team.retry import MAX_ATTEMPTS, decide_wait_s


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


def test_what_waits_for_a_time_holds_no_lock(postgres_url: str) -> None:
    with open_queue(postgres_url) as queue:
        queue.ring(Call("p", "s1"), at_s=time.time() + 600)
        queue.ring(Call("p", "s1", attempt=1), at_s=time.time() + 60)
        queue.ring(Call("p", "s1", "manual"))
    assert sorted(waiting(postgres_url), key=str) == [
        ("contox.later", None, True), ("contox.later", None, True), ("contox.run", "project:p", False),
    ]  # fmt: skip


def test_the_tables_are_made_once(empty_postgres_url: str) -> None:
    make(empty_postgres_url)
    make(empty_postgres_url)
    assert waiting(empty_postgres_url) == []


def test_an_unreachable_database_is_one_line() -> None:
    with pytest.raises(StoreError, match="the queue's database failed") as caught:
        make("postgresql://nobody@127.0.0.1:1/none")
    assert "\n" not in caught.value.message


def test_waiting_doubles_and_then_a_person_must_look() -> None:
    assert [decide_wait_s(attempt) for attempt in range(MAX_ATTEMPTS)] == [60, 120, 240, 480, None]
