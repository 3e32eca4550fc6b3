"""The interactive review: one item at a time, each answer kept at once.

Owns the conversation; memory/review.py decides what an answer means. Lines, not keystrokes: it works in every terminal,
without colour or cursor. Invariant: leaving at any moment, Ctrl-C and Ctrl-D included, loses no decision.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from contox_hooks import editor
from contox_hooks.cli.item_form import changes, form_of, read_form, with_problems
from contox_hooks.cli.render import clean, cut, plural, say, short_ids
from contox_hooks.cli.review_card import card, opened_commit
from contox_hooks.domain.error import Error
from contox_hooks.domain.item import Item, ItemStatus
from contox_hooks.git.repository import Repository
from contox_hooks.git.show import shown_commit
from contox_hooks.memory.fingerprint import fingerprint
from contox_hooks.memory.review import Changed, Reviews, is_asked, standing
from contox_hooks.memory.service import Service
from contox_hooks.memory.undo import Copy, copy_of, fingerprints, put_back

KEYS = "[a]pprove [d]eprecate [x]archive [e]dit [m]erge [o]pen [s]kip [u]ndo [q]uit [?]"
HELP = """\
a  approve: it still holds, and is remembered as approved by a person
d  deprecate: not true any more; kept, but neither found nor briefed
x  archive: true or not, not worth knowing; kept, but neither found nor briefed
e  edit type, title, key, importance, tags, facts, rationale, impact in your editor
m  merge it into another item that says the same
o  open the commit that made it doubtful, or its own, in your pager
v  all of it, however long
s  skip: ask again another time (also: just Enter)
u  undo the last decision
q  quit (also: Ctrl-D); everything decided so far is kept"""

_STATUS: dict[str, ItemStatus] = {"a": "active", "d": "deprecated", "x": "archived"}
_DONE = {"active": "approved", "deprecated": "deprecated", "archived": "archived"}


@dataclass(slots=True)
class _Step:
    """One decision, and the way back."""

    item_id: str
    what: str
    copy: Copy
    left: dict[str, str]


@dataclass(slots=True)
class Desk:
    service: Service
    repo: Repository
    queue: list[str]
    """Ids of items, in the order to ask about."""
    ask: Callable[[str], str] = input
    """Shows its argument, gives a line; EOFError at the end."""
    at: int = 0
    done: Counter[str] = field(default_factory=Counter)
    steps: list[_Step] = field(default_factory=list)

    def run(self) -> None:
        """Until the queue or the person is done. Raises KeyboardInterrupt, after the summary."""
        try:
            while self.at < len(self.queue) or self._goes_back():
                item = self.service.items.get(self.queue[self.at])
                if not is_asked(item) and not self._is_ours(item):
                    say(f"{item.id} needs no answer any more ({clean(standing(item))})")
                    self.at += 1
                    continue
                self._show(item)
                if not self._answered(item):
                    break
        except EOFError:
            say()
        finally:
            self._sum_up()

    def _is_ours(self, item: Item) -> bool:
        """Whether it is as a decision of this conversation left it: edited, and shown again."""
        return any(step.left.get(item.id) == fingerprint(item) for step in self.steps)

    def _goes_back(self) -> bool:
        """After the last item: whether the person takes a decision back."""
        while self.steps and self.ask("that was the last one (u: undo, Enter: leave)> ").strip().lower() == "u":
            if self._undone():
                return True
        return False

    def _show(self, item: Item, *, whole: bool = False) -> None:
        size = shutil.get_terminal_size()
        say()
        say(f"{self.at + 1} of {len(self.queue)} · {item.id}")
        for line in card(item, columns=size.columns, lines=size.lines - 5, whole=whole):
            say(line)

    def _answered(self, item: Item) -> bool:
        """False when the person leaves."""
        say(KEYS)
        while True:
            key = self.ask("> ").strip().lower()[:1] or "s"
            if key == "q":
                return False
            if key == "s":
                self.at += 1
                return True
            if key == "v":
                self._show(item, whole=True)
            elif key == "o":
                self._open(item)
            elif key == "u":
                if self._undone():
                    return True
            elif key in (*_STATUS, "e", "m"):
                if fingerprint(now := self.service.items.get(item.id)) != fingerprint(item):
                    _tell_changed(now)
                    return True
                if self._decided(item, key):
                    return True
            else:
                say(HELP)

    def _decided(self, item: Item, key: str) -> bool:
        """Whether something was decided; what cannot be done is told and asks again."""
        try:
            if key == "e":
                return self._edit(item)
            if key == "m":
                return self._merge(item)
            status = _STATUS[key]
            self._take(_DONE[status], (item,), lambda: self._reviews.decide(item.id, status))
        except Changed:
            _tell_changed(self.service.items.get(item.id))
            return True
        except Error as error:
            say(f"{clean(error.message)}" + (f" → {clean(error.hint)}" if error.hint else ""))
            return False
        self.at += 1
        return True

    def _take(self, what: str, seen: tuple[Item, ...], change: Callable[[], object]) -> None:
        """`seen`: what it is decided by, the item in question first. Raises Changed, Refused."""
        ids = tuple(item.id for item in seen)
        with self._reviews.as_seen(*seen):
            copy = copy_of(self.service.store, ids)
            change()
            left = fingerprints(self.service.items, ids)
        self.steps.append(_Step(ids[0], what, copy, left))
        self.done[what] += 1
        say(what)

    def _edit(self, item: Item) -> bool:
        def keep(seen: Item, changed: dict[str, Any]) -> None:
            self._take("edited", (seen,), lambda: self._reviews.edit(seen.id, **changed))

        if edited_item(item, self.ask, self.service.items.get, keep):
            return True  # shown again, as it reads now
        say("nothing was changed")
        return False

    def _merge(self, item: Item) -> bool:
        near = [self.service.items.get(each.id) for each in self._reviews.near(item)]
        ids = short_ids(each.id for each in near)
        for number, each in enumerate(near, 1):
            say(f"  {number}  {ids[each.id]}  {cut(clean(each.title), 60)}  ({each.type}, {each.status})")
        answer = self.ask("into (number, or the first characters of an id; Enter: none)> ").strip()
        if not answer:
            return False
        if answer.isdecimal() and 1 <= int(answer) <= len(near):
            into = near[int(answer) - 1]
        else:
            into = self.service.items.find(item.project_id, answer)
        self._take("merged", (item, into), lambda: self._reviews.merge(item.id, into.id))
        self.at += 1
        return True

    def _open(self, item: Item) -> None:
        sha = opened_commit(item)
        if sha is None:
            say("it cites no commit")
            return
        try:
            editor.page(clean(shown_commit(self.repo, sha), lines=True))
        except Error as error:
            say(f"{sha[:12]} cannot be shown: {clean(error.message)}")

    def _undone(self) -> bool:
        if not self.steps:
            say("there is nothing to undo")
            return False
        step = self.steps.pop()
        try:
            put_back(self.service.store, step.copy, expected=step.left)
        except Error as error:
            say(clean(error.message))
            return False
        self.done[step.what] -= 1
        self.at = self.queue.index(step.item_id)
        say(f"no longer {step.what}")
        return True

    def _sum_up(self) -> None:
        told = ", ".join(f"{count} {what}" for what, count in self.done.items() if count)
        left = len(self.queue) - self.at
        say(
            f"{told or 'nothing decided'}; {plural(left, 'item')} left: contox-hooks review" if left else told or "done"
        )

    @property
    def _reviews(self) -> Reviews:
        return self.service.reviews


def _tell_changed(item: Item) -> None:
    if is_asked(item):  # else the next look at it says what became of it
        say("it was changed meanwhile; this is what it says now")


def edited_item(
    item: Item, ask: Callable[[str], str], get: Callable[[str], Item], keep: Callable[[Item, dict[str, Any]], None]
) -> dict[str, Any]:
    """What the person changed in their editor and `keep` took, by field; empty for nothing. A form that is broken, or
    whose item was changed meanwhile (`keep` raises Changed; `get` has it now), is opened again with what is wrong and
    all that was typed, until it is right or given up. Raises UsageError when there is no editor."""
    text = form_of(item)
    while True:
        text = editor.edited(text)
        found = read_form(text)
        if found.empty:
            return {}
        problems = found.problems
        if not problems:
            changed = changes(item, found.values)
            try:
                if changed:
                    keep(item, changed)
                return changed
            except Changed:
                shown, item = item, get(item.id)
                problems = tuple(_meanwhile(shown, item, changed))
                text = form_of(replace(item, **changed))
        for problem in problems:
            say(f"  {clean(problem)}")
        if ask("open it again? (Enter: yes, n: give up)> ").strip().lower().startswith("n"):
            return {}
        text = with_problems(text, problems)


def _meanwhile(shown: Item, now: Item, changed: Collection[str]) -> Iterator[str]:
    """What somebody else changed while the form was open; the person's own words stand in the form."""
    yield "it was changed meanwhile; what you changed stands below, the rest as it is now"
    for name in ("status", *changed):
        if getattr(shown, name) != getattr(now, name):
            yield f"{name} is now: {cut(' '.join(str(getattr(now, name)).split()), 300)}"
