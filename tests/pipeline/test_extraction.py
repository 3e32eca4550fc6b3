"""What the offline extractor takes from diffs and from commits that belong together, beyond the readings of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft
from contox_hooks.git.history import read_digests
from contox_hooks.pipeline.document import is_changelog
from contox_hooks.pipeline.message import read_message
from contox_hooks.pipeline.offline import OfflineExtractor, read_commit
from contox_hooks.pipeline.quote import verified
from tests.gitrepo import Repo
from tests.pipeline.digests import digest

LINES = "+def total(prices):\n+    return sum(prices)\n+    # end of total"


def drafts(*commits: CommitDigest) -> tuple[Draft, ...]:
    found = OfflineExtractor().extract(commits).drafts
    assert verified(found, commits) == (list(found), 0)
    return found


@pytest.mark.parametrize(
    ("path", "hunk", "fact"),
    [
        ("pyproject.toml", '-httpx = "^0.23"\n+httpx = {version = "^0.27", extras = ["http2"]}',
         "moves dependency `httpx` from `^0.23` to `^0.27`"),
        ("Cargo.toml", '-serde = "1.0"\n+serde = { version = "1.2", features = ["derive"] }',
         "moves dependency `serde` from `1.0` to `1.2`"),
        ("go.mod", "-\tgolang.org/x/net v0.10.0\n+\tgolang.org/x/net v0.20.0",
         "moves dependency `golang.org/x/net` from `v0.10.0` to `v0.20.0`"),
        ("go.mod", "-go 1.20\n+go 1.22", "moves dependency `go` from `1.20` to `1.22`"),
        ("Gemfile", '-gem "rails", "~> 6.1"\n+gem "rails", "~> 7.0"', "moves dependency `rails` from `~>6.1` to `~>7.0`"),
        ("package.json", '-    "vue": "^2.7.0",\n+    "vue": "^3.4.0",', "moves dependency `vue` from `^2.7.0` to `^3.4.0`"),
        ("Dockerfile", "-FROM python:3.9-slim AS base\n+FROM python:3.12-slim AS base",
         "moves dependency `python` from `3.9-slim` to `3.12-slim`"),
        (".github/workflows/ci.yml", "+    steps:\n+      - uses: actions/cache@v4\n+      - run: make check\n+        env: {}",
         "adds dependency `actions/cache v4`"),
        ("shop/a.py", "+if 'SHOP_DEBUG' not in os.environ:\n+    quiet()\n+    leave()", "reads environment variable `SHOP_DEBUG`"),
    ],
)  # fmt: skip
def test_dependencies_from_and_to(path: str, hunk: str, fact: str) -> None:
    (draft,) = drafts(digest("Require what the shop needs abroad", hunks={path: hunk}))
    assert fact in draft.facts
    assert any(entry.path == path for entry in draft.evidence)


@pytest.mark.parametrize(
    ("path", "hunk", "facts"),
    [
        ("db/migrations/0002.sql", "+ALTER TABLE orders ADD COLUMN country TEXT;\n+CREATE UNIQUE INDEX by_day ON orders (day);",
         ["adds column `country` of table `orders`", "adds index `by_day`"]),
        ("alembic/versions/2.py", "+def upgrade():\n+    op.add_column(\n+        'orders',\n+        sa.Column('country', sa.Text()),\n"
         "+    )\n+    op.drop_table('carts')\n+\n+def downgrade():\n+    op.create_table('carts')",
         ["adds column `country` of table `orders`", "drops table `carts`"]),
        ("shop/migrations/0003_country.py", "+        migrations.AddField(\n+            model_name='order',\n+            name='country',\n"
         "+        ),", ["adds column `country` of table `order`"]),
        ("db/migrate/2.rb", "+    add_column :orders, :country, :string\n+    create_table :rates do |t|",
         ["adds column `country` of table `orders`", "adds table `rates`"]),
    ],
)  # fmt: skip
def test_schema_migrations(path: str, hunk: str, facts: list[str]) -> None:
    (draft,) = drafts(digest("Keep the country of every order", hunks={path: hunk}))
    for fact in facts:
        assert fact in draft.facts
    assert "adds table `carts`" not in draft.facts
    assert draft.schema_key == "root/data"


@pytest.mark.parametrize(
    ("path", "hunk", "reason"),
    [
        ("shop/a.py", '+def late(x):\n+    """Round once.\n+\n+    Rounding early loses cents because\n+    the bank rounds half up.\n'
         '+    """\n+    return x', "Rounding early loses cents because the bank rounds half up."),
        ("shop/a.c", "+/*\n+ * Keep the lock here, otherwise two\n+ * writers see one row.\n+ */\n+lock(row);\n+write(row);",
         "Keep the lock here, otherwise two writers see one row."),
    ],
)  # fmt: skip
def test_docstrings_and_block_comments_give_reasons(path: str, hunk: str, reason: str) -> None:
    (draft,) = drafts(digest("Round late in the basket", hunks={path: hunk}))
    assert draft.rationale == f"{reason} ({path})"


