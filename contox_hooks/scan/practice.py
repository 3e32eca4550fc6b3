"""What files beside the sources say of how a project is run, tested and checked: CI, hooks of pre-commit, make, Docker.

Pure over one file's text. YAML is read line by line, since every fact needs the line that shows it. Must not know other
files. Invariant: what is no such line is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from contox_hooks.pipeline.source.outline import clip
from contox_hooks.scan.said import Said, Text, redacted

_RUN: Final = re.compile(r"(\s*+)(?:- )?(run|script|before_script|command):(.*)")
_BLOCK: Final = ("", "|", ">", "|-", "|+", ">-", ">+")
"""What stands after the colon where the commands follow on lines of their own."""
_TELLING: Final = re.compile(
    r"(?:^|&& |; )(?:[A-Z_]+=\S+ |sudo |time )*"
    r"(?:(?:uv|poetry|hatch|pdm|bundle|pipenv) (?:run|exec) (?:-\S+ (?:[^-\s]\S* )?)*)?"
    r"(?:\$\{\{ ?env\.CARGO ?\}\}|py\.test|pytest|tox|nox|python3? -m (?:pytest|build|unittest|tox|twine)|ruff|mypy"
    r"|pyright|eslint|cargo|(?:g|c)?make|meson|ninja|ctest|(?:\./)?mvnw?|(?:\./)?gradlew?|rspec|rake"
    r"|go (?:test|vet|build|run)|npm (?:run|test|publish|t)|pnpm|yarn|npx|docker (?:build|buildx|compose)|prove|phpunit"
    r"|pre-commit|twine|helm|bazel|goreleaser|gh release|uv (?:build|publish)|wasm-pack|mage"
    r"|(?:\./)?(?:ci|scripts?|bin|tools|dev)/[\w./-]+|\./[\w./-]+)\b"
)
"""A line that builds, tests, checks or publishes, by the program that it starts."""
_NO_COMMAND: Final = re.compile(
    r"""^['"]?[\w.-]+['"]?:\s|^[\w.-]+=\S*$|^[\[{}()<>'"-]|^\w+\s*=\s"""
    r"|\b(?:pip|npm|pnpm|yarn|bundle|apt(?:-get)?|brew|choco|composer|uv|poetry|corepack|rustup)\b[\w -]*"
    r"\b(?:install|add|ci|sync|update|upgrade|enable|i)\b"
    r"|^(?:echo|cat|cd|export|set|if|elif|for|while|mkdir|curl|git (?:config|fetch|push|commit))\b"
)
_MOST_COMMANDS: Final = 6
_MOST_LOOKED_AT: Final = 400
"""Characters of a command that say which program it starts."""
_MOST_SHOWN: Final = 80
_TRIGGERS: Final = ("push", "pull_request", "schedule", "workflow_dispatch", "release", "merge_group")
_TARGET: Final = r"(test|tests|check|lint|build|install|run|dev|serve|fmt|format|docs|all|release|migrate)\s*:(?!=)"


def practice_rows(content: bytes, path: str) -> Iterator[Said]:
    text = Text(content.decode("utf-8", "replace"))
    name = path.rpartition("/")[2]
    lower = name.lower()
    if lower.startswith(".pre-commit-config"):
        yield from _matching(text, "checks with", r"\s*+(?:-\s*+)?id:\s*([\w.-]+)")
    elif lower.startswith(("dockerfile", "containerfile")):
        yield from _matching(text, "image", r"FROM\s+(?:--\S+\s+)?([\w./-]+(?::[\w.-]+)?)")
        yield from _matching(text, "entry", r"((?:CMD|ENTRYPOINT)\s+\S.*)", says=f"{path} starts `{{}}`")
    elif lower in ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"):
        yield from _matching(text, "service", r"\s+image:\s*['\"]?([\w./-]+)")
    elif lower in ("makefile", "gnumakefile", "justfile"):
        how = "just" if lower == "justfile" else "make"
        yield from _matching(text, "task", _TARGET, says=f"`{how} {{}}`")
    elif lower == "procfile":
        yield from _matching(text, "entry", r"([\w-]+:\s*\S.*)", says=f"{path} starts `{{}}`")
    elif lower == "tox.ini":
        yield from _matching(text, "tests with", r"\[(?:tox|pytest)\]", says="tox")
        yield from _matching(text, "workflow env", r"envlist\s*=\s*(\S.*)")
    elif lower == "noxfile.py":
        yield from _matching(text, "tests with", r"import (nox)\b")
    elif lower.endswith((".yml", ".yaml")) or lower == "jenkinsfile":
        yield from _workflow(text, path)


def is_practice(path: str) -> bool:
    """Beside those that `path_kind` calls CI."""
    name = path.rpartition("/")[2].lower()
    return name.startswith(("dockerfile", "containerfile")) or name in (
        "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", "makefile", "gnumakefile",
        "justfile", "procfile",
    )  # fmt: skip


def _matching(text: Text, topic: str, pattern: str, *, says: str = "{}") -> Iterator[Said]:
    seen: set[str] = set()
    for number, line in enumerate(text.lines, start=1):
        match = re.match(pattern, line)
        if match and match[0] not in seen:
            seen.add(match[0])
            said = match[match.re.groups and 1]
            yield Said(topic, says.replace("{}", said.strip()), match[0].strip().lstrip("- "), number)


def _workflow(text: Text, path: str) -> Iterator[Said]:
    """What a workflow is called, when it runs, and its telling commands."""
    named = enumerate(text.lines, start=1)
    titles = ((number, name) for number, line in named if line.startswith("name:") and (name := _plain(line[5:])))
    number, title = next(titles, (1, ""))
    name = title or path.rpartition("/")[2].rpartition(".")[0] or path
    kept = {row.says: row for row in _commands(text) if _is_telling(row.says[:_MOST_LOOKED_AT])}
    told = list(kept.values())[:_MOST_COMMANDS]
    shown = [clip(says, _MOST_SHOWN) for says in redacted([row.says for row in told])]
    when = [word.replace("_", " ").removeprefix("workflow ") for word in _TRIGGERS if _has_trigger(text, word)]
    on = f" on {', '.join(when)}" if when else ""
    does = f": {'; '.join(f'`{says}`' for says in shown)}" if told else ""
    if not title and told:
        yield told[0]._replace(topic="workflow", says=f"{name}{on}{does}")
    else:
        yield Said("workflow", f"{name}{on}{does}", text.line(number), number)
    yield from (row._replace(topic="runs") for row in told)


def _is_telling(command: str) -> bool:
    return _TELLING.search(command) is not None and _NO_COMMAND.search(command) is None


def _plain(value: str) -> str:
    """Without the quotes around it."""
    told = value.strip()
    return told[1:-1].strip() if len(told) > 1 and told[0] == told[-1] and told[0] in "'\"" else told


def _has_trigger(text: Text, word: str) -> bool:
    """Inside `on:`, in any of its three forms."""
    match = re.search(r"^['\"]?on['\"]?:(.*(?:\n(?:[ \t#-].*)?)*)", text.content, re.MULTILINE)
    return match is not None and re.search(rf"(?m)(?:^[ \t]++(?:- )?|[\[,:][ \t]*+){word}\b", match[1]) is not None


def _commands(text: Text) -> Iterator[Said]:
    block: int | None = None
    for number, line in enumerate(text.lines, start=1):
        indent = len(line) - len(line.lstrip())
        if block is not None and line.strip():
            if indent > block:
                command = line.strip().removeprefix("- ").strip("'\"")
                if not command.startswith("#"):
                    yield Said("command", command.rstrip("\\ "), line.strip().removeprefix("- "), number)
                continue
            block = None
        match = _RUN.match(line)
        if match is None:
            continue
        value = match[3].strip()
        if value not in _BLOCK:
            yield Said("command", _plain(value), line.strip().removeprefix("- "), number)
        elif match[2] != "command":
            block = len(match[1])
