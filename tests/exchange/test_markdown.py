"""The Markdown document: whole, by schema key, and nothing in it leaves its place (exchange/markdown.py)."""

from __future__ import annotations

from pathlib import Path

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.exchange.markdown import document
from tests.memory.events import DAY, a_project, open_service, sha


def draft(title: str, facts: str, key: str, quote: str = "words", importance: int = 3) -> Draft:
    found = (Evidence(sha(1), quote, "src/`a`.py"), Evidence(sha(2), "two\nlines"))
    return Draft(
        "decision",
        title,
        facts,
        key,
        0.8,
        importance,
        found,
        rationale="Because.\n# no heading",
        tags=("t",),
        at_utc=DAY,
    )


def test_chapters_items_and_what_bears_them_out(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project_id = a_project(service).id
        with service.store.transaction():
            last = service.items.add(project_id, None, draft("Zed", "z" * 4000, "root/z"))
            service.items.add(project_id, None, draft("Low", "low", "root/a", importance=1))
            evil = draft("# <b>x</b>\n## y", "## z\n<!-- c -->\n```\n| - |", "root/a", "a\n``` b\n# c\x1b[31m", 5)
            first = service.items.add(project_id, None, evil)
            service.items.set_status(last, "archived", reason="old")
        text = "".join(document(service.store, project_id))
        lines = text.split("\n")
        assert [line for line in lines if line.startswith("## ")] == ["## root/a", "## root/z"]
        assert [line for line in lines if line.startswith("### ")] == [
            "### # &lt;b>x&lt;/b> ## y", "### Low", "### Zed",
        ]  # fmt: skip
        assert sum(line.startswith("# ") for line in lines) == 1
        assert "z" * 4000 in text
        assert f"* `{sha(1)}`, `` src/`a`.py ``" in lines
        assert lines[lines.index("  ``` b") - 2 : lines.index("  ``` b") + 3] == [
            "  ````", "  a", "  ``` b", "  # c[31m", "  ````",
        ]  # fmt: skip
        assert "\x1b" not in text
        assert f"`{first}` decision, importance 5, confidence 0.80, active, 2025-10-09" in lines
        assert "Status: old" in lines
        assert "Zed" not in "".join(document(service.store, project_id, status="active"))
