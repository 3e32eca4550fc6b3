"""Which repository a client's roots, a folder or the working directory mean."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.capture.state import state_of
from contox_hooks.domain.error import NotInitialised, RepositoryError, UsageError
from contox_hooks.git.repository import locate
from contox_hooks.mcp.root import MAX_ROOTS, captured_repository, folders_of
from tests.gitrepo import Repo

NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=20)


def capture(repo: Repo) -> Repo:
    state = state_of(repo.repository)
    state.create()
    state.database.touch()
    return repo


@given(NAMES.filter(lambda name: name not in (".", "..")))
@settings(max_examples=50, deadline=None)
def test_a_folder_is_found_again_in_its_uri(name: str) -> None:
    path = Path("/nowhere") / name
    assert folders_of([path.as_uri()]) == [path]


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_text_is_taken_for_a_root(texts: list[str]) -> None:
    assert len(folders_of(texts)) <= len(texts)


@pytest.mark.parametrize(
    ("uri", "folders"),
    [
        ("file:///a%20b/%C3%A9", [Path("/a b/é")]),
        ("file://localhost/a", [Path("/a")]),
        ("FILE:///a", [Path("/a")]),
        ("file://elsewhere/a", []),
        ("https://example.org/a", []),
        ("vscode-remote://ssh/a", []),
        ("/a", []),
        ("", []),
        ("file://[", []),
        ("file:///a%00b", [Path("/a\0b")]),
    ],
)
def test_uris(uri: str, folders: list[Path]) -> None:
    assert folders_of([uri]) == folders


def test_a_uri_that_nobody_encoded(tmp_path: Path) -> None:
    odd = tmp_path / "100%25 #1"
    odd.mkdir()
    assert folders_of([f"file://{odd}"]) == [odd]


def test_each_root_once_and_not_too_many() -> None:
    assert folders_of(["file:///a", "file:///a"]) == [Path("/a")]
    assert len(folders_of(f"file:///{number}" for number in range(1000))) == MAX_ROOTS


def test_the_captured_one_among_several(make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    plain, wanted = make_repo("plain"), capture(make_repo("sho p"))
    (wanted.path / "src").mkdir()
    found = captured_repository([tmp_path, plain.path, wanted.path, wanted.path / "src"])
    assert found.common_dir == wanted.repository.common_dir


def test_worktrees_of_one_repository_are_no_choice(make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    repo = capture(make_repo())
    repo.commit()
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert captured_repository([tmp_path / "linked", repo.path]).work_tree == tmp_path / "linked"


def test_of_two_captured_ones_neither_is_taken(make_repo: Callable[..., Repo]) -> None:
    one, other = capture(make_repo("one")), capture(make_repo("other"))
    with pytest.raises(UsageError, match=f"2 captured .*{one.path}, {other.path}"):
        captured_repository([one.path, other.path])
    assert captured_repository([one.path, other.path], str(other.path)).work_tree == other.path


def test_without_roots_the_working_directory_decides(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(repo)
    (repo.path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(repo.path / "deep" / "er")
    assert captured_repository([]).work_tree == repo.path
    assert captured_repository([], "..").work_tree == repo.path


def test_nothing_is_created_or_guessed(make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    repo = make_repo()
    with pytest.raises(NotInitialised, match="nothing is captured"):
        captured_repository([repo.path, tmp_path])
    assert not state_of(repo.repository).exists
    with pytest.raises(RepositoryError, match="not a git repository"):
        captured_repository([tmp_path])
    with pytest.raises(RepositoryError, match="there is no folder"):
        captured_repository([tmp_path / "gone"])


@pytest.mark.parametrize("directory", ["..", "/", "out", "nowhere", "a\0b"])
def test_a_directory_stays_within_what_is_open(repo: Repo, tmp_path: Path, directory: str) -> None:
    capture(repo)
    (repo.path / "out").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="directory "):
        captured_repository([repo.path], directory)
    assert captured_repository([repo.path], ".").work_tree == repo.path


def test_git_is_asked_once_until_the_repository_is_another(
    make_repo: Callable[..., Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("contox_hooks.mcp.root.locate", lambda folder: asked.append(folder) or locate(folder))
    repo = capture(make_repo())
    deep = repo.path / "a" / "b"
    deep.mkdir(parents=True)
    for _ in range(3):
        assert captured_repository([deep]).work_tree == repo.path
    assert asked == [deep]
    nearer = capture(Repo(repo.path / "a"))
    assert captured_repository([deep]).work_tree == nearer.path
    shutil.rmtree(nearer.path / ".git")
    assert captured_repository([deep]).work_tree == repo.path
    assert asked == [deep] * 3
