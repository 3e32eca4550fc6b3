"""Whether git runs our hooks and they start a Python that has this package: by trying, not by looking for files."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from contox_hooks.capture.install import Layout, install, probe, wiring
from contox_hooks.capture.state import State
from contox_hooks.diagnosis.finding import Finding, note
from contox_hooks.git.config import config_value, config_values
from contox_hooks.git.repository import Repository

_INSTALL = "contox-hooks install"
_TIMEOUT_S = 20


def wiring_findings(repo: Repository) -> Iterator[Finding]:
    def reinstalled() -> str:
        done = install(repo)
        return f"hooks put in place ({done.layout})"

    seen = wiring(repo)
    for problem in seen.problems:
        mend = reinstalled if problem.command == _INSTALL else None
        yield Finding("wiring", problem.text, problem.command, mend=mend)
    for text in seen.notes:
        yield note("wiring", text)
    if seen.layout is Layout.DETOUR and not config_values(repo.common_dir, "core.hooksPath", local=True):
        where = config_value(repo.common_dir, "core.hooksPath")
        yield note("wiring", f"core.hooksPath is set for all repositories ({where})", _INSTALL)


def probe_findings(repo: Repository, state: State) -> Iterator[Finding]:
    """Nothing is probed where the wiring is known to be broken: that is a finding already."""
    seen = wiring(repo)
    if not state.exists or not seen.fires:
        return
    if repo.work_tree is None:
        yield note("probe", "hooks not probed: a bare repository")
        return
    result = probe(repo)
    if result.ok is None:
        yield note("probe", result.detail, result.command)
    elif not result.ok:
        yield Finding("probe", result.detail, result.command)


def python_findings(state: State) -> Iterator[Finding]:
    """The interpreter that hooks start must have this package, as hooks start it: isolated."""
    try:
        python = state.python.read_text().rstrip("\n")
    except OSError:
        return
    if not Path(python).exists():
        return  # the wiring says so
    try:
        done = subprocess.run(
            [python, "-E", "-P", "-c", "import contox_hooks.wake"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] if done.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = [str(error)]
    if reason is not None:
        why = reason[0] if reason else "it ended without a word"
        yield Finding("python", f"the Python that hooks start cannot run contox-hooks ({python}): {why}", _INSTALL)
