"""Blobs of commits: there, not there, no file, too large, odd names, partial clones."""

from __future__ import annotations

from collections.abc import Callable

from contox_hooks.git.blob import Blob, read_blobs, show_file
from tests.gitrepo import Repo


def test_each_answer_in_order(repo: Repo) -> None:
    head = repo.commit(
        "one", {"a b.txt": "text\n", "dir/x": b"\0\1\n\n", "empty": "", "big": "x" * 5000, "n\nl": "odd"}
    )
    missing = "1" * 40
    wanted = [
        (head, "a b.txt"), (head, "nothing here"), (head, "dir"), (head, "dir/x"), (head, "big"), (head, "empty"),
        (missing, "a b.txt"), (head, "n\nl"), (head, "a b.txt"),
    ]  # fmt: skip
    assert list(read_blobs(repo.repository, wanted, max_bytes=1000)) == [
        Blob(head, "a b.txt", b"text\n", 5),
        Blob(head, "nothing here", None),
        Blob(head, "dir", None),
        Blob(head, "dir/x", b"\0\1\n\n", 4),
        Blob(head, "big", None, 5000),
        Blob(head, "empty", b"", 0),
        Blob(missing, "a b.txt", None),
        Blob(head, "n\nl", b"odd", 3),
        Blob(head, "a b.txt", b"text\n", 5),
    ]


def test_too_large_says_so(repo: Repo) -> None:
    head = repo.commit("one", {"big": "x" * 11})
    (blob,) = read_blobs(repo.repository, [(head, "big")], max_bytes=10)
    assert blob.is_too_large
    assert show_file(repo.repository, head, "big") == b"x" * 11
    assert show_file(repo.repository, head, "big", max_bytes=10) is None


def test_a_partial_clone_fetches_nothing(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    first = repo.commit("one", {"gone": "old\n", "kept": "same\n"})
    second = repo.commit("two", {"gone": "new\n"})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = make_repo("clone", init=False)
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.path}", str(clone.path))
    wanted = [(first, "gone"), (first, "kept"), (second, "gone")]
    assert [blob.content for blob in read_blobs(clone.repository, wanted, max_bytes=99)] == [None, b"same\n", b"new\n"]


def test_leaving_early_leaves_no_process(repo: Repo) -> None:
    head = repo.commit("one", {"a": "1"})
    blobs = read_blobs(repo.repository, [(head, "a")] * 3, max_bytes=99)
    assert next(blobs).content == b"1"
    blobs.close()  # type: ignore[attr-defined]
