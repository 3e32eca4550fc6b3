"""What a model is shown of memory, and what people are told of how chunks were read."""

from __future__ import annotations

from pathlib import Path

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.domain.narrow import Narrow
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.reading import context_of, told_of_reading
from contox_hooks.pipeline.relevant import LIMIT, relevant_items
from tests.memory.events import a_project, open_service
from tests.pipeline.digests import digest


def add(
    service: Service, project_id: str, title: str, path: str = "other.py", sha: str = "a" * 40, importance: int = 3
) -> str:
    draft = Draft(
        "decision", title, f"- {title}", "root/data", 0.8, importance, (Evidence(sha, title),), files=(path,), at_utc=5
    )
    return service.items.add(project_id, None, draft)


def test_items_are_found_by_words_and_by_files(tmp_path: Path) -> None:
    made = digest("Retry the upload", hunks={"net/upload.py": "+retries = 3", "poetry.lock": "+x"})
    with open_service(tmp_path) as service:
        project = a_project(service)
        for number in range(5):
            add(service, project.id, f"Nothing to do with it {number}", path="poetry.lock")
        by_words = add(service, project.id, "Uploads are retried by the queue")
        by_file = add(service, project.id, "Chunks of one megabyte", path="net/upload.py")
        add(service, project.id, "Retry the upload", path="net/upload.py", sha=made.sha)  # its own, of a run before
        archived = add(service, project.id, "Upload retry was manual", path="net/upload.py")
        service.items.set_status(archived, "archived")
        found = [item.id for item in relevant_items(service, project.id, [made])]
        assert set(found) == {by_words, by_file}
        assert found == [item.id for item in relevant_items(service, project.id, [made])]
        assert [item.id for item in context_of(service, project.id, "s", 1, [made], Narrow()).known()] == found


def test_they_are_bounded(tmp_path: Path) -> None:
    made = digest("Retry the upload", hunks={f"net/f{n}.py": "+retries = 3" for n in range(30)})
    with open_service(tmp_path) as service:
        project = a_project(service)
        for number in range(120):
            add(service, project.id, f"Upload rule {number}", path=f"net/f{number % 30}.py")
        found = relevant_items(service, project.id, [made])
    assert len(found) == len({item.id for item in found}) == LIMIT


def test_equal_notes_are_told_once_with_their_chunks() -> None:
    results = {n: {"by": "offline", "note": "by rules: no answer"} for n in (1, 2, 3, 5)}
    results |= {4: {"by": "mistral/small", "note": None}, 6: {"by": "mistral/small", "note": "repaired once (x)"}}
    assert told_of_reading(results) == (
        " by offline and mistral/small", "; chunks 1-3, 5 by rules: no answer; chunk 6 repaired once (x)",
    )  # fmt: skip


def test_the_offline_extractor_says_nothing_of_itself() -> None:
    assert told_of_reading({1: {"drafts": []}, 2: {"by": None, "note": None}}) == ("", "")


def test_many_different_notes_are_counted() -> None:
    told = told_of_reading({n: {"by": "m", "note": f"note {n}"} for n in range(1, 9)})[1]
    assert told.endswith("; chunk 5 note 5; 3 more such notes")
