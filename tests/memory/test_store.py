"""The file itself: migrations, newer and damaged files, folders and disks that take nothing."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contox_hooks.backend.protocol import Receipt
from contox_hooks.domain.error import NotFound, StoreDamaged, StoreError, StoreNewer
from contox_hooks.memory import migration, sqlite
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place, Store, set_aside
from contox_hooks.place import config_dir, data_dir, memory_path
from tests.memory.events import DAY, a_project, commit, open_service


def schema_of(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    connection.close()
    return rows


def folder_bytes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def add_step(patch: pytest.MonkeyPatch, *statements: str) -> None:
    """A schema of tomorrow."""
    step = migration.Migration(migration.LATEST + 1, "tomorrow", statements)
    patch.setattr(migration, "MIGRATIONS", (*migration.MIGRATIONS, step))
    patch.setattr(migration, "LATEST", step.version)


def test_folders_and_files_are_the_users_alone() -> None:
    Store.open(memory_path()).close()
    assert memory_path().parent == data_dir()
    assert [path.stat().st_mode & 0o777 for path in (data_dir(), config_dir(), memory_path())] == [0o700, 0o700, 0o600]


def test_what_sqlite_puts_beside_it_is_too(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with open_service(tmp_path) as service:
            a_project(service)
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"memory.db": 0o600, "memory.db-wal": 0o600, "memory.db-shm": 0o600}


def test_fresh_is_all_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step at a time gives the same schema and records as all at once."""
    Store.open(tmp_path / "fresh.db").close()
    for count in range(1, len(migration.MIGRATIONS) + 1):
        with monkeypatch.context() as then:
            then.setattr(migration, "MIGRATIONS", migration.MIGRATIONS[:count])
            then.setattr(migration, "LATEST", count)
            Store.open(tmp_path / "stepped.db").close()
    assert schema_of(tmp_path / "stepped.db") == schema_of(tmp_path / "fresh.db")
    with Store.open(tmp_path / "stepped.db") as store:
        recorded = [(row["version"], row["name"]) for row in store.rows("SELECT * FROM migration ORDER BY version")]
    assert recorded == [(step.version, step.name) for step in migration.MIGRATIONS]
    assert [version for version, _ in recorded] == list(range(1, migration.LATEST + 1))


def test_a_step_that_fails_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory.db"
    Store.open(path).close()
    before = schema_of(path)
    with monkeypatch.context() as later:
        add_step(later, "CREATE TABLE half (id TEXT)", "NONSENSE")
        with pytest.raises(StoreError):
            Store.open(path)
    assert schema_of(path) == before
    Store.open(path).close()


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_file_is_left_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readonly: bool) -> None:
    path = tmp_path / "memory.db"
    with monkeypatch.context() as later:
        add_step(later, "CREATE TABLE future (id TEXT)")
        Store.open(path).close()
    before = folder_bytes(tmp_path)
    with pytest.raises(StoreNewer, match="newer contox-hooks") as caught:
        Store.open(path, readonly=readonly)
    assert "upgrade" in caught.value.hint
    assert folder_bytes(tmp_path) == before


