"""Where settings are read from and in which order; what a broken or hostile file comes to; how one line is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.configuration import MAX_BYTES, effective_settings, user_file, yaml_values
from contox_hooks.configure import configure_git, configure_user, edited
from contox_hooks.domain.error import SettingError
from contox_hooks.domain.setting import DEFAULTS
from contox_hooks.git.repository import from_git_dir
from tests.gitrepo import Repo


def failure(repo: Repo | None) -> SettingError:
    with pytest.raises(SettingError) as caught:
        effective_settings(None if repo is None else repo.repository)
    return caught.value


def test_without_any_file_everything_is_default(repo: Repo) -> None:
    effective = effective_settings(repo.repository)
    assert effective.settings == DEFAULTS
    assert set(effective.origins.values()) == {"default"}


def test_each_layer_wins_over_the_one_before(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def budget(project: dict[str, object]) -> tuple[int, str]:
        effective = effective_settings(repo.repository, project)
        return effective.settings.diff_budget, effective.origins["diff_budget"]

    user_file().write_text("diff_budget: 2000\n")
    assert budget({}) == (2000, str(user_file()))
    assert budget({"diff_budget": 1900}) == (1900, "project")
    repo.git("config", "contox.diffBudget", "1800")
    assert budget({"diff_budget": 1900}) == (1800, "git config")
    repo.write(".contox.yaml", "diff_budget: 1700\n")
    assert budget({}) == (1700, str(repo.path / ".contox.yaml"))
    repo.write(".contox.yaml", "diff_budget: 9000\n")
    assert budget({}) == (1800, "git config")
    monkeypatch.setenv("CONTOX_DIFF_BUDGET", "1600")
    assert budget({}) == (1600, "environment")
    monkeypatch.setenv("CONTOX_DIFF_BUDGET", "")
    assert budget({}) == (1800, "git config")


def test_the_drain_reads_the_same_committed_file(repo: Repo) -> None:
    repo.write(".contox.yaml", "diffs: false\n")
    assert not effective_settings(from_git_dir(repo.path / ".git")).settings.diffs


def test_a_bare_repository_is_narrowed_by_its_head(repo: Repo, make_repo: Callable[..., Repo], tmp_path: Path) -> None:
    repo.commit("settings", {".contox.yaml": "diffs: false\n"})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    bare = make_repo("bare.git", init=False)
    assert not effective_settings(bare.repository).settings.diffs
    assert effective_settings(make_repo("empty.git", bare=True).repository).settings == DEFAULTS


def test_a_git_variable_without_a_value_is_true(repo: Repo) -> None:
    with (repo.path / ".git" / "config").open("a") as file:
        file.write("[contox]\n\tpaused\n")
    assert effective_settings(repo.repository).settings.paused


def test_a_section_of_somebody_else_is_left_alone(repo: Repo) -> None:
    repo.git("config", "contox.remote.url", "somewhere")
    assert effective_settings(repo.repository).settings == DEFAULTS


def test_an_unknown_git_setting_is_named(repo: Repo) -> None:
    repo.git("config", "contox.difBudget", "1")
    error = failure(repo)
    assert error.message == "unknown setting 'difbudget' in git config"
    assert error.hint == "did you mean diff_budget?"


BROKEN = [
    ("paused: [\n", " line 2: "),
    ("paused: true\n\tdiffs: x\n", " line 2: "),
    ("- a\n- b\n", " must hold `name: value` lines"),
    ("paused: !!python/object:os.system x\n", " line 1: "),
    ("exclude: &a [x]\npaused: *a\n", " line 2: aliases"),
    ("window: 2024-99-99\n", ": not YAML"),
    ("[" * 5000, ": not YAML"),
    ("paused: tru\n", "must be true or false, not 'tru'"),
    ("pased: true\n", "unknown setting 'pased' in "),
    ("paused: \x00\n", ": special characters are not allowed"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_file_is_named_with_its_line(repo: Repo, text: str, message: str) -> None:
    for path in (user_file(), repo.path / ".contox.yaml"):
        path.write_text(text)
        error = failure(repo)
        assert str(path) in error.message
        assert message in error.message
        assert "\n" not in error.message
        path.unlink()


def test_a_committed_link_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("diffs: false\n")
    (repo.path / ".contox.yaml").symlink_to(tmp_path / "elsewhere")
    assert failure(repo).message.endswith(".contox.yaml is not a regular file")


def test_the_users_own_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "dotfile").write_text("diffs: false\n")
    user_file().symlink_to(tmp_path / "dotfile")
    assert not effective_settings(None).settings.diffs
    configure_user("paused", True)
    assert (tmp_path / "dotfile").read_text() == "diffs: false\npaused: true\n"


def test_a_pipe_and_a_flood_are_refused_unread(repo: Repo) -> None:
    path = repo.path / ".contox.yaml"
    os.mkfifo(path)
    assert "is not a regular file" in failure(repo).message
    path.unlink()
    path.write_text("#" * (MAX_BYTES + 1))
    assert "65,537 bytes long" in failure(repo).message
    repo.commit("flood")
    repo.git("config", "core.bare", "true")
    (repo.path / ".git").rename(repo.path.with_name("bare.git"))
    assert "65,537 bytes long" in failure(Repo(repo.path.with_name("bare.git"), init=False)).message


def test_not_utf8(repo: Repo) -> None:
    user_file().write_bytes(b"exclude: \xff\n")
    assert failure(None).message == f"{user_file()} is not UTF-8 (byte 9)"


COMMENTED = """\
# mine
paused: true  # for now

