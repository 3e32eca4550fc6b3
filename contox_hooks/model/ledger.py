"""What models were asked and what it cost: a row for each call, committed before the call is made.

Owns the caps' sums and the claims on commits, in a store of its own (memory/spend.py); must not know HTTP or prompts.
Invariants: a process that dies in mid-call leaves a row that counts as its estimate; a commit is claimed once, ever,
also when memory is lost and filled anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from contox_hooks.domain.error import SpendRefused, StoreDamaged
from contox_hooks.memory.project import Project, Projects
from contox_hooks.memory.spend import SpendStore, explained, is_begun, spend_path
from contox_hooks.memory.sql import event as event_sql
from contox_hooks.memory.sql import spend as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.model.preset import Price

DAY_MS = 86_400_000
"""A day is UTC's, as providers count it: the same hours whatever zone the laptop is in, and none twice or missing."""
MICRO_DOLLARS_A_CENT = 10_000


class Caps(NamedTuple):
    tokens_a_day: int
    """Of one project."""
    tokens_a_session: int
    cents_a_day: int
    """Of all projects in the store: there is one purse."""


class Used(NamedTuple):
    tokens_today: int
    micro_dollars_today: int
    """Calls that run count as their estimates."""
    unpriced_today: int
    """Paid calls whose price nobody knows: not in the money."""
    calls_today: int
    tokens_of_session: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is about to be made."""

    purpose: str
    model: str
    paid: bool
    price: Price | None
    """None: unknown, or nothing is paid."""
    prompt_tokens: int
    completion_tokens: int
    """Both at most."""
    session_id: str | None = None
    chunk_no: int | None = None

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def micro_dollars(self, prompt_tokens: int, completion_tokens: int) -> int | None:
        if not self.paid:
            return 0
        return None if self.price is None else self.price.micro_dollars(prompt_tokens, completion_tokens)


class Recorded(NamedTuple):
    id: str
    purpose: str
    session_id: str | None
    chunk_no: int | None
    model: str
    status: Literal["started", "done", "failed"]
    prompt_tokens: int
    completion_tokens: int
    is_estimate: bool
    micro_dollars: int | None
    """None: nobody knows the price."""
    started_ms: int
    finished_ms: int | None
    error: str | None


class Ledger:
    """Of one project. Opens the spend store for each step: a call lasts seconds, and nothing is left open."""

    def __init__(self, store: Store, project_id: str) -> None:
        """`store`: memory, which says what the project and a chunk's commits are."""
        self._memory = store
        self._project_id = project_id
        self._path = spend_path(store.path)

    def claim(self, session_id: str, chunk_no: int) -> bool:
        """Whether the chunk is the caller's to extract: true once, whoever asks. One any of whose commits is claimed
        and has no answer was perhaps paid for."""
        with self._spending() as store:
            return self._claim(store, session_id, chunk_no)

    def release(self, session_id: str, chunk_no: int) -> None:
        """Give a claim back that cost nothing: no byte was sent, or all that was sent was refused."""
        with self._spending() as store:
            for claim in self._claims(session_id, chunk_no):
                store.run(sql.RELEASE, project=self._project, claim=claim)

    def is_claimed(self, commits: Iterable[str]) -> bool:
        """Whether a chunk of these commits would be refused. Reads only."""
        with self._reading() as store:
            return store is not None and any(
                store.count(sql.IS_CLAIMED, project=self._project, claim=_claim_of(sha)) for sha in commits
            )

    def start(self, call: Call, caps: Caps, *, claims: bool = False) -> str:
        """Record a call that is made right after; its id. `claims`: the first of its chunk.
        Raises SpendRefused, with nothing recorded: a cap would be passed, or the chunk is claimed already."""
        with self._spending() as store:
            refusal = decide_refusal(self._used(store, call.session_id), call, caps)
            if refusal is not None:
                raise refusal
            if claims and not self._claim(store, call.session_id or "", call.chunk_no or 0):
                raise claimed(call.session_id, call.chunk_no)
            call_id = self._memory.new_id()
            store.run(
                sql.START, id=call_id, project=self._project, session_id=call.session_id,
                chunk_no=call.chunk_no, purpose=call.purpose, model=call.model, paid=int(call.paid),
                prompt_tokens=call.prompt_tokens, completion_tokens=call.completion_tokens,
                micro_dollars=call.micro_dollars(call.prompt_tokens, call.completion_tokens),
                now_ms=self._memory.now_ms(),
            )  # fmt: skip
        return call_id

    def settle(self, call_id: str, call: Call, *, model: str, prompt: int, completion: int, is_estimate: bool) -> None:
        """It was answered, with so many tokens, by `model`."""
        self._finish(call_id, call, "done", model, prompt, completion, is_estimate, None)

    def fail(self, call_id: str, call: Call, error: str, *, is_free: bool) -> None:
        """It was not. `is_free`: nothing was sent, or it was refused; else it counts as its estimate."""
        prompt, completion = (0, 0) if is_free else (call.prompt_tokens, call.completion_tokens)
        self._finish(call_id, call, "failed", call.model, prompt, completion, not is_free, error[:300])

    def used(self, session_id: str | None = None) -> Used:
        with self._reading() as store:
            return Used(0, 0, 0, 0) if store is None else self._used(store, session_id)

    def calls(self, session_id: str | None = None) -> list[Recorded]:
        """Of the session, or of the whole project; oldest first."""
        with self._reading() as store:
            if store is None:
                return []
            if session_id is not None:
                return [_recorded(row) for row in store.rows(sql.OF_SESSION, session_id=session_id)]
            return [_recorded(row) for row in store.rows(sql.OF_PROJECT, project=self._project)]

    @cached_property
    def _project(self) -> str:
        """What a memory store that is filled anew calls it too."""
        return _name_of(Projects(self._memory).get(self._project_id))

    def _claims(self, session_id: str, chunk_no: int) -> list[str]:
        """One a commit, also of those that were rewritten by now; a chunk that memory holds none of is its place."""
        rows = self._memory.rows(event_sql.KEYS_OF_CHUNK, session_id=session_id, chunk_no=chunk_no)
        return [row["key"] for row in rows] or [f"chunk:{session_id}:{chunk_no}"]

    def _claim(self, store: Store, session_id: str, chunk_no: int) -> bool:
        """Inside a transaction: all of its commits or none."""
        claims = self._claims(session_id, chunk_no)
        if any(store.count(sql.IS_CLAIMED, project=self._project, claim=claim) for claim in claims):
            return False
        for claim in claims:
            store.run(sql.CLAIM, project=self._project, claim=claim, now_ms=self._memory.now_ms())
        return True

    def _used(self, store: Store, session_id: str | None) -> Used:
        since_ms = self._memory.now_ms() // DAY_MS * DAY_MS
        row = store.row(sql.USED_BETWEEN, project=self._project, since_ms=since_ms, until_ms=since_ms + DAY_MS)
        assert row is not None  # sums always come
        of_session = 0 if session_id is None else store.count(sql.USED_BY_SESSION, session_id=session_id)
        return Used(row["tokens"], row["micro_dollars"], row["unpriced"], row["calls"], of_session)

    @contextmanager
    def _spending(self) -> Iterator[Store]:
        """The spend store, in a transaction. Raises StoreError."""
        if self._memory.in_transaction:
            raise RuntimeError("a call inside a transaction would be made before its row is committed")
        with self._opened() as store, store.transaction():
            yield store

    @contextmanager
    def _reading(self) -> Iterator[Store | None]:
        """None where nothing was ever spent. Raises StoreError."""
        if not is_begun(self._path):
            yield None
            return
        with self._opened() as store:
            yield store

    def _opened(self) -> Store:
        try:
            return SpendStore.open(self._path)
        except StoreDamaged as error:
            raise explained(error, self._path) from error

    def _finish(
        self, call_id: str, call: Call, status: str, model: str, prompt: int, completion: int, is_estimate: bool,
        error: str | None,
    ) -> None:  # fmt: skip
        with self._spending() as store:
            store.run(
                sql.FINISH, id=call_id, status=status, model=model, prompt_tokens=prompt, completion_tokens=completion,
                is_estimate=int(is_estimate), micro_dollars=call.micro_dollars(prompt, completion),
                now_ms=self._memory.now_ms(), error=error,
            )  # fmt: skip


