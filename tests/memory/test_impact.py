"""Impact: modules, ripples by imports and by habit, and a level of risk that says why."""

from __future__ import annotations

import pytest

from contox_hooks.domain.activity import ImportLine
from contox_hooks.memory.report.impact import Impact, impact_of
from contox_hooks.memory.report.imports import uses
from contox_hooks.memory.report.module import Modules
from tests.memory.events import DAY, sha
from tests.memory.items import item, touch

TREE = ["pkg/__init__.py", "pkg/app.py", "pkg/cli.py", "pkg/db.py", "pkg/json/tag.py", "tests/test_app.py", "README.md"]
OLD = DAY - 90 * 86_400


def impact(*recent: str, old: tuple[tuple[str, ...], ...] = (), users: dict[str, set[str]] | None = None, items: tuple = ()) -> Impact:  # type: ignore[type-arg]  # fmt: skip
    now = [touch(1, *recent)] if recent else []
    history = [*now, *(touch(10 + number, *paths, at=OLD) for number, paths in enumerate(old))]
    graph = {path: frozenset(those) for path, those in (users or {}).items()}
    return impact_of(now, history, graph, items, tracked=TREE, since=DAY - 86_400)


def test_nothing_changed() -> None:
    told = impact(old=(("pkg/app.py",),))
    assert (told.modules, told.commits, told.files_changed) == ((), 0, 0)


def test_modules_files_and_what_is_no_code() -> None:
    told = impact("pkg/app.py", "pkg/json/tag.py", "tests/test_app.py", "README.md")
    assert [(each.module, each.direct_changes, each.files) for each in told.modules] == [
        ("pkg/app.py", 1, ("pkg/app.py",)),
        ("pkg/json", 1, ("pkg/json/tag.py",)),
    ]
    assert (told.files_changed, dict(told.other_files), told.ripple_count) == (4, {"doc": 1, "test": 1}, 0)


def test_who_imports_what_changed_is_rippled_to_and_tests_are_not() -> None:
    told = impact("pkg/db.py", users={"pkg/db.py": {"pkg/app.py", "tests/test_app.py"}})
    ripple = told.modules[1]
    assert (ripple.module, ripple.direct_changes, ripple.ripple_from) == ("pkg/app.py", 0, ("pkg/db.py",))
    assert ripple.reason == "imports pkg/db.py"
    assert told.ripple_count == 1


def test_habit_ripples_when_it_is_one() -> None:
    together = (("pkg/db.py", "pkg/cli.py"),)
    assert impact("pkg/db.py", old=together * 3).ripple_count == 0
    told = impact("pkg/db.py", old=together * 4)
    assert told.modules[1].reason == "changed together with pkg/db.py in 4 of its 5 commits"
    alone = (("pkg/db.py",),) * 20
    assert impact("pkg/db.py", old=together * 4 + alone).ripple_count == 0
    gone = (("pkg/db.py", "pkg/gone.py"),)
    assert impact("pkg/db.py", old=gone * 9).ripple_count == 0


def test_risk_is_what_its_reasons_add_up_to() -> None:
    assert (impact("pkg/db.py", "tests/test_app.py").modules[0].risk, impact("pkg/db.py").modules[0].risk) == ("low", "low")  # fmt: skip
    broken = item(1, "Drop the cursor", tags=("breaking-change",), files=("pkg/db.py",))
    doubt = item(2, "One connection", status="review", status_reason=f"pkg/db.py changed in {sha(1)[:12]}", files=("pkg/db.py",), at_utc=OLD)  # fmt: skip
    rule = item(3, "SQLite", type="decision", files=("pkg/db.py",), at_utc=OLD)
    users = {"pkg/db.py": {"pkg/app.py", "pkg/cli.py"}}
    told = impact("pkg/db.py", users=users, items=(broken, doubt, rule)).modules
    assert told[0].risk == "critical"
    assert told[0].reason == (
        "1 commit; breaking: Drop the cursor; 2 modules import it; 1 of 1 commit without a test; "
        "may have made false: One connection; decision stands here: SQLite"
    )
    assert told[0].item_ids == (broken.id, doubt.id, rule.id)
    assert [each.risk for each in told[1:]] == ["medium", "medium"]


def test_doubt_that_other_commits_raised_is_not_counted() -> None:
    doubt = item(
        2, "One connection", status="review", status_reason="pkg/db.py changed in ffffffffffff", files=("pkg/db.py",)
    )
    assert impact("pkg/db.py", items=(doubt,)).modules[0].item_ids == ()


def test_the_wire_form_is_the_contracts() -> None:
    wire = impact("pkg/db.py").to_wire()
    assert set(wire) == {
        "message", "modules", "totalFilesChanged", "modulesAffected", "rippleCount", "changesAnalyzed", "usage",
        "commitsCut", "prose",
    }  # fmt: skip
    assert set(wire["modules"][0]) >= {"module", "directChanges", "rippleFrom", "riskLevel", "reason", "files"}


def test_modules_are_folders_or_files_beside_folders() -> None:
    modules = Modules(TREE)
    assert [modules.of(path) for path in ("pkg/app.py", "pkg/json/tag.py", "top.py")] == [
        "pkg/app.py",
        "pkg/json",
        "top.py",
    ]
    assert Modules(["src/a.py", "src/b.py"]).of("src/a.py") == "src/a.py"


IMPORTS = [
    ("pkg/app.py", "from pkg import db, cli", {"pkg/db.py", "pkg/cli.py"}),
    ("pkg/app.py", "from . import db", {"pkg/db.py"}),
    ("pkg/json/tag.py", "from ..db import (x, y)", {"pkg/db.py"}),
    ("pkg/app.py", "    import pkg.db as d", {"pkg/db.py"}),
    ("pkg/app.py", "import json", set()),
    ("web/a.ts", "import { b } from './b'", {"web/b.ts"}),
    ("web/a.ts", "import React from 'react'", set()),
    ("web/a.ts", "export * from './lib'", {"web/lib/index.ts"}),
    ("cmd/main.go", '\t"example.org/x/store"', {"store/store.go"}),
    ("cmd/main.go", '\t"net/http"', set()),
    ("c/a.c", '#include "b.h"', {"c/b.h"}),
    ("c/a.c", "#include <stdio.h>", set()),
    ("j/A.java", "import org.example.B;", {"j/org/example/B.java"}),
    ("rb/a.rb", "require_relative 'b'", {"rb/b.rb"}),
    ("r/src/main.rs", "use crate::store::Order;", {"r/src/store.rs"}),
    ("r/src/main.rs", "mod store;", {"r/src/store.rs"}),
    ("php/A.php", "use App\\Model\\Order;", {"php/src/Model/Order.php"}),
]
FILES = [
    *TREE, "web/a.ts", "web/b.ts", "web/lib/index.ts", "cmd/main.go", "store/store.go", "store/store_test.go", "c/a.c",
    "c/b.h", "j/A.java", "j/org/example/B.java", "rb/a.rb", "rb/b.rb", "r/src/main.rs", "r/src/store.rs", "php/A.php",
    "php/src/Model/Order.php",
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "used"), IMPORTS)
def test_imports(path: str, text: str, used: set[str]) -> None:
    assert set(uses([ImportLine(path, text)], FILES)) == used
