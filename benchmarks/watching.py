"""Events captured and lost in bursts of new files, and what watching 50,000 files costs, beside the bare libraries.

    python benchmarks/watching.py [--files 50000] [--idle-seconds 20] [--where FOLDER]

Each watcher runs in a process of its own over the same tree, one after the other: ours, `watchfiles` (a recursive
`watch`, no filter) and `inotify_simple` (a watch a folder, one more for each new folder as its event is read). A burst
is written by three processes at once, into folders that are there or into new ones of 100 files. A file counts as
captured when the watcher names it; ours also tells of gaps, and names what they hid.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

BURSTS = (1_000, 5_000, 20_000)
_A_FOLDER = 100
_WRITERS = 3
_QUIET_S = 6.0
"""A watcher that names nothing new for so long has lost the rest."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--idle-seconds", type=float, default=20)
    parser.add_argument("--where", type=Path)
    parser.add_argument("--watch", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        watch(options.watch[0], Path(options.watch[1]))
    elif options.write:
        write(Path(options.write[0]), *map(int, options.write[1:]))
    else:
        for name in ("ours", "watchfiles", "inotify_simple"):
            with tempfile.TemporaryDirectory(dir=options.where) as scratch:
                measure(name, Path(scratch) / "tree", options.files, options.idle_seconds)


def measure(name: str, root: Path, files: int, idle_s: float) -> None:
    for number in range(files):
        folder = root / f"{number // 1200}" / f"{number // 12}"
        if number % 12 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module_{number}.py").write_bytes(b"x = 1\n")
    for count in BURSTS:
        for number in range(count // _A_FOLDER):
            (root / f"burst-{count}-known" / str(number)).mkdir(parents=True)
    began = time.monotonic()
    line = [sys.executable, __file__, "--watch", name, str(root)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        ready_s = time.monotonic() - began
        told = Told(child.stdout)
        time.sleep(3)
        before = cpu_s(child.pid)
        time.sleep(idle_s)
        idle = (cpu_s(child.pid) - before) / idle_s
        print(
            f"{name}: ready in {ready_s:.2f} s, {memory_mb(child.pid, 'VmRSS')} MB, idle {idle:.2%} of a core",
            flush=True,
        )
        for kind in ("known", "new"):
            for count in BURSTS:
                said = burst(root / f"burst-{count}-{kind}", told, count)
                print(f"  {count:6,} files, {kind:5} folders: {said}", flush=True)
        print(f"  peak {memory_mb(child.pid, 'VmHWM')} MB, {cpu_s(child.pid):.1f} s of processor in all", flush=True)
        child.stdin.close()


def burst(base: Path, told: Told, count: int) -> str:
    told.begin()
    share = count // _A_FOLDER
    bounds = [share * writer // _WRITERS for writer in range(_WRITERS + 1)]
    began = time.monotonic()
    writers = [
        subprocess.Popen([sys.executable, __file__, "--write", str(base), str(first), str(last), str(_A_FOLDER)])
        for first, last in pairwise(bounds)
    ]
    for writer in writers:
        writer.wait()
    wrote_s = time.monotonic() - began
    captured = told.wait(count)
    gaps = f", {told.gaps} gaps told" if told.gaps else ""
    return f"{captured:6,} captured, {count - captured:6,} lost{gaps} (written in {wrote_s:.1f} s)"


def write(base: Path, first: int, last: int, size: int) -> None:
    for number in range(first, last):
        folder = base / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        for name in range(size):
            handle = os.open(folder / f"{name}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
            os.write(handle, b"text\n")
            os.close(handle)


class Told:
    """What a watcher says on its standard output: a JSON list of paths a batch, or a number of gaps."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._paths: set[str] = set()
        self.gaps = 0
        self._last = time.monotonic()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def begin(self) -> None:
        self._paths = set()
        self.gaps = 0

    def wait(self, count: int) -> int:
        self._last = time.monotonic()
        while len(self._paths) < count and time.monotonic() - self._last < _QUIET_S:
            time.sleep(0.05)
        return len(self._paths)

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            said = json.loads(line)
            if isinstance(said, int):
                self.gaps += said
            else:
                before = len(self._paths)
                self._paths.update(path for path in said if "burst-" in path and path.endswith(".txt"))
                if len(self._paths) > before:
                    self._last = time.monotonic()


def watch(name: str, root: Path) -> None:
    def say(said: object) -> None:
        print(json.dumps(said), flush=True)

    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    _WATCHERS[name](root, say)


def _ours(root: Path, say: Callable[[object], None]) -> None:
    from contox_hooks.tracker.ignore import Ignore
    from contox_hooks.tracker.watch import Watcher

    for batch in Watcher(root, Ignore(root)).batches(threading.Event()):
        if gaps := sum(change.kind == "gap" for change in batch):
            say(gaps)
        say([change.path for change in batch if change.kind != "gap"])


def _watchfiles(root: Path, say: Callable[[object], None]) -> None:
    from watchfiles import watch

    # As `watch` makes it; its first answer comes late, so ready is when the watches are set.
    changes = watch(root, watch_filter=None, yield_on_timeout=True, rust_timeout=100)
    for batch in changes:
        say([path for _, path in batch])


def _inotify_simple(root: Path, say: Callable[[object], None]) -> None:
    from inotify_simple import INotify, flags

    inotify = INotify()
    mask = flags.CREATE | flags.CLOSE_WRITE | flags.MOVED_TO | flags.ONLYDIR
    folders = {inotify.add_watch(folder, mask): folder for folder, _, _ in os.walk(root)}
    say([])
    while True:
        paths = []
        for event in inotify.read():
            path = f"{folders.get(event.wd, '?')}/{event.name}"
            if event.mask & flags.ISDIR:
                folders[inotify.add_watch(path, mask)] = path
            paths.append(path)
        say(paths)


_WATCHERS = {"ours": _ours, "watchfiles": _watchfiles, "inotify_simple": _inotify_simple}


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, what: str) -> int:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status[what].split()[0]) // 1024


if __name__ == "__main__":
    main()
