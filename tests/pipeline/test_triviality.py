"""What is routine, a release or cosmetic, and what only sounds so."""

from __future__ import annotations

import pytest

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.offline import OfflineExtractor, read_commit
from tests.pipeline.digests import digest

VERSION = '-version = "1.2.2"\n+version = "1.2.3"'
CI = ".github/workflows/ci.yml"


def reason(subject: str, **hunks: str) -> str | None:
    return read_commit(digest(subject, hunks={path.replace("__", "/"): text for path, text in hunks.items()})).trivial


@pytest.mark.parametrize(
    "commit",
    [
        digest("shop-1.2.3", hunks={"Cargo.toml": VERSION}),
        digest("crates/shop-core-0.3.0", hunks={"Cargo.toml": VERSION}),
        digest("Bumped v5.11.3", hunks={"shop.js": "-const v = 1\n+const v = 2", "package.json": '-  "version": "1.0.1",\n+  "version": "1.0.2",'}),
        digest("Bump for release", hunks={"shop/a.py": "-x = 1\n+x = 2"}),
        digest("release: 1.2.3", hunks={"shop/a.py": "-x = 1\n+x = 2"}),
        digest("changelog: 1.2.3", hunks={"docs/a.md": "-TBD\n+1.2.3\n+=====\n+Enjoy"}),
        digest("Shop and its parts", hunks={"Cargo.toml": f'{VERSION}\n-a = {{ version = "0.1.1", path = "a" }}\n+a = {{ version = "0.1.2", path = "a" }}'}),
    ],
    ids=lambda commit: commit.subject,
)  # fmt: skip
def test_releases(commit: CommitDigest) -> None:
    assert read_commit(commit).trivial == "release or version number"


@pytest.mark.parametrize(
    "subject", ["Bump esbuild", "Bump @shop/eslint-plugin", "Bump actions/cache from 5 to 6 (#12)", "build(deps): bump a and b"]
)  # fmt: skip
def test_routine(subject: str) -> None:
    commit = digest(subject, hunks={"package.json": '-    "a": "^1.0.0",\n+    "a": "^2.0.0",'})
    assert read_commit(commit).trivial == "routine update of dependencies"


STEPS = "     steps:\n-      - run: npm publish\n+      - run: npm publish --provenance\n+      - run: echo\n-      - run: date"


@pytest.mark.parametrize(
    "commit",
    [
        digest("Bump limit of rows", hunks={"shop/a.py": "-LIMIT = 1\n+LIMIT = 2"}),
        digest("Bump MSRV to 1.74", hunks={"Cargo.toml": '-rust-version = "1.65"\n+rust-version = "1.74"'}),
        digest("build(deps): replace proxy by @shop/proxy (#3)", hunks={"package.json": '-    "proxy": "^1.0.0",\n+    "@shop/proxy": "^1.0.0",'}),
        digest("release: switch to link-time optimisation", hunks={"Cargo.toml": '-lto = "thin"\n+lto = "fat"\n+codegen-units = 1'}),
        digest("Publish with provenance", "Npm shows it.", hunks={CI: STEPS}),
        digest("Check only after it is used", hunks={"shop/a.py": "-    check(a, 1.2)\n     use(a)\n+    check(a, 1.2)"}),
        digest("Fix regression: trim trailing white space of names", hunks={"shop/a.py": "-    return name\n+    return name.rstrip()"}),
        digest("Support old uname on macs", hunks={"install": "-uname -o\n+uname -s"}),
    ],
    ids=lambda commit: commit.subject,
)  # fmt: skip
def test_real_changes(commit: CommitDigest) -> None:
    assert read_commit(commit).trivial is None
    assert len(OfflineExtractor().extract([commit]).drafts) == 1


def test_what_a_moved_line_and_a_moved_version_are() -> None:
    moved = "-      - uses: a/b@v1\n       - run: x\n+      - uses: a/b@v1"
    assert (
        reason("Order of what is run there", **{".github__workflows__ci.yml": moved})
        != "routine update of dependencies"
    )
    newer = "-      - uses: a/b@v1\n+      - uses: a/b@v2"
    assert (
        reason("Order of what is run there", **{".github__workflows__ci.yml": newer})
        == "routine update of dependencies"
    )


def test_cosmetic_in_code_only_without_other_change() -> None:
    same = read_commit(digest("Trim trailing newlines", hunks={"shop/a.py": "-x = 1  \n+x = 1"})).trivial
    assert same == "white space or comments only"
    assert read_commit(digest("Fix typo in name", hunks={"shop/a.py": "-totla = 1\n+total = 1"})).trivial


def test_cosmetic_in_documents() -> None:
    lines = {"docs/a.md": "-two  words\n+two words\n-more  of it\n+more of it"}
    for commit in (
        digest("Mend double spacing of the manual", hunks=lines),
        digest("Update a.md", "Only a typo was in there.", hunks=lines),
    ):
        assert read_commit(commit).trivial == "typos, spelling or formatting"


def test_a_program_called_install_is_no_text() -> None:
    assert (path_kind("install"), path_kind("INSTALL"), path_kind("docs/install.md")) == ("source", "doc", "doc")


def test_a_request_number_explains_nothing() -> None:
    commit = digest("Add a shop to the list (#12)", hunks={"docs/a.md": "+- [a shop](https://example.org)"})
    assert OfflineExtractor().extract([commit]).drafts == ()


def test_an_edit_of_which_nothing_can_be_told() -> None:
    lines = "\n".join(f"+<img src={number}.png>" for number in range(9))
    assert OfflineExtractor().extract([digest("Update README.md", hunks={"README.md": lines})]).drafts == ()


def test_a_line_under_a_title_of_no_words() -> None:
    assert OfflineExtractor().extract([digest("Reverting", hunks={"shop/a.py": "-    go(1)\n+    go(2)"})]).drafts == ()
