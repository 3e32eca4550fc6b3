"""Where the tools' files are in tests: a work tree and a home folder of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path

from contox_hooks.agent.jsonc import parsed
from contox_hooks.agent.site import Site

PYTHON = "/opt/python/bin/python3"
GOLDEN = Path(__file__).parent / "golden"


def site_of(root: Path) -> Site:
    return Site(root, root / ".git" / "contox", "agents.json", Path(os.environ["CONTOX_DATA_DIR"]))


def snapshot(*roots: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every file and folder but our own state: mode, and bytes or what a link says."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            if ".git" in path.relative_to(root).parts or "data" in path.relative_to(root).parts:
                continue
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""  # noqa: PTH115
            found[str(path)] = (path.lstat().st_mode, content)
    return found


def plain_json(text: str) -> object:
    """The text as JSON with comments, once more by the standard library after they are taken off."""
    root = parsed(text)
    assert root is not None
    return json.loads(json.dumps(root.value))