exclude:
  - "*.a"
  - '*.b'
# the end
diffs: no"""


def test_one_line_changes_and_the_rest_stays() -> None:
    assert edited(COMMENTED, "paused", False, "x") == COMMENTED.replace("true", "false")
    shorter = COMMENTED.replace("exclude:\n  - \"*.a\"\n  - '*.b'", 'exclude: ["*.c"]')
    assert edited(COMMENTED, "exclude", ("*.c",), "x") == shorter
    assert edited(COMMENTED, "exclude", None, "x") == COMMENTED.replace("exclude:\n  - \"*.a\"\n  - '*.b'\n", "")
    assert edited(COMMENTED, "diff_budget", 5, "x") == COMMENTED + "\ndiff_budget: 5\n"
    assert edited(COMMENTED, "model", None, "x") == COMMENTED
    assert edited("exclude:\n- a\n# note", "exclude", ("b",), "x") == 'exclude: ["b"]\n# note'


def test_what_cannot_be_edited_is_left_to_its_owner() -> None:
    with pytest.raises(SettingError, match="cannot be edited from here"):
        edited("{paused: true, diffs: false}", "exclude", ("a",), "x")


@given(
    st.lists(st.sampled_from(["paused: true", "# note", "", "exclude: [a, b]", "exclude:\n- a\n- b", "diffs: off # x"]), unique=True),
    st.sampled_from([("paused", False), ("exclude", ("x: y", "#z")), ("diffs", True), ("exclude", None), ("diffs", None)]),
)  # fmt: skip
def test_an_edit_changes_one_value_and_keeps_every_comment(lines: list[str], change: tuple[str, object]) -> None:
    text, (name, value) = "\n".join(lines), change
    if sum(line.startswith("exclude") for line in lines) > 1:
        return
    before = yaml_values(text, "x")
    result = edited(text, name, value, "x")
    after = yaml_values(result, "x")
    expected = {**before, name: list(value) if isinstance(value, tuple) else value}
    assert after == {key: kept for key, kept in expected.items() if kept is not None}
    assert result.count("# note") == text.count("# note")


def test_a_users_file_that_is_broken_is_not_written_over() -> None:
    user_file().write_text("paused: [\n")
    with pytest.raises(SettingError):
        configure_user("diffs", False)
    assert user_file().read_text() == "paused: [\n"


def test_the_users_file_is_made_for_its_owner_alone() -> None:
    path = configure_user("diffs", False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_git_config_takes_a_value_and_gives_it_back(repo: Repo) -> None:
    configure_git(repo.repository, "exclude", ("*.a", "b/**"))
    assert repo.git("config", "contox.exclude") == "*.a,b/**"
    assert effective_settings(repo.repository).settings.exclude == ("*.a", "b/**")
    configure_git(repo.repository, "exclude", None)
    assert effective_settings(repo.repository).settings == DEFAULTS


def test_a_locked_git_config_is_one_line(repo: Repo) -> None:
    (repo.path / ".git" / "config.lock").touch()
    with pytest.raises(SettingError, match=r"git config contox.diffs cannot be changed"):
        configure_git(repo.repository, "diffs", False)
