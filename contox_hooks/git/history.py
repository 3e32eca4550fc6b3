"""Digests of commits, read from one streaming git process (and one more beside it once there is a merge).

Owns the processes: what is asked, what to do when git dies halfway. Must not know storage. Nothing is fetched, no lock
is taken, no index is read. A commit that cannot be read whole is told from one that changed nothing: `diff_missing`.
"""

from __future__ import annotations

import os
import subprocess
import threading  # subprocess has loaded it already
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial

from contox_hooks.domain.digest import CommitDigest, Origin
from contox_hooks.git.history_digest import DigestLimits, Header, PatchPlan, digest_of, header_of, is_excluded
from contox_hooks.git.history_format import CONFIG, LOG_OPTIONS, PATCH_OPTIONS, header_format
from contox_hooks.git.history_merge import FirstParent
from contox_hooks.git.history_stream import Changes, HistoryStream
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, run, stream

__all__ = ["DigestLimits", "read_digests"]

NOT_PRESENT = "not-present"

_CHUNK_BYTES = 262_144
_PIPE_BYTES = 1_048_576


def read_digests(
    repo: Repository,
    shas: Iterable[str] | None = None,
    *,
    revisions: Sequence[str] = (),
    limits: DigestLimits | None = None,
    origin: Origin = "created",
    on_missing: Callable[[str], None] | None = None,
) -> Iterator[CommitDigest]:
    """Digests of just these commits in just this order, or else of what `git log <revisions>` walks over.

    A sha (full, as git gives them) whose commit is not here is passed over and told to `on_missing`. Raises GitFailed
    when git cannot read the revisions at all.
    """
    reader = _Reader(repo, limits or DigestLimits(), origin)
    if shas is not None:
        yield from reader.named(list(dict.fromkeys(shas)), on_missing or (lambda sha: None))
        return
    done: set[str] = set()
    try:
        for digest in reader.walked(revisions):
            done.add(digest.sha)
            yield digest
    except GitFailed:
        # Wrong revisions fail here too; objects that are not there do not.
        walked = run(repo.git_dir, "rev-list", *revisions, "--").decode().split()
        yield from reader.named([sha for sha in walked if sha not in done], on_missing or (lambda sha: None))


