"""`contox-hooks mcp`: memory as tools for AI agents, over the Model Context Protocol."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from contox_hooks.domain.error import UsageError

app = typer.Typer(add_completion=False)

_TOKEN_BYTES = 32


@app.command()
def command(
    server: Annotated[
        bool, typer.Option("--server", envvar="CONTOX_MCP_SERVER", help="The connected server's memory.")
    ] = False,
    http: Annotated[
        bool,
        typer.Option("--http", envvar="CONTOX_MCP_HTTP", help="Streamable HTTP instead of stdin and stdout."),
    ] = False,
    host: Annotated[str, typer.Option(envvar="CONTOX_MCP_HOST", help="With --http.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="CONTOX_MCP_PORT", min=0, max=65535, help="With --http; 0: any that is free.")
    ] = 8788,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CONTOX_MCP_TOKEN",
            metavar="TOKEN",
            help="With --http: what clients send as their bearer token. Better in the environment than here; without "
            "one it is made, and shown once.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(envvar="CONTOX_MCP_ALLOW_HOST", metavar="NAME", help="With --http: answer for this host too."),
    ] = None,
    insecure_network: Annotated[
        bool,
        typer.Option(
            "--insecure-network",
            envvar="CONTOX_MCP_INSECURE_NETWORK",
            help="With --http: listen beyond this machine without TLS.",
        ),
    ] = False,
) -> None:
    """Serve this project's memory to an AI agent until it hangs up, or until Ctrl-C with --http.

    Agents start it themselves: `contox-hooks agents --apply` tells them how. The repository is that of the folders
    which the agent has open, or else the working directory. Standard output is the protocol's; all else is on stderr.
    """
    from contox_hooks.mcp.desk import Desk, local_memory, prepare_search, server_memory
    from contox_hooks.mcp.serving import Wanted, serve_http, serve_stdio

    desk = Desk(server_memory) if server else Desk(local_memory, prepare_search)
    if not http:
        if sys.stdin.isatty():
            raise UsageError("agents talk to this over standard input", hint="contox-hooks agents --apply; or: --http")
        serve_stdio(desk)
        return
    made = secrets.token_urlsafe(_TOKEN_BYTES) if not token else None
    wanted = Wanted(token or made or "", host, port, insecure_network, tuple(allow_host or ()))
    serve_http(desk, wanted, lambda url: _tell(url, made))


def _tell(url: str, made: str | None) -> None:
    told = f"contox-hooks mcp at {url}\n"
    if made is not None:
        told += f"  token  {made}  (shown this once; CONTOX_MCP_TOKEN sets one that stays)\n"
    sys.stderr.write(told)
    sys.stderr.flush()
