"""Items' rows as they are, and put back as they were."""

from __future__ import annotations

from collections.abc import Iterable

OWNED = {
    "item_file": "item_id = :item_id",
    "evidence": "item_id = :item_id",
    "vector": "item_id = :item_id",
    "relation": "from_id = :item_id OR to_id = :item_id",
}
"""Tables whose rows belong to an item, and which."""

ITEM = "SELECT * FROM item WHERE id = :item_id"


# Items that a merge of this one leads on to another.
LED_BY = """
SELECT id FROM item
WHERE project_id = :project_id AND status = 'superseded' AND superseded_by = :item_id
"""

LEAD_BACK = """
UPDATE item SET superseded_by = :led_by
WHERE id = :item_id AND status = 'superseded' AND superseded_by = :led_to
"""


def rows_of(table: str) -> str:
    return f"SELECT * FROM {table} WHERE {OWNED[table]}"


def delete_of(table: str) -> str:
    return f"DELETE FROM {table} WHERE {OWNED[table]}"


def insert(table: str, columns: Iterable[str]) -> str:
    """A relation of two items comes with both."""
    names = list(columns)
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT DO NOTHING"


def update(columns: Iterable[str]) -> str:
    return f"UPDATE item SET {', '.join(f'{name} = :{name}' for name in columns if name != 'id')} WHERE id = :id"
