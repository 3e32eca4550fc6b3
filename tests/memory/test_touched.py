"""Which files there should be by what was captured, where no clone can be asked (memory/touched.py)."""

from __future__ import annotations

from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.event import commit_event
from contox_hooks.memory.store import Place
from contox_hooks.memory.touched import captured, standing_files, touches
from tests.memory.events import DAY, a_project, open_service, sha


def digest(number: int, *files: FileChange, parents: int = 1) -> CommitDigest:
    who = Person("Ada", "ada@example.org", DAY + number, 0)
    return CommitDigest(sha(number), tuple(sha(90 + each) for each in range(parents)), who, who, "work", "", files)


def test_files_come_go_and_are_renamed(where: Place) -> None:
    history = [
        digest(1, FileChange("a.py", "A"), FileChange("b.py", "A"), FileChange("c.py", "A")),
        digest(2, FileChange("b.py", "D"), FileChange("c.py", "M")),
        digest(3, FileChange("d.py", "R", old_path="a.py"), FileChange("e.py", "C", old_path="c.py")),
        digest(4, FileChange("b.py", "A")),
        digest(5, FileChange("z.py", "A"), parents=2),
    ]
    with open_service(where) as service:
        project_id = a_project(service).id
        service.ingest(project_id, [commit_event(each, at_utc=each.committer.at_utc) for each in history])
        found = captured(service.store, project_id, since=0, limit=10)
        assert [each.digest.sha for each in found] == [sha(number) for number in (5, 4, 3, 2, 1)]
        assert standing_files(found, lambda each: each) == ["b.py", "c.py", "d.py", "e.py", "z.py"]
        assert [touch.paths for touch in touches(found, lambda each: each)] == [  # without the merge
            ("b.py",), ("d.py", "e.py"), ("b.py", "c.py"), ("a.py", "b.py", "c.py")
        ]  # fmt: skip
        assert len(captured(service.store, project_id, since=0, limit=2)) == 2
        assert len(captured(service.store, project_id, since=DAY + 4, limit=10)) == 2
