"""A page as tests read it: elements by html.parser, which knows no more of us than a browser does."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

APART = {"td", "th", "dt", "dd", "span", "bdi"}
"""What stands apart to the eye."""
VOID = {"meta", "link", "img", "input", "br", "hr", "wbr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    """Of what stands in it, at any depth."""
    children: list[Element] = field(default_factory=list)


class Reading(HTMLParser):
    """Fails on what is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if self._open:
            self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop().tag == tag
        if tag in APART:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """`class_="x"`: has this class among others."""
        found = []
        for element in self.elements:
            if element.tag != tag:
                continue
            wanted = dict(attributes)
            if (name := wanted.pop("class_", None)) and name not in element.attributes.get("class", "").split():
                continue
            if all(element.attributes.get(name) == value for name, value in wanted.items()):
                found.append(element)
        return found

    def one(self, tag: str, **attributes: str) -> Element:
        [found] = self.all(tag, **attributes)
        return found

    @property
    def actions(self) -> set[str]:
        """Where the page's forms post to."""
        return {form.attributes["action"] for form in self.all("form", method="post")}


def read(answer: httpx.Response) -> Reading:
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    return Reading(answer.text)
