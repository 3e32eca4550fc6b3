"""What a form of a list of items says: which were chosen, and what is decided about them.

Must not know which list. Invariant: whatever a browser sends is an answer or nothing, never an error of ours.
"""

from __future__ import annotations

from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.item import Item
from contox_hooks.domain.phrase import plural
from contox_hooks.memory.deciding import STATUS_OF, Choice, Decided, Verb, decide_shown, seen_of
from contox_hooks.server.api.declared import Text
from contox_hooks.server.desk import Visit
from contox_hooks.server.page.flash import see_other

MOST = 200
"""Items at once: more than any page shows."""
MAX_REASON = 300


class Decision(BaseModel):
    one: Text = Field(default="", max_length=200)
    """A button of one item: `<verb> <choice>`."""
    do: Text = Field(default="", max_length=20)
    """A button of all that are checked: the verb."""
    item: list[Text] = Field(default=[], max_length=MOST)
    """The checked ones, each by `choice_of`."""
    reason: Text = Field(default="", max_length=MAX_REASON)


def choice_of(item: Item) -> str:
    """The value of its check box."""
    return f"{item.id}:{seen_of(item)}"


def decide(visit: Visit, to: str, form: Decision) -> Response:
    """Takes the decision and sends the browser back `to` where it was, to be told."""
    verb, _, value = form.one.partition(" ") if form.one else (form.do, "", "")
    choices = [Choice(*each.split(":", 1)) for each in ([value] if form.one else form.item) if ":" in each]
    if verb not in STATUS_OF:
        return see_other(to, "nothing was decided", tone="bad")
    if not choices:
        return see_other(to, "no item was chosen", tone="bad")
    done = decide_shown(visit.service, visit.project.id, choices, verb, reason=said_by(visit, form.reason))
    return see_other(to, told(done, verb), tone="good" if done.done else "bad")


def said_by(visit: Visit, reason: str) -> str:
    """Begins so that no rule takes it for a reason of its own."""
    said = " ".join(reason.split())
    return f"by {visit.key.person_name}: {said}" if said else f"by {visit.key.person_name}"


def told(decided: Decided, verb: Verb) -> str:
    done = {"approve": "approved", "deprecate": "deprecated", "archive": "archived"}[verb]
    parts = [f"{plural(decided.done, 'item')} {done}"]
    if decided.changed:
        parts.append(f"{plural(decided.changed, 'item')} left alone: changed meanwhile")
    return "; ".join([*parts, *decided.refused[:3]])
