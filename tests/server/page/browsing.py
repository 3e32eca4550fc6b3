"""A browser without a screen: a cookie instead of a key, and the Origin that browsers send."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import httpx

from contox_hooks.server.desk import COOKIE
from tests.server.conftest import Running


@dataclass
class Visitor:
    client: httpx.Client
    url: str

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def text(self, path: str) -> str:
        """What a page says, without its marks; the page is there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
        return words(answer)

    def post(self, path: str, /, *, origin: str | None = "", **form: object) -> httpx.Response:
        """A form of a page of this server; `origin`: of another one, None: none."""
        headers = {} if origin is None else {"Origin": origin or self.url}
        return self.client.post(path, data=form, headers=headers)  # type: ignore[arg-type]

    def told(self, path: str, /, **form: object) -> str:
        """What is said after a form was taken, on the page that it leads to."""
        answer = self.post(path, **form)
        assert answer.status_code == 303, (path, answer.status_code, answer.text[:2000])
        page = self.get(answer.headers["location"])
        assert page.status_code == 200, (answer.headers["location"], page.text[:2000])
        found = re.search(r'<p class="flash \w+"[^>]*>(.*?)</p>', page.text, re.DOTALL)
        return plain(found[1]) if found else ""


def visitor(running: Running, key: str) -> Visitor:
    with running.service() as service:
        found = service.access.of_text(key)
        assert found is not None
        cookie = service.access.create_ticket(found.id, "cookie", life_s=600)
    client = running.client()
    client.cookies.set(COOKIE, cookie)
    return Visitor(client, running.url)


def words(answer: httpx.Response) -> str:
    return plain(answer.text.partition("<main")[2])


def plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def values_of(answer: httpx.Response, name: str) -> list[str]:
    """Of the inputs and buttons of that name, in order."""
    found = []
    for tag in re.findall(r"<(?:input|button)\b[^>]*>", answer.text):
        if f'name="{name}"' in tag and (value := re.search(r'value="([^"]*)"', tag)):
            found.append(html.unescape(value[1]))
    return found
