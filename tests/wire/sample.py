"""Events to send, and what of them is left when they come back."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.event import Event, checkout_event, commit_event, rewrite_event

EMAIL = "ada@example.org"


def digest(number: int = 1, **fields: Any) -> CommitDigest:
    person = Person("Ada Example", EMAIL, 1_767_323_045, 60)
    values: dict[str, Any] = {
        "sha": f"{number:040x}", "parents": (f"{number - 1:040x}",), "author": person, "committer": person,
        "subject": f"Change {number}", "body": "Because.", "files": (FileChange("src/a.py", "M", 3, 1),),
        "files_total": 1, "insertions": 3, "deletions": 1, "diff": "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n",
        "branch": "main",
    }  # fmt: skip
    return CommitDigest(**(values | fields))


def commit(number: int = 1, **fields: Any) -> Event:
    return commit_event(digest(number, **fields), at_utc=1_767_323_000 + number)


def stored(event: Event) -> Event:
    """As the capture store gives it back: lists instead of tuples."""
    payload = dict(event.payload)
    if event.type == "commit":
        payload |= {"parents": list(payload["parents"]), "files": list(payload["files"])}
    return Event(event.type, event.key, event.source, event.at_utc, payload)


def without_emails(event: Event) -> Event:
    """The payload that the other side sees: the documented omission."""
    payload = dict(stored(event).payload)
    for role in ("author", "committer"):
        if role in payload:
            payload[role] = payload[role] | {"email": ""}
    return Event(event.type, event.key, event.source, event.at_utc, payload)


seconds = st.integers(0, 4_000_000_000)
texts = st.text(st.characters(codec="utf-8", exclude_characters="@"), max_size=30)
names = st.text(st.characters(codec="utf-8", exclude_characters="@"), min_size=1, max_size=12)
counts = st.integers(0, 10_000)
persons = st.builds(Person, texts, st.just(EMAIL) | st.just(""), seconds, st.integers(-900, 900))
files = st.builds(
    FileChange, names, st.sampled_from("AMDRCTU"), st.none() | counts, st.none() | counts, st.none() | names, st.booleans(),
    st.sampled_from(["100644", "000000"]), st.sampled_from(["100644", "100755"]),
)  # fmt: skip
digests = st.builds(
    CommitDigest, sha=st.integers(0, 2**160 - 1).map(lambda number: f"{number:040x}"),
    parents=st.lists(st.just("ab" * 20), max_size=3).map(tuple), author=persons, committer=persons, subject=texts,
    body=texts, files=st.lists(files, max_size=4).map(tuple), files_total=counts, insertions=counts, deletions=counts,
    diff=texts, diff_cut=st.booleans(), diff_missing=st.sampled_from(["", "off", "withheld"]), excluded_files=counts,
    redactions=counts, kind=st.sampled_from(["commit", "merge", "amend", "rebase"]), branch=st.none() | names,
    origin=st.sampled_from(["created", "history"]),
)  # fmt: skip
commits = st.builds(lambda digest, at_utc: commit_event(digest, at_utc=at_utc), digests, seconds)
checkouts = st.builds(
    lambda at_utc, old, new: checkout_event(
        worktree="/w", old="a" * 40, new="b" * 40, old_branch=old, new_branch=new, left_behind=2, at_utc=at_utc
    ),
    seconds, st.none() | names, names,
)  # fmt: skip
rewrites = st.builds(
    lambda at_utc, count: rewrite_event(
        [(f"{n:040x}", f"{n + 1:040x}" if n % 3 else None) for n in range(count)], command="rebase", at_utc=at_utc
    ),
    seconds, st.integers(0, 5),
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts.filter(lambda t: t.lower() != "email"), inner, max_size=3)
    ),
    max_leaves=5,
)
unknown = st.builds(
    lambda key, at_utc, payload: Event("stash", f"stash:{key}", "git-hooks", at_utc, payload),  # type: ignore[arg-type]
    names, seconds, st.dictionaries(texts.filter(lambda t: t.lower() != "email"), json_values, max_size=3),
)  # fmt: skip
events = st.one_of(commits, checkouts, rewrites, unknown)
