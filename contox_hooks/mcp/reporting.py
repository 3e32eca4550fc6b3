"""The tools that tell what happened: the digest since the last save, drift, impact, onboarding, changelog, sessions.

They change nothing. Must not know how a report is made: memory.py's answers, laid out for reading.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from contox_hooks.mcp.desk import parts_of, the_call
from contox_hooks.mcp.frame import fenced, fitting, framed, framed_object, one_line
from contox_hooks.mcp.recalling import MAX_OFFSET
from contox_hooks.mcp.telling import place_told, session_told

if TYPE_CHECKING:
    from contox_hooks.mcp.memory import Memory, Object

Directory = Annotated[
    str | None, Field(max_length=4096, description="A folder of the repository, where several are open")
]
_DAY_S: Final = 86_400


def git_digest(
    directory: Directory = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Commits at most, the newest")] = 20,
    mode: Annotated[
        Literal["first-parent", "all"],
        Field(description="first-parent: a merge stands for its branch, whose commits are named; all: each commit"),
    ] = "first-parent",
) -> str:
    """What was done since memory was last saved: commits with their patches, and what is not committed yet (staged,
    unstaged, untracked). Read it before contox_save_session."""
    from contox_hooks.digesting import digest_since_save

    call = the_call()
    repo = call.repo_of(directory)
    with parts_of(repo) as parts:
        found = digest_since_save(parts, limit=limit, mode=mode)
    return fenced("Commits and work in progress, as git has them, without secrets.", found.to_markdown())


def drift_check(
    action: Annotated[
        Literal["check", "list"],
        Field(description="check: decisions and conventions that commits went against; list: everything in doubt"),
    ] = "check",
) -> str:
    """What memory says that the code may not bear out any more, with the commit that made it doubtful."""
    memory = the_call().memory
    return framed_object(memory, memory.check_drift() if action == "check" else memory.drift())


def impact_radar(days: Annotated[int, Field(ge=1, le=30)] = 7) -> str:
    """Which modules changed lately, what depends on them or changes with them, and how risky that is."""
    memory = the_call().memory
    return framed_object(memory, _without_usage(memory.impact(days=days)))


def onboarding_guide() -> str:
    """A guide to this project for who is new here: what it is, where things are, decisions, conventions, pitfalls."""
    memory = the_call().memory
    guide = memory.onboarding().get("guide") or {}
    parts = []
    for section in guide.get("sections") or []:
        files = ", ".join(map(str, section.get("keyFiles") or []))
        body = str(section.get("content") or "").strip()
        parts.append(f"## {section.get('title')}\n\n{body}" + (f"\n\nKey files: {files}" if files else ""))
    return framed(memory, "\n\n".join(parts) or "There is nothing to tell yet.")


def changelog(
    mode: Annotated[
        Literal["developer", "product", "executive"],
        Field(description="For whom it is told: by day, week or month"),
    ] = "developer",
    days: Annotated[int, Field(ge=1, le=3650)] = 30,
) -> str:
    """What happened lately, from commits and memory."""
    memory = the_call().memory
    found = memory.changelog(mode=mode, since=int(time.time()) - days * _DAY_S)
    entries = found.get("entries") or []
    notes = f"{found.get('total', 0) - len(entries)} earlier entries are not shown" if found.get("hasMore") else ""
    return framed(
        memory, "\n\n".join(map(_entry, entries)) or f"Nothing happened in the last {days} days.", notes=notes
    )


def sessions(
    sessionId: Annotated[str | None, Field(max_length=200, description="Show this one, with its pipeline")] = None,
    status: Literal["active", "completed", "enriching", "failed"] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 10,
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0,
) -> str:
    """Sessions of work, newest first: who or what reported them, how many events, what became memory of them."""
    memory = the_call().memory
    if sessionId is not None:
        return session_text(memory, sessionId)
    page = memory.sessions(limit=limit, offset=offset, status=status)
    shown = fitting(map(session_told, page.get("sessions") or []))
    notes = place_told(offset, len(shown), page.get("total"))
    return framed(memory, "\n\n".join(shown) or "There are no sessions.", notes=notes)


def session_text(memory: Memory, session_id: str) -> str:
    whole = dict(memory.session(session_id))
    jobs = [_job(job) for job in whole.get("jobs") or []]
    events = [_event(event) for event in whole.get("events") or []]
    files = ", ".join(map(str, whole.get("filesModified") or []))
    parts = [
        session_told(whole),
        *(["Pipeline:\n" + "\n".join(jobs)] if jobs else []),
        *(["Events:\n" + "\n".join(events)] if events else []),
        *([f"Files: {files}"] if files else []),
    ]
    return framed(memory, "\n\n".join(parts))


def _entry(entry: Object) -> str:
    told = [f"## {entry.get('date')}", str(entry.get("summary") or ""), str(entry.get("changelog") or "").strip()]
    for heading, name in (("Impact", "impacts"), ("Risks", "risks")):
        if lines := entry.get(name):
            told.append(f"{heading}:\n" + "\n".join(f"- {line}" for line in lines))
    return "\n\n".join(part for part in told if part)


def _job(job: Object) -> str:
    error = job.get("lastError") or job.get("error")
    told = f"- {job.get('jobType') or job.get('type')}: {job.get('status')}"
    return told + (f" ({one_line(str(error), 200)})" if error else "")


def _event(event: Object) -> str:
    payload = event.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    said = payload.get("subject") or payload.get("message") or payload.get("summary") or ""
    sha = str(payload.get("sha") or "")[:12]
    return " ".join(
        part
        for part in ("-", str(event.get("createdAt")), str(event.get("type")), sha, one_line(str(said), 200))
        if part
    )


def _without_usage(answer: Object) -> Object:
    return {name: value for name, value in answer.items() if name != "usage"}
