"""One question to the API: an answer that can be used, or an Error of domain/error.py that says why not.

Must not know what is asked. Invariant: an id from outside is one quoted segment of a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote

from contox_hooks.domain.error import AccessRefused, NotFound, RemoteError
from contox_hooks.net.http import Http, Reply, Unreachable
from contox_hooks.net.pace import asked_wait_s


class Asking:
    def __init__(self, http: Http, project_id: str) -> None:
        self.http = http
        self.project_id = project_id

    def get(self, path: str, what: str, query: Mapping[str, str | int] | None = None) -> Any:
        return self.json(self.http.request("GET", path, query=query), what)

    def json(self, reply: Reply, what: str) -> Any:
        """Raises Unreachable when no answer came, AccessRefused for 401 and 403, NotFound for 404, and RemoteError for
        every other answer that cannot be used."""
        if not 200 <= reply.status < 300:
            self.refuse(reply, what)
        return reply.json()

    def refuse(self, reply: Reply, what: str) -> NoReturn:
        host = self.http.endpoint.host
        text = f"{host} refuses {what}: {' '.join((str(reply.status), reply.error_text())).strip()}"
        if reply.status in (401, 403) or reply.error_text() == "Unauthorized":
            raise AccessRefused(text, hint="contox-hooks connect, with another key")
        if reply.status == 404:
            raise NotFound(text, hint="contox-hooks connect, if the project has moved")
        if reply.status == 429:
            wait_s = asked_wait_s(reply.headers, 429)
            raise Unreachable(text, why="rate", hint="wait, then try again", wait_s=wait_s)
        raise RemoteError(text, hint="try again later" if reply.status >= 500 else "")


def path_of(template: str, segment: str) -> str:
    """Raises RemoteError for what cannot be a segment: servers read dots as folders, however they are quoted."""
    if segment in ("", ".", ".."):
        raise RemoteError(f"{segment!r} cannot be an id")
    return template.format(quote(segment, safe="", errors="surrogatepass"))


def unless(etag: str | None) -> dict[str, str]:
    """The header for "only if it is not this"."""
    return {"if-none-match": etag} if etag else {}
