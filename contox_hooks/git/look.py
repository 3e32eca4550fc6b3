"""git asked about one work tree, its answer read as it comes, its complaint kept.

Must not know what is asked. Invariants: nothing of the user's is started but the filters that his attributes name;
what git complains of is told in its own words, without what is excluded or secret.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from contox_hooks.domain.line import one_line
from contox_hooks.domain.mask import masked
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.redaction import redact
from contox_hooks.git.history_format import CONFIG, decoded
from contox_hooks.git.history_stream import RawChange
from contox_hooks.git.run import GitFailed, run, stream

CHUNK_BYTES: Final = 262_144
_CONFIG: Final = (*CONFIG, "core.fsmonitor=false", "status.submoduleSummary=false")
_COMPLAINT_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Look:
    git_dir: Path
    work_tree: Path
    exclusions: Exclusions
    aside: tuple[bytes, ...] = ()
    """Paths that git must not look at."""
    config: tuple[str, ...] = ()

    def past(self, changes: Iterable[RawChange]) -> Look:
        """The same without a look at these files."""
        return replace(self, aside=tuple(change.path for change in changes))

    def unfiltered(self) -> Look:
        """The same with no filter of the user's started: contents then may differ that do not, and none is fatal."""
        asked = ("config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$")
        names = run(self.git_dir, *asked, ok=(0, 1)).decode("utf-8", "surrogateescape").split("\0")
        off = (f"{name}={'false' if name.endswith('.required') else ''}" for name in names if name)
        return replace(self, config=tuple(off))


@contextmanager
def asking(look: Look, *asked: str) -> Iterator[int]:
    """The descriptor of what git writes, to be read to its end. Raises GitFailed behind it."""
    place = ("-C", str(look.work_tree), f"--work-tree={look.work_tree}")
    paths = [f":(top,exclude,literal){os.fsdecode(path)}" for path in look.aside]
    with tempfile.TemporaryFile() as said:
        config = (*_CONFIG, *look.config)
        with stream(look.git_dir, *place, *asked, "--", *paths, stderr=said.fileno(), config=config) as process:
            assert process.stdout is not None
            yield process.stdout.fileno()
            code = process.wait()
        if code:
            said.seek(0, os.SEEK_END)
            said.seek(max(0, said.tell() - _COMPLAINT_BYTES))
            raise GitFailed(asked[:1], code, _complaint(said.read(), look.exclusions))


def entries(look: Look, *asked: str) -> Iterator[bytes]:
    """What git writes, split at NUL as it comes: a million untracked files are never held at once."""
    with asking(look, *asked) as descriptor:
        rest = b""
        while data := os.read(descriptor, CHUNK_BYTES):
            *found, rest = (rest + data).split(b"\0")
            yield from found


def _complaint(said: bytes, exclusions: Exclusions) -> str:
    """What it died of, else its last word."""
    lines = [line for line in decoded(said).splitlines() if line.strip()]
    dying = [line for line in lines if line.startswith("fatal: ")] or lines or ["git status says why"]
    return one_line(masked(redact(dying[-1]).text, exclusions))
