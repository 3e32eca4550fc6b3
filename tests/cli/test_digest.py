"""`digest`: what was done since the last save, or one commit's: redacted, within the budget, safe to look at."""

from __future__ import annotations

from collections.abc import Callable

from contox_hooks.domain.digest import CommitDigest
from tests.cli.conftest import Call
from tests.gitrepo import Repo


def test_head_as_people_read_it(told_repo: Repo, call: Call) -> None:
    out = call("digest", "HEAD").out
    assert out.startswith(f"{told_repo.head()}  commit\nAda Example <ada@example.org>, 20")
    assert "\n    refactor(api)!: orders are paged\n\n    BREAKING CHANGE:" in out
    assert "\n1 file, +3 -3\n  M api/orders.py  +3 -3\n" in out
    assert "\n+def step_3_0" in out


def test_the_payload_is_the_digest(told_repo: Repo, call: Call) -> None:
    (payload,) = call("digest", "HEAD~1", "--json").json["digests"]
    digest = CommitDigest.from_payload(payload)
    assert digest.sha == told_repo.git("rev-parse", "HEAD~1")
    assert digest.subject == "docs: say how to back up"
    assert [file.path for file in digest.files] == ["README.md"]


def test_a_range_newest_first(told_repo: Repo, call: Call) -> None:
    found = call("digest", "HEAD~3..HEAD", "--json").json["digests"]
    assert [digest["sha"] for digest in found] == told_repo.git("rev-list", "HEAD~3..HEAD").split()
    assert len(call("digest", "HEAD~3..HEAD", "-n", "2", "--json").json["digests"]) == 2
    assert call("digest", "HEAD..HEAD~1").out == "no commits in HEAD..HEAD~1\n"


def test_what_is_cut_excluded_or_secret_is_said(repo: Repo, call: Call) -> None:
    token = "ghp_" + "A1b2C3d4" * 4 + "E5f6"
    repo.commit("feat: much", {"a.txt": f"token = {token}\n", "b.txt": "line\n" * 3000, "x.env": "A=1\n"})
    out = call("digest", "HEAD").out
    assert token not in out
    assert "1 excluded" in out
    assert "1 redaction" in out
    assert "diff cut to its budget" in out
    assert "x.env" not in out


def test_settings_apply_before_anything_is_captured(told_repo: Repo, call: Call) -> None:
    told_repo.git("config", "contox.diffs", "false")
    assert "no diff: off" in call("digest", "HEAD").out
    assert "no diff: off" in call("digest").out
    assert not (told_repo.path / ".git" / "contox").exists()


def test_control_characters_do_not_reach_the_terminal(repo: Repo, call: Call) -> None:
    repo.commit("feat: \x1b[31mred\x1b[0m \x07bell", {"a.txt": "\x1b]0;title\x07text\n"})
    for revision in ([], ["HEAD"]):
        out = call("digest", *revision).out
        assert "\x1b" not in out
        assert "\x07" not in out
    assert "feat: red bell" in out


def test_bad_input(told_repo: Repo, call: Call, make_repo: Callable[..., Repo]) -> None:
    assert call("digest", "nowhere", "--json").error["code"] == "repository"
    assert call("digest", "nowhere..HEAD").code == 3
    assert call("digest", "--", "--all").code == 2
    assert call("digest", "HEAD:README.md").code == 3
    empty = make_repo("empty")
    assert "there are no commits yet" in call("digest", "HEAD", at=empty.path).err
    assert call("digest", "--mode", "merges").code == 2


def test_since_the_last_save(told_repo: Repo, call: Call) -> None:
    told_repo.write("new file.txt", "n\n")
    told = call("digest", "-n", "2")
    assert told.code == 0, told.err
    assert told.out.startswith("# Latest work\n\n2 commits along the first parents on main, the latest, as nothing")
    assert "## Work in progress\n\n### Untracked\n\n- `new file.txt`\n" in told.out
    assert "Work in progress" not in call("digest", "--no-wip").out
    found = call("digest", "--json", "--mode", "all").json
    assert (found["mode"], found["commitsTotal"], found["work"]["untrackedTotal"]) == ("all", 4, 1)
