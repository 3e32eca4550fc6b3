"""Deep enrichment and drift through the stages, against real repositories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.event import commit_event
from contox_hooks.domain.item import Draft, Evidence, Item
from contox_hooks.git.lookup import MAX_BYTES, Blobs
from contox_hooks.git.run import GitFailed
from contox_hooks.pipeline.provider import Extraction
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.work import Tools
from tests.gitrepo import EPOCH, Repo
from tests.memory.events import HOUR, Clock, a_project, open_service
from tests.pipeline.bench import Topics


class Quoting:
    """One item for each commit whose subject says so, quoting the lines it added to its first file."""

    name, paid = "quoting", False

    def extract(self, digests: list[CommitDigest]) -> Extraction:
        drafts = []
        for digest in digests:
            if digest.subject.startswith("add"):
                quotes = tuple(
                    Evidence(digest.sha, line[1:], digest.files[0].path)
                    for line in digest.diff.splitlines()
                    if line.startswith("+") and not line.startswith("+++")
                )
                drafts.append(
                    Draft("implementation", digest.subject, f"{digest.subject} in full", "root/other", 0.9, 3, quotes,
                          files=tuple(file.path for file in digest.files), at_utc=digest.committer.at_utc)
                )  # fmt: skip
        return Extraction(tuple(drafts), None)


class World:
    """A repository whose commits become sessions of their own, five hours apart, and go through the pipeline."""

    def __init__(self, repo: Repo, folder: Path) -> None:
        self.repo, self.folder, self.hour = repo, folder, 0
        self.clock = Clock(EPOCH + 1000 * HOUR)
        with open_service(folder, self.clock) as service:
            self.project_id = a_project(service, str(repo.path / ".git")).id

    def commit(self, subject: str, files: dict[str, str | bytes | None]) -> CommitDigest:
        """None deletes. A rename is a deletion and an addition that git recognises."""
        self.hour += 5
        for path, content in files.items():
            if content is None:
                (self.repo.path / path).unlink()
            else:
                self.repo.write(path, content)
        sha = self.repo.commit(subject, at=EPOCH + self.hour * HOUR)
        raw = self.repo.git("show", "--format=", "--name-status", "-M", "--root", sha).splitlines()
        changes = []
        for line in raw:
            status, *paths = line.split("\t")
            changes.append(FileChange(paths[-1], status[0], old_path=paths[0] if len(paths) > 1 else None))  # type: ignore[arg-type]
        ada = Person("Ada Example", "ada@example.org", EPOCH + self.hour * HOUR)
        diff = self.repo.git("show", "--format=", "-M", "--root", sha)
        return CommitDigest(sha, (), ada, ada, subject, "", tuple(changes), len(changes), diff=diff)

    def process(self, *digests: CommitDigest) -> None:
        with Blobs(self.repo.path / ".git") as blobs:
            with open_service(self.folder, self.clock) as service:
                service.ingest(self.project_id, [commit_event(d, at_utc=d.committer.at_utc) for d in digests])
                service.jobs.request(service.jobs.unprocessed_sessions(self.project_id), trigger="manual")
            tools = Tools(Quoting(), Topics, blobs)  # type: ignore[arg-type]
            report = run_pending(self.folder / "memory.db", lambda project, clones: tools, clock=self.clock)
            assert report.failed == ()

    def item(self, title: str) -> Item:
        with open_service(self.folder, self.clock) as service:
            (found,) = [item for item in service.items.page(self.project_id, status=None) if item.title == title]
            return service.items.get(found.id)


@pytest.fixture
def world(repo: Repo, tmp_path: Path) -> World:
    (tmp_path / "memory").mkdir()
    return World(repo, tmp_path / "memory")


ANSWER = "def answer() -> int:\n    return 42\n"


def test_deepened_with_signatures(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    item = world.item("add answer")
    assert "def answer() -> int" in item.facts
    assert item.facts.startswith("add answer in full\n")
    with open_service(world.folder, world.clock) as service:
        assert service.search(world.project_id, "answer int")[0].item.id == item.id


def test_what_still_stands_is_not_flagged(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    world.process(world.commit("change around it", {"app.py": f"import os\n\n\n{ANSWER}\n\nprint(os)\n"}))
    assert world.item("add answer").status == "active"


@pytest.mark.parametrize("late", [False, True])
def test_a_line_that_is_gone(world: World, late: bool) -> None:
    """Also when the older commit arrives after the newer one was checked."""
    first = world.commit("add answer", {"app.py": ANSWER})
    second = world.commit("change answer", {"app.py": ANSWER.replace("42", "43")})
    for digest in (second, first) if late else (first, second):
        world.process(digest)
    item = world.item("add answer")
    assert item.status == "review"
    assert second.sha[:12] in str(item.status_reason)
    assert "app.py" in str(item.status_reason)


def test_gone_within_the_same_session(world: World) -> None:
    first = world.commit("add answer", {"app.py": ANSWER})
    world.hour -= 5
    world.process(first, world.commit("drop answer", {"app.py": "pass\n"}))
    assert world.item("add answer").status == "review"


@pytest.mark.parametrize("late", [False, True])
def test_followed_through_renames(world: World, late: bool) -> None:
    first = world.commit("add answer", {"app.py": ANSWER + "# long enough to be recognised as the same\n" * 5})
    text = (world.repo.path / "app.py").read_text()
    second = world.commit("move", {"app.py": None, "core.py": text})
    assert second.files[0].old_path == "app.py"
    third = world.commit("move again", {"core.py": None, "deep.py": text})
    if not late:
        world.process(first)
        world.process(second)
        world.process(third)
        assert world.item("add answer").status == "active"
    fourth = world.commit("change answer", {"deep.py": text.replace("42", "43")})
    if late:
        world.process(second, third, fourth)
        world.process(first)
    else:
        world.process(fourth)
    item = world.item("add answer")
    assert (item.status, item.files) == ("review", ("app.py",))
    assert "deep.py" in str(item.status_reason)


def test_a_deleted_file(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    gone = world.commit("delete", {"app.py": None})
    world.process(gone)
    assert world.item("add answer").status_reason == f"app.py was deleted in {gone.sha[:12]}"


def test_a_commit_that_is_not_here_flags_nothing(world: World) -> None:
    """A shallow clone, or after gc: not being able to look is no proof."""
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    digest = world.commit("change answer", {"app.py": "pass\n"})
    world.process(replace(digest, sha="d" * 40))
    assert world.item("add answer").status == "active"


@pytest.fixture
def blobs(repo: Repo) -> Iterator[Blobs]:
    with Blobs(repo.path / ".git") as blobs:
        yield blobs


def test_blobs(repo: Repo, blobs: Blobs) -> None:
    odd = {
        "a b.txt": "1\n",
        "new\nline": "2\n",
        'quo"te': "3\n",
        "sub/żółw.py": "4\n",
        "empty": "",
        "bin": b"\0\xff\n\n",
    }
    sha = repo.commit("files", odd)
    for path, content in odd.items():
        assert blobs(sha, path) == (content.encode() if isinstance(content, str) else content)
    for missing in ("nope", "sub", "sub/nope", "new\nnope", "*", ":(top)bin"):
        assert blobs(sha, missing) is None
    assert blobs(sha, "a b.txt") == b"1\n"
    with pytest.raises(GitFailed):
        blobs("d" * 40, "a b.txt")


def test_a_huge_blob_is_read_past(repo: Repo, blobs: Blobs) -> None:
    sha = repo.commit("files", {"huge": b"x" * (MAX_BYTES + 1), "small": "1\n"})
    with pytest.raises(GitFailed, match="more than"):
        blobs(sha, "huge")
    assert blobs(sha, "small") == b"1\n"


def test_a_partial_clone_fetches_nothing(repo: Repo, tmp_path: Path) -> None:
    sha = repo.commit("files", {"one": "1\n"})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{repo.path}", str(clone))
    with Blobs(clone) as blobs:
        assert blobs(sha, "nope") is None
        with pytest.raises(GitFailed):
            blobs(sha, "one")
        assert blobs(sha, "nope") is None
