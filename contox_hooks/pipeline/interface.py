"""What the outside sees of a source file's change: routes, options, environment variables, errors, constants.

Knows how such things look on a line in common frameworks; must not know items. Invariant: a thing that stands on both
sides of the patch is no change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from contox_hooks.pipeline.fact import Fact, Topic, code
from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote, removed_quote

_PATH = r"""["'](?P<{}>/[^"'\s]{{0,100}})["']"""
_ROUTE = re.compile(
    r"\s*@[\w.]+\.(?P<verb>route|get|post|put|patch|delete|websocket)\(\s*" + _PATH.format("path")
    + r"|\s*(?:app|router)\.(?P<jsverb>get|post|put|patch|delete|use)\(\s*" + _PATH.format("jspath")
    + r"|\s*(?:re_)?path\(\s*r?[\"'](?P<django>[^\"'\s]{0,100})[\"']\s*,"
    + r"|\s*(?:WebSocket)?Route\(\s*" + _PATH.format("starlette")
)  # fmt: skip
_ENVIRONMENT = re.compile(
    r"(?:\benviron(?:\.get\(|\.setdefault\(|\.pop\(|\[)|getenv\(|Getenv\(|LookupEnv\(|env::var\()"
    r"""\s*["'](?P<name>[A-Z][A-Z0-9_]{2,60})["']"""
    r"""|["'](?P<member>[A-Z][A-Z0-9_]{2,60})["'] (?:not )?in (?:os\.)?environ\b"""
    r"""|process\.env\.(?P<js>[A-Z][A-Z0-9_]{2,60})|envvar=["'](?P<click>[A-Z][A-Z0-9_]{2,60})["']"""
)
_FLAG_CALL = re.compile(r"add_argument\(|\boption\(|\bOption\(|\bFlag\(|\.flag\(|parser\.add")
_FLAG = re.compile(r"""["'](--[a-z][a-z0-9-]{1,40})["' =/,]""")
_RAISE = re.compile(r"\s*(?:raise|throw new) (?P<name>[A-Z][\w.]{2,60})\((?P<rest>.{0,100})")
_DEPRECATION = re.compile(r"DeprecationWarning|@deprecated\b|\.\. deprecated::")
_CONSTANT = re.compile(r"(?P<name>[A-Z][A-Z0-9_]{2,50})(?:: [\w\[\], .|]{1,60})? = (?P<value>\S.{0,90})")


def interface_facts(patch: FilePatch) -> Iterator[Fact]:
    added, removed = patch.added, patch.removed
    yield from _come_and_gone(patch.path, added, removed, _route, "api", "adds route", "removes route")
    yield from _come_and_gone(
        patch.path, added, removed, _environment, "env",
        "reads environment variable", "no longer reads environment variable",
    )  # fmt: skip
    if any(_FLAG_CALL.search(line.text) for line in patch.lines):
        yield from _come_and_gone(patch.path, added, removed, _flag, "cli", "adds option", "removes option")
    yield from _come_and_gone(patch.path, added, removed, _raise, "raise", "raises", None)
    if not any(map(_DEPRECATION.search, removed)):
        for line in added:
            if _DEPRECATION.search(line) and "import" not in line:
                yield Fact(patch.path, "warns of a deprecation", 3, added_quote(line), "deprecation")
                break


def _come_and_gone(
    path: str, added: Sequence[str], removed: Sequence[str], find: Callable[[str], str],
    topic: Topic, comes: str, goes: str | None,
) -> Iterator[Fact]:  # fmt: skip
    new = {name: line for line in reversed(added) if (name := find(line))}
    old = {name: line for line in reversed(removed) if (name := find(line))}
    weight = 4 if topic == "raise" else 6
    for name in sorted(new.keys() - old.keys()):
        yield Fact(path, f"{comes} {code(name)}", weight, added_quote(new[name]), topic)
    for name in sorted(old.keys() - new.keys()) if goes else ():
        yield Fact(path, f"{goes} {code(name)}", weight, removed_quote(old[name]), topic)


def _route(line: str) -> str:
    match = _ROUTE.match(line)
    if match is None:
        return ""
    verb = (match["verb"] or match["jsverb"] or "").upper()
    path = match["path"] or match["jspath"] or match["starlette"] or f"/{match['django'] or ''}"
    return f"{verb} {path}" if verb not in ("", "ROUTE", "USE") else path


def _environment(line: str) -> str:
    match = _ENVIRONMENT.search(line)
    return (match["name"] or match["member"] or match["js"] or match["click"]) if match else ""


def _flag(line: str) -> str:
    """A quoted `--name` where an option is declared: at the line's start, or behind the call that declares it."""
    text = line.strip()
    if not text.startswith(("'", '"')) and not _FLAG_CALL.search(text):
        return ""
    match = _FLAG.search(text[:200])
    return match[1] if match else ""


def _raise(line: str) -> str:
    match = _RAISE.match(line)
    if match is None:
        return ""
    text = match["rest"].strip()
    text = text.removesuffix(")").strip()
    return f"{match['name']}({text})" if text[:1] in ("'", '"', "f") and text[-1:] in ("'", '"') else match["name"]


def constant_facts(patch: FilePatch) -> Iterator[Fact]:
    """Module constants that took another value."""
    before = {match["name"]: match["value"] for line in patch.removed if (match := _CONSTANT.fullmatch(line))}
    for line in patch.added:
        match = _CONSTANT.fullmatch(line)
        if match and match["name"] in before and before[match["name"]] != match["value"]:
            text = f"`{match['name']}` goes from {code(before[match['name']])} to {code(match['value'])}"
            yield Fact(patch.path, text, 5, added_quote(line), "constant")
