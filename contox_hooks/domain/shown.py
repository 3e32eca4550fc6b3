"""What of others' text a model is shown: nothing unseen, no mark of a chat's frame, nobody's name in a trailer, and no
address.

Pure. Must not know what the text is for. Invariants: a text is shown once: again changes nothing; each pattern takes
time in line with the text, whatever it holds.
"""

from __future__ import annotations

import re

_STRANGE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters but tab and newline, what turns the direction of text, what is not seen (tags, zero width), and
half characters. Joiners stay: names and emojis are written with them."""
_SPECIAL = re.compile(
    r"<[|｜]([\w▁]{1,40})[|｜]>"
    r"|<(/?s|bos|eos|pad|unk|(?:start|end)_of_(?:turn|text))>"
    r"|<(</?SYS>)>"
    r"|\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|IMG|PREFIX|MIDDLE|SUFFIX))\]"
)
"""How chat templates spell their own marks (ChatML, Llama, Mistral, Gemma, DeepSeek); some servers read them in a
message's text as well."""

_QUOTED = r"^[^\S\n]*(?:>[^\S\n]*)*"
_BY = (
    "signed-off|reviewed|acked|tested|reported|suggested|requested|co-authored|co-developed|helped|mentored|improved"
    "|noticed|diagnosed|proofread|approved"
)
_PERSON_LINE = re.compile(
    rf"(?mi){_QUOTED}(?:(?:{_BY})(?:-and-[a-z]+)?-by[^\S\n]*:[^\n]*"
    r"|(?:[a-z]+(?:-[a-z]+)*-by|cc|author|commit|committer|from|to)[^\S\n]*:[^\n]*@[^\n]*)\n?"
)
"""Trailers that name people, and the headers of `git log` and of mails that squashed messages carry; indented and
quoted too."""
_BRACKETED = re.compile(r"(?:\b[A-Z][\w.'’-]{0,30} ){0,4}<[^<>\s@]{1,64}@[^<>\s@]{1,255}>")
"""`Carol Example <carol@host>`."""
_ADDRESS = re.compile(r"(?<![\w.+%-])(?!git@)[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
"""Not `name@1.2.3`, a package's version, and not `git@host`, which is nobody."""
MASK = "[address]"


def visible(text: str) -> str:
    """The text with each strange character spelt out, so that a model reads what a person would not see, and with no
    chat template's mark as it would be read."""
    text = _STRANGE.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text.replace("\r\n", "\n"))
    return _SPECIAL.sub(_defused, text)


def _defused(found: re.Match[str]) -> str:
    name = next(group for group in found.groups() if group)
    opening, closing = ("[", "]") if found[0].startswith("[") else ("<", ">")
    return f"{opening}¦{name.strip('<>')}¦{closing}"


def masked(text: str) -> str:
    """Visible, without addresses: for text whose lines must all stay, a diff's."""
    return visible(_ADDRESS.sub(MASK, _BRACKETED.sub(MASK, text)))


def impersonal(text: str) -> str:
    """As `masked`, and without the lines that are there to name people: for messages, and for what was made of them."""
    return masked(_PERSON_LINE.sub("", text))
