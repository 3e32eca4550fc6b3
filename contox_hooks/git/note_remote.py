"""The notes' ref on its way: asking a remote, fetching that ref alone, pushing it.

Owns the environment for git's network: credentials, ssh and proxies stay the user's, and git may ask for a password
where somebody sits at a terminal; nowhere else does anything wait for an answer. Must not know what notes say.
Invariants: no tags, no other refs, no FETCH_HEAD, no hook of this repository (a pre-push hook's tests are of commits,
and these are there already); a push is never forced.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from contox_hooks.domain.error import AccessRefused, Error, NotFound, Refused, RemoteError, UsageError
from contox_hooks.domain.redaction import redact
from contox_hooks.git.note import NO_HOOKS, REF
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import command, git_environment

_OURS: Final = ("GIT_ALLOW_PROTOCOL", "GIT_TERMINAL_PROMPT", "GIT_NO_LAZY_FETCH")
"""What keeps every other git of ours off the network."""
_USERS: Final = (
    "GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_CURL_VERBOSE",
    "GIT_PROTOCOL_FROM_USER", "GIT_PROXY_COMMAND", "GIT_PROXY_SSL_CAINFO", "GIT_SSH", "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_NO_VERIFY",
    "GIT_TERMINAL_PROMPT", "GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE_PACKET",
)  # fmt: skip
_NO_RIGHT: Final = (
    "permission denied", "authentication failed", "could not read username", "could not read password",
    "terminal prompts disabled", "access denied", "denied to", "error: 403", "error: 401", "host key verification",
)  # fmt: skip
_NOWHERE: Final = ("does not appear to be a git repository", "repository not found", "no such remote", "not found")


@dataclass(frozen=True, slots=True)
class Remote:
    """What stands there now."""

    notes: str | None
    """Where the notes' ref is; None where there is none."""
    tips: tuple[str, ...]
    """Of branches and tags, some of them perhaps unknown here."""


def remote_now(repo: Repository, remote: str) -> Remote:
    """Raises NotFound, RemoteError, AccessRefused, UsageError; Refused where the notes' ref is another one there."""
    if not remote or remote.startswith("-"):
        raise UsageError(f"{remote!r} is no remote", hint="git remote")
    out = _asked(repo, remote, "ls-remote", "--symref", "--", remote, REF, "refs/heads/*", "refs/tags/*")
    notes, tips = None, []
    for line in out.decode("utf-8", "replace").splitlines():
        sha, _, name = line.partition("\t")
        if name == REF and sha.startswith("ref: "):
            raise Refused(f"{REF} of {redact(remote).text} is only another name of {_shown(sha[5:])}")
        if sha.startswith("ref: "):
            continue
        if name == REF:
            notes = sha
        elif name.startswith(("refs/heads/", "refs/tags/")):
            tips.append(sha)
    return Remote(notes, tuple(dict.fromkeys(tips)))


def fetch_notes(repo: Repository, remote: str) -> None:
    """The ref's objects; no ref here moves. Raises as `remote_now`."""
    _asked(
        repo, remote, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-prune",
        "--no-auto-maintenance", "--no-filter", "--refmap=", "--", remote, REF,
    )  # fmt: skip


def push_notes(repo: Repository, remote: str, commit: str) -> str | None:
    """None when they are there now; else why the remote did not take them: somebody was quicker, or may not be.

    Raises as `remote_now`."""
    line = (
        "push", "--porcelain", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--", remote,
        f"{commit}:{REF}",
    )  # fmt: skip
    done = _run(repo, *line)
    if not done.returncode:
        return None
    refused = [row for row in done.stdout.decode("utf-8", "replace").splitlines() if row.startswith("!")]
    if not refused:
        raise _explained(remote, done.stderr)
    return _shown(refused[0].split("\t")[-1])


def _asked(repo: Repository, remote: str, *args: str) -> bytes:
    done = _run(repo, *args)
    if done.returncode:
        raise _explained(remote, done.stderr)
    return done.stdout


def _run(repo: Repository, *args: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command(repo.common_dir, args, NO_HOOKS),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(repo),
            check=False,
        )
    except OSError as error:
        raise RemoteError(f"git cannot be started: {error.strerror}") from error


def _environment(repo: Repository) -> dict[str, str]:
    environment = {name: value for name, value in git_environment().items() if name not in _OURS}
    users = (*_USERS, *(name for name in os.environ if name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))))
    environment.update({name: os.environ[name] for name in users if name in os.environ})
    if not sys.stdin.isatty():
        environment["GIT_TERMINAL_PROMPT"] = "0"
        if not {"GIT_SSH", "GIT_SSH_COMMAND"} & environment.keys() and not _has_ssh_command(repo):
            environment["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    return environment


def _has_ssh_command(repo: Repository) -> bool:
    return bool(repo.text("config", "--get", "core.sshCommand", ok=(0, 1)))


def _explained(remote: str, stderr: bytes) -> Error:
    text = stderr.decode("utf-8", "replace")
    low = text.lower()
    said = [line for line in text.splitlines() if line.startswith(("fatal:", "error:", "remote:", "ssh:"))]
    why = _shown((said or text.splitlines() or ["no reason was given"])[0])
    name = redact(remote).text
    if any(sign in low for sign in _NO_RIGHT):
        return AccessRefused(f"{name} lets nobody in: {why}", hint=f"git ls-remote {name} shows what git needs")
    if any(sign in low for sign in _NOWHERE):
        return NotFound(f"there is no remote {name}: {why}", hint="git remote -v lists them")
    return RemoteError(f"cannot reach {name}: {why}", hint="try again when it can be reached")


def _shown(line: str) -> str:
    """git repeats URLs, with what stands in them."""
    return redact(line.strip()).text[:300]
