"""All checks in an order in which none disturbs another: what is broken is named before anything is run on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contox_hooks import work
from contox_hooks.assembly import Assembly
from contox_hooks.diagnosis.capture import (
    clone_findings,
    drain_findings,
    gap_findings,
    job_findings,
    letter_findings,
    log_findings,
    set_aside_findings,
)
from contox_hooks.diagnosis.file import capture_findings, memory_findings, permission_findings, state_findings
from contox_hooks.diagnosis.finding import Finding
from contox_hooks.diagnosis.hook import probe_findings, python_findings, wiring_findings
from contox_hooks.diagnosis.machine import embedding_findings, git_findings, settings_findings
from contox_hooks.diagnosis.server import server_findings
from contox_hooks.domain.error import Error
from contox_hooks.git.repository import Repository
from contox_hooks.place import memory_path

if TYPE_CHECKING:
    from contox_hooks.memory.project import Project


def examine(repo: Repository) -> list[Finding]:
    """Everything that was found, problems and notes, in the order of the checks. Leaves one probe record in the spool
    and drains once; changes nothing else. Raises Error only where not even looking is possible."""
    parts = Assembly(repo)
    state, memory = parts.state, memory_path()
    found = [*git_findings()]
    if not state.database.exists():
        found.append(Finding("capture", "nothing is captured in this repository yet", "contox-hooks init"))
    found += wiring_findings(repo)
    found += python_findings(state)
    found += probe_findings(repo, state)
    unwritable = [*state_findings(state)]
    found += unwritable
    found += permission_findings(state, memory)
    stores = [*capture_findings(state, _refill(repo)), *memory_findings(memory, _refill(repo))]
    found += stores
    project: Project | None = None
    if state.database.exists() and not stores:
        try:
            project = parts.project
        except Error as error:  # it can be read and not written
            found.append(Finding("memory", error.message, error.hint))
    settings = [*settings_findings(repo, project.settings if project else {})]
    found += settings
    if state.database.exists() and not any(finding.check == "capture" for finding in stores):
        hindered = [*unwritable, *(finding for finding in settings if finding.level == "problem")]
        if not hindered and project is not None:
            hindered = [*drain_findings(parts)]
            found += hindered
        drain = "" if hindered or project is None else "contox-hooks drain"
        found += gap_findings(parts, paused=any(finding.level == "note" for finding in settings), drain=drain)
    if project is not None:
        found += job_findings(parts)
    found += server_findings(state)
    found += set_aside_findings(state, memory)
    found += letter_findings(state)
    found += log_findings(state)
    found += embedding_findings()
    found += clone_findings(repo)
    return found


def _refill(repo: Repository) -> Any:
    def refill() -> None:
        parts = Assembly(repo)
        done = parts.drain().run(wait_s=10.0, reconcile=True)
        work.start_behind(parts, done)

    return refill