def test_newer_is_seen_while_the_newer_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its migration is in the header as soon as it is committed, not only in the WAL."""
    path = tmp_path / "memory.db"
    Store.open(path).close()
    with monkeypatch.context() as later:
        add_step(later, "CREATE TABLE future (id TEXT)")
        newer = Store.open(path)
    with newer:
        assert sqlite.stored_version(path) == migration.LATEST + 1
        with pytest.raises(StoreNewer):
            Store.open(path)


@pytest.mark.parametrize("content", [b"no database, but long enough to be one" * 10, b"short", b"SQLite format 3\0"])
def test_no_database_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        Store.open(path)
    assert folder_bytes(tmp_path) == {"memory.db": hashlib.sha256(content).hexdigest()}
    aside = set_aside(path)
    assert aside is not None
    assert aside.read_bytes() == content
    assert not path.exists()
    Store.open(path).close()
    assert set_aside(path) is None


def test_pages_overwritten(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project = a_project(service)
        service.ingest(project.id, [commit(number, DAY + number) for number in range(300)])
    path = tmp_path / "memory.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096) * 40)
    with pytest.raises(StoreDamaged):
        use_all_of(path, project.id)
    aside = set_aside(path)
    assert aside is not None
    assert aside.name.startswith("memory.db.damaged-")
    assert not any(found.name.startswith("memory.db-") for found in tmp_path.iterdir())


def use_all_of(path: Path, project_id: str) -> None:
    with Service.open(path) as service:
        service.status(project_id)
        service.ingest(project_id, [commit(1, DAY)])


def test_cut_short(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        a_project(service)
    path = tmp_path / "memory.db"
    os.truncate(path, 8192)
    with pytest.raises(StoreDamaged):
        Service.open(path).projects.all()
    assert set_aside(path) is not None


def test_two_damaged_stores_in_one_second(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    names = set()
    for _ in range(3):
        path.write_bytes(b"junk")
        names.add(set_aside(path))
    assert len(names) == 3
    assert None not in names


def test_readonly_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no memory store"):
        Store.open(tmp_path / "memory.db", readonly=True)
    assert list(tmp_path.iterdir()) == []


def test_readonly_takes_no_change(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project = a_project(service)
    with Service.open(tmp_path / "memory.db", readonly=True) as service:
        assert service.status(project.id).events == 0
        with pytest.raises(StoreError, match="cannot write"):
            service.projects.rename(project.id, "other")


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONTOX_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(StoreError, match="cannot make the folder"):
        data_dir()


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "memory.db").mkdir()
    with pytest.raises(StoreError):
        Store.open(tmp_path / "memory.db")


def as_nobody(code: str, folder: Path) -> str:
    """Run Python without root's rights, which no permission stops; its output."""
    drop = "import os; os.getuid() or (os.setgroups([]), os.setgid(65534), os.setuid(65534))\n"
    done = subprocess.run([sys.executable, "-c", "import contox_hooks.memory.service\n" + drop + code, str(folder)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stdout + done.stderr


_TRY = """
import sys
from pathlib import Path
from contox_hooks.domain.error import StoreError
from contox_hooks.memory.service import Service
try:
    with Service.open(Path(sys.argv[1]) / "memory.db", readonly={readonly}) as service:
        for project in service.projects.all():
            print("read", project.name)
            service.projects.rename(project.id, "changed")
except StoreError as error:
    print(type(error).__name__, error.message.replace(sys.argv[1], "FOLDER"), "|", error.hint)
"""


def test_a_readonly_folder_can_be_read(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        a_project(service)
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o055)
    (tmp_path / "memory.db").chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        read = as_nobody(_TRY.format(readonly=True), tmp_path)
        written = as_nobody(_TRY.format(readonly=False), tmp_path)
    finally:
        tmp_path.chmod(0o755)
    assert read.startswith("read work\nStoreError cannot write the memory store FOLDER/memory.db")
    assert written.startswith("StoreError cannot open the memory store FOLDER/memory.db")
    assert "make its folder writable" in written


def test_a_full_disk(tmp_path: Path) -> None:
    """Nothing of the batch is stored, the error says so in one line, and the store works again when there is room."""
    with open_service(tmp_path) as service:
        project = a_project(service)
        service.ingest(project.id, [commit(1, DAY)])
        pages = service.store.count("PRAGMA page_count")
        service.store.rows(f"PRAGMA max_page_count = {pages + 2}")
        events = [commit(number, DAY, diff="x" * 3000) for number in range(2, 60)]
        with pytest.raises(StoreError, match="no room left") as caught:
            service.ingest(project.id, events)
        assert not isinstance(caught.value, StoreDamaged)
        assert service.status(project.id).events == 1
        service.store.rows("PRAGMA max_page_count = 1000000")
        service.ingest(project.id, events)
        assert service.status(project.id).events == 59


def test_a_really_full_disk(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        with open_service(mount) as service:
            project = a_project(service)
            batches = (
                [commit(n, DAY + n, diff=os.urandom(1500).hex()) for n in range(first, first + 20)]
                for first in range(0, 5000, 20)
            )
            stored: list[Receipt] = []
            with pytest.raises(StoreError, match=r"no room left|failed: disk I/O error"):
                stored.extend(receipt for batch in batches for receipt in service.ingest(project.id, batch))
        with Service.open(mount / "memory.db", readonly=True) as service:
            assert service.status(project.id).events == len(stored) > 0
    finally:
        for key in [key for key in sqlite._DESCRIPTORS if key[0] == mount.stat().st_dev]:
            os.close(sqlite._DESCRIPTORS.pop(key))
        subprocess.run(["umount", str(mount)], check=True)


def test_a_lock_held_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    with open_service(tmp_path) as one, open_service(tmp_path) as two:
        with one.store.transaction(), pytest.raises(StoreError, match="in use by another process"):
            a_project(two)
        a_project(two)


def test_a_second_store_in_this_process_does_not_free_the_locks_of_the_first(tmp_path: Path) -> None:
    """POSIX drops all of a process' locks on a file when it closes any descriptor of it; the WAL would go with them."""
    path = tmp_path / "memory.db"
    with Store.open(path) as first:
        first.rows("SELECT COUNT(*) FROM project")
        Store.open(path).close()
        code = "import sys; from pathlib import Path; from contox_hooks.memory.store import Store; Store.open(Path(sys.argv[1])).close()"
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
        assert path.with_name("memory.db-wal").exists()


def test_a_store_goes_from_thread_to_thread(where: Place) -> None:
    """One at a time uses it: a server's requests take the next one that is free."""
    with open_service(where) as service:
        made: list[str] = []
        for _ in range(2):
            thread = threading.Thread(target=lambda: made.append(a_project(service).id))
            thread.start()
            thread.join()
        assert made == [service.projects.all()[0].id] * 2


def test_an_inner_failure_takes_the_outer_transaction_along(where: Place) -> None:
    with open_service(where) as service:
        with pytest.raises(NotFound), service.store.transaction():
            # The outer transaction made the project; the inner one, of another project, fails.
            service.projects.rename(a_project(service).id and "nope", "inner")
        assert service.projects.all() == []
        with service.store.transaction():
            a_project(service)
            assert service.store.in_transaction
        assert len(service.projects.all()) == 1
