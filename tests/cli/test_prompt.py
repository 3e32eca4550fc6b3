"""The status segment by all its doors: the program, the verb, and the shells' own function."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.segment import FAILED, RUNNING, Segment, segment_line, segment_text
from contox_hooks.segment import keep_segment
from tests.cli.conftest import Call
from tests.cli.world import start
from tests.gitrepo import Repo

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "prompt.sh"
SHELLS = ["bash", "dash", "zsh"]
FAR = 10**12


def keep(repo: Repo, segment: Segment | str) -> None:
    folder = repo.path / ".git" / "contox"
    folder.mkdir(exist_ok=True)
    if isinstance(segment, str):
        (folder / "segment").write_text(segment)
    else:
        keep_segment(folder, segment)


def shown(at: Path, **env: str) -> str:
    line = [sys.executable, "-m", "contox_hooks", "prompt"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    done = subprocess.run(line, cwd=at, env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


def test_it_says_what_the_file_says(repo: Repo) -> None:
    now = int(time.time())
    keep(repo, Segment(started_at=now - 4350, until=now + 999, events=5))
    inside = repo.path / "a" / "b"
    inside.mkdir(parents=True)
    for place in (repo.path, inside, repo.path / ".git"):
        assert shown(place) == "capturing 1h 12m · 5 events\n"


def test_a_worktree_shows_the_same(repo: Repo, tmp_path: Path) -> None:
    repo.commit("start", {"a.txt": "1\n"})
    keep(repo, Segment(RUNNING, done=2, total=5, running_until=FAR))
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    assert shown(tmp_path / "linked") == "pipeline 2/5\n"


def test_a_submodule_has_its_own(repo: Repo, make_repo: Callable[..., Repo]) -> None:
    inner = make_repo("inner")
    inner.commit("start", {"a.txt": "1\n"})
    repo.commit("start", {"a.txt": "1\n"})
    repo.git("submodule", "--quiet", "add", str(inner.path), "part")
    keep(repo, Segment(FAILED))
    assert shown(repo.path / "part") == ""
    folder = repo.path / ".git" / "modules" / "part" / "contox"
    folder.mkdir()
    keep_segment(folder, Segment(RUNNING, done=1, total=5, running_until=FAR))
    assert shown(repo.path / "part") == "pipeline 1/5\n"


def test_git_dir_names_another(repo: Repo, tmp_path: Path) -> None:
    keep(repo, Segment(FAILED))
    assert shown(tmp_path, GIT_DIR=str(repo.path / ".git")) == "pipeline failed\n"


@pytest.mark.parametrize("content", ["", "nonsense", "1 quiet x 0 0 0 0 0 0", "1 quiet 0 0 0 0 0 0 0\n"])
def test_nothing_to_say(repo: Repo, content: str) -> None:
    keep(repo, content)
    assert shown(repo.path) == ""


def test_outside_a_repository_and_before_init(repo: Repo, tmp_path: Path) -> None:
    assert shown(tmp_path) == ""
    assert shown(repo.path) == ""
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / ".git").write_text("not a git file")
    assert shown(tmp_path / "odd") == ""


def test_a_terminal_without_the_dot_gets_the_rest(repo: Repo) -> None:
    now = int(time.time())
    keep(repo, Segment(started_at=now, until=now + 999, events=2))
    assert shown(repo.path, PYTHONIOENCODING="ascii") == "capturing 0m ? 2 events\n"


@pytest.mark.parametrize("reader", [">&-", ">/dev/full", "| true"])
def test_nobody_reads_it_and_nothing_is_said_of_that(repo: Repo, reader: str) -> None:
    keep(repo, Segment(FAILED))
    code = f"set -o pipefail; {sys.executable} -m contox_hooks prompt {reader}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(3):  # `true` may be gone before or after
        done = subprocess.run(["bash", "-c", code], cwd=repo.path, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_verb_says_the_same(repo: Repo, call: Call) -> None:
    keep(repo, Segment(FAILED))
    told = call("prompt")
    assert (told.code, told.out, told.err) == (0, "pipeline failed\n", "")


def test_the_front_door_imports_next_to_nothing(repo: Repo) -> None:
    keep(repo, Segment(FAILED))
    code = (
        "import sys; before = set(sys.modules); sys.argv = ['contox-hooks', 'prompt']\n"
        "from contox_hooks.__main__ import main; main(); print(sorted(set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=repo.path, env=environment, capture_output=True, text=True)
    said, modules = done.stdout.splitlines()
    assert said == "pipeline failed"
    assert set(eval(modules)) <= {
        "__future__", "contox_hooks", "contox_hooks.__main__", "contox_hooks.domain", "contox_hooks.domain.segment",
        "contox_hooks.prompt", "time",
    }  # fmt: skip


# The shells' own


def in_shell(shell: str, at: Path, *, now: int | None = None, prelude: str = "") -> str:
    """What the function finds; it cannot start a program: there is no PATH, and no process may be made."""
    clock = "unset EPOCHSECONDS" if now is None else f"unset EPOCHSECONDS; EPOCHSECONDS={now}"
    code = f'. "{SCRIPT}"; PATH=/nowhere; {clock}; {prelude}\ncontox_segment; printf %s "$CONTOX_SEGMENT"'
    environment = {key: value for key, value in os.environ.items() if key != "EPOCHSECONDS"}
    done = subprocess.run([shell, "-c", code], cwd=at, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    import shutil

    found = shutil.which(request.param)
    if found is None:
        pytest.skip(f"{request.param} is not installed")
    return found


NOW = 1_800_000_000
MOMENTS = st.integers(0, 4 * 86_400).map(lambda passed: NOW - passed) | st.just(0)
SEGMENTS = st.builds(
    Segment,
    st.sampled_from(["quiet", "quiet", "running", "failed", "disconnected"]),
    started_at=MOMENTS, until=st.integers(-9000, 9000).map(lambda left: NOW + left), events=st.integers(0, 12),
    saved_at=MOMENTS, done=st.integers(0, 5), total=st.integers(0, 5),
    running_until=st.integers(-9, 9).map(lambda left: NOW + left),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segment=SEGMENTS)
def test_the_function_says_what_the_program_says(repo: Repo, shell: str, segment: Segment) -> None:
    keep(repo, segment)
    assert in_shell(shell, repo.path, now=NOW) == segment_text(segment, NOW)


def test_without_a_clock_it_leaves_ages_out(repo: Repo, shell: str) -> None:
    keep(repo, Segment(started_at=NOW, until=NOW + 9, events=5))
    assert in_shell(shell, repo.path) == "capturing · 5 events"
    keep(repo, Segment(saved_at=NOW))
    assert in_shell(shell, repo.path) == "saved"


def test_the_function_finds_the_same_repositories(repo: Repo, shell: str, tmp_path: Path) -> None:
    repo.commit("start", {"a.txt": "1\n"})
    keep(repo, Segment(RUNNING, done=2, total=5, running_until=FAR))
    inside = repo.path / "a b" / "c"
    inside.mkdir(parents=True)
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    for place in (inside, tmp_path / "linked", repo.path / ".git"):
        assert in_shell(shell, place) == "pipeline 2/5"
    assert in_shell(shell, tmp_path) == ""
    assert in_shell(shell, tmp_path, prelude=f'GIT_DIR="{repo.path}/.git"') == "pipeline 2/5"


def test_a_folder_that_was_deleted_ends_the_search(shell: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f'cd "{gone}" && rmdir "{gone}"; . "{SCRIPT}"; for PWD in "$PWD" . a/b; do contox_segment; done; echo "end"'
    said = subprocess.run([shell, "-c", code], capture_output=True, text=True, timeout=20)
    assert (said.returncode, said.stdout) == (0, "end\n")


@pytest.mark.parametrize(
    "content",
    [
        "1 quiet a[$(touch%sowned)] 0 5 1 0 0 0\n", "1 quiet 0 08 5 1 0 0 0\n", "1 $(id) 0 0 0 0 0 0 0\n",
        "1 quiet 0 0 `id` 0 0 0 0\n", "", "\n", "1 quiet 0 0 0 99999999999999999999 0 0 0\n", "2 failed 0 0 0 0 0 0 0\n",
        "1 running 0 0 0 0 1 $(id) 9\n", "1 running 0 0 0 0 1 5 $(id)\n", "1 failed 0 0 0 0 0 0\n",
        "1 failed 0 0 0 0 0 0 0 0\n",
    ],
)  # fmt: skip
def test_nothing_in_the_file_is_ever_run(repo: Repo, shell: str, content: str) -> None:
    keep(repo, content.replace("%s", "${IFS}"))
    assert in_shell(shell, repo.path, now=NOW) == ""
    assert not (repo.path / "owned").exists()


def test_the_function_starts_no_process(repo: Repo, shell: str) -> None:
    keep(repo, Segment(started_at=NOW - 9999, until=NOW + 9, events=5))
    forbid = "ulimit -u 0 2>/dev/null"
    said = in_shell(shell, repo.path, now=NOW, prelude=forbid)
    assert said == "capturing 2h 46m · 5 events"
    # Not even a subshell: what the function sets is there afterwards, and its text has no command substitution.
    code = "\n".join(line.split(" #")[0] for line in SCRIPT.read_text().splitlines() if not line.startswith("#"))
    assert "`" not in code
    assert "$(" not in code.replace("$((", "")
    assert segment_line(Segment()).count(" ") == 8


def test_the_program_is_the_same_door(repo: Repo) -> None:
    keep(repo, Segment(FAILED))
    out, err = start(repo, "prompt").communicate(timeout=60)
    assert (out, err) == ("pipeline failed\n", "")
