"""Only this repository's work, without what is excluded or secret, bounded and counted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.redaction import EDGE_CHARACTERS
from contox_hooks.git.tree import Trees, work_trees
from contox_hooks.transcript.evidence import MAX_CHARACTERS, MAX_COMMANDS, MAX_FILES, MAX_REQUESTS, evidence_of
from contox_hooks.transcript.format import Step
from tests.gitrepo import Repo

EXCLUSIONS = Exclusions(("*.env", "private/**", "notes"))
TOKEN = "ghp_" + "A1b2C3d4" * 4 + "E5f6"


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    base = tmp_path_factory.mktemp("trees")
    (base / "link to it").symlink_to(base / "my répo")
    repo = Repo(base / "my répo")
    (repo.path / "sub").mkdir()
    (repo.path / "new").mkdir()
    Repo(repo.path / "other inside")
    return Trees(repo.repository)


def root(trees: Trees) -> str:
    return str(trees.folders[0])


def test_a_path_is_ours_by_where_it_leads(trees: Trees) -> None:
    here = root(trees)
    link = str(Path(here).parent / "link to it")
    assert trees.holds(here)
    assert trees.holds(f"{link}/sub")
    assert not trees.holds(f"{here} too")
    assert not trees.holds("sub")
    assert not trees.holds(f"{here}/other inside")
    assert not trees.holds(f"{here}/\0")
    assert not trees.holds(f"{here}/\ud83d")
    assert trees.inside("a.py", f"{here}/sub") == "sub/a.py"
    assert trees.inside(f"{link}/new/é.py", "/") == "new/é.py"
    assert trees.inside("../../x.py", f"{here}/sub") is None
    assert trees.inside("../x.py", f"{here}/sub") == "x.py"
    assert trees.inside(f"{here}/other inside/a.py", here) is None


def test_a_folder_that_is_gone_is_ours_if_git_has_files_below_it(repo: Repo) -> None:
    repo.commit("one", {"was/here/a.txt": "a\n", "index*/b.txt": "b\n"})
    repo.git("rm", "-q", "--cached", "was/here/a.txt")
    repo.write("only/added/c.txt", "c\n")
    repo.git("add", "only")
    repo.commit("lib", {})
    for folder in ("was", "index*", "only"):
        shutil.rmtree(repo.path / folder)
    trees = Trees(repo.repository)
    assert trees.holds(f"{repo.path}/only/added")
    assert trees.holds(f"{repo.path}/index*")
    assert trees.inside("a.txt", f"{repo.path}/index*") == "index*/a.txt"
    assert not trees.holds(f"{repo.path}/vendor/other")  # it may have been another repository's
    assert trees.inside("x.py", f"{repo.path}/vendor/other") is None
    assert not trees.holds(f"{repo.path}/onl")
    assert not trees.holds(f"{repo.path}/a\nb")
    shutil.move(repo.path, repo.path.with_name("moved away"))
    assert trees.holds(str(repo.path))


def test_linked_work_trees_are_ours_also_within_the_main_one(repo: Repo, tmp_path: Path) -> None:
    repo.commit("one")
    for place in (repo.path / ".claude/worktrees/x", tmp_path / "beside"):
        repo.git("worktree", "add", "-q", "--detach", str(place))
    linked = Repo(tmp_path / "beside", init=False)
    assert set(work_trees(linked.repository)) == {repo.path, repo.path / ".claude/worktrees/x", linked.path}
    trees = Trees(linked.repository)
    assert trees.inside(str(repo.path / ".claude/worktrees/x/a.py"), "/") == "a.py"
    assert trees.inside(str(repo.path / "a.py"), "/") == "a.py"


def test_only_steps_made_here_tell(trees: Trees) -> None:
    here = root(trees)
    steps = [
        Step(1, here, ("one", "two"), (f"{here}/a.py", "/etc/hosts", "../b.py"), ("make",)),
        Step(2, "/elsewhere", ("three",), (f"{here}/c.py",), ("rm",)),
        Step(3, None, ("four",)),
        Step(4, here, ("one",), ("a.py",), ("make",)),
    ]
    found = evidence_of(steps, trees, EXCLUSIONS)
    assert (found.requests.shown, found.files.shown, found.commands.shown) == (("one", "two"), ("a.py",), ("make",))


def test_excluded_names_and_secrets_leave_nothing(trees: Trees) -> None:
    here = root(trees)
    words = f"mend prod.env, 'private/x y' and {here}/sub/deep.env or \"./private/key\". Read notes. /etc/prod.env TOKEN={TOKEN}"
    steps = [
        Step(1, here, (words,), ("conf/.env", "private/x", "ok.py"), (words,)),
        Step(2, f"{here}/sub", (), ("../private/y",), ("cat ../private/y",)),
    ]
    found = evidence_of(steps, trees, EXCLUSIONS)
    for word in (".env", "private", "notes", TOKEN):
        assert word not in repr(found)
    assert found.files.shown == ("ok.py",)
    assert found.requests.shown[0].startswith("mend [excluded], '[excluded]")


@pytest.mark.parametrize(
    "text",
    ["@conf/prod.env", "a.env#L10", "a.env…", "a.env’s", "“a.env”", "_a.env_", "**a.env**", "see a.env.", "-fprivate/x",
     "'x y.env'", "don't read 'x y.env'", '"my secrets/x.txt"', "my\\ secrets/x.txt", '"$HOME/my secrets/x.txt"',
     "$PWD/conf/x.yaml", "`pwd`/conf/x.yaml", ":/conf/x.yaml", "HEAD:conf/x.yaml", "sub/../conf//x.yaml",
     "-d@conf/x.yaml", "conf\\x.yaml", "cd conf && cat x.yaml", "cd 'my secrets' && cat x.txt", "git -C private show x",
     "cd /tmp; cd private/deep; cat x", "[it](conf/x.yaml:3)", 'conf"/x.yaml"'],
)  # fmt: skip
def test_an_excluded_name_is_known_in_every_spelling(trees: Trees, text: str) -> None:
    exclusions = Exclusions(("*.env", "private/**", "/conf/x.yaml", "my secrets/"))
    found = evidence_of([Step(1, root(trees), (text,), (), (text,))], trees, exclusions)
    for (shown,) in (found.requests.shown, found.commands.shown):
        assert "[excluded]" in shown
        assert not any(word in shown for word in (".env", "private", "yaml", "x.txt", "my secrets", "deep"))


def test_what_is_not_excluded_stays_as_it_was_said(trees: Trees) -> None:
    text = "don't mend conf/y.yaml, it's \"fine\": cd sub && make -C lib x=1 > out/a.txt 2>&1"
    exclusions = Exclusions(("/conf/x.yaml", "my secrets/"))
    (shown,) = evidence_of([Step(1, root(trees), (text,))], trees, exclusions).requests.shown
    assert shown == text


def test_what_a_command_writes_into_a_file_is_not_told(trees: Trees) -> None:
    body = "DB_HOST=db.internal\n"
    for command, told in (
        (f"cat > prod.env <<EOF\n{body}EOF\nmake", "cat > [excluded] <<EOF make"),
        (f"cat <<-'E F' > a\n{body}\tE F\nmake", "cat <<-'E F' > a make"),
        (f"cat <<A <<\\B\n{body}A\n{body}B\nmake", "cat <<A <<\\B make"),
        (f"cat <<EOF\n{body * 900}EOF\nmake", "cat <<EOF make"),
        (f"cat <<EOF\n{body}", "cat <<EOF"),
        ("cat <<<EOF\nmake", "cat <<<EOF make"),
    ):
        assert evidence_of([Step(1, root(trees), (), (), (command,))], trees, EXCLUSIONS).commands.shown == (told,)


def test_the_latest_are_shown_and_all_are_counted(trees: Trees) -> None:
    here = root(trees)
    texts = tuple(f"{number} {'long ' * 100}" for number in range(40))
    found = evidence_of([Step(1, here, texts, tuple(f"{text}.py" for text in range(40)), texts)], trees, EXCLUSIONS)
    for told, most in ((found.requests, MAX_REQUESTS), (found.files, MAX_FILES), (found.commands, MAX_COMMANDS)):
        assert (len(told.shown), told.total) == (most, 40)
        assert max(map(len, told.shown)) <= MAX_CHARACTERS
    assert found.requests.shown[-1].startswith("39 ")


def test_a_secret_at_the_end_of_what_is_looked_at(trees: Trees) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + ("QUJD" * 16 + "\n") * 60 + "-----END PRIVATE KEY-----\n"
    for length in range(3985, 3999):
        text = key + " " * (length - len(key)) + TOKEN
        (shown,) = evidence_of([Step(1, root(trees), (text,))], trees, EXCLUSIONS).requests.shown
        assert shown == "[…]"


@settings(max_examples=40, deadline=None)
@given(before=st.integers(0, 4400), words=st.text(alphabet="ab \n\ud83d\x00\x1b-/.", max_size=30))
def test_no_cut_leaves_half_a_secret(trees: Trees, before: int, words: str) -> None:
    here = root(trees)
    secrets = f" {TOKEN}" * (before // 50)
    found = evidence_of([Step(1, here, (secrets + words + f" token={TOKEN}" * 20,))], trees, EXCLUSIONS)
    assert len(TOKEN) < EDGE_CHARACTERS
    assert TOKEN[:12] not in repr(found)
    repr(found).encode()
