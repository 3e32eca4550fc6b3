"""`contox-hooks settings`: the values in force and where each comes from; change one in the place that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, say, table, warn
from contox_hooks.cli.settings_model import Forget, FromStdin, Provider
from contox_hooks.domain.error import NotInitialised, RepositoryError, SettingError, UsageError

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.cli.spend import Spend
    from contox_hooks.domain.setting import Effective

app = typer.Typer(help="Show or change settings. Without a command: list them.", add_completion=False)

NAME = "name"
"""The project's name: set like a setting, kept with the project."""

Setting = Annotated[str, typer.Argument(metavar="NAME", help="A setting, or: name (the project's).")]
ForUser = Annotated[bool, typer.Option("--user", help="In your own config.yaml, for all repositories.")]
InGit = Annotated[bool, typer.Option("--git", help="In this repository's git config, as contox.NAME.")]


@app.callback(invoke_without_command=True)
def command(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        _list(json)


@app.command("list")
def _listed(json: Json = False) -> None:
    """The values in force, where each comes from, and what it means; of a model, what it used and cost today.

    JSON: project (id, name) or null; settings, an object by name of value, origin, default, help; spend, null without
    a model: models, tokens_today, tokens_a_day, tokens_a_session, calls_today, micro_dollars_today (of all projects),
    cents_a_day, unpriced_calls_today, models_without_price.
    """
    _list(json)


@app.command()
def get(name: Setting, json: Json = False) -> None:
    """One value in force, as it is typed.

    JSON: name, value, origin.
    """
    from contox_hooks.configure import as_text

    parts = _parts()
    if name == NAME:
        parts = _captured(parts)
        value, origin = parts.project.name, "project"
    else:
        key = _known(name)
        effective = _effective(parts)
        value, origin = getattr(effective.settings, key), effective.origins[key]
    if json:
        emit_json({"name": name if name == NAME else key, "value": value, "origin": origin})
    else:
        say(clean(as_text(value)))


@app.command("set")
def set_(name: Setting, value: str, user: ForUser = False, git: InGit = False, json: Json = False) -> None:
    """Set one for this project, or with --user for all of yours, or with --git in this clone alone.

    JSON: name, value, where; in_force, the value that counts now; origin, where that comes from.
    """
    from contox_hooks.domain.setting import parse_value

    if name == NAME:
        _rename(value, user or git, json)
        return
    key = _known(name)
    _change(key, parse_value(key, value, where="the command line"), user, git, json)


@app.command()
def unset(name: Setting, user: ForUser = False, git: InGit = False, json: Json = False) -> None:
    """Take a value out again: the next layer counts.

    JSON: as for set; value is null.
    """
    if name == NAME:
        raise UsageError("a project always has a name", hint="contox-hooks settings set name NEW")
    _change(_known(name), None, user, git, json)


@app.command("model-key")
def _model_key(source: FromStdin = "", provider: Provider = "", forget: Forget = False, json: Json = False) -> None:
    """Keep the API key of a language model: asked for unseen, or read from stdin with -.

    In the system keyring, else in a file for you alone. CONTOX_MODEL_API_KEY counts before it, and so does the
    provider's own variable (MISTRAL_API_KEY, OPENROUTER_API_KEY, OPENAI_API_KEY) once model_provider is set.

    JSON: provider, host; where it is kept, or null.
    """
    from contox_hooks.cli.settings_model import model_key

    model_key(_effective(_parts()), source, provider, forget, json)


def _parts() -> Assembly | None:
    """None outside a repository: the user's own settings can be read and set anywhere."""
    from contox_hooks.assembly import Assembly
    from contox_hooks.git.repository import locate

    try:
        return Assembly(locate())
    except RepositoryError:
        return None


def _captured(parts: Assembly | None) -> Assembly:
    """Raises RepositoryError, NotInitialised."""
    if parts is None:
        from contox_hooks.git.repository import locate

        locate()  # raises
        raise AssertionError
    if not parts.state.database.exists():
        raise NotInitialised(f"nothing is captured in {parts.repo.common_dir.parent} yet", hint="contox-hooks init")
    return parts


def _effective(parts: Assembly | None) -> Effective:
    from contox_hooks.configuration import effective_settings

    if parts is not None and parts.state.database.exists():
        return parts.effective
    return effective_settings(None if parts is None else parts.repo)


def _known(name: str) -> str:
    """The setting's own spelling. Raises SettingError with the near one."""
    from contox_hooks.domain.setting import canonical_name

    return canonical_name(name, where="the command line")


def _list(json: bool) -> None:
    from contox_hooks.configure import as_text
    from contox_hooks.domain.setting import DEFAULTS, SPECS

    parts = _parts()
    effective = _effective(parts)
    values = {name: getattr(effective.settings, name) for name in SPECS}
    project = spend = None
    if parts is not None and parts.state.database.exists():
        project = {"id": parts.project.id, "name": parts.project.name}
        spend = _spend(parts, effective)
    if json:
        settings = {
            name: {"value": value, "origin": effective.origins[name], "default": getattr(DEFAULTS, name),
                   "help": SPECS[name].help}
            for name, value in values.items()
        }  # fmt: skip
        emit_json({"project": project, "settings": settings, "spend": None if spend is None else spend.object()})
        return
    if project is not None:
        say(f"project {clean(project['name'])}")
    rows = [(name, as_text(value), effective.origins[name], SPECS[name].help) for name, value in values.items()]
    table(("name", "value", "from", "meaning"), rows)
    if spend is not None:
        say(f"model {spend.line()}")


def _spend(parts: Assembly, effective: Effective) -> Spend | None:
    """None without a model, or while the settings of one are not complete."""
    if effective.settings.model == "offline":
        return None
    from contox_hooks.cli.spend import spend_of

    try:
        return spend_of(effective, parts.service.store, parts.project.id)
    except SettingError as error:
        warn(f"contox-hooks: the model cannot be asked: {clean(error.message)}")
        warn(f"  → {clean(error.hint)}")
        return None


def _rename(new: str, elsewhere: bool, json: bool) -> None:
    if elsewhere:
        raise UsageError("a project's name is kept with the project", hint="contox-hooks settings set name NEW")
    parts = _captured(_parts())
    name = parts.service.projects.rename(parts.project.id, new).name
    if json:
        emit_json({"name": NAME, "value": name, "where": "project", "in_force": name, "origin": "project"})
    else:
        say(f"the project's name is {clean(name)}")


def _change(key: str, value: Any, user: bool, git: bool, json: bool) -> None:
    if user and git:
        raise UsageError("--user and --git name two places", hint="give one of them")
    parts = _parts()
    where = _changed(parts, key, value, user, git)
    try:
        effective = _effective(_parts())
        in_force, origin = getattr(effective.settings, key), effective.origins[key]
    except SettingError:  # something else is wrong; `list` says what
        in_force, origin = None, "unknown"
    if json:
        emit_json({"name": key, "value": value, "where": where, "in_force": in_force, "origin": origin})
        return
    _tell(key, value, where, in_force, origin)


def _changed(parts: Assembly | None, key: str, value: Any, user: bool, git: bool) -> str:
    """Where it was written."""
    from contox_hooks.configure import configure_git, configure_user

    if user:
        return str(configure_user(key, value))
    parts = _captured(parts)
    if git:
        configure_git(parts.repo, key, value)
        return "git config"
    kept = list(value) if isinstance(value, tuple) else value
    parts.service.projects.set_setting(parts.project.id, key, kept)
    return "project"


def _tell(key: str, value: Any, where: str, in_force: Any, origin: str) -> None:
    from contox_hooks.configure import as_text

    if origin == "unknown":
        say(f"{key} is changed ({clean(where)}), but the settings cannot be read: contox-hooks settings")
    elif value is not None and origin != where:
        say(f"{key} is set ({clean(where)}), but {clean(origin)} makes it {clean(as_text(in_force))}")
    else:
        say(f"{key} is {clean(as_text(in_force))} ({clean(origin)})")
