"""Whether an item still is what somebody saw: a hash of what a person or a plan decides by.

Pure. Invariant: when it was touched, and how often it was seen again, change nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict

from contox_hooks.domain.item import Item

_PASSING = ("created_at", "updated_at", "reinforced", "last_reinforced_at", "at_utc")
_HEX_DIGITS = 16


def fingerprint(item: Item, fields: Collection[str] | None = None) -> str:
    """Of these fields, by default of all that say something, evidence included; 16 hexadecimal digits."""
    known = asdict(item)
    shown = {name: value for name, value in known.items() if (name in fields if fields else name not in _PASSING)}
    text = json.dumps(shown, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_HEX_DIGITS]
