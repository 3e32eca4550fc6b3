"""Repositories as they come: odd names, blobs that are not here, two scans at once, a state that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contox_hooks.domain.error import StoreError
from contox_hooks.git.listing import Entry
from contox_hooks.scan.cache import Cache
from contox_hooks.scan.said import Said
from contox_hooks.scan.scanning import CACHE, scan_repository
from tests.gitrepo import Repo
from tests.scan.project import SHOP, Scans


def test_names_with_spaces_newlines_and_bytes_that_are_no_text(repo: Repo) -> None:
    repo.commit(
        "odd",
        {
            "a b/c d.py": "class Spaced:\n    pass\n", "a b/e.py": "def two(): ...\n", "a b/f.py": "def three(): ...\n",
            "ünï/ä.py": '"""Words of its own."""\n', "li\nne/x.py": "class Broken:\n    pass\n",
        },
    )  # fmt: skip
    raw = os.fsencode(repo.path) + b"/\xff\xfe.py"
    Path(os.fsdecode(raw)).write_text("class Bytes:\n    pass\n")
    repo.commit("no text")
    scans = Scans(repo)
    found = scans.scan()
    assert found.files == 6
    assert "Spaced" in scans.items()["module:a b"].facts
    assert scans.scan().events == 0
    assert scans.scan().read == 0


def test_a_partial_clone_is_scanned_as_far_as_it_is_here(repo: Repo, tmp_path: Path) -> None:
    repo.commit("start", SHOP)
    repo.git("config", "uploadpack.allowFilter", "true")
    other = tmp_path / "partial"
    subprocess.run(
        ["git", "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.path}", str(other)], check=True
    )
    scans = Scans(Repo(other, init=False))
    found = scans.scan()
    assert found.read == 0
    assert found.skipped["not here, or larger than 512 KiB"] == 13
    assert found.found["test"] == 1  # names alone say so
    missing = subprocess.run(
        ["git", "rev-list", "--objects", "--all", "--missing=print"], cwd=other, capture_output=True, check=True, text=True,
        env={**os.environ, "GIT_NO_LAZY_FETCH": "1"},
    )  # fmt: skip
    assert sum(line.startswith("?") for line in missing.stdout.splitlines()) == len(SHOP)  # nothing was fetched


def test_two_scans_at_once_make_each_item_once(repo: Repo) -> None:
    repo.commit("start", SHOP)
    scans = Scans(repo)
    script = (
        "import sys\nfrom pathlib import Path\nfrom contox_hooks.assembly import Assembly\n"
        "from contox_hooks.git.repository import locate\nfrom contox_hooks.scan.scanning import scan_repository\n"
        "parts = Assembly(locate(Path(sys.argv[1])))\nparts.start_worker = parts.start_drain = lambda: None\n"
        "scan_repository(parts)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(repo.path)]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    scans.parts.drain().run()
    first = scans.scan()
    assert first.events == 0
    items = scans.items()
    parts = scans.parts
    assert parts.service.items.count(parts.project.id, status=None) == len(items) == len(first.findings)


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "no" / "folder" / CACHE)
    assert cache.known([]) == {}
    cache.keep({})
    cache.shrink([])
    cache.close()


def test_what_a_killed_scan_had_read_is_not_read_again(tmp_path: Path) -> None:
    entry, rows = Entry("a.py", "a" * 40, True), [Said("doc", "Words", "Words", 1)]
    first = Cache(tmp_path / CACHE)
    first.keep({entry: rows})
    assert Cache(tmp_path / CACHE).known([entry]) == {"a.py": rows}  # the first one was never closed
    assert Cache(tmp_path / CACHE).known([Entry("b.py", "a" * 40, True), Entry("a.py", "b" * 40, True)]) == {}


def test_the_cache_forgets_what_no_tree_of_late_had(tmp_path: Path) -> None:
    cache = Cache(tmp_path / CACHE)
    old = [Entry(f"{number}.py", "a" * 40, True) for number in range(9)]
    cache.keep({entry: [] for entry in old})
    cache.shrink(old[:3])
    assert len(cache.known(old)) == 9
    cache.shrink(old[:2])
    assert set(cache.known(old)) == {"0.py", "1.py"}


def test_an_inbox_that_cannot_be_written_is_an_error_and_the_next_scan_tells_all(repo: Repo) -> None:
    repo.commit("start", SHOP)
    scans = Scans(repo)
    inbox = scans.parts.state.inbox
    inbox.write_text("in the way")
    with pytest.raises(StoreError):
        scan_repository(scans.parts)
    inbox.unlink()
    assert len(scans.scan().new) == len(scans.items())
