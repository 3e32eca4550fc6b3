"""A project's settings: what it is called, who sees it, how it learns, what that may cost, its clones here.

Values are changed by the API's functions. Invariants: an empty field is the server's own value again; what was not
touched is not changed, and what was typed stays on the page until it can be taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks import clone
from contox_hooks.asker import chosen_models
from contox_hooks.domain.access import Right
from contox_hooks.domain.error import Error, SettingError
from contox_hooks.domain.setting import DEFAULTS, SPECS, Effective
from contox_hooks.model.ledger import MICRO_DOLLARS_A_CENT, Ledger, Used, dollars
from contox_hooks.server.api import project as project_api
from contox_hooks.server.api import setting as api
from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.desk import AtDesk, Desk, Visit
from contox_hooks.server.effective import effective_of
from contox_hooks.server.page.doing import done
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.project import MOST, PATH, problems_of
from contox_hooks.server.page.render import page
from contox_hooks.server.page.touched import MOST_WAS, touched, was_of
from contox_hooks.server.refusal import forbidden

router = APIRouter(include_in_schema=False)

SWITCHES: Final = ("auto_learn", "deep_enrich")
NUMBERS: Final = ("min_interval_s", "tokens_a_day", "tokens_a_session", "cents_a_day")
SHOWN: Final = (*SWITCHES, "model", *NUMBERS, "exclude")
NOTHING: Final = "Nothing was changed"


class General(BaseModel):
    was: Text = Field(default="", max_length=MOST_WAS)
    """`was_of` what the form showed."""
    name: Text = ""
    description: Text = ""
    visibility: Literal["private", "public"] = "private"
    repo_url: Text = ""


class Learning(BaseModel):
    was: Text = Field(default="", max_length=MOST_WAS)
    auto_learn: Text = Field(default="", max_length=10)
    deep_enrich: Text = Field(default="", max_length=10)
    model: Text = Field(default="", max_length=20)
    min_interval_s: Text = Field(default="", max_length=20)
    tokens_a_day: Text = Field(default="", max_length=20)
    tokens_a_session: Text = Field(default="", max_length=20)
    cents_a_day: Text = Field(default="", max_length=20)
    exclude: Text = ""


class Folder(BaseModel):
    path: Text = Field(default="", max_length=4_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting, as the form has it."""

    own: str
    """The project's own value; empty: none."""
    in_force: str
    origin: str
    usual: str
    """What holds without the project's own."""
    help: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Of today (UTC)."""

    used: Used
    models: str
    money: str
    """Of all projects: there is one purse."""
    money_cap: str
    problem: str = ""


@router.get(PATH + "/{project_id}/settings")
def settings(desk: AtDesk, request: Request, project_id: Id) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        return _page(request, visit, {}, {})


@router.post(PATH + "/{project_id}/settings")
def change(desk: AtDesk, request: Request, project_id: Id, form: Annotated[General, Form()]) -> Response:
    typed = touched(form.was, form.model_dump(exclude={"was"}))
    if problems := problems_of(typed):
        with desk.project(project_id, Right.ADMINISTER) as visit:
            return _page(request, visit, typed, problems)
    wanted = {"repoUrl" if name == "repo_url" else name: text or None for name, text in typed.items()}
    change = project_api.ProjectChange.model_validate(wanted)
    said = "Saved" if typed else NOTHING
    return done(lambda: project_api.change(desk, project_id, change), _here(project_id), said)


@router.post(PATH + "/{project_id}/learning")
def learn(desk: AtDesk, request: Request, project_id: Id, form: Annotated[Learning, Form()]) -> Response:
    typed = touched(form.was, form.model_dump(exclude={"was"}))
    wanted, problems = changes_of(typed)
    if problems:
        with desk.project(project_id, Right.ADMINISTER) as visit:
            return _page(request, visit, typed, problems)
    change = api.SettingsChange(wanted)
    said = f"Changed {', '.join(sorted(wanted))}" if wanted else NOTHING
    return done(lambda: api.change(desk, project_id, change), _here(project_id), said)


@router.post(PATH + "/{project_id}/clones")
def link(desk: AtDesk, project_id: Id, form: Annotated[Folder, Form()]) -> Response:
    """For an owner: whoever names a folder has its files read."""

    def act() -> None:
        with _owners(desk, project_id) as visit:
            clone.link(visit.service.projects, visit.project, form.path.strip())

    return done(act, _here(project_id), "Linked: the next run reads its files for signatures, routes and schemas")


@router.post(PATH + "/{project_id}/clones/unlink")
def unlink(desk: AtDesk, project_id: Id, form: Annotated[Folder, Form()]) -> Response:
    with _owners(desk, project_id) as visit:
        if Path(form.path) not in visit.service.projects.clones(project_id):
            return see_other(_here(project_id), "that folder is not linked", tone="bad")
        visit.service.projects.unlink_clone(form.path)
    return see_other(_here(project_id), "No longer linked; what was read stays in memory")


def changes_of(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Values by setting, None for the server's own; and what is wrong, by field."""
    wanted: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, text in typed.items():
        wanted[name] = (text.split("\n") if name == "exclude" else text) if text else None
        try:
            api.value_of(name, wanted[name], where="this form")
        except SettingError as error:
            problems[name] = error.message
    return wanted, problems


