"""Items on the wire."""

from __future__ import annotations

from contox_hooks.domain.item import Evidence
from contox_hooks.wire.item import item_object
from tests.memory.events import sha
from tests.memory.items import item


def test_a_notes_key_is_named_as_a_key_and_no_commit() -> None:
    both = item(1, "Use SQLite", evidence=(Evidence("mcp_save:9", "x"), Evidence(sha(1), "y", "a.py")))
    named = [(ref["commitSha"], ref["eventKey"]) for ref in item_object(both)["evidenceRefs"]]
    assert named == [(None, "mcp_save:9"), (sha(1), None)]
    assert (both.commits, both.event_key) == ((sha(1),), "mcp_save:9")
