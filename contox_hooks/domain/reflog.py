"""What a reflog line says about the commit it names: made here, landed here, or a move among known ones.

git writes `<action>: <text>`; the actions are those of builtin/commit.c, sequencer.c, builtin/rebase.c, am.c, merge.c,
pull.c, fetch.c, send-pack.c, checkout.c, reset.c and clone.c, alike on 2.39 and 2.55. A line that says nothing we know
(another tool's action, an empty one) is `unknown`, and the committer's identity decides then.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from contox_hooks.domain.digest import CommitKind

ZERO = re.compile(r"^0+$")

Meaning = Literal["created", "landed", "pushed", "switched", "finished", "moved", "unknown"]
"""created: `new` was made by this very command. landed: `new` came from elsewhere (fetch, pull, clone). pushed: our own
commits reached a remote-tracking branch. switched: a branch switch. finished: a rebase put its branch in place. moved:
known commits (reset, branch, fast-forward). unknown: no word that git itself uses."""


class ReflogEntry(NamedTuple):
    old: str | None
    """None where the log began: git's id of zeros is no object id."""
    new: str
    email: str
    at_utc: int
    message: str


class Reading(NamedTuple):
    meaning: Meaning
    kind: CommitKind | None = None
    """Of a created commit."""
    how: str = ""
    """Of a landing or move: fast-forward, pull, reset, clone, fetch, branch."""
    brings_others: bool = False
    """A created merge whose other parents came from elsewhere (pull, FETCH_HEAD)."""
    transient: bool = False
    """Made inside a rebase: worth a digest only if it is still reachable when the rebase is over."""


_PICKS = {"pick", "reword", "edit", "squash", "fixup", "continue", "merge", "exec", "break"}
_SWITCH = re.compile(r"^checkout: moving from (.+) to (.+)$")
_STEP = re.compile(r"^(rebase|pull)\b[^(]*\((\w+)[^)]*\):")
_FAST_FORWARD = re.compile(r": [Ff]ast-forward\b")
_COMMIT = re.compile(r"^commit(?: \(([\w-]+)\))?:")
_COMMIT_KINDS: dict[str, CommitKind] = {
    "amend": "amend", "merge": "merge", "cherry-pick": "cherry-pick", "revert": "revert", "initial": "commit",
}  # fmt: skip


def read_message(message: str) -> Reading:
    """The meaning of a reflog message. Total: every text has one."""
    commit = _COMMIT.match(message)
    if commit:
        # The other parents of a merge that was committed by hand may have come by `pull URL`: evidence of their own
        # still makes them the user's.
        kind = _COMMIT_KINDS.get(commit[1] or "", "commit")
        return Reading("created", kind, brings_others=kind == "merge")
    step = _STEP.match(message)
    if step:
        return _rebase_step(step[1], step[2], "FETCH_HEAD" in message)
    action, _, text = message.partition(":")
    word = action.split(" ", 1)[0]
    text = text.strip()
    if word in ("merge", "pull"):
        return _merge_or_pull(message, word)
    if word == "cherry-pick":
        return Reading("moved", how="fast-forward") if text == "fast-forward" else Reading("created", "cherry-pick")
    if word == "revert":
        return Reading("created", "revert")
    if word == "am":
        return Reading("created", "am")
    if word == "rebase":
        moved = action != "rebase" or text.startswith(("checkout", "aborting", "returning"))  # `rebase finished: …`
        return Reading("finished") if moved else Reading("created", "rebase", transient=True)
    if word == "clone":
        return Reading("landed", how="clone")
    if word == "update" and "by push" in action:
        return Reading("pushed")
    if message.startswith("initial pull"):
        return Reading("landed", how="pull")
    if word in ("fetch", "remote", "push"):  # push: somebody pushed into this repository
        return Reading("landed", how="fetch")
    if word == "checkout":
        return Reading("landed", how="checkout") if message.endswith(" to FETCH_HEAD") else Reading("switched")
    if word == "reset":
        return Reading("landed" if "FETCH_HEAD" in text else "moved", how="reset")
    if word in ("branch", "Branch"):
        return Reading("landed" if text.endswith(" FETCH_HEAD") else "moved", how="branch")
    return Reading("unknown")


def switched_branches(message: str) -> tuple[str, str] | None:
    """(from, to) of `checkout: moving from A to B`, which `switch` writes too; None for anything else."""
    match = _SWITCH.match(message)
    return (match[1], match[2]) if match else None


def parse_line(line: str) -> ReflogEntry | None:
    """A line of a reflog file: `old new Name <email> seconds zone TAB message`. None if it is not one."""
    head, _, message = line.partition("\t")
    try:
        old, new, rest = head.split(" ", 2)
        email = rest[rest.rindex("<") + 1 : rest.rindex(">")]
        seconds = int(rest[rest.rindex(">") + 1 :].split()[0])
    except (ValueError, IndexError):
        return None
    if len(new) not in (40, 64) or len(old) != len(new):
        return None
    return ReflogEntry(None if ZERO.match(old) else old, new, email, seconds, message)


def _rebase_step(word: str, step: str, fetched: bool) -> Reading:
    if step in _PICKS:
        return Reading("created", "rebase", transient=True)
    if step == "start" and (word == "pull" or fetched):  # HEAD goes to what was fetched
        return Reading("landed", how="pull")
    return Reading("finished")


def _merge_or_pull(message: str, word: str) -> Reading:
    elsewhere = word == "pull" or "FETCH_HEAD" in message
    if _FAST_FORWARD.search(message):
        return Reading("landed" if elsewhere else "moved", how="pull" if word == "pull" else "fast-forward")
    if ": storing head" in message or ": forced-update" in message:
        return Reading("landed", how="pull")
    return Reading("created", "merge", brings_others=elsewhere)
