from __future__ import annotations

from pathlib import Path

import pytest

from tests.exchange.team import Team


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Team:
    return Team(tmp_path, monkeypatch, capsys)
