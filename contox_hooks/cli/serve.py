"""`contox-hooks serve`: the API and the dashboard, over this machine's memory or a team's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from contox_hooks.cli.option import Database, Json
from contox_hooks.domain.error import SettingError

if TYPE_CHECKING:
    from contox_hooks.server.serving import Started

app = typer.Typer(add_completion=False)


@app.command()
def command(
    host: Annotated[str, typer.Option(envvar="CONTOX_SERVE_HOST", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="CONTOX_SERVE_PORT", min=0, max=65535, help="0: any that is free.")
    ] = 8787,
    database: Database = None,
    tls_cert: Annotated[
        Path | None, typer.Option(envvar="CONTOX_TLS_CERT", help="PEM: the certificate with its chain.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(envvar="CONTOX_TLS_KEY", help="PEM: its private key.")] = None,
    insecure_network: Annotated[
        bool,
        typer.Option(
            "--insecure-network", envvar="CONTOX_INSECURE_NETWORK", help="Listen beyond this machine without TLS."
        ),
    ] = False,
    base_url: Annotated[
        str | None,
        typer.Option(envvar="CONTOX_BASE_URL", metavar="URL", help="As others reach it, when that is another address."),
    ] = None,
    requests_a_minute: Annotated[
        int,
        typer.Option(
            envvar="CONTOX_REQUESTS_A_MINUTE", min=0, help="Of one key; a browser has 10 times as many. 0: no limits."
        ),
    ] = 200,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CONTOX_ALLOW_HOST", metavar="NAME", help="Answer for this host name too; may be repeated."
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(envvar="CONTOX_ALLOW_ORIGIN", metavar="URL", help="Scripts of this site may call the API (CORS)."),
    ] = None,
    trust_proxy: Annotated[
        list[str] | None,
        typer.Option(envvar="CONTOX_TRUST_PROXY", metavar="ADDRESS", help="Believe its X-Forwarded-For and -Proto."),
    ] = None,
    plan_model: Annotated[
        Literal["offline", "small", "medium", "none"] | None,
        typer.Option(envvar="CONTOX_PLAN_MODEL", help="Projects may use this model at most; kept. none: any."),
    ] = None,
    log_format: Annotated[
        Literal["text", "json"], typer.Option(envvar="CONTOX_LOG_FORMAT", help="Of the log, on stderr.")
    ] = "text",
    login: Annotated[
        bool, typer.Option("--login", help="Print a link to sign in with, also where nobody looks.")
    ] = False,
    json: Json = False,
) -> None:
    """Serve the memory of this machine, or a team's, until Ctrl-C.

    The first start makes an owner and a key, shown once, and prints a link to the dashboard that works once, within
    ten minutes. A later start prints such a link on a terminal. Without TLS only this machine is answered.

    JSON: url, login_url or null, owner_key (on the first start, else null), database; one line, when it is ready.
    """
    from contox_hooks.cli.render import is_tty
    from contox_hooks.place import database as named

    where = named(database)
    try:
        from contox_hooks.server import address
        from contox_hooks.server.serving import Wanted, serve
        from contox_hooks.server.site import Options
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("contox_hooks"):
            raise
        raise SettingError(f"the server needs {error.name}", hint="pip install 'contox-hooks[server]'") from error
    options = Options(
        requests_a_minute=requests_a_minute, hosts=tuple(allow_host or ()),
        origins=tuple(map(address.origin, allow_origin or ())),
    )  # fmt: skip
    wanted = Wanted(
        where, host, port, tls_cert, tls_key, insecure_network,
        None if base_url is None else address.base_url(base_url), log_format,
        tuple(map(address.proxy, trust_proxy or ())), login or is_tty(), plan_model, options,
    )  # fmt: skip
    serve(wanted, lambda started: _tell(started, json))


def _tell(started: Started, json: bool) -> None:
    import sys

    from contox_hooks.cli.render import emit_json_line, say, styled

    if json:
        emit_json_line({
            "url": started.url, "login_url": started.login_url, "owner_key": started.owner_key,
            "database": started.where,
        })  # fmt: skip
        return
    say(f"{styled('contox-hooks', 'bold')} serves {started.where} at {started.url}")
    if started.owner_key is not None:
        say(f"  owner key  {started.owner_key}  (shown this once)")
    if started.login_url is not None:
        say(f"  dashboard  {started.login_url}  (works once, within 10 minutes)")
    sys.stdout.flush()
