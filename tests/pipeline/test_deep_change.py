"""What deep enrichment tells of a change: each file at the item's newest commit beside the one before its oldest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from contox_hooks.domain.item import Evidence, Item
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.run import GitFailed
from contox_hooks.pipeline import deep
from contox_hooks.pipeline.deep import Deepened, deepen
from contox_hooks.pipeline.source import tree
from tests.gitrepo import Repo

SHA = "e" * 40
BEFORE = "def total(prices):\n    return sum(prices)\n\ndef same(a):\n    return a\n"
AFTER = (
    "def total(prices, *, rounded=True):\n    return sum(prices)\n\ndef same(a):\n    return a\n\ndef tax(net): ...\n"
)


def item(*files: str, facts: str = "", sha: str = SHA) -> Item:
    return Item(
        "i", "p", None, "implementation", "t", facts, "root/x", 0.7, 3, "active",
        files=files, evidence=(Evidence(sha, "subject"),),
    )  # fmt: skip


def deepened(one: Item, before: Mapping[str, str], after: Mapping[str, str]) -> Deepened:
    def read(revision: str, path: str) -> bytes | None:
        text = (before if revision.endswith("^") else after).get(path)
        return None if text is None else text.encode()

    return deepen([one], read)


def lines(one: Item, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return deepened(one, before, after).facts_by_item.get("i", "").splitlines()[1:]


def test_what_changed_is_told_before_and_after() -> None:
    assert lines(item("a.py"), {"a.py": BEFORE}, {"a.py": AFTER}) == [
        "- `def total(prices)` becomes `def total(prices, *, rounded=True)` (a.py)",
        "- adds `def tax(net)` (a.py)",
    ]


def test_names_and_quotes_do_not_bring_in_what_did_not_change() -> None:
    one = item("a.py", facts="- a.py: `return total(same)`; changes `same`")
    told = lines(one, {"a.py": BEFORE}, {"a.py": AFTER})
    assert not any("same" in line for line in told)
    assert lines(one, {"a.py": BEFORE}, {"a.py": BEFORE}) == ["- `def total(prices)` (a.py)", "- `def same(a)` (a.py)"]


def test_what_the_facts_have_is_not_told_again() -> None:
    facts = "- a.py: adds `def tax(net)`; `def total(prices)` becomes `def total(prices, *, rounded=True)`"
    assert lines(item("a.py", facts=facts), {"a.py": BEFORE}, {"a.py": AFTER}) == []


def test_a_new_file_has_no_before() -> None:
    assert lines(item("a.py"), {}, {"a.py": BEFORE}) == ["- `def total(prices)` (a.py)", "- `def same(a)` (a.py)"]
    assert deepened(item("a.py"), {}, {"a.py": BEFORE}).skipped == ()


def test_a_before_that_does_not_parse_is_said_and_nothing_is_made_up() -> None:
    found = deepened(item("a.py"), {"a.py": "def (:\n"}, {"a.py": BEFORE})
    assert found.skipped == ("a.py at eeeeeeeeeeee^: does not parse (line 1)",)
    assert "becomes" not in found.facts_by_item["i"]
    assert "adds" not in found.facts_by_item["i"]


def test_a_definition_that_moves_between_files() -> None:
    told = lines(item("a.py", "b.py"), {"a.py": BEFORE, "b.py": ""}, {"a.py": "", "b.py": BEFORE})
    assert told == ["- moves `def total(prices)` (a.py → b.py)", "- moves `def same(a)` (a.py → b.py)"]


def test_several_languages_in_one_item() -> None:
    before = {
        "a.go": "package a\nfunc F(a int) {}\n",
        "b.ts": "export interface U { id: number }\n",
        "c.sql": "CREATE TABLE u (id int);",
    }
    after = {
        "a.go": "package a\nfunc F(a string) {}\n",
        "b.ts": "export interface U { id: string }\n",
        "c.sql": "CREATE TABLE u (id uuid);",
    }
    assert lines(item("a.go", "b.ts", "c.sql", "README.md"), before, after) == [
        "- `func F(a int)` becomes `func F(a string)` (a.go)",
        "- schema U (interface) id: number becomes id: string (b.ts)",
        "- schema u (SQL table) id int becomes id uuid (c.sql)",
    ]


def test_a_file_read_in_part_is_said() -> None:
    text = "int f(int a) { return a; }\nint g(int a WEIRD(x) unused) { return 1; }\n"
    found = deepened(item("a.c"), {"a.c": text}, {"a.c": text.replace("int f(int a)", "int f(long a)")})
    assert found.partly == (
        "a.c at eeeeeeeeeeee: does not parse at line 2",
        "a.c at eeeeeeeeeeee^: does not parse at line 2",
    )
    assert "`int f(int a)` becomes `int f(long a)`" in found.facts_by_item["i"]
    assert found.skipped == ()


def test_a_long_path_is_told_by_its_end() -> None:
    path = "src/main/java/org/example/shop/owner/" + "a" * 20 + ".py"
    assert lines(item(path), {path: BEFORE}, {path: BEFORE + "x = 1\n\ndef g(): ...\n"}) == [
        f"- adds `def g()` (…/org/example/shop/owner/{'a' * 20}.py)"
    ]


def test_secrets_get_in_from_neither_side() -> None:
    old, new = "corr3ct" + "-h0rse", "b4ttery" + "-st4ple"
    found = deepened(
        item("a.ts"),
        {
            "a.ts": f"export function connect(host: string, password = '{old}') {{}}\nexport enum E {{ API_TOKEN = '{old}' }}\n"
        },
        {
            "a.ts": f"export async function connect(host: string, password = '{new}') {{}}\nexport enum E {{ X, API_TOKEN = '{new}' }}\n"
        },
    )
    text = found.facts_by_item["i"]
    assert "[redacted:" in text
    assert old not in text
    assert new not in text


def test_a_missing_wheel_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_ruby", None)
    tree.grammar.cache_clear()
    tree._parser.cache_clear()
    found = deepened(item("a.rb"), {}, {"a.rb": "def f; end\n"})
    assert found.skipped == ("a.rb at eeeeeeeeeeee: needs tree-sitter-ruby (pip install tree-sitter-ruby)",)


def test_the_file_of_one_commit_is_parsed_once_though_the_next_starts_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    outline = deep.outline
    monkeypatch.setattr(deep, "outline", lambda content, path: parsed.append(content) or outline(content, path))
    texts = {"a" * 40 + "^": "x = 1\n", "a" * 40: "x = 2\n", "b" * 40 + "^": "x = 2\n", "b" * 40: "x = 3\n"}
    deepen(
        [replace(item("a.py", sha="a" * 40), id="1"), replace(item("a.py", sha="b" * 40), id="2")],
        lambda revision, path: texts[revision].encode(),
    )
    assert len(parsed) == 3


def from_git(repo: Repo, one: Item) -> list[str]:
    with Blobs(repo.repository.common_dir) as blobs:

        def read(revision: str, path: str) -> bytes | None:
            try:
                return blobs(revision, path)
            except GitFailed:
                return None

        return deepen([one], read).facts_by_item.get("i", "").splitlines()[1:]


def test_from_git_with_a_first_commit_a_range_and_a_merge(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo()
    first = repo.commit("start", {"a.go": "package a\nfunc F(a int) {}\n"})
    second = repo.commit("more", {"a.go": "package a\nfunc F(a string) {}\n"})
    third = repo.commit("again", {"a.go": "package a\nfunc F(a string) {}\nfunc G() {}\n"})
    (repo.path / "a.go").write_text("package a // in the work tree, not in any commit\nfunc H() {}\n")
    assert from_git(repo, item("a.go", sha=first)) == ["- `func F(a int)` (a.go)"]
    assert from_git(repo, item("a.go", sha=second)) == ["- `func F(a int)` becomes `func F(a string)` (a.go)"]
    ranged = replace(item("a.go", sha=third), commit_range=f"{second}..{third}")
    assert from_git(repo, ranged) == [
        "- `func F(a int)` becomes `func F(a string)` (a.go)",
        "- adds `func G()` (a.go)",
    ]