def shown(visit: Visit) -> dict[str, Shown]:
    own = visit.project.settings
    effective = effective_of(visit.service, own)
    usual = effective_of(visit.service, {}).settings
    return {
        name: Shown(
            _text(own[name]) if name in own else "", _text(getattr(effective.settings, name)), effective.origins[name],
            _text(getattr(usual, name)), SPECS[name].help,
        )
        for name in SHOWN
    }  # fmt: skip


def models_within(plan: dict[str, str]) -> list[tuple[str, bool]]:
    """Each model, and whether the plan allows it (CONTRACT.md section 5)."""
    choices = SPECS["model"].choices
    most = choices.index(plan.get("model", choices[-1]))
    return [(name, place <= most) for place, name in enumerate(choices)]


def spent(visit: Visit, effective: Effective) -> Spent:
    try:
        used = Ledger(visit.service.store, visit.project.id).used()
        names = ", then ".join(one.name for one in chosen_models(effective))
    except Error as error:
        return Spent(Used(0, 0, 0, 0), "", "", "", error.message)
    is_offline = effective.settings.model == DEFAULTS.model
    cap = dollars(effective.settings.cents_a_day * MICRO_DOLLARS_A_CENT)
    return Spent(used, "rules alone" if is_offline else names, dollars(used.micro_dollars_today), cap)


def tabs(visit: Visit, here: str) -> list[tuple[str, str, bool, int | None]]:
    """Pages of one project: text, link, whether it is here, a number."""
    members = len(visit.service.access.members(visit.project.id))
    named: list[tuple[str, str, int | None]] = [
        ("Settings", "settings", None), ("Members", "members", members), ("Keys and secret", "access", None),
        ("Connect", "connect", None),
    ]  # fmt: skip
    return [(text, f"{PATH}/{visit.project.id}/{name}", name == here, count) for text, name, count in named]


def _page(request: Request, visit: Visit, typed: Mapping[str, str], problems: Mapping[str, str]) -> Response:
    """`typed`: what stands in the forms although it could not be taken; `problems`: why, by field."""
    project, plan, seen = visit.project, visit.service.access.plan(), shown(visit)
    general = {
        "name": project.name, "description": project.description or "", "visibility": project.visibility,
        "repo_url": project.repo_url or "",
    }  # fmt: skip
    learning = {name: one.own for name, one in seen.items() if _is_theirs(visit, name)}
    return page(
        request, "settings.html", Frame.of(visit, "projects"), status=400 if problems else 200, project=project,
        tabs=tabs(visit, "settings"), shown=seen, models=models_within(plan), plan=plan,
        spent=spent(visit, effective_of(visit.service, project.settings)), typed={**general, **learning, **typed},
        problems=problems, was_general=was_of(general), was_learning=was_of(learning),
        clones=[(path, clone.is_present(path)) for path in visit.service.projects.clones(project.id)],
        may=visit.allows(Right.ADMINISTER), is_owner=visit.key.is_unbound_owner, base=f"{PATH}/{project.id}",
        limits={name: SPECS[name] for name in NUMBERS}, most={**MOST, "exclude": api.MAX_VALUE},
    )  # fmt: skip


def _is_theirs(visit: Visit, name: str) -> bool:
    return visit.key.is_unbound_owner or name not in api.OWNERS_ONLY


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(value) if isinstance(value, (list, tuple)) else str(value)


@contextmanager
def _owners(desk: Desk, project_id: str) -> Iterator[Visit]:
    with desk.project(project_id, Right.ADMINISTER) as visit:
        if not visit.key.is_unbound_owner:
            raise forbidden("The folders of the server's machine are its owners' matter")
        yield visit


def _here(project_id: str) -> str:
    return f"{PATH}/{project_id}/settings"
