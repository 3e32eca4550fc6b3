"""A page says what it shows, also where the answer holds less than was asked for."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from contox_hooks.mcp import recalling, reporting
from contox_hooks.mcp.desk import calling
from contox_hooks.mcp.frame import MAX_CHARACTERS

ITEMS = [{"itemId": str(n), "type": "bug", "title": f"bug {n}", "facts": "f" * 700} for n in range(215)]
SESSIONS = [{"id": str(n), "source": "cli", "summary": "s" * 1000} for n in range(215)]


def memory(**answers: Any) -> Any:
    return SimpleNamespace(memory=SimpleNamespace(name="shop", where="this machine", **answers))


def pages(text_at: Any) -> list[str]:
    offset, found = 0, []
    while len(found) < 300:
        text = text_at(offset)
        assert "[cut:" not in text
        assert len(text) < MAX_CHARACTERS + 500
        found += re.findall(r"^(?:\[\d+\] bug: bug|session) (\d+)", text, re.MULTILINE)
        more = re.search(r"; more: offset=(\d+)$", text)
        if more is None:
            break
        offset = int(more[1])
    return found


def test_paging_through_items_skips_none() -> None:
    def items(*, limit: int, offset: int, **_: Any) -> Any:
        return {"items": ITEMS[offset : offset + limit], "total": len(ITEMS)}

    with calling(memory(items=items)):
        assert pages(lambda offset: recalling.list_findings(limit=200, offset=offset)) == [str(n) for n in range(215)]


def test_paging_through_sessions_skips_none() -> None:
    def sessions(*, limit: int, offset: int, **_: Any) -> Any:
        return {"sessions": SESSIONS[offset : offset + limit], "total": len(SESSIONS)}

    with calling(memory(sessions=sessions)):
        assert pages(lambda offset: reporting.sessions(limit=100, offset=offset)) == [str(n) for n in range(215)]
