"""What `agents` says of files that it changed, or would change: a diff, and what follows from it."""

from __future__ import annotations

import difflib
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from contox_hooks.agent.apply import Outcome
from contox_hooks.git.repository import Repository
from contox_hooks.git.tracked import tracked

CHANGES = ("added", "updated", "removed")


def diff(file: Outcome) -> str:
    """Unified; a secret in the lines around is not shown."""
    from contox_hooks.domain.redaction import redact

    before, after = (_lines(content) for content in (file.before, file.after))
    old, new = ("/dev/null" if content is None else file.name for content in (file.before, file.after))
    lines = difflib.unified_diff(before, after, old, new, n=2)
    return redact("".join(line if line.endswith("\n") else f"{line}\n" for line in lines)).text


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines(keepends=True)


def notes(repo: Repository, done: Sequence[Outcome], *, removing: bool, asked_for_brief: bool) -> list[str]:
    """What the user should know now; one sentence each."""
    told = []
    everywhere = [file.name for file in done if file.is_users and file.what in CHANGES]
    if everywhere:
        told.append(f"for all your repositories: {', '.join(everywhere)}")
    told += [of_others_words(file) for file in done if file.what == "other"]
    told += [words for file in done if (words := of_environment(file))]
    if any(file.beside_vendor for file in done):
        told.append("the vendor's extension keeps a section of its own in the rules; it is left to it")
    if removing:
        return told
    servers = [file for file in done if file.kind == "server" and file.what != "failed"]
    if servers and importlib.util.find_spec("mcp") is None:
        told.append("the MCP server is not installed yet: pip install 'contox-hooks[mcp]'")
    if any(file.by_name for file in servers):
        told += _of_path()
    told += _of_brief(repo, [file for file in done if file.brief and file.kind == "rules"]) if asked_for_brief else []
    if not (repo.common_dir / "contox" / "capture.db").exists():
        told.append("nothing is captured in this repository yet: contox-hooks init")
    return told


def of_others_words(file: Outcome) -> str:
    return f"{file.name} has a server of that name in words of your own: it is left as it is"


def of_environment(file: Outcome) -> str:
    """Empty where the server is given none: we give none, but a stranger's commit may."""
    names = ", ".join(file.environment)
    return f"{file.name} gives the server variables of its own: {names}" if names else ""


def _of_path() -> list[str]:
    """Whether tools that start the server by its name will find it."""
    found = shutil.which("contox-hooks")
    if found is None:
        return ["contox-hooks is not on PATH: tools that start the server by its name will not find it"]
    if sys.prefix != sys.base_prefix and Path(found).absolute().is_relative_to(sys.prefix):
        how = "pipx install or uv tool install puts it where they look"
        return [f"contox-hooks is on one virtual environment's PATH: editors started elsewhere will not find it; {how}"]
    return []


def _of_brief(repo: Repository, files: Sequence[Outcome]) -> list[str]:
    assert repo.work_tree is not None
    told = ["the brief is refreshed when memory changes; whoever reads these files reads it; to stop: --no-brief"]
    root = repo.work_tree.resolve()
    paths = [file.path.resolve().relative_to(root).as_posix() for file in files]
    known = sorted(tracked(repo, paths))
    if known:
        told.append(f"git tracks {', '.join(known)}: each refresh shows as a change in git status")
    return told
