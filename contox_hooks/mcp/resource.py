"""Resources: memory as documents that a person can attach to a conversation. The same texts that tools give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contox_hooks.mcp import recalling, reporting
from contox_hooks.mcp.desk import the_call

if TYPE_CHECKING:
    from contox_hooks.mcp.server import Server

_TYPE = "text/markdown"


def register(server: Server) -> None:
    server.resource("contox://brain", name="brain", title="Project memory", mime_type=_TYPE)(brain)
    server.resource("contox://session/{id}", name="session", title="A session of work", mime_type=_TYPE)(session)
    server.resource("contox://item/{id}", name="item", title="A memory item", mime_type=_TYPE)(item)


def brain() -> str:
    """All of the project's memory in one document, most telling first."""
    return recalling.get_memory()


def session(id: str) -> str:
    """One session: what happened in it, and what the pipeline made of it. Ids: contox_sessions."""
    return reporting.session_text(the_call().memory, id)


def item(id: str) -> str:
    """One item with all that it says and the quotes that bear it out. Ids: contox_search, contox_list_findings."""
    return recalling.item_text(the_call().memory, id)
