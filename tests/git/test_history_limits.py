"""What a digest leaves out: excluded files, secrets, what is over a bound; and that it says so."""

from __future__ import annotations

import pytest

from contox_hooks.domain.path import Exclusions
from contox_hooks.git import history_digest
from contox_hooks.git.history import read_digests
from tests.git.test_history import commit_object, digest, digests, lines, make_merge
from tests.gitrepo import Repo


def test_excluded_files_leave_neither_names_nor_diffs(repo: Repo) -> None:
    repo.commit("a", {"prod.env": "HOST=a\nPORT=1\nNAME=abc\n", "app.py": "x = 1\n"})
    repo.git("mv", "prod.env", "settings.txt")
    repo.commit("b", {"dist/out.js": "var hidden\n", "app.py": "x = 2\n"})
    limits = {"exclusions": Exclusions(["*.env", "dist/**"])}
    for found, excluded, insertions in zip(digests(repo, **limits), (2, 1), (2, 4), strict=True):
        assert [file.path for file in found.files] == ["app.py"]
        assert (found.excluded_files, found.insertions, found.files_cut) == (excluded, insertions, 0)
        assert "HOST" not in repr(found)
        assert "hidden" not in repr(found)
        assert "prod.env" not in repr(found)
    repo.commit("c", {"only.env": "1\n"})
    found = digest(repo, **limits)
    assert (found.files, found.files_total, found.diff_missing) == ((), 1, "excluded")


def test_excluded_files_of_a_merge(repo: Repo) -> None:
    make_merge(repo, resolved="both\n")
    found = digest(repo, exclusions=Exclusions(["f.py", "moved.py"]))
    assert ([file.path for file in found.files], found.excluded_files, found.diff) == (["g.py", "h.py"], 2, "")


def test_diffs_can_be_off(repo: Repo) -> None:
    repo.commit("a", {"a": "1\n"})
    for found in (digest(repo, diffs=False), digest(repo, diff_budget=0)):
        assert (found.diff, found.diff_missing, found.insertions) == ("", "off", 1)
    repo.commit("nothing")
    assert digest(repo, diffs=False).diff_missing == ""


def test_secrets_are_gone_from_every_text(repo: Repo) -> None:
    token = "gh" + "p_" + "k7Qw2Zx9Lm4Vb8Nt1Rc6Yd3Hf5Js0Pg7Ue2A"
    repo.git("config", "user.name", f"Ada {token}")
    repo.commit(f"add {token}\n\nand {token}", {f"{token}.py": f"x = '{token}'\n"})
    repo.git("mv", f"{token}.py", "b.py")
    repo.commit("move")
    for found in digests(repo):
        assert token not in repr(found)
        assert found.redactions >= 3


@pytest.mark.parametrize("padding", range(11_000, 17_000, 97))
def test_a_secret_at_the_edge_of_what_is_kept_does_not_survive(repo: Repo, padding: int) -> None:
    token = "gh" + "p_" + "k7Qw2Zx9Lm4Vb8Nt1Rc6Yd3Hf5Js0Pg7Ue2A"
    repo.commit("a", {"a.py": "é " * (padding // 3) + f"'{token}'" + "é " * 9000})
    found = digest(repo)
    assert "gh" + "p_" not in found.diff
    assert found.diff_cut


def test_a_failing_redactor_costs_the_text_not_the_commit(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(texts: object) -> None:
        raise RecursionError

    sha = repo.commit("subject", {"name.py": "content\n"})
    monkeypatch.setattr(history_digest, "redact_all", fail)
    found = digest(repo)
    assert (found.sha, found.subject, found.body, found.diff) == (sha, "[withheld: the redactor failed]", "", "")
    assert (found.files, found.files_total, found.insertions, found.diff_missing) == ((), 1, 1, "withheld")
    assert "Ada" not in repr(found)


def test_the_budget_holds_and_says_what_is_missing(repo: Repo) -> None:
    repo.commit("a", {f"f{number:02}.py": lines(0, 200) for number in range(40)} | {"package-lock.json": lines(0, 999)})
    found = digest(repo)
    assert (len(found.diff) <= 3000, found.diff_cut, found.files_total, found.insertions) == (True, True, 41, 8999)
    assert "more files not shown]\n" in found.diff
    assert "package-lock.json" not in found.diff
    assert found.diff.count("+++ b/f") >= 8


def fast_import(repo: Repo, chunks: object) -> None:
    repo.git("fast-import", "--quiet", input=b"".join(chunks))  # type: ignore[arg-type]


def test_twenty_thousand_files(repo: Repo) -> None:
    head = b"blob\nmark :1\ndata 2\n1\n\ncommit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 4\nmany\n"
    fast_import(repo, [head, *(b"M 100644 :1 d%d/f%d.py\n" % (n % 97, n) for n in range(20_500))])
    found = digest(repo, "main")
    assert (found.files_total, found.insertions, len(found.files)) == (20_500, 20_500, 500)
    assert (found.files_cut, found.diff_cut, len(found.diff) <= 3000) == (20_000, True, True)


def test_one_enormous_line(repo: Repo) -> None:
    repo.commit("a", {"line.txt": b"x" * 1_900_000, "over.txt": b"y" * 3_000_000, "a.py": "small = 1\n"})
    found = digest(repo)
    assert [(file.path, file.insertions) for file in found.files] == [("a.py", 1), ("line.txt", 1), ("over.txt", None)]
    assert "small = 1" in found.diff
    assert "1.9 MB of line.txt not shown]" in found.diff
    assert len(found.diff) <= 3000


def test_an_enormous_message_is_cut_and_says_so(repo: Repo) -> None:
    token = "gh" + "p_" + "k7Qw2Zx9Lm4Vb8Nt1Rc6Yd3Hf5Js0Pg7Ue2A"
    for padding in range(200, 1600, 7):
        message = b"subject\n\nbody\n" + b"w " * ((262_144 - padding) // 2) + token.encode() + b" tail" * 100_000
        found = digest(repo, commit_object(repo, message))
        assert found.subject == "subject"
        assert "gh" + "p_k" not in found.body
        assert found.body.endswith(" bytes of the message not shown]")
        assert len(found.body) < 263_000


def test_many_warnings_do_not_stop_the_reading(repo: Repo) -> None:
    """A folder in the place of each .gitattributes: git complains about every one of them."""
    repo.commit("a", {f"d{number}/{'x' * 200}/f": "1\n" for number in range(400)})
    for number in range(400):
        (repo.path / f"d{number}/{'x' * 200}/.gitattributes").mkdir()
    assert digest(repo).files_total == 400


def test_patches_with_nuls_and_false_boundaries(repo: Repo) -> None:
    tricky = "a\n" * 5000 + "\0\ndiff --git a/x b/x\n::1\0\0#\n"
    repo.commit("a", {"t.txt": tricky, "z.py": "z = 1\n"})
    repo.commit("b", {"t.txt": tricky + "\0more\0\0diff --cc x\n"})
    last, first = digests(repo, diff_budget=100_000)
    assert (first.files_total, first.insertions, last.insertions) == (2, 5004, 1)
    assert "z = 1" in first.diff
    assert "+\ufffdmore\ufffd\ufffddiff --cc x\n" in last.diff
    assert "\0" not in first.diff + last.diff


def test_leaving_early_leaves_no_process(repo: Repo) -> None:
    for number in range(3):
        repo.commit(f"c{number}", {"a": f"{number}"})
    stream = read_digests(repo.repository, revisions=["HEAD"])
    assert next(stream).subject == "c2"
    stream.close()  # type: ignore[attr-defined]
