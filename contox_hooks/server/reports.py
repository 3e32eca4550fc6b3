"""Reports of a visited project: with a clone of it where one is on this machine, else from memory alone."""

from __future__ import annotations

from contox_hooks.git.repository import Repository, from_git_dir
from contox_hooks.report import Reports
from contox_hooks.server.desk import Visit
from contox_hooks.server.effective import effective_of


def reports_of(visit: Visit) -> Reports:
    """Raises SettingError."""
    repo = clone_of(visit)
    return Reports(
        visit.service, visit.project, repo, effective_of(visit.service, visit.project.settings, repo).settings
    )


def clone_of(visit: Visit) -> Repository | None:
    """The one that was found last and is still there."""
    for common_dir in visit.service.projects.clones(visit.project.id):
        if (common_dir / "objects").is_dir():
            return from_git_dir(common_dir)
    return None