def test_a_list_entry_is_read_to_its_end() -> None:
    body = "What changes:\n\n- `walk()` is called for a batch\n  only when it is asked for\n- nothing else of the walk"
    assert read_message("Walk less", body).bullets == (
        "`walk()` is called for a batch only when it is asked for",
        "nothing else of the walk",
    )


def test_issues_are_found_in_links_too() -> None:
    body = "See https://example.org/ada/shop/issues/12 and gh-14.\n\nFixes https://example.org/ada/shop/issues/13"
    message = read_message("Round late", body)
    assert (message.closes, message.issues) == (("13",), ("13", "12", "14"))


def test_sentences_of_documents_are_whole() -> None:
    hunk = "+each call is tried three times, and then\n+given up. Every call waits for the limit of its\n+own host. A half\n 1"
    (draft,) = drafts(digest("Explain how calls are made", hunks={"docs/calls.md": hunk}))
    assert "says “Every call waits for the limit of its own host”" in draft.facts


def test_a_row_of_alike_commits_is_one_item() -> None:
    found = drafts(
        *(
            digest(f"odb: make `{name}()` function pluggable", hunks={"odb/source.c": f"+int {name}(void);\n{LINES}"})
            for name in ("open", "close", "read")
        ),
        digest("odb: forget the old cache", hunks={"odb/cache.c": LINES}),
    )
    assert len(found) == 2
    assert found[0].title.endswith("function pluggable (and 2 more like it)")
    assert len({entry.commit_sha for entry in found[0].evidence}) == 3


def test_going_on_with_the_same_files_is_one_item() -> None:
    first = digest("Charge orders by their country", hunks={"shop/price.py": LINES})
    on = digest("Charge orders by country of delivery", hunks={"shop/price.py": f"{LINES}\n+x = 1"}, minutes=30)
    other = digest("Show baskets on phones", hunks={"shop/price.py": f"{LINES}\n+x = 2"}, minutes=40)
    assert len(drafts(first, on)) == 1
    assert len(drafts(first, other)) == 2


def test_a_merged_request_explains_and_is_cited() -> None:
    small = digest("Stop at the first rate", hunks={"docs/rates.md": "-all\n+first"}, parents=("b" * 40,))
    merge = digest(
        "Merge pull request #5 from ada/rates", "Stop at the first rate", parents=("b" * 40, small.sha), minutes=2
    )
    assert drafts(small) == ()
    (draft,) = drafts(small, merge)
    assert {entry.commit_sha for entry in draft.evidence} == {small.sha, merge.sha}
    assert draft.facts.endswith("; pull request #5: docs/rates.md") or "pull request #5" in draft.facts


