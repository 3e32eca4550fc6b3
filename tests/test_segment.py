"""The file behind the prompt, as the stores say."""

from __future__ import annotations

import time

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.connection import Connection, keep_connection
from contox_hooks.domain.pipeline import Stage
from contox_hooks.domain.segment import DISCONNECTED, FAILED, QUIET, RUNNING, Segment, segment_of
from contox_hooks.segment import keep_segment, refresh_segment, segment_path
from tests.cli.world import begin, commit, drain, fail, learn
from tests.gitrepo import Repo


def kept(repo: Repo) -> Segment:
    parts = Assembly(repo.repository)
    refresh_segment(parts)
    parts.service.close()
    segment = segment_of(segment_path(parts.state.root).read_text())
    assert segment is not None
    return segment


def test_the_session_under_way(repo: Repo) -> None:
    begin(repo)
    assert kept(repo) == Segment()
    commit(repo)
    drain(repo)
    segment = kept(repo)
    assert (segment.events, segment.until - segment.started_at) == (1, 4 * 3600)
    assert segment.saved_at >= segment.started_at > 0


def test_the_pipeline_waits_and_is_over(repo: Repo) -> None:
    begin(repo)
    commit(repo)
    drain(repo)  # asks for a run
    segment = kept(repo)
    assert (segment.state, segment.done, segment.total) == (RUNNING, 0, 5)
    assert segment.running_until > time.time()
    learn(repo)
    assert kept(repo).state == QUIET


def test_a_failure_stays(repo: Repo) -> None:
    begin(repo)
    commit(repo)
    fail(repo, Stage.EMBED, "no space")
    assert kept(repo).state == FAILED


def test_disconnected(repo: Repo) -> None:
    begin(repo)
    keep_connection(repo.repository.common_dir / "contox", Connection("https://example.org", "t", "p", paused=True))
    assert kept(repo).state == DISCONNECTED


def test_written_only_when_it_changed(repo: Repo) -> None:
    begin(repo)
    root = repo.repository.common_dir / "contox"
    keep_segment(root, Segment(events=1))
    before = segment_path(root).stat()
    keep_segment(root, Segment(events=1))
    assert segment_path(root).stat().st_ino == before.st_ino
    keep_segment(root, Segment(events=2))
    assert segment_path(root).stat().st_ino != before.st_ino
    assert [path.name for path in root.glob("segment*")] == ["segment"]


def test_it_never_raises(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo)
    root = repo.repository.common_dir / "contox"
    keep_segment(root / "nowhere", Segment())
    segment_path(root).unlink(missing_ok=True)
    segment_path(root).mkdir()
    keep_segment(root, Segment())
    (root / "connection.json").write_text("{")
    parts = Assembly(repo.repository)
    refresh_segment(parts)
    parts.service.close()
