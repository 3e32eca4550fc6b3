"""Units that are printed: they must name the root whatever its name is."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from contox_hooks.tracker.service import launchd_agent, service_name, systemd_unit

ROOT = '/home/ä b/100% "$HOME"\\x'
LINE = ["/usr/bin/python3", "-m", "contox_hooks", "tracker", "start", "--foreground", ROOT]


def test_a_systemd_unit_escapes_what_systemd_would_read() -> None:
    unit = systemd_unit(LINE, ROOT)
    assert '"/home/ä b/100%% \\"$$HOME\\"\\\\x"\n' in unit
    assert "RestartPreventExitStatus=2 3 6 9 10" in unit


def test_systemd_takes_it(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd here")
    path = tmp_path / f"{service_name(ROOT)}.service"
    path.write_text(systemd_unit(["/bin/true", ROOT], ROOT))
    done = subprocess.run([program, "verify", "--user", str(path)], capture_output=True, text=True, check=False)
    assert path.name not in done.stderr


def test_a_launchd_agent_holds_the_line_as_it_is() -> None:
    agent = plistlib.loads(launchd_agent(LINE, ROOT).encode())
    assert agent["ProgramArguments"] == LINE
    assert agent["Label"] == service_name(ROOT)
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


def test_two_roots_have_two_names() -> None:
    assert service_name("/a/x") != service_name("/b/x")