class _Reader:
    def __init__(self, repo: Repository, limits: DigestLimits, origin: Origin) -> None:
        self._repo = repo
        self._limits = limits
        self._origin = origin
        self._shallow = _shallow_commits(repo)
        # git looks for .gitattributes in its working directory, so it must not be ours.
        self._where = ("-C", str(_attributes_dir(repo)))

    def walked(self, revisions: Sequence[str]) -> Iterator[CommitDigest]:
        return self._digests((*revisions, "--"), None)

    def named(self, shas: list[str], on_missing: Callable[[str], None]) -> Iterator[CommitDigest]:
        """git dies at the first commit with a missing object (git 2.39), and does not say at which. The list is read
        on in chunks that double while it goes well; one commit that fails alone is the one."""
        at, size = 0, len(shas)
        while at < len(shas):
            chunk = shas[at : at + size]
            seen: set[str] = set()
            try:
                for digest in self._digests(("--no-walk=unsorted", "--ignore-missing", "--stdin"), chunk):
                    seen.add(digest.sha)
                    yield digest
            except GitFailed:
                left = [sha for sha in chunk if sha not in seen]
                if not left:
                    raise
                if len(chunk) > 1:
                    at, size = at + chunk.index(left[0]), 1
                    continue
                digest_without = self._without_contents(left[0])
                if digest_without is None:
                    on_missing(left[0])
                else:
                    yield digest_without
            else:
                for sha in chunk:
                    if sha not in seen:
                        on_missing(sha)
            at, size = at + len(chunk), size * 2

    def _without_contents(self, sha: str) -> CommitDigest | None:
        """What the trees alone tell: names and statuses, renames only where the content is the same. Then less."""
        for options in (
            ("--raw", "-r", "-z", "--no-abbrev", "-M100%", "--root", "--diff-merges=first-parent"),
            ("-s",),
        ):
            mark = _new_mark()
            try:
                out = self._repo.git(
                    "log", "--no-walk", header_format(mark), "--encoding=UTF-8", "--date=raw", "--no-mailmap",
                    "--no-notes", "--no-show-signature", *options, sha, "--",
                )  # fmt: skip
            except GitFailed:
                continue
            cursor = HistoryStream(partial(next, iter((out,)), b""), mark.encode(), self._is_excluded)
            if cursor.next_commit():
                header = header_of(*cursor.header())
                return self._digest(header, cursor.changes(), cursor, missing=NOT_PRESENT)
        return None

    def _digests(self, options: tuple[str, ...], shas: list[str] | None) -> Iterator[CommitDigest]:
        """Complete commits only: the last one counts when git ended well. Raises GitFailed when it did not."""
        mark = _new_mark()
        patch = PATCH_OPTIONS if self._limits.wants_diffs else ()
        arguments = (*self._where, "log", header_format(mark), *LOG_OPTIONS, *patch, *options)
        git_dir = self._repo.git_dir if shas is None else self._repo.common_dir
        with ExitStack() as stack:
            process = stack.enter_context(
                stream(
                    git_dir,
                    *arguments,
                    config=CONFIG,
                    stdin=None if shas is None else subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            )
            complaint = _Complaint(process)
            if shas is not None:
                _feed(process, shas)
            cursor = HistoryStream(_reading(process), mark.encode(), self._is_excluded)
            first_parent = FirstParent(self._repo, self._where)
            stack.callback(first_parent.close)
            pending: CommitDigest | None = None
            while cursor.next_commit():
                if pending is not None:
                    yield pending
                try:
                    pending = self._read_one(cursor, first_parent)
                except (ValueError, IndexError):  # cut off in the middle of a field
                    if not cursor.ended:
                        raise
                    pending = None
            if process.wait():
                raise GitFailed(arguments, process.returncode, complaint.text())
            if pending is not None:
                yield pending

    def _read_one(self, cursor: HistoryStream, first_parent: FirstParent) -> CommitDigest | None:
        fields, omitted = cursor.header()
        if cursor.ended:
            return None
        header = header_of(fields, omitted)
        changes = cursor.changes()
        if header.sha in self._shallow:
            # Its parents are not here: against nothing it would seem to have made every file.
            header = replace(header, parents=_true_parents(self._repo, header.sha))
            return self._digest(header, Changes(), cursor, missing=NOT_PRESENT)
        if len(header.parents) > 1:
            changes = first_parent.completed(header, changes)
        return self._digest(header, changes, cursor)

    def _digest(self, header: Header, changes: Changes, cursor: HistoryStream, *, missing: str = "") -> CommitDigest:
        for change in changes.kept:
            change.insertions, change.deletions = changes.counts.get(change.path, (None, None))
        is_merge = len(header.parents) > 1
        plan = PatchPlan(changes, self._limits, is_merge=is_merge)
        patches = [] if missing else cursor.patches(plan.allowance)[0]
        return digest_of(header, changes, plan, patches, limits=self._limits, origin=self._origin, missing=missing)

    def _is_excluded(self, path: bytes) -> bool:
        return is_excluded(path, self._limits.exclusions)


class _Complaint:
    """What git says on its standard error, taken off the pipe as it comes; its beginning is kept."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        self._pipe = process.stderr
        self._kept = b""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with suppress(OSError, ValueError):  # the pipe was closed because the reader left early
            while data := os.read(self._pipe.fileno(), 4096):
                self._kept = (self._kept + data)[:4096]

    def text(self) -> str:
        self._thread.join()
        return self._kept.decode(errors="replace")


def _new_mark() -> str:
    # None of the characters that can begin an entry, a count or a patch; 128 random bits in every run.
    return f"#{os.urandom(16).hex()}#"


def _reading(process: subprocess.Popen[bytes]) -> Callable[[], bytes]:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    with suppress(ImportError, AttributeError, OSError):  # Linux: git works on while we look at what it wrote
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return lambda: os.read(descriptor, _CHUNK_BYTES)


def _feed(process: subprocess.Popen[bytes], shas: list[str]) -> None:
    """git log reads all of its standard input before it writes anything."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write("".join(f"{sha}\n" for sha in shas).encode())
    with suppress(BrokenPipeError):
        process.stdin.close()


def _attributes_dir(repo: Repository) -> str:
    if repo.work_tree is not None and repo.work_tree.is_dir():
        return str(repo.work_tree)
    return str(repo.common_dir.parent if repo.common_dir.name == ".git" else repo.common_dir)


def _shallow_commits(repo: Repository) -> frozenset[str]:
    """Commits whose parents a shallow clone left out."""
    try:
        return frozenset((repo.common_dir / "shallow").read_text().split())
    except OSError:
        return frozenset()


def _true_parents(repo: Repository, sha: str) -> tuple[str, ...]:
    """As the object has them: git itself makes a shallow commit a root."""
    head = repo.git("cat-file", "commit", sha).partition(b"\n\n")[0]
    return tuple(line[7:].decode() for line in head.split(b"\n") if line.startswith(b"parent "))
