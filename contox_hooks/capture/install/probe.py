"""The end-to-end proof of the wiring: git itself is made to run our hook, which leaves a token in the spool.

No hook of the user's is run by it: ours chains nothing when probed, those beside it are switched off for this one git.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass

from contox_hooks.capture.install.place import Layout, Place, hooks_path_of_git
from contox_hooks.capture.install.wiring import INSTALL, HookState, HookWiring, wiring
from contox_hooks.capture.state import state_of
from contox_hooks.git.config import config_keys, git_version
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, git_environment, run

_HOOK_RUN_SINCE = (2, 36)
_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class ProbeResult:
    ok: bool | None
    """None: not probed."""
    detail: str
    command: str = ""
    """What mends it, or how to check by hand."""


def probe(repo: Repository, hook: str = "post-commit") -> ProbeResult:
    """Let git run our `hook`. Leaves one record in the spool, starts no drain. Raises GitFailed when git is missing."""
    seen = wiring(repo)
    wired = next(one for one in seen.hooks if one.name == hook)
    if wired.state is HookState.FRAMEWORK:
        return ProbeResult(
            None,
            f"{hook} not probed: managed by pre-commit",
            f"pre-commit run contox-{hook} --hook-stage {hook} --all-files",
        )
    if not wired.fires or wired.path is None:
        return ProbeResult(False, f"git does not run our {hook}: {wired.state.value.replace('_', ' ')}", INSTALL)
    if not state_of(repo).exists:
        return ProbeResult(False, "this repository is not initialised", "contox-hooks init")
    token = secrets.token_hex(8)
    try:
        how = _run_hook(repo, wired, seen.layout, {"CONTOX_PROBE": token})
    except (GitFailed, OSError, subprocess.TimeoutExpired) as error:
        return ProbeResult(False, f"{hook} could not be run: {error}", INSTALL)
    if _left_token(repo, token, hook):
        return ProbeResult(True, f"{hook}: {how}")
    return ProbeResult(False, f"{how}, but {hook} left no record in {state_of(repo).spool}", INSTALL)


def _run_hook(repo: Repository, wired: HookWiring, layout: Layout, extra: dict[str, str]) -> str:
    """How it was run, for people."""
    where = repo.work_tree or repo.git_dir
    if wired.path is None or wired.path.name != wired.name or git_version() < _HOOK_RUN_SINCE:
        # pre-commit runs ours as `<hook>.legacy`, together with hooks of the user's; an old git has no `git hook run`.
        subprocess.run(
            [str(wired.path)],
            cwd=where,
            env={**git_environment(), "GIT_DIR": str(repo.git_dir), **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return f"ran {wired.path} as git would"
    silenced = []
    if layout is Layout.CONFIGURATION:
        ours = f"hook.contox-{wired.name}."
        named = config_keys(repo.git_dir, r"^hook\..*\.event$")
        silenced = [f"{key.removesuffix('.event')}.enabled=false" for key in named if not key.startswith(ours)]
        place = Place(repo)
        if wired.path.parent == place.own and hooks_path_of_git(place) != str(place.own):
            silenced.append(f"core.hooksPath={os.devnull}")
    run(None, "hook", "run", "--ignore-missing", wired.name, config=silenced, cwd=where, extra=extra)
    return "git ran it"


def _left_token(repo: Repository, token: str, hook: str) -> bool:
    try:
        return f"\n1 probe {token} {hook}\n".encode() in state_of(repo).spool.read_bytes()
    except OSError:
        return False
