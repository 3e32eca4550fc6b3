"""An extractor that asks a language model, and never loses memory over it.

Owns what follows on each way an answer may fail to come or be unfit. Must not know HTTP, prices or the prompt's words.
Invariants: a (session, chunk) is paid for once, claimed before the first byte is sent; no answer, a cap, a refused key
or an unproven answer leave the chunk to the rules with the reason told; an answer that stays unfit fails the chunk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.error import RemoteError, SpendRefused, StageFailed
from contox_hooks.model.chat import FREE, Answer, Question
from contox_hooks.pipeline.answer import AnswerInvalid, Reading, read_answer
from contox_hooks.pipeline.fact import cut
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.prompt import Prompt, prompt_for, repair_question
from contox_hooks.pipeline.proof import proven
from contox_hooks.pipeline.provider import Context, Extraction, Extractor
from contox_hooks.pipeline.summary import session_summary
from contox_hooks.pipeline.work import plural

PURPOSE = "enrich"
"""The word in the ledger."""
REST_S = 300.0
"""Where no model answered, the rules read for so long without asking again: an endpoint that is down costs one time-out
in that time, not one a chunk."""
HISTORY = "history is for the model when asked for (contox-hooks enrich --again)"
_MAX_REASON = 200


class Step(Protocol):
    """Who was asked, and what came of it."""

    @property
    def model(self) -> str: ...

    @property
    def outcome(self) -> str: ...


class ChunkAsker(Protocol):
    """A metered model that is asked on behalf of a chunk: `model.metering.Meter`."""

    @property
    def name(self) -> str: ...

    @property
    def paid(self) -> bool: ...

    @property
    def steps(self) -> Sequence[Step]:
        """Of the last `ask`, also when it raised."""
        ...

    def claim(self, session_id: str, chunk_no: int) -> bool:
        """Whether the chunk is ours to ask about; False when somebody may have paid for it before. One that is asked
        about and costs nothing (refused, not reached, too busy, over a cap) is given back."""
        ...

    def ask(
        self, question: Question, *, purpose: str, session_id: str | None = None, chunk_no: int | None = None
    ) -> Answer:
        """Raises RemoteError (ModelUnavailable, ModelBusy, ModelRefused), SpendRefused."""
        ...


class ModelExtractor:
    """An `Extractor` by a language model; `fallback` reads what the model does not."""

    def __init__(
        self,
        asker: ChunkAsker,
        fallback: Extractor | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        history: bool = False,
    ) -> None:
        """`history`: somebody asked that the model also read what was not made here and now."""
        self._asker = asker
        self._history = history
        self._fallback = fallback or OfflineExtractor()
        self._clock = clock
        self._rests_until = -math.inf
        self._rests_since = ""
        """The reason."""

    @property
    def name(self) -> str:
        return self._asker.name

    @property
    def paid(self) -> bool:
        return self._asker.paid

    def extract(self, digests: Sequence[CommitDigest], *, context: Context | None = None) -> Extraction:
        """Raises StageFailed when the answer has not the form, nor after its one repair."""
        if context is None:
            return self._by_rules(digests, "nobody said for which session")
        if not self._history and all(digest.origin == "history" for digest in digests):
            return self._by_rules(digests, HISTORY, wanting=True)
        if self._clock() < self._rests_until:
            return self._by_rules(digests, self._rests_since, wanting=True)
        if not self._asker.claim(context.session_id, context.chunk_no):
            return self._by_rules(digests, f"{self.name} was asked about them before and may have been paid")
        told = [context.narrow.digest(digest) for digest in digests]
        prompt = prompt_for(told, context.known())
        notes = [f"shown without {prompt.cut.texts}"] if prompt.cut.texts else []
        try:
            answer = self._ask(prompt.question, context, notes)
        except SpendRefused as error:
            return self._by_rules(digests, cut(error.message, _MAX_REASON), wanting=True)
        except RemoteError as error:
            self._rests_until, self._rests_since = self._clock() + REST_S, self._failures() or error.message
            return self._by_rules(digests, self._rests_since, wanting=isinstance(error, FREE))
        try:
            reading = _read(answer, digests, prompt)
        except AnswerInvalid as invalid:
            again = repair_question(prompt.question, answer.text, invalid.complaints)
            try:
                answer = self._ask(again, context, notes)
            except (RemoteError, SpendRefused) as error:
                why = cut(error.message, _MAX_REASON)
                return self._by_rules(digests, f"{answer.model} answered what is not valid, and for its repair: {why}")
            reading = self._read_again(answer, digests, prompt, context)
            notes.append(f"repaired once ({invalid.complaints[0]})")
        return self._extraction(answer, reading, digests, notes)

    def _extraction(
        self, answer: Answer, reading: Reading, digests: Sequence[CommitDigest], notes: Sequence[str]
    ) -> Extraction:
        notes = list(notes)
        drafts, unproven = proven(reading.drafts, digests)
        dropped = reading.dropped + unproven
        if dropped and not drafts:
            return self._by_rules(digests, f"{answer.model} could prove none of {plural(dropped, 'proposal')}")
        if reading.refused:
            notes.append(f"without {plural(len(reading.refused), 'reference')} to what was not shown")
        once = {draft.title.casefold(): draft for draft in reversed(drafts)}  # some models tell the same twice
        drafts = [draft for draft in drafts if once[draft.title.casefold()] is draft]
        titles = [(draft.type, draft.title) for draft in drafts]
        branches = {digest.branch for digest in digests}
        # A model that made things up in one place is not believed where nothing can be checked.
        summary = None if dropped or reading.refused else reading.summary
        summary = summary or session_summary(
            titles, commits=len(digests), branch=branches.pop() if len(branches) == 1 else None
        )
        return Extraction(tuple(drafts), summary, dropped, by=answer.model, note="; ".join(notes) or None)

    def _ask(self, question: Question, context: Context, notes: list[str]) -> Answer:
        answer = self._asker.ask(
            question, purpose=PURPOSE, session_id=context.session_id, chunk_no=context.chunk_no
        )  # fmt: skip
        if failed := self._failures():
            notes.append(f"answered by {answer.model} after {failed}")
        return answer

    def _failures(self) -> str:
        """`openrouter/small timed out, mistral/small failed (503)`."""
        failed = [step for step in self._asker.steps if step.outcome != "answered"]
        return ", ".join(cut(f"{step.model} {step.outcome}", _MAX_REASON) for step in failed)

    def _read_again(
        self, answer: Answer, digests: Sequence[CommitDigest], prompt: Prompt, context: Context
    ) -> Reading:  # fmt: skip
        try:
            return _read(answer, digests, prompt)
        except AnswerInvalid as invalid:
            raise StageFailed(
                f"chunk {context.chunk_no}: the answer of {answer.model} is not valid, nor after a repair: "
                f"{invalid.complaints[0]}",
                hint=f"contox-hooks retry {context.session_id} reads these commits by rules",
            ) from invalid

    def _by_rules(self, digests: Sequence[CommitDigest], reason: str, *, wanting: bool = False) -> Extraction:
        return RulesInstead(reason, self._fallback, wanting=wanting).extract(digests)


class RulesInstead:
    """The extractor where a model is wanted and cannot even be asked: rules, with the reason told each time."""

    paid = False

    def __init__(self, reason: str, rules: Extractor | None = None, *, wanting: bool = True) -> None:
        self._reason = reason
        self._wanting = wanting
        self._rules = rules or OfflineExtractor()

    @property
    def name(self) -> str:
        return self._rules.name

    def extract(self, digests: Sequence[CommitDigest], *, context: Context | None = None) -> Extraction:
        found = self._rules.extract(digests)
        return replace(found, by=self.name, note=f"by rules: {self._reason}", wanting=self._wanting)


def _read(answer: Answer, digests: Sequence[CommitDigest], prompt: Prompt) -> Reading:
    """Raises AnswerInvalid; an answer that was cut says so first."""
    try:
        return read_answer(answer.text, digests, prompt.known_ids)
    except AnswerInvalid as invalid:
        if not answer.cut:
            raise
        told = f"the answer was cut at {answer.completion_tokens:,} tokens: fewer and shorter items"
        raise AnswerInvalid([told, *invalid.complaints]) from None
