"""What is lent to one thread at a time: made when none is idle, kept, waited for, given up when it failed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from contox_hooks.domain.error import Busy, NotFound, StoreError
from contox_hooks.lending import Lending


@dataclass(eq=False)
class Thing:
    is_closed: bool = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def made() -> list[Thing]:
    return []


@pytest.fixture
def lending(made: list[Thing]) -> Lending[Thing]:
    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    return Lending(make, most=2, wait_s=0.01, spoilt_by=StoreError)


def test_what_comes_back_is_lent_again(lending: Lending[Thing], made: list[Thing]) -> None:
    with lending.lent() as first, lending.lent() as second:
        assert first is not second
    with pytest.raises(NotFound), lending.lent():
        raise NotFound("that says nothing of the thing")
    with lending.lent():
        assert len(made) == 2
    lending.close()
    assert all(thing.is_closed for thing in made)


def test_what_failed_is_closed_and_never_lent_again(lending: Lending[Thing], made: list[Thing]) -> None:
    for _ in range(3):  # its place comes free every time
        with pytest.raises(StoreError), lending.lent():
            raise StoreError("gone")
    assert [thing.is_closed for thing in made] == [True] * 3


def test_who_comes_when_all_are_lent_is_told_so(lending: Lending[Thing]) -> None:
    with lending.lent(), lending.lent(), pytest.raises(Busy), lending.lent():
        pass
    with lending.lent():
        pass


def test_one_that_cannot_be_made_takes_no_place() -> None:
    def make() -> Thing:
        raise StoreError("no store")

    lending = Lending(make, most=1, wait_s=0.01, spoilt_by=StoreError)
    for _ in range(3):
        with pytest.raises(StoreError), lending.lent():
            pass


def test_no_two_threads_have_the_same(made: list[Thing]) -> None:
    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    lending = Lending(make, most=4, wait_s=10, spoilt_by=StoreError)
    all_have_one = threading.Barrier(4)

    def borrowed(_: int) -> Thing:
        with lending.lent() as thing:
            all_have_one.wait(10)
            return thing

    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert set(pool.map(borrowed, range(4))) == set(made)
    assert len(made) == 4
