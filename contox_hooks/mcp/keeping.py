"""The tools that change something: a saved session, a decision about an item, hygiene, what commits settled, a scan.

A note waits for nothing: it is durable in the repository when the tool answers, whatever network, server or store do.
Everything else is memory.py's to do.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from contox_hooks.domain.error import UsageError
from contox_hooks.mcp.desk import parts_of, the_call
from contox_hooks.mcp.frame import fenced, framed, framed_object
from contox_hooks.mcp.reporting import Directory
from contox_hooks.mcp.telling import item_told, session_told
from contox_hooks.saving import Category, save

_COMMITS: Final = 1000
_ACTIONS: Final = 500
Id = Annotated[str, Field(min_length=1, max_length=200)]


class Change(BaseModel):
    """One thing worth knowing later."""

    category: Category
    title: str = Field(min_length=1, description="What it is, in one line; 200 characters are kept")
    content: str = Field(description="What was decided or found, and why; 20,000 characters are kept")


def save_session(
    summary: Annotated[str, Field(min_length=1, description="What was done, in a sentence or two")],
    changes: Annotated[
        list[Change],
        Field(
            max_length=200,
            description="Each becomes an item of memory: a decision with its reason, a bug, a todo",
        ),
    ],
    headCommitSha: Annotated[
        str | None, Field(max_length=64, description="The commit that this was done on; left out: HEAD")
    ] = None,
) -> str:
    """Save what was done in this session to the project's memory. Answers at once, also offline; what is saved twice on
    the same commit is kept once. Never put secrets in it."""
    call = the_call()
    with parts_of(call.repo) as parts:
        return save(
            parts, summary, [each.model_dump() for each in changes], source="mcp-server", head_sha=headCommitSha
        ).told()


def approve(
    id: Annotated[Id, Field(description="An item's id, as the other tools tell it")],
    action: Annotated[Literal["approve", "deprecate"], Field(description="approve: it holds; deprecate: it does not")],
) -> str:
    """Decide about one item of memory. Only when the user asked for it: what is approved is trusted from then on."""
    memory = the_call().memory
    return framed(memory, item_told(memory.decide(id, "approved" if action == "approve" else "deprecated")))


def hygiene(
    mode: Annotated[Literal["quick", "weekly"], Field(description="The 20 newest items, or the 200 newest")] = "quick",
    schemaKeyPrefix: Annotated[str | None, Field(max_length=200)] = None,
    apply: Annotated[
        list[Id] | None,
        Field(max_length=_ACTIONS, description="Ids of a plan's actions to carry out; left out: only the plan"),
    ] = None,
    plan: Annotated[
        dict[str, Any] | None, Field(description="The plan that the ids are of, unchanged; left out: it is made again")
    ] = None,
    dryRun: bool = False,
) -> str:
    """Duplicates, bad titles, secrets in memory: a plan of actions. With `apply`, those actions are carried out; ask
    the user first about each that says requiresHumanApproval."""
    memory = the_call().memory
    if apply is None:
        if plan is not None:
            raise UsageError("a plan without `apply` does nothing", hint="name the action ids in `apply`")
        return framed_object(memory, memory.analyze(mode=mode, schema_key_prefix=schemaKeyPrefix))
    whole = plan if plan is not None else memory.analyze(mode=mode, schema_key_prefix=schemaKeyPrefix)
    return framed_object(memory, memory.apply(whole, apply, dry_run=dryRun))


def auto_resolve(
    directory: Directory = None,
    limit: Annotated[int, Field(ge=1, le=_COMMITS, description="Commits at most, the newest")] = 20,
    dryRun: bool = False,
) -> str:
    """Bugs and todos in memory that commits since the last save settled: sure ones are archived, likely ones put to
    review. dryRun tells without doing it."""
    from contox_hooks.digesting import digest_since_save

    call = the_call()
    repo = call.repo_of(directory)
    with parts_of(repo) as parts:
        digests = [each.digest for each in digest_since_save(parts, limit=limit, mode="all", wip=False).commits]
    commits = [
        {
            "sha": digest.sha,
            "message": f"{digest.subject}\n\n{digest.body}".rstrip(),
            "files": [file.path for file in digest.files],
        }
        for digest in digests
    ]
    memory = call.memory_of(repo)
    return framed_object(memory, memory.auto_resolve(commits, dry_run=dryRun))


def scan(directory: Directory = None, dryRun: bool = False) -> str:
    """Read the architecture from the code base itself (packages, entry points, routes, schemas, dependencies, tests,
    CI) into memory. What did not change since the last scan is not read again."""
    from contox_hooks.scan.scanning import scan_repository

    call = the_call()
    with parts_of(call.repo_of(directory)) as parts:
        found = scan_repository(parts, source="mcp-scan", dry_run=dryRun)
    return fenced("Architecture, as the files at HEAD show it.", found.to_markdown())


def end_session(sessionId: Annotated[Id, Field(description="As contox_sessions tells it")]) -> str:
    """Close a session of work: what it holds becomes memory, and what comes next begins a new one."""
    memory = the_call().memory
    memory.end_session(sessionId)
    return framed(memory, session_told(memory.session(sessionId)))