def test_a_changelog_alone_tells_nothing_new_but_joins_what_it_tells_of() -> None:
    entry = "+-   ``Client.get`` follows redirects, at most\n+    ten of them. :issue:`12`\n+-   Another entry of the changelog"
    change = digest("Follow redirects", hunks={"shop/client.py": LINES}, parents=("b" * 40,))
    log = digest("Write the changelog", hunks={"CHANGES.rst": entry}, parents=(change.sha,), minutes=1)
    merge = digest("Merge pull request #5 from ada/x", "Follow redirects", parents=("b" * 40, log.sha), minutes=2)
    assert drafts(log) == ()
    (draft,) = drafts(change, log, merge)
    assert "- `Client.get` follows redirects, at most ten of them (changelog)" in draft.facts
    assert (is_changelog("history.c"), is_changelog("docs/history.md")) == (False, True)


@pytest.mark.parametrize(
    ("commit", "reason"),
    [
        (digest("Say what total does", hunks={"a.py": "-# sums\n+# sums up prices\n+# of a basket\n+# without tax"}), "white space"),
        (digest("Newer interpreter in the checks", hunks={"ci/run.sh": "-v=3.10.1\n+v=3.11.2\n x\n-w=1.2.3\n+w=1.2.4"}), "routine"),
        (digest("Write v1.2 and so on", hunks={"docs/a.md": "-old\n+new"}), "a line or two"),
    ],
)  # fmt: skip
def test_trivial(commit: CommitDigest, reason: str) -> None:
    assert drafts(commit) == ()
    assert (read_commit(commit).trivial or "").startswith(reason)


@pytest.mark.parametrize(
    "commit",
    [
        digest(
            "Discard the patch inside try",
            hunks={"a.py": "-    discard(patch)\n     try:\n+        discard(patch)\n     x"},
        ),
        digest("Newer Python", hunks={"pyproject.toml": '-requires-python = ">=3.8"\n+requires-python = ">=3.11"'}),
        digest("Stop printing hashes of every basket", hunks={"shop/a.py": "-print(h)"}),
        digest("Write down why", "It was asked twice in the forum.", hunks={"docs/a.md": "+Because of cents."}),
    ],
)
def test_not_trivial(commit: CommitDigest) -> None:
    assert len(drafts(commit)) == 1


@pytest.mark.parametrize(
    ("subject", "expected", "importance"),
    [
        ("t/lib: plug memory leaks", "bug", 2),
        ("builtin/repo: fix wrong totals", "bug", 2),
        ("Replace string literals with constants", "implementation", 1),
        ("shop: drop support for old orders", "decision", 4),
        ("Use indent instead of _indent", "implementation", 1),
    ],
)
def test_types_with_an_area_and_choices_that_bind_nobody(subject: str, expected: str, importance: int) -> None:
    (draft,) = drafts(digest(subject, hunks={"shop/a.py": "-    x = old(1)\n+    x = new(1)\n+    y = new(2)"}))
    assert (draft.type, draft.importance) == (expected, importance)


def test_a_real_session(make_repo: Callable[..., Repo]) -> None:
    """git's own commits: a change with its fixup is one item, a commit and its revert none, a formatting one none."""
    repo = make_repo()
    price = "def price(net):\n    return net\n"
    repo.commit("Start the shop with prices of goods", files={"shop/price.py": price, "shop/a.py": "a = [1]\n"})
    repo.commit("Charge tax by country", files={"shop/price.py": price.replace("net\n", "net * rate(country)\n")})
    repo.commit("Count visitors of the page", files={"shop/count.py": "def count(page):\n    return page.n + 1\n"})
    repo.git("revert", "--no-edit", "HEAD")
    repo.commit("black", files={"shop/a.py": "a = [\n    1,\n]\n"})
    repo.commit(
        "fixup! Charge tax by country",
        files={"shop/price.py": price.replace("net\n", "net * rate(country, year)\n") + "\n\nTAX = 19\n"},
    )
    commits = list(read_digests(repo.repository, revisions=["HEAD"], origin="created"))
    found = {draft.title: draft for draft in drafts(*commits)}
    assert set(found) == {"Start the shop with prices of goods", "Charge tax by country"}
    assert len({entry.commit_sha for entry in found["Charge tax by country"].evidence}) == 2
