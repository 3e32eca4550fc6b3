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
from contox_hooks.pipeline.provider import Context, Extraction
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.work import Tools
from tests.gitrepo import EPOCH, Repo
from tests.memory.events import HOUR, Clock, a_project, open_service
from tests.pipeline.bench import Topics


class Quoting:
    """One item for each commit whose subject says so, quoting the lines it added to its first file."""

    name, paid = "quoting", False

    def extract(self, digests: list[CommitDigest], *, context: Context | None = None) -> Extraction:
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

    def process(self, *digests: CommitDigest, diffs: bool = True) -> None:
        with Blobs(self.repo.path / ".git") as blobs:
            with open_service(self.folder, self.clock) as service:
                service.ingest(self.project_id, [commit_event(d, at_utc=d.committer.at_utc) for d in digests])
                service.jobs.request(service.jobs.unprocessed_sessions(self.project_id), trigger="manual")
            tools = Tools(Quoting(), Topics, blobs, diffs=diffs)  # type: ignore[arg-type]
            report = run_pending(self.folder / "memory.db", lambda project, clones: tools, clock=self.clock)
            assert report.failed == ()

    def checked(self) -> str | None:
        """What the drift check of the newest session said."""
        with open_service(self.folder, self.clock) as service:
            newest = service.sessions.page(self.project_id)[0].id
            return service.jobs.of_session(newest)[-1].detail

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


def test_without_diffs_no_file_is_read(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}), diffs=False)
    item = world.item("add answer")
    assert item.facts == "add answer in full"
    with open_service(world.folder, world.clock) as service:
        run = service.jobs.latest_run_of_project(world.project_id)
        assert run is not None
        details = [job.detail for job in service.jobs.of_run(run.id)]
    assert "file content is not kept (diffs is false)" in details


def test_secrets_in_files_do_not_get_into_the_store(world: World) -> None:
    secret = "corr3ct" + "-h0rse"
    world.process(world.commit("add login", {"app.py": f"def login(user, password='{secret}'):\n    pass\n"}))
    assert "def login(user, password='[redacted:" in world.item("add login").facts
    with open_service(world.folder, world.clock) as service:
        stored = [row["facts"] for row in service.store.rows("SELECT facts FROM item")]
    assert stored
    assert not any(secret in facts for facts in stored)


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

    assert world.checked() == "0 items to review of 0 checked; 1 of 1 could not be read"


def test_the_newer_statement_wins_and_the_older_is_history(world: World) -> None:
    world.process(world.commit("add the limit", {"net.py": "LIMIT_S = 10\n"}))
    world.process(world.commit("add the limit", {"net.py": "LIMIT_S = 60\n"}))
    with open_service(world.folder, world.clock) as service:
        (item,) = service.items.page(world.project_id)
        assert [found.quote for found in service.items.get(item.id).evidence] == ["LIMIT_S = 60", "LIMIT_S = 10"]
    world.process(world.commit("comment", {"net.py": "LIMIT_S = 60\n# the end\n"}))
    with open_service(world.folder, world.clock) as service:
        assert service.items.get(item.id).status == "active"
    world.process(world.commit("lower it", {"net.py": "LIMIT_S = 10\n"}))
    with open_service(world.folder, world.clock) as service:
        assert service.items.get(item.id).status == "review"


def test_a_redacted_line_is_not_missed(world: World) -> None:
    digest = world.commit("add token", {"app.py": f"{ANSWER}TOKEN = 'abc'\n"})
    world.process(replace(digest, diff=digest.diff.replace("abc", "[redacted:token]")))
    world.process(world.commit("change around it", {"app.py": f"import os\n{ANSWER}TOKEN = 'abc'\n"}))
    assert world.item("add token").status == "active"
    world.process(world.commit("change answer", {"app.py": "TOKEN = 'abc'\n"}))
    assert world.item("add token").status == "review"


LINES = "".join(f"line {number}\n" for number in range(40))


def test_a_parallel_branch_is_not_later(world: World) -> None:
    git = world.repo.git
    world.process(world.commit("start", {"svc.py": LINES}))
    git("branch", "feature")
    world.process(world.commit("add retries", {"svc.py": LINES.replace("line 5\n", "RETRIES = 5\n")}))
    main = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    git("checkout", "-q", "feature")
    world.process(world.commit("cache", {"svc.py": LINES.replace("line 30\n", "CACHE = 30\n")}))
    assert world.item("add retries").status == "active"
    git("checkout", "-q", main)
    git("merge", "-q", "--no-edit", "feature")
    text = (world.repo.path / "svc.py").read_text()
    world.process(world.commit("after the merge", {"svc.py": text + "end\n"}))
    assert world.item("add retries").status == "active"
    gone = world.commit("drop retries", {"svc.py": text.replace("RETRIES = 5\n", "")})
    world.process(gone)
    assert gone.sha[:12] in str(world.item("add retries").status_reason)


def test_released_when_the_lines_stand_again(world: World) -> None:
    git = world.repo.git
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    git("branch", "other")
    main = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    world.process(world.commit("change answer", {"app.py": ANSWER.replace("42", "43")}))
    reason = world.item("add answer").status_reason
    git("checkout", "-q", "other")
    world.process(world.commit("elsewhere", {"app.py": ANSWER + "# elsewhere\n"}))
    assert (world.item("add answer").status, world.item("add answer").status_reason) == ("review", reason)
    git("checkout", "-q", main)
    world.process(world.commit("back to it", {"app.py": ANSWER + "# again\n"}))
    assert (world.item("add answer").status, world.item("add answer").status_reason) == ("active", None)
    assert world.checked() == "0 items to review of 1 checked; 1 item released"


def test_put_in_review_by_hand_stays(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    with open_service(world.folder, world.clock) as service:
        service.items.set_status(world.item("add answer").id, "review", reason="is it so?")
    world.process(world.commit("around it", {"app.py": ANSWER + "# more\n"}))
    assert world.item("add answer").status == "review"


@pytest.fixture
def blobs(repo: Repo) -> Iterator[Blobs]:
    with Blobs(repo.path / ".git") as blobs:
        yield blobs


def test_blobs(repo: Repo, blobs: Blobs) -> None:
    odd: dict[str, str | bytes] = {
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


def test_the_first_clone_that_has_the_commit_answers(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit("one", {"one": "1\n"})
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--bare", f"file://{repo.path}", str(clone))
    second = repo.commit("two", {"one": "2\n"})
    with Blobs(clone, repo.path / ".git") as both:
        assert (both(first, "one"), both(second, "one"), both(second, "two")) == (b"1\n", b"2\n", None)
        assert both.is_ancestor(first, second) is True
        assert both.is_ancestor(second, first) is False
        assert both.is_ancestor(first, "d" * 40) is None
        with pytest.raises(GitFailed):
            both("d" * 40, "one")


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
