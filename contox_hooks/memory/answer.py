"""What a request with an Idempotency-Key was answered, so that it can be repeated without being done again.

Must not know HTTP beyond a status and a body. Invariants: of requests at the same time with one key one is done; an
answer is forgotten after LIFE_S, and a request that was begun and never ended (a killed process) after BEGUN_S.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from contox_hooks.domain.error import Refused
from contox_hooks.memory.sql import delivery as sql
from contox_hooks.memory.store import Store

LIFE_S: Final = 24 * 3600
BEGUN_S: Final = 300

_OPEN: Final = 0
"""The status of a request that is being worked on."""


@dataclass(frozen=True, slots=True)
class Kept:
    status: int
    body: str | None
    """None: it held a secret, and is not kept."""
    rights: tuple[tuple[str, str], ...] = ()
    """Projects' ids, and what one had to be allowed there to be told so."""


class Answers:
    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, key_id: str, name: str, request_hash: str) -> Kept | None:
        """The answer that this key's request `name` got before; None: it is the caller's to do, and to `end`.
        Raises Refused for another request under the same name, and while the first is worked on."""
        store, name = self._store, _hash(name)
        now = store.now()
        with store.transaction():
            store.run(sql.PRUNE_ANSWERS, before=now - LIFE_S, begun_before=now - BEGUN_S)
            row = store.row(sql.ANSWER, key_id=key_id, idempotency_key=name)
            if row is None:
                store.run(
                    sql.BEGIN_ANSWER, key_id=key_id, idempotency_key=name, request_hash=request_hash, answered_at=now
                )
                return None
        if row["request_hash"] != request_hash:
            raise Refused("This Idempotency-Key was used for another request")
        if row["status"] == _OPEN:
            raise Refused("The first request with this Idempotency-Key is still being worked on")
        if not row["body"]:
            raise Refused("This was done before; its answer held a secret and is not kept")
        rights = tuple((project_id, right) for project_id, right in json.loads(row["rights"]))
        return Kept(row["status"], row["body"], rights)

    def end(self, key_id: str, name: str, kept: Kept | None) -> None:
        """None: it failed, and may be asked for again."""
        store, name = self._store, _hash(name)
        with store.transaction():
            if kept is None:
                store.run(sql.DROP_ANSWER, key_id=key_id, idempotency_key=name)
            else:
                store.run(
                    sql.END_ANSWER, key_id=key_id, idempotency_key=name, status=kept.status, body=kept.body or "",
                    rights=json.dumps(kept.rights),
                    answered_at=store.now(),
                )  # fmt: skip


def _hash(name: str) -> str:
    """Whatever a client names its requests by."""
    return hashlib.sha256(name.encode()).hexdigest()
