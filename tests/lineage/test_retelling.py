"""What an item says when its commits say something else: no approval, and nothing of commits that are gone."""

from __future__ import annotations

import pytest

from contox_hooks.domain.item import Item
from contox_hooks.memory.search import search
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.place import memory_path
from tests.lineage.conftest import Quoting, World, cited
from tests.lineage.test_rewrite import interactive, three


def found(world: World, words: str) -> set[str]:
    with Service.open(memory_path()) as service:
        return {hit.item.id for hit in search(service.store, world._project(service), words, limit=9)}


def amend(world: World, message: str) -> None:
    world.repo.git("commit", "-q", "--amend", "-m", message, env=world.repo.times())
    world.learn()


def test_an_amend_is_no_approval(world: World) -> None:
    world.extractor.paid = False
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    for message in ("add the first", "add the very first"):
        amend(world, message)
        (item,) = world.items().values()
        assert (item.id, item.title, item.approved_at) == (before.id, message, None)


@pytest.mark.parametrize("status", ["archived", "deprecated"])
def test_what_was_put_away_does_not_swallow_what_is_new(world: World, status: str) -> None:
    world.extractor.paid = False
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    with Service.open(memory_path()) as service:
        service.items.set_status(before.id, status, reason="by hand")  # type: ignore[arg-type]
    world.repo.write("one.py", "def one():\n    return 2\n")
    world.repo.git("add", "-A")
    amend(world, "add one")
    (item,) = world.items().values()  # the same again is put away already
    assert (item.id, item.status, cited(item)) == (before.id, status, {world.repo.head()})
    amend(world, "say two, since one was wrong")
    items = world.items()
    assert (items["add one"].id, items["add one"].status) == (before.id, status)
    assert items["say two, since one was wrong"].status == "active"


def several(world: World) -> Item:
    for number, name in enumerate(("alpha", "bravo", "charlie", "delta"), 1):
        body = f'def f{number}(x):\n    """Compute thing {number}."""\n    return x + {number}\n'
        world.commit(f"Add function f{number} because users need thing {number}", **{name: body})
    world.learn()
    (item,) = world.items().values()
    assert "3 more like it" in item.title
    return item


def test_an_item_tells_no_more_of_what_was_dropped(world: World) -> None:
    world.extractor = OfflineExtractor()  # type: ignore[assignment]
    before = several(world)
    assert "delta.py" in before.files
    interactive(world, "1{h;d};2{G};3d")
    world.learn()
    (item,) = world.items().values()
    assert (item.id, item.status, item.approved_at) == (before.id, "active", None)
    assert "2 more like it" in item.title
    assert cited(item) == set(world.repo.git("rev-list", "HEAD~3..HEAD").split())
    assert "f4" not in f"{item.title} {item.facts}"
    assert "delta.py" not in item.files
    assert found(world, "bravo") == {item.id}
    assert found(world, "delta") == set()
    with Service.open(memory_path()) as service:
        assert service.items.page(item.project_id, file="delta.py") == []


def test_who_would_have_to_be_paid_is_not_asked(world: World) -> None:
    world.extractor = OfflineExtractor()  # type: ignore[assignment]
    before = several(world)
    world.extractor = Quoting()
    interactive(world, "1{h;d};2{G};3d")
    world.learn()
    (item,) = world.items().values()
    assert world.extractor.asked == []
    assert (item.id, item.title, item.status) == (before.id, before.title, "review")
    assert "which rebase took away" in str(item.status_reason)


def test_approved_words_stay(world: World) -> None:
    world.extractor = OfflineExtractor()  # type: ignore[assignment]
    before = several(world)
    world.approve(before.id)
    interactive(world, "1{h;d};2{G};3d")
    world.learn()
    (item,) = world.items().values()
    assert (item.title, item.facts, item.status) == (before.title, before.facts, "active")


def test_a_file_that_an_item_gained_is_found_by_its_name(world: World) -> None:
    world.commit("add one", one="def one():\n    return 1\n")
    world.learn()
    before = world.items()["add one"]
    assert found(world, "zebra") == set()
    world.repo.git("mv", "one.py", "zebra.py")
    amend(world, "add one")
    (item,) = world.items().values()
    assert "zebra.py" in item.files
    assert found(world, "zebra") == {before.id}


def test_a_date_in_the_far_future_is_not_believed(world: World) -> None:
    now = int(world.repo.git("log", "-1", "--format=%ct", "HEAD"))
    for number, at in enumerate((0, 99_999_999_999)):
        world.repo.write(f"f{number}.py", f"value = {number}\n")
        world.repo.git("add", "-A")
        dates = {name: f"@{at} +0000" for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")}
        world.repo.git("commit", "-q", "-m", f"dated {at}", env=dates)
    world.learn()
    items = world.items()
    assert items["dated 0"].at_utc == 0
    with Service.open(memory_path()) as service:
        seen = max(session.last_event_at for session in service.sessions.page(items["dated 0"].project_id))
    assert now < items["dated 99999999999"].at_utc <= seen < 99_999_999_999


@pytest.mark.parametrize(("dropped", "status"), [("one", "active"), ("two", "review")])
def test_of_merged_items_the_one_that_speaks_decides(world: World, dropped: str, status: str) -> None:
    three(world)
    world.learn()
    items = world.items()
    with Service.open(memory_path()) as service:
        service.reviews.merge(items["add one"].id, items["add two"].id)
        assert service.items.get(items["add two"].id).title == "add two"
    interactive(world, f"/add {dropped}/d")
    world.learn()
    item = world.items()["add two"]
    assert (item.id, item.status) == (items["add two"].id, status)
    assert len(cited(item)) == 1
