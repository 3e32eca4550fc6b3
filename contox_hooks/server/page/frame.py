"""What surrounds a page's content: who looks, at which project, and where else they can go.

Must not know what pages show. `Section` lists the pages of the navigation; each is at `/dashboard/<section>`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, Self, get_args

from contox_hooks.domain.access import Right
from contox_hooks.domain.phrase import short_ids
from contox_hooks.memory.access import Key
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.server.desk import Visit, visible_projects

Section = Literal["sessions", "memory", "review", "hygiene", "projects", "operations"]
SECTIONS: tuple[Section, ...] = get_args(Section)
OF_ALL: frozenset[Section] = frozenset({"sessions", "projects", "operations"})
"""Sections that can show all projects at once; the others are of one."""


@dataclass(frozen=True, slots=True)
class Frame:
    section: Section
    key: Key
    projects: tuple[Project, ...]
    """All that the key may see."""
    visit: Visit | None
    """None: not of one project."""

    @classmethod
    def of(cls, visit: Visit, section: Section) -> Self:
        return cls(section, visit.key, tuple(visible_projects(visit.service, visit.key)), visit)

    @classmethod
    def of_all(cls, service: Service, key: Key, section: Section) -> Self:
        return cls(section, key, tuple(visible_projects(service, key)), None)

    @property
    def project(self) -> Project | None:
        return None if self.visit is None else self.visit.project

    @property
    def names(self) -> dict[str, str]:
        """What the projects are called here, by id: with the id's beginning where two have one name."""
        count = Counter(project.name for project in self.projects)
        ids = short_ids(project.id for project in self.projects)
        return {
            project.id: project.name if count[project.name] == 1 else f"{project.name} ({ids[project.id]})"
            for project in self.projects
        }

    @property
    def title(self) -> str:
        return "All projects" if self.project is None else self.names.get(self.project.id, self.project.name)

    def allows(self, right: str) -> bool:
        """For what a page shows or leaves out; the desk is what holds."""
        return self.visit is not None and self.visit.allows(Right(right))

    def href(self, section: Section, project: Project | None = None) -> str:
        """The section's page, of this project, else of the one that is looked at, else of all or of the only one."""
        chosen = project or self.project or (self.projects[0] if self.projects and section not in OF_ALL else None)
        return f"/dashboard/{section}" + (f"?project={chosen.id}" if chosen else "")

    @property
    def places(self) -> list[tuple[Section, str, bool]]:
        """The navigation: name, link, whether it is here."""
        return [(section, self.href(section), section == self.section) for section in SECTIONS]

    @property
    def switch(self) -> list[tuple[str, str, bool]]:
        """The same section of other projects: name, link, whether it is this one."""
        names = self.names
        one = [
            (names[project.id], self.href(self.section, project), project == self.project) for project in self.projects
        ]
        if self.section not in OF_ALL:
            return one
        return [("All projects", f"/dashboard/{self.section}", self.project is None), *one]
