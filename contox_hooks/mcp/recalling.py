"""The tools that read memory: all of it, what fits words, what stands under a key, a pack for a task, an answer.

Every one is a function of what the agent sends; which memory is meant is desk.py's. What is told is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from contox_hooks.mcp.desk import the_call
from contox_hooks.mcp.frame import MAX_CHARACTERS, fitting, framed
from contox_hooks.mcp.telling import heads_told, item_told, items_told, place_told

if TYPE_CHECKING:
    from contox_hooks.mcp.memory import Memory, Object

ActiveFiles = Annotated[
    list[Annotated[str, Field(max_length=4096)]] | None,
    Field(
        max_length=200,
        description="Paths in the repository that you work on: what memory says of them comes first",
    ),
]
Query = Annotated[str, Field(min_length=1, max_length=4000)]

MAX_OFFSET: Final = 10_000_000
_HITS: Final = 10
_PACK_HITS: Final = 15
"""CONTRACT.md section 1.3: what the vendor's tools ask for."""
_LEAST_HITS: Final = 5
_CHARACTERS_A_TOKEN: Final = 4


def get_memory(activeFiles: ActiveFiles = None) -> str:
    """What this project's memory holds, most telling first: architecture, decisions, conventions, open bugs, recent
    work. Call it when you start on a task."""
    memory = the_call().memory
    brain = memory.brain(active_files=activeFiles or ())
    return framed(memory, _document(brain) or "Nothing is remembered yet.", notes=_left_out(brain))


def search(query: Annotated[Query, Field(description="Words, names in the code, or a question")]) -> str:
    """Find memory by words and by meaning, the 10 best first, each with its id, status, confidence and commit."""
    memory = the_call().memory
    results = memory.search(query, limit=_HITS).get("results") or []
    return framed(memory, "\n\n".join(items_told(results)) or "Nothing was found.")


def list_findings(
    category: Annotated[
        str | None,
        Field(max_length=200, description="As in the key of an item: decisions, conventions, bugs, security, stack …"),
    ] = None,
    status: Literal["active", "review", "archived", "all"] = "active",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0,
) -> str:
    """Memory items one by one, the most important first. `review`: those in doubt, which nobody has decided about."""
    memory = the_call().memory
    key = "root/" + (category or "").strip("/ ").removeprefix("root/")
    page = memory.items(schema_key=key, status=status, limit=limit, offset=offset)
    shown = fitting(items_told(page.get("items") or [], offset=offset))
    notes = place_told(offset, len(shown), page.get("total"))
    return framed(memory, "\n\n".join(shown) or "No item fits.", notes=notes)


def context_pack(
    task: Annotated[Query, Field(description="What you are about to do")],
    scope: Annotated[
        Literal["full", "relevant", "minimal"],
        Field(description="full: all of memory; relevant: what fits the task; minimal: the 5 items nearest to it"),
    ] = "relevant",
    tokenBudget: Annotated[int, Field(ge=200, le=50_000)] = 4000,
    activeFiles: ActiveFiles = None,
) -> str:
    """What memory has for one task, within a budget of tokens."""
    memory, files = the_call().memory, activeFiles or ()
    if scope != "full":
        most = _LEAST_HITS if scope == "minimal" else _PACK_HITS
        found = memory.search(task, limit=most, active_files=files).get("results") or []
        if found:
            text, left_out = _within(_by_key(found), tokenBudget)
            notes = f"{left_out} more fit the task but not the budget of {tokenBudget:,} tokens" if left_out else ""
            return framed(memory, text, notes=notes)
    brain = memory.brain(active_files=files, budget_tokens=tokenBudget)
    return framed(memory, _document(brain) or "Nothing is remembered yet.", notes=_left_out(brain))


def ask(question: Annotated[str, Field(min_length=3, max_length=4000)]) -> str:
    """Answer a question from memory: the passages that fit, cited by [number]; a model's words over them only where
    the project has one set up."""
    memory = the_call().memory
    answer = memory.ask(question)
    sources = heads_told(answer.get("sources") or [])
    told = [str(answer.get("answer") or "Memory has nothing on this.").rstrip()]
    told += [f"No model's words: {trouble}"] if (trouble := answer.get("trouble")) else []
    told += ["Sources:", sources] if sources else []
    return framed(memory, "\n\n".join(told))


def item_text(memory: Memory, item_id: str) -> str:
    return framed(memory, item_told(memory.item(item_id), whole=True))


def _document(brain: Object) -> str:
    return str(brain.get("document") or brain.get("summary") or "").rstrip()


def _left_out(brain: Object) -> str:
    left_out = brain.get("itemsLeftOut") or 0
    return f"{left_out} items are not shown: contox_search finds them" if left_out else ""


def _by_key(results: list[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Keys in the order of their best hit."""
    keys = list(dict.fromkeys(str(each.get("schemaKey") or "root/other") for each in results))
    return [(key, each) for key in keys for each in results if str(each.get("schemaKey") or "root/other") == key]


def _within(results: list[tuple[str, Mapping[str, Any]]], budget_tokens: int) -> tuple[str, int]:
    """The best of them that fit, under the headings of their keys, and how many do not. The first always does."""
    order = {id(each): -float(each.get("similarity") or 0) for _, each in results}
    kept: set[int] = set()
    room = min(budget_tokens * _CHARACTERS_A_TOKEN, MAX_CHARACTERS)
    for _, each in sorted(results, key=lambda one: order[id(one[1])]):
        size = len(item_told(each)) + 2
        if size <= room or not kept:
            kept.add(id(each))
            room -= size
    lines: list[str] = []
    heading = ""
    for key, each in results:
        if id(each) in kept:
            lines += ([f"## {key}"] if key != heading else []) + [item_told(each)]
            heading = key
    return "\n\n".join(lines), len(results) - len(kept)
