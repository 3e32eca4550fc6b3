"""What deep enrichment's stage adds to deep.py: renames from the events, and what it says of the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.pipeline.deep import deepen
from tests.gitrepo import Repo
from tests.memory.events import open_service
from tests.pipeline.test_runner_git import ANSWER, World


@pytest.fixture
def world(repo: Repo, tmp_path: Path) -> World:
    (tmp_path / "memory").mkdir()
    return World(repo, tmp_path / "memory")


def told(world: World) -> str:
    with open_service(world.folder, world.clock) as service:
        newest = service.sessions.page(world.project_id)[0].id
        return str(service.jobs.of_session(newest)[1].detail)


LONG = "\n\n".join(f"def part{n}():\n    return {n}" for n in range(9)) + "\n\n\n" + ANSWER


def test_a_renamed_file_is_compared_with_what_it_was(world: World) -> None:
    world.process(world.commit("begin", {"app.py": LONG}))
    renamed = {"app.py": None, "core.py": LONG.replace("answer() -> int", "answer(question: str) -> int")}
    world.process(world.commit("add the question", renamed))
    facts = world.item("add the question").facts
    assert "answer() -> int" in facts
    assert "answer(question: str) -> int" in facts
    assert "part3" not in facts


def test_what_could_not_be_parsed_is_said(world: World) -> None:
    broken = (
        "int whole(void)\n{\n\treturn 1;\n}\n" * 5 + "int broken(void { ) return 1\n" + "int last(void)\n{\n}\n" * 5
    )
    world.process(world.commit("add some C", {"app.c": broken}))
    assert "1 file read in part: app.c at " in told(world)
    assert "does not parse at line" in told(world)


def test_names_that_lead_in_a_ring(world: World) -> None:
    digest = world.commit("add answer", {"app.py": ANSWER})
    world.process(digest)
    item = world.item("add answer")
    found = deepen([item], lambda revision, path: None, None, {item.id: {"app.py": "old.py", "old.py": "app.py"}})
    assert found.files_read == 0