def used_today(memory: Store) -> dict[str, Used]:
    """By id, of the memory's projects that asked a model today (UTC); money is each one's own. Raises StoreError."""
    path = spend_path(memory.path)
    if not is_begun(path):
        return {}
    since_ms = memory.now_ms() // DAY_MS * DAY_MS
    try:
        with SpendStore.open(path) as store:
            rows = store.rows(sql.USED_BY_PROJECT, since_ms=since_ms, until_ms=since_ms + DAY_MS)
    except StoreDamaged as error:
        raise explained(error, path) from error
    found = {
        row["project"]: Used(int(row["tokens"]), int(row["micro_dollars"]), int(row["unpriced"]), int(row["calls"]))
        for row in rows
    }
    projects = Projects(memory).all() if found else []
    return {project.id: found[name] for project in projects if (name := _name_of(project)) in found}


def decide_refusal(used: Used, call: Call, caps: Caps) -> SpendRefused | None:
    """The cap that the call would pass, counted as its estimate; None when it may be made."""
    if used.tokens_today + call.tokens > caps.tokens_a_day:
        text = _tokens("tokens_a_day", used.tokens_today, caps.tokens_a_day, "today (UTC)", call)
        return SpendRefused(text, hint=_raise("tokens_a_day"))
    if call.session_id is not None and used.tokens_of_session + call.tokens > caps.tokens_a_session:
        text = _tokens("tokens_a_session", used.tokens_of_session, caps.tokens_a_session, "by this session", call)
        return SpendRefused(text, hint=_raise("tokens_a_session"))
    cost = call.micro_dollars(call.prompt_tokens, call.completion_tokens)
    if cost is None and not caps.cents_a_day:
        text = f"cents_a_day: nothing may be spent, and nobody knows what {call.model} costs"
        return SpendRefused(text, hint="contox-hooks settings set model_price IN/OUT")
    if cost and used.micro_dollars_today + cost > caps.cents_a_day * MICRO_DOLLARS_A_CENT:
        had, cap = dollars(used.micro_dollars_today), dollars(caps.cents_a_day * MICRO_DOLLARS_A_CENT)
        text = f"cents_a_day: {had} of {cap} spent today (UTC), and this call may cost {dollars(cost)}"
        return SpendRefused(text, hint=_raise("cents_a_day"))
    return None


def _name_of(project: Project) -> str:
    return project.root_commit or project.remote or project.id


def claimed(session_id: str | None, chunk_no: int | None) -> SpendRefused:
    return SpendRefused(f"chunk {chunk_no} of session {session_id} was given to a model before and is perhaps paid for")


def dollars(micro_dollars: int) -> str:
    """With as many digits as it takes to see that it is not nothing."""
    return f"${micro_dollars / 1e6:.2f}" if micro_dollars % MICRO_DOLLARS_A_CENT == 0 else f"${micro_dollars / 1e6:.4f}"


def _tokens(name: str, used: int, cap: int, where: str, call: Call) -> str:
    return f"{name}: {used:,} of {cap:,} tokens used {where}, and this call may take {call.tokens:,}"


def _raise(name: str) -> str:
    wait = "" if name == "tokens_a_session" else ", or wait until 00:00 UTC"
    return f"contox-hooks settings set {name} NUMBER{wait}"


def _claim_of(sha: str) -> str:
    return f"commit:{sha}"


def _recorded(row: Row) -> Recorded:
    values = {name: row[name] for name in Recorded._fields}
    return Recorded(**{**values, "is_estimate": bool(row["is_estimate"])})
