"""A systemd user unit or a launchd agent that runs the tracker of one root. Text only: nothing is installed. Pure."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from hashlib import sha256

_UNIT = """\
[Unit]
Description=contox-hooks session tracker of {root}

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=30
# The command line is wrong, no such repository, a setting is wrong, git tracks .context, tracked already: trying again
# changes nothing.
RestartPreventExitStatus=2 3 6 9 10

[Install]
WantedBy=default.target
"""


def service_name(root: str) -> str:
    """One a root: two projects may have folders of one name."""
    return f"contox-hooks-tracker-{sha256(root.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def systemd_unit(command: Sequence[str], root: str) -> str:
    words = " ".join(_systemd_word(word) for word in command)
    return _UNIT.format(root=_plain(root).replace("%", "%%"), command=words)


def launchd_agent(command: Sequence[str], root: str) -> str:
    """launchd.plist(5)."""
    agent = {
        "Label": service_name(root), "ProgramArguments": list(command), "RunAtLoad": True, "ProcessType": "Background",
        "KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": 30,
    }  # fmt: skip
    return plistlib.dumps(agent, sort_keys=False).decode()


def _systemd_word(word: str) -> str:
    """systemd.service(5), "Command lines": specifiers and variables are escaped, and what a C string escapes."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("%", "%%").replace("$", "$$")
    return f'"{text}"'


def _plain(text: str) -> str:
    return " ".join(text.split())
