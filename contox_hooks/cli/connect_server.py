"""What `connect` asks the server: is the key good, which project is meant, what is its secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contox_hooks.cli import connect_ask
from contox_hooks.cli.connect_wanted import MAX_TEXT, Wanted
from contox_hooks.cli.render import warn
from contox_hooks.domain.error import AccessRefused, NotFound, RemoteError, UsageError
from contox_hooks.vendor import VendorProject
from contox_hooks.wire.loose import name_of

if TYPE_CHECKING:
    from contox_hooks.backend.remote.api import Api
    from contox_hooks.net.http import Http
    from contox_hooks.wire.endpoint import Endpoint

_TRIES = 3


class Server:
    """One server, asked with one key; a person may type another."""

    def __init__(self, endpoint: Endpoint, key: str, *, per_minute: int, asks: bool) -> None:
        self.endpoint = endpoint
        self.key = key
        self._per_minute = per_minute
        self._asks = asks

    @contextmanager
    def open(self) -> Iterator[tuple[Api, Http]]:
        from contox_hooks.backend.remote.api import Api
        from contox_hooks.net.http import Http
        from contox_hooks.net.pace import pace_of
        from contox_hooks.place import data_dir

        http = Http(self.endpoint, self.key, pace=pace_of(data_dir(), self.endpoint, self._per_minute))
        try:
            yield Api(http, ""), http
        finally:
            http.close()

    def check_key(self) -> None:
        """A person gets three tries. Raises AccessRefused, RemoteError."""
        for left in reversed(range(_TRIES)):
            try:
                with self.open() as (api, _):
                    api.check_key()
                return
            except AccessRefused as error:
                if not (self._asks and left):
                    hint = "is it whole, and made for this server? --key-stdin takes another"
                    raise AccessRefused(f"{self.endpoint.host} refuses the key", hint=hint) from error
                warn(f"{self.endpoint.host} refuses this key")
                self.key = connect_ask.ask_key(self.endpoint.host)

    def project(self, wanted: Wanted, *, default_id: str = "", may_make: bool = True) -> VendorProject:
        """The one that is named, or that a person picks, or has made. Raises NotFound, AccessRefused, UsageError,
        RemoteError."""
        with self.open() as (api, http):
            if wanted.project_id:
                return _named(api, wanted)
            if wanted.project_name:
                return _of_name(api, wanted)
            if not self._asks:
                raise UsageError("no project is named", hint="--project ID, or CONTOX_PROJECT_ID")
            team_id = wanted.team_id or _identifier(connect_ask.pick("team", api.orgs())["id"])
            chosen = connect_ask.pick_project(api.projects(team_id), default_id=default_id, may_make=may_make)
            row = _made(http, chosen, team_id) if isinstance(chosen, str) else chosen
            return _project(row, team_id)

    def secret(self, project_id: str, given: str) -> str:
        """By the API; where that does not serve it, the one that was given. Raises UsageError, AccessRefused,
        RemoteError."""
        from contox_hooks.backend.remote.api import SecretNotServed

        try:
            with self.open() as (api, _):
                return api.hmac_secret(project_id)
        except (NotFound, SecretNotServed) as error:
            if given:
                return given
            if self._asks:
                return connect_ask.ask_secret()
            raise UsageError(
                f"{self.endpoint.host} does not give out the project's HMAC secret", hint="set CONTOX_HMAC_SECRET"
            ) from error


def _named(api: Api, wanted: Wanted) -> VendorProject:
    try:
        row: Mapping[str, object] = api.project(wanted.project_id)
    except NotFound:
        # Not every server serves single projects: a list decides.
        found = [row for row in _all(api, wanted.team_id) if row["id"] == wanted.project_id]
        if not found:
            raise NotFound(
                f"there is no project {wanted.project_id} that this key may use",
                hint="contox-hooks connect, on a terminal, lists yours",
            ) from None
        row = found[0]
    known = _project({**row, "id": wanted.project_id}, wanted.team_id)
    name = wanted.project_name or known.project_name
    return VendorProject(known.team_id, known.project_id, name)


def _of_name(api: Api, wanted: Wanted) -> VendorProject:
    found = [row for row in _all(api, wanted.team_id) if row.get("name") == wanted.project_name]
    if len(found) != 1:
        what = f"{len(found)} projects are" if found else "no project is"
        raise NotFound(f"{what} called {wanted.project_name!r}", hint="--project ID names one")
    return _project(found[0], wanted.team_id)


def _all(api: Api, team_id: str) -> list[Mapping[str, object]]:
    teams = [team_id] if team_id else [_identifier(row["id"]) for row in api.orgs()]
    return [{"teamId": team, **row} for team in teams for row in api.projects(team)]


def _made(http: Http, name: str, team_id: str) -> Mapping[str, object]:
    """CONTRACT.md section 1.5: POST /api/projects."""
    from contox_hooks.wire.jsontext import stringify

    reply = http.request("POST", "/api/projects", body=stringify({"name": name, "teamId": team_id}).encode())
    row = reply.json() if 200 <= reply.status < 300 else None
    if not isinstance(row, dict) or not name_of(row.get("id")):
        raise RemoteError(f"the project was not made: {reply.status} {reply.error_text()}".rstrip())
    return {"name": name, **row}


def _project(row: Mapping[str, object], team_id: str) -> VendorProject:
    """What a server says goes into a file and onto the screen: short, one line. Raises RemoteError."""
    from contox_hooks.net.http import plain

    of_server = name_of(row.get("teamId"))
    name = row.get("name")
    return VendorProject(
        _identifier(of_server) if of_server else team_id,
        _identifier(row["id"]),
        plain(name) if isinstance(name, str) else "",
    )


def _identifier(value: object) -> str:
    """An id as it is: cut or cleaned it would be another's. Raises RemoteError."""
    text = name_of(value)
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        raise RemoteError("the server's id of a team or project is not a short line of text")
    return text
