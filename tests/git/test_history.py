"""Every odd kind of commit, made for real and read back."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.run import GitFailed
from tests.gitrepo import Repo


def digests(repo: Repo, *revisions: str, **limits: object) -> list[CommitDigest]:
    return list(read_digests(repo.repository, revisions=revisions or ("HEAD",), limits=DigestLimits(**limits)))  # type: ignore[arg-type]


def digest(repo: Repo, revision: str = "HEAD", **limits: object) -> CommitDigest:
    found = digests(repo, "-1", revision, **limits)
    assert len(found) == 1
    payload = json.loads(json.dumps(found[0].to_payload()))
    assert CommitDigest.from_payload(payload) == found[0]
    assert sqlite3.connect(":memory:").execute("SELECT ?", [json.dumps(found[0].to_payload())]).fetchone()
    json.dumps(found[0].to_payload(), ensure_ascii=False).encode()
    return found[0]


def lines(start: int, end: int) -> str:
    return "".join(f"line {number}\n" for number in range(start, end))


def test_root_commit_is_compared_with_the_empty_tree(repo: Repo) -> None:
    repo.commit("first\n\nwhy\nso", {"a.py": "x = 1\n"}, at=1_700_000_000)
    found = digest(repo)
    assert (found.parents, found.subject, found.body) == ((), "first", "why\nso")
    assert (found.author.name, found.author.email, found.author.at_utc) == (
        "Ada Example",
        "ada@example.org",
        1_700_000_000,
    )
    assert found.files == (FileChange("a.py", "A", 1, 0, old_mode="000000"),)
    assert (found.files_total, found.insertions, found.deletions, found.kind) == (1, 1, 0, "commit")
    assert found.diff == "--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x = 1\n"
    assert (found.diff_cut, found.diff_missing, found.branch, found.origin) == (False, "", None, "created")


def test_named_commits_come_in_the_order_asked_for(repo: Repo) -> None:
    shas = [repo.commit(f"c{number}", {"a": f"{number}\n"}) for number in range(5)]
    order = [shas[3], shas[0], shas[4], shas[3]]
    missing: list[str] = []
    gone = "12" * 20
    found = read_digests(repo.repository, [*order[:1], gone, *order[1:]], origin="history", on_missing=missing.append)
    assert [(each.sha, each.origin) for each in found] == [(sha, "history") for sha in order[:3]]
    assert missing == [gone]
    assert list(read_digests(repo.repository, [])) == []
    assert list(read_digests(repo.repository, [gone], on_missing=missing.append)) == []
    assert missing == [gone, gone]


def test_revisions_are_walked_as_git_does(repo: Repo) -> None:
    shas = [repo.commit(f"c{number}") for number in range(4)]
    assert [each.sha for each in digests(repo, "HEAD", "--max-count=2", "--reverse")] == shas[2:]
    with pytest.raises(GitFailed, match="nosuch"):
        digests(repo, "nosuch")


def test_unborn_head_has_no_history(repo: Repo) -> None:
    with pytest.raises(GitFailed):
        digests(repo)
    assert list(read_digests(repo.repository, ["1" * 40])) == []


def test_an_empty_commit(repo: Repo) -> None:
    repo.commit("a", {"a": "1"})
    repo.commit("nothing")
    found = digest(repo)
    assert (found.files, found.files_total, found.diff, found.diff_missing) == ((), 0, "", "")


def test_message_that_is_empty(repo: Repo) -> None:
    repo.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    assert (digest(repo).subject, digest(repo).body) == ("", "")


@pytest.mark.parametrize(
    ("message", "subject", "body"),
    [
        ("a|b|c \x01\x02 \"'`$(x)", "a|b|c \x01\x02 \"'`$(x)", ""),
        ("two\nlines of subject\n\nbody\n\n- one\n- two\n\n", "two lines of subject", "body\n\n- one\n- two"),
        ("diff --git a/x b/x\n\n@@ -1 +1 @@\n+faked", "diff --git a/x b/x", "@@ -1 +1 @@\n+faked"),
        ("::100644 100644 M\tx", "::100644 100644 M\tx", ""),
        ("naïve ☃ 𝄞 \u2028 end", "naïve ☃ 𝄞 \u2028 end", ""),
    ],
)
def test_messages_of_any_character(repo: Repo, message: str, subject: str, body: str) -> None:
    repo.commit("first", {"x": "1\n"})
    repo.commit(message, {"x": "2\n"})
    found = digest(repo)
    assert (found.subject, found.body, found.files_total) == (subject, body, 1)


def commit_object(
    repo: Repo, message: bytes, *, encoding: str = "", name: bytes = b"Ada Example", date: str = "1700000000 -0330"
) -> str:
    tree = repo.git("write-tree")
    declared = f"encoding {encoding}\n" if encoding else ""
    raw = (
        f"tree {tree}\nauthor ".encode() + name + f" <ada@example.org> {date}\ncommitter ".encode() + name
        + f" <ada@example.org> {date}\n{declared}\n".encode() + message
    )  # fmt: skip
    return repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", input=raw)


@pytest.mark.parametrize(
    ("raw", "encoding", "subject"),
    [
        ("grün".encode("latin-1"), "", "grün"),
        ("grün".encode("latin-1"), "ISO-8859-1", "grün"),
        ("日本".encode("shift_jis"), "SHIFT_JIS", "日本"),
        ("日本".encode("euc-jp"), "no-such-encoding", "日本".encode("euc-jp").decode("latin-1")),
        (b"lone \xed\xa0\x80 surrogate", "", "lone í\xa0\x80 surrogate"),
        (b"\xff\xfe", "hex", "ÿþ"),
    ],
)
def test_messages_that_are_not_utf8(repo: Repo, raw: bytes, encoding: str, subject: str) -> None:
    sha = commit_object(repo, raw, encoding=encoding, name=b"Gr\xfcn")
    found = digest(repo, sha)
    assert found.subject == subject
    assert found.author.offset_min == -210


def test_dates_that_are_broken(repo: Repo) -> None:
    for date in ("nonsense", "99999999999999999999 +0000", "-5 +0000", "1700000000 +9999"):
        digest(repo, commit_object(repo, b"x", date=date))


def test_the_mailmap_does_not_change_who_it_was(repo: Repo) -> None:
    repo.commit("a", {".mailmap": "Somebody Else <else@example.org> <ada@example.org>\n"})
    repo.git("config", "log.mailmap", "true")
    assert digest(repo).author.name == "Ada Example"


@pytest.mark.parametrize(
    "name", ["a b", "new\nline", 'tab\tq"uote', "日本.txt", " lead", "-dash", ":colon", "a|b", "#x", "::1", "7\t7\tx"]
)
def test_paths_of_any_character(repo: Repo, name: str) -> None:
    repo.commit("add", {f"{name}": "1\n", "z/é": "1\n"})
    found = digest(repo)
    assert sorted(file.path for file in found.files) == sorted([name, "z/é"])
    assert found.insertions == 2
    repo.git("mv", "--", name, f"{name}2")
    repo.git("commit", "-q", "-m", "move")
    assert digest(repo).files == (FileChange(f"{name}2", "R", 0, 0, old_path=name),)


def test_paths_that_are_not_utf8_show_their_bytes(repo: Repo) -> None:
    (Path(os.fsdecode(os.fsencode(repo.path) + b"/caf\xe9.txt"))).write_text("1\n")
    repo.commit("odd")
    found = digest(repo)
    assert found.files[0].path == "caf\\xe9.txt"
    assert "+++ b/caf\\xe9.txt\n" in found.diff


def test_renames_and_copies(repo: Repo) -> None:
    repo.commit("a", {"old.py": lines(0, 30), "source.py": lines(100, 130)})
    repo.git("mv", "old.py", "new.py")
    repo.commit("b", {"new.py": lines(0, 30) + "more\n", "copy.py": lines(100, 130), "source.py": lines(100, 131)})
    assert digest(repo).files == (
        FileChange("copy.py", "C", 0, 0, old_path="source.py"),
        FileChange("new.py", "R", 1, 0, old_path="old.py"),
        FileChange("source.py", "M", 1, 0),
    )
    assert "--- a/old.py\n+++ b/new.py\n@@" in digest(repo).diff


def test_binary_files_have_no_counts(repo: Repo) -> None:
    repo.commit("a", {"x.bin": b"\0\1\2" * 50})
    found = digest(repo)
    assert found.files == (FileChange("x.bin", "A", None, None, binary=True, old_mode="000000"),)
    assert (found.insertions, found.diff, found.diff_cut) == (0, "", False)


def test_mode_changes_symlinks_and_changes_of_type(repo: Repo) -> None:
    repo.commit("a", {"run.sh": "echo\n", "t": "file\n"})
    (repo.path / "run.sh").chmod(0o755)
    (repo.path / "link").symlink_to("run.sh")
    (repo.path / "t").unlink()
    (repo.path / "t").symlink_to("elsewhere")
    repo.commit("b", {"zz.py": "z = 1\n"})
    found = digest(repo)
    assert found.files == (
        FileChange("link", "A", 1, 0, old_mode="000000", new_mode="120000"),
        FileChange("run.sh", "M", 0, 0, new_mode="100755"),
        FileChange("t", "T", 1, 1, new_mode="120000"),
        FileChange("zz.py", "A", 1, 0, old_mode="000000"),
    )
    assert "+++ b/zz.py\n@@ -0,0 +1 @@\n+z = 1\n" in found.diff
    assert "--- a/t\n+++ /dev/null\n@@ -1 +0,0 @@\n-file\n" in found.diff


def test_submodule_bumps(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    inner = make_repo("inner")
    first = inner.commit("i", {"i": "1"})
    second = inner.commit("j", {"i": "2"})
    for number, sha in enumerate((first, second)):
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{sha},sub")
        repo.git("commit", "-q", "-m", f"bump {number}")
    repo.git("config", "diff.ignoreSubmodules", "all")
    repo.git("config", "diff.submodule", "log")
    found = digest(repo)
    assert found.files == (FileChange("sub", "M", 1, 1, old_mode="160000", new_mode="160000"),)
    assert f"-Subproject commit {first}\n+Subproject commit {second}\n" in found.diff


def make_merge(repo: Repo, *, resolved: str) -> str:
    repo.commit("base", {"f.py": lines(0, 20), "g.py": lines(0, 20), "moved.py": lines(40, 80)})
    repo.git("checkout", "-q", "-b", "side")
    repo.git("mv", "moved.py", "there.py")
    repo.git("rm", "-q", "g.py")
    repo.commit("side", {"f.py": "side\n" + lines(1, 20), "h.py": "h = 1\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("main", {"f.py": "main\n" + lines(1, 20)})
    repo.git("merge", "-q", "side", check=False)
    return repo.commit("Merge branch 'side'", {"f.py": resolved + lines(1, 20)})


def test_a_merge_counts_against_its_first_parent_and_shows_the_resolution(repo: Repo) -> None:
    make_merge(repo, resolved="both\n")
    found = digest(repo)
    assert (found.kind, len(found.parents)) == ("merge", 2)
    assert found.files == (
        FileChange("f.py", "M", 1, 1),
        FileChange("g.py", "D", 0, 20, new_mode="000000"),
        FileChange("h.py", "A", 1, 0, old_mode="000000"),
        FileChange("there.py", "R", 0, 0, old_path="moved.py"),
    )
    assert (found.insertions, found.deletions) == (2, 21)
    assert found.diff.startswith("--- a/f.py\n+++ b/f.py\n@@@ -1,4 -1,4 +1,4 @@@\n- main\n -side\n++both\n")
    assert "h.py" not in found.diff


def test_a_clean_merge_has_counts_and_no_diff(repo: Repo) -> None:
    make_merge(repo, resolved="main\n")
    found = digest(repo)
    assert (found.files_total, found.diff, found.diff_missing) == (3, "", "")


def test_an_octopus_merge(repo: Repo) -> None:
    repo.commit("base", {"f": "1\n"})
    for name in "abc":
        repo.git("checkout", "-q", "-b", name, "main")
        repo.commit(name, {name: "1\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("main", {"m": "1\n"})
    repo.git("merge", "-q", "-m", "octopus", "a", "b", "c")
    found = digest(repo)
    assert (len(found.parents), [file.path for file in found.files], found.insertions) == (4, ["a", "b", "c"], 3)
    assert [each.kind for each in digests(repo)].count("merge") == 1


def test_a_merge_of_submodules_and_links_keeps_their_modes(repo: Repo) -> None:
    repo.commit("base", {"x": "1\n"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.git("commit", "-q", "-m", "sub")
    repo.git("checkout", "-q", "-b", "side")
    repo.git("update-index", "--cacheinfo", f"160000,{'2' * 40},sub")
    repo.git("commit", "-q", "-m", "bump")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert digest(repo).files == (FileChange("sub", "M", 1, 1, old_mode="160000", new_mode="160000"),)


def test_a_revert_is_known_by_what_git_wrote(repo: Repo) -> None:
    sha = repo.commit("bad", {"a": "1"})
    repo.git("revert", "--no-edit", sha)
    assert digest(repo).kind == "revert"


def test_sha256_repositories(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo(object_format="sha256")
    make_merge(repo, resolved="both\n")
    found = digests(repo)
    assert [len(each.sha) for each in found] == [64] * 4
    assert (found[0].insertions, found[0].deletions, found[0].files[1].status) == (2, 21, "D")


def test_bare_and_detached(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    sha = repo.commit("a", {"a": "1\n"})
    repo.commit("b", {"a": "2\n"})
    repo.git("checkout", "-q", "--detach", sha)
    assert [each.subject for each in digests(repo)] == ["a"]
    bare = make_repo("bare", init=False)
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare.path))
    assert [each.files for each in digests(bare, "main")] == [each.files for each in digests(repo, "main")]


def test_a_shallow_clone_does_not_pretend_to_have_made_everything(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    shas = [repo.commit(f"c{number}", {f"f{number}": "1\n"}) for number in range(4)]
    clone = make_repo("clone", init=False)
    repo.git("clone", "-q", "--depth=2", f"file://{repo.path}", str(clone.path))
    top, edge = digests(clone)
    assert ([file.path for file in top.files], top.diff_missing) == (["f3"], "")
    assert (edge.sha, edge.parents, edge.files, edge.diff_missing) == (shas[2], (shas[1],), (), "not-present")


def partial_clone(repo: Repo, make_repo: Callable[..., Repo], what: str) -> Repo:
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = make_repo("clone", init=False)
    repo.git("clone", "-q", "--no-checkout", f"--filter={what}", f"file://{repo.path}", str(clone.path))
    return clone


def test_a_partial_clone_fetches_nothing_and_goes_on(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    shas = [repo.commit(f"c{number}", {"f.py": lines(0, number + 1), "small": f"{number}\n"}) for number in range(6)]
    clone = partial_clone(repo, make_repo, "blob:limit=30")
    objects = clone.git("count-objects", "-v")
    for found in (digests(clone), list(reversed(list(read_digests(clone.repository, shas))))):
        assert [each.sha for each in found] == shas[::-1]
        assert [each.diff_missing for each in reversed(found)] == ["", "", "", "", "not-present", "not-present"]
        assert [file.path for file in found[0].files] == ["f.py", "small"]
        assert (found[0].files[0].status, found[0].files[0].insertions, found[0].diff) == ("M", None, "")
    assert clone.git("count-objects", "-v") == objects


def test_a_clone_without_trees_still_has_its_messages(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    for number in range(3):
        repo.commit(f"c{number}", {"f.py": f"{number}\n"})
    found = digests(partial_clone(repo, make_repo, "tree:0"))
    assert [(each.subject, each.diff_missing) for each in found] == [(f"c{n}", "not-present") for n in (2, 1, 0)]


def test_the_users_configuration_changes_nothing(repo: Repo) -> None:
    repo.commit("base", {"b.py": lines(0, 30), "a.py": "x\n", "Ж.py": "1\n"})
    repo.git("mv", "b.py", "c.py")
    repo.commit("change", {"c.py": lines(0, 29), "a.py": "x\n\ny\n", "Ж.py": "2\n"})
    make_merge(repo, resolved="both\n")
    before = digests(repo)
    (repo.path.parent / "order").write_text("c.py\n")
    for setting in (
        "diff.noprefix=true", "diff.mnemonicPrefix=true", "diff.renames=false", "diff.algorithm=patience",
        "log.showSignature=true", "log.mailmap=true", "log.date=relative", "log.decorate=full", "log.showRoot=false",
        "diff.context=0", "diff.interHunkContext=50", "diff.suppressBlankEmpty=true", "log.diffMerges=separate",
        "color.ui=always", "color.diff=always", "diff.colorMoved=zebra", "format.pretty=oneline", "format.notes=true",
        "i18n.logOutputEncoding=ISO-8859-1", "core.quotePath=false", "core.abbrev=5", "diff.external=false",
        "diff.renameLimit=1", "diff.indentHeuristic=false", "diff.relative=true", "diff.wsErrorHighlight=all",
        "log.follow=true", "log.graphColors=red", "diff.statGraphWidth=1", f"diff.orderFile={repo.path.parent}/order",
        "diff.dstPrefix=q/", "diff.srcPrefix=r/", "core.pager=false", "diff.noindex=1", "core.bigFileThreshold=1",
    ):  # fmt: skip
        name, _, value = setting.partition("=")
        repo.git("config", name, value)
        assert digests(repo) == before, setting


def test_attributes_are_the_repositorys_wherever_we_are(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("a", {".gitattributes": "*.dat -diff\n", "x.dat": "text\n", "y.txt": "text\n"})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".gitattributes").write_text("*.txt -diff\n")
    monkeypatch.chdir(elsewhere)
    assert [(file.path, file.binary) for file in digest(repo).files] == [
        (".gitattributes", False), ("x.dat", True), ("y.txt", False),
    ]  # fmt: skip
