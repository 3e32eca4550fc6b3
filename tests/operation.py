"""The table of what git can do to a repository (ARCHITECTURE.md, "A hook is a hint"), as things that tests do.

Each operation starts from `prepare`d repository, acts, and says what a capture must have found: the subjects of commits
made here (with kinds), and nothing else as own work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.gitrepo import Repo

OTHER = {
    "GIT_AUTHOR_NAME": "Grace Other", "GIT_AUTHOR_EMAIL": "grace@example.net",
    "GIT_COMMITTER_NAME": "Grace Other", "GIT_COMMITTER_EMAIL": "grace@example.net",
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    made: Mapping[str, str] = field(default_factory=dict)
    """Subject to kind, of commits that must be captured."""
    count: int | None = None
    """How many commits are captured; default: as many as `made` has."""
    superseded: tuple[str, ...] = ()
    """Subjects of captured commits that were replaced by later ones."""
    events: Mapping[str, int] = field(default_factory=dict)
    """Least number of other events by type."""


@dataclass(frozen=True)
class Operation:
    name: str
    act: Callable[[Repo], object]
    expected: Expected
    prepare: Callable[[Repo], object] = lambda repo: None
    """Runs before the starting point is taken: its commits are the past."""


def _line(repo: Repo, number: int) -> dict[str, str]:
    path = repo.path / "file.txt"
    lines = path.read_text() if path.exists() else ""
    return {"file.txt": lines + f"line {number}\n", f"own{number}.txt": f"{number}\n"}


def _commits(repo: Repo, count: int, prefix: str = "work") -> None:
    for number in range(1, count + 1):
        repo.commit(f"{prefix} {number}", {f"{prefix}{number}.txt": f"{prefix} {number}\nmore\nlines\n"})


def _branch_of_five(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "topic")
    _commits(repo, 5, "topic")
    repo.git("checkout", "-q", "main")
    repo.commit("main moves on", {"main.txt": "on\n"})


def _five_own_and_main_moved(repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    repo.commit("main moves on", {"main.txt": "on\n"})
    repo.git("checkout", "-q", "topic")


def _remote_with_others_work(repo: Repo) -> None:
    """`origin` is a clone in which somebody else made two commits."""
    other = Repo(repo.path.parent / "other", init=False)
    repo.git("clone", "-q", str(repo.path), str(other.path))
    for number in (1, 2):
        other.write(f"theirs{number}.txt", f"{number}\n")
        other.git("add", "-A")
        other.git("commit", "-q", "-m", f"theirs {number}", env={**OTHER, **other.times()})
    repo.git("remote", "add", "origin", str(other.path))


def _sequence_editor(words: str) -> dict[str, str]:
    return {"GIT_SEQUENCE_EDITOR": f"sed -i -e '{words}'"}


def _patches(repo: Repo) -> None:
    _branch_of_five(repo)
    repo.git("format-patch", "-q", "-o", "../patches", "main..topic")


def _am(repo: Repo) -> None:
    patches = sorted(str(path) for path in (repo.path.parent / "patches").iterdir())
    repo.git("am", "-q", *patches)


def _plumbing(repo: Repo) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    sha = repo.git("commit-tree", tree, "-p", "HEAD", "-m", "by plumbing", env=repo.times())
    repo.git("update-ref", "refs/heads/main", sha)


def _fast_import(repo: Repo) -> None:
    head = repo.head()
    script = ""
    for number in (1, 2, 3):
        at = repo.times()["GIT_COMMITTER_DATE"]
        parent = f"from {head}\n" if number == 1 else ""
        script += (
            f"commit refs/heads/main\ncommitter Ada Example <ada@example.org> {at}\n"
            f"data <<EOT\nimported {number}\nEOT\n{parent}M 644 inline imported{number}.txt\ndata 2\n{number}\n\n"
        )
    repo.git("fast-import", "--quiet", input=script)


def _squash(repo: Repo) -> None:
    repo.git("rebase", "-i", "HEAD~5", env={**_sequence_editor("2,5s/^pick/squash/"), "GIT_EDITOR": "true"})


def _amend(repo: Repo) -> None:
    repo.commit("first try", {"a.txt": "one\ntwo\nthree\n"})
    repo.write("a.txt", "one\ntwo\nfour\n")
    repo.git("commit", "-q", "-a", "--amend", "-m", "second try", env=repo.times())


def _commit_and_throw_away(repo: Repo) -> None:
    repo.commit("thrown away", {"gone.txt": "1\n2\n3\n"})
    repo.git("reset", "-q", "--hard", "HEAD~1")


def _worktree_commit(repo: Repo) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", "../side tree")
    side = Repo(repo.path.parent / "side tree", init=False)
    side.commit("in a worktree", {"side.txt": "1\n"}, at=1_760_500_000)


def _topics(prefix: str, kind: str) -> dict[str, str]:
    return {f"{prefix} {number}": kind for number in range(1, 6)}


OPERATIONS: tuple[Operation, ...] = (
    Operation("commit", lambda r: _commits(r, 1), Expected({"work 1": "commit"})),
    Operation(
        "commit --no-verify",
        lambda r: ((r.write("x", "1\n"), r.git("add", "-A"), r.git("commit", "-q", "--no-verify", "-m", "hasty"))),
        Expected({"hasty": "commit"}),
    ),
    Operation("amend", _amend, Expected({"first try": "commit", "second try": "amend"}, superseded=("first try",))),
    Operation(
        "merge --no-ff",
        lambda r: r.git("merge", "-q", "--no-ff", "topic", "-m", "merged topic", env=r.times()),
        Expected({"merged topic": "merge"}),
        _branch_of_five,
    ),
    Operation(
        "fast-forward",
        lambda r: r.git("merge", "-q", "--ff-only", "ahead"),
        Expected(events={"landed": 1}),
        lambda r: ((r.git("checkout", "-q", "-b", "ahead"), _commits(r, 2, "ahead"), r.git("checkout", "-q", "main"))),
    ),
    Operation(
        "pull of others' work",
        lambda r: r.git("pull", "-q", "--ff-only", "origin", "main"),
        Expected(events={"landed": 1}),
        _remote_with_others_work,
    ),
    Operation(
        "pull that merges",
        lambda r: ((_commits(r, 1), r.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main", env=r.times()))),
        Expected({"work 1": "commit"}, count=2),
        _remote_with_others_work,
    ),
    Operation(
        "pull --rebase",
        lambda r: (_commits(r, 2), r.git("pull", "-q", "--rebase", "origin", "main")),
        Expected({"work 1": "rebase", "work 2": "rebase"}, count=4, superseded=("work 1", "work 2")),
        _remote_with_others_work,
    ),
    Operation(
        "cherry-pick x5",
        lambda r: r.git("cherry-pick", "main..topic", env=r.times()),
        Expected(_topics("topic", "cherry-pick")),
        _branch_of_five,
    ),
    Operation(
        "revert",
        lambda r: r.git("revert", "--no-edit", "HEAD", env=r.times()),
        Expected({'Revert "work 1"': "revert"}),
        lambda r: _commits(r, 1),
    ),
    Operation(
        "rebase x5 (merge backend)",
        lambda r: r.git("rebase", "-q", "main"),
        Expected(_topics("topic", "rebase")),
        lambda r: (_branch_of_five(r), r.git("checkout", "-q", "topic")),
    ),
    Operation(
        "rebase --apply x5",
        lambda r: r.git("rebase", "-q", "--apply", "main"),
        Expected(_topics("topic", "rebase")),
        lambda r: (_branch_of_five(r), r.git("checkout", "-q", "topic")),
    ),
    Operation(
        "own work, then rebase",
        lambda r: (
            (
                r.git("checkout", "-q", "-b", "topic"),
                _commits(r, 5, "topic"),
                _five_own_and_main_moved(r),
                r.git("rebase", "-q", "main"),
            )
        ),
        Expected(
            {**_topics("topic", "rebase"), "main moves on": "commit"},
            count=11,
            superseded=tuple(_topics("topic", "")),
        ),
    ),
    Operation(
        "rebase -i, squash 5 to 1",
        _squash,
        Expected({"topic 1": "rebase"}, count=1),
        lambda r: _commits(r, 5, "topic"),
    ),
    Operation("am x5", _am, Expected(_topics("topic", "am")), _patches),
    Operation("commit-tree and update-ref", _plumbing, Expected({"by plumbing": "commit"})),
    Operation(
        "fast-import x3",
        _fast_import,
        Expected({f"imported {n}": "commit" for n in (1, 2, 3)}),
    ),
    Operation(
        "a commit in a new worktree", _worktree_commit, Expected({"in a worktree": "commit"}, events={"checkout": 1})
    ),
    Operation(
        "branch switch",
        lambda r: r.git("checkout", "-q", "topic"),
        Expected(events={"checkout": 1}),
        _branch_of_five,
    ),
    Operation(
        "file checkout",
        lambda r: (r.write("work1.txt", "changed\n"), r.git("checkout", "-q", "--", "work1.txt")),
        Expected(),
        lambda r: _commits(r, 1),
    ),
    Operation("commit, then reset --hard", _commit_and_throw_away, Expected({"thrown away": "commit"})),
    Operation(
        "stash",
        lambda r: (r.write("work1.txt", "changed\n"), r.git("stash", "-q")),
        Expected(),
        lambda r: _commits(r, 1),
    ),
    Operation(
        "push of own work",
        lambda r: (_commits(r, 2), r.git("push", "-q", "origin", "main:main")),
        Expected({"work 1": "commit", "work 2": "commit"}),
        lambda r: ((r.git("init", "-q", "--bare", "../hub.git"), r.git("remote", "add", "origin", "../hub.git"))),
    ),
    Operation(
        "fetch of others' work",
        lambda r: r.git("fetch", "-q", "origin"),
        Expected(),
        _remote_with_others_work,
    ),
)
