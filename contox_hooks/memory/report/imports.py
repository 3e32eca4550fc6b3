"""Which file uses which: import lines resolved against the files that there are.

Pure, one small rule a language. Invariant: only tracked files are named; what fits none of them (the standard
library, a dependency) is no edge.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from contox_hooks.domain.activity import ImportLine

_PYTHON = re.compile(r"\s*(?:from\s+(?P<base>\.*[\w.]*)\s+import\s+(?P<names>[\w ,*(]+)|import\s+(?P<plain>[\w., ]+))")
_SCRIPT = re.compile(r"""(?:from|import|require\()\s*['"](?P<spec>\.[^'"]*)['"]""")
_GO = re.compile(r'\s*(?:import\s+)?(?:[\w.]+\s+)?"(?P<spec>[a-z0-9-]+\.[^"]+)"\s*$')
_JVM = re.compile(r"\s*import\s+(?:static\s+)?(?P<spec>\w+(?:\.\w+)+)")
_INCLUDE = re.compile(r'\s*#\s*include\s*"(?P<spec>[^"]+)"')
_RUBY = re.compile(r"""\s*require(?P<relative>_relative)?\s+['"](?P<spec>[^'"]+)['"]""")
_RUST = re.compile(r"\s*(?:pub\s+)?(?:use\s+crate::(?P<spec>\w+(?:::\w+)*)|mod\s+(?P<child>\w+)\s*;)")
_PHP = re.compile(r"\s*use\s+\\?(?P<spec>\w+(?:\\\w+)+)")
_SCRIPT_ENDS = ("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue", "/index.ts", "/index.tsx", "/index.js", "/index.jsx")


def uses(lines: Iterable[ImportLine], tracked: Sequence[str]) -> dict[str, frozenset[str]]:
    """File to the files that use it."""
    files = _Files(tracked)
    found: dict[str, set[str]] = {}
    for line in lines:
        for path in files.named_by(line):
            if path != line.path:
                found.setdefault(path, set()).add(line.path)
    return {path: frozenset(users) for path, users in sorted(found.items())}


class _Files:
    def __init__(self, tracked: Sequence[str]) -> None:
        self._all = frozenset(tracked)
        self._by_name: dict[str, list[str]] = {}
        self._by_folder: dict[str, list[str]] = {}
        for path in tracked:
            folder, _, name = path.rpartition("/")
            self._by_name.setdefault(name, []).append(path)
            self._by_folder.setdefault(folder, []).append(path)

    def named_by(self, line: ImportLine) -> Iterator[str]:
        suffix = line.path.rpartition(".")[2].lower()
        if suffix in ("py", "pyi"):
            yield from self._python(line)
        elif suffix in ("js", "jsx", "mjs", "cjs", "ts", "tsx", "vue"):
            if match := _SCRIPT.search(line.text):
                yield from self._first(_beside(line.path, match["spec"]), _SCRIPT_ENDS)
        elif suffix == "go":
            if match := _GO.match(line.text):
                yield from self._go(match["spec"])
        elif suffix in ("java", "kt"):
            if match := _JVM.match(line.text):
                yield from self._ending(match["spec"].replace(".", "/") + f".{suffix}")
        elif suffix in ("c", "h", "cc", "cpp", "hpp"):
            if match := _INCLUDE.match(line.text):
                beside = _beside(line.path, match["spec"])
                yield from [beside] if beside in self._all else self._ending(match["spec"])
        elif suffix == "rb":
            if match := _RUBY.match(line.text):
                target = _beside(line.path, match["spec"]) if match["relative"] else f"lib/{match['spec']}"
                yield from self._first(target, (".rb", ""))
        elif suffix == "rs":
            yield from self._rust(line)
        elif suffix == "php" and (match := _PHP.match(line.text)):
            # PSR-4 maps a prefix of the name to a folder, so that only its end is a path.
            yield from self._ending("/".join(match["spec"].split("\\")[-2:]) + ".php")

    def _first(self, stem: str, ends: Sequence[str]) -> Iterator[str]:
        found = next((stem + end for end in ends if stem + end in self._all), None)
        if found is not None:
            yield found

    def _ending(self, tail: str) -> Iterator[str]:
        """The one file of that path, wherever its root is; several are a guess too many."""
        named = self._by_name.get(tail.rpartition("/")[2], ())
        found = [path for path in named if path == tail or path.endswith("/" + tail)]
        if len(found) == 1:
            yield found[0]

    def _python(self, line: ImportLine) -> Iterator[str]:
        match = _PYTHON.match(line.text)
        if match is None:
            return
        if match["plain"]:
            for name in match["plain"].split(","):
                yield from self._python_module(name.split(" as ")[0].strip().replace(".", "/"))
            return
        base = match["base"]
        names = [name.split(" as ")[0].strip(" (") for name in match["names"].split(",")]
        if base.startswith("."):
            up = len(base) - len(base.lstrip("."))
            folder = line.path
            for _ in range(up):
                folder = posixpath.dirname(folder)
            stem = posixpath.join(folder, base.lstrip(".").replace(".", "/")).rstrip("/")
            ours = [f"{stem}/{name}" for name in names]
            found = [path for part in ours for path in self._first(part, (".py", "/__init__.py"))]
            yield from found or self._first(stem, (".py", "/__init__.py"))
            return
        stem = base.replace(".", "/")
        found = [path for name in names for path in self._python_module(f"{stem}/{name}")]
        yield from found or self._python_module(stem)

    def _python_module(self, stem: str) -> Iterator[str]:
        """From a source root: a folder that is no package itself, so that `import json` is not `flask/json`."""
        for tail in (f"{stem}.py", f"{stem}/__init__.py"):
            for path in self._by_name.get(tail.rpartition("/")[2], ()):
                root = path.removesuffix(tail)
                if path.endswith(tail) and (root in ("", "lib/", "python/") or ("/" + root).endswith("/src/")):
                    yield path
                    return

    def _go(self, spec: str) -> Iterator[str]:
        parts = spec.split("/")
        for start in range(1, len(parts)):
            inside = [path for path in self._by_folder.get("/".join(parts[start:]), ()) if path.endswith(".go")]
            if inside:
                yield from (path for path in inside if not path.endswith("_test.go"))
                return

    def _rust(self, line: ImportLine) -> Iterator[str]:
        match = _RUST.match(line.text)
        if match is None:
            return
        if match["child"]:
            stem = line.path.removesuffix(".rs")
            folder = posixpath.dirname(stem) if stem.rpartition("/")[2] in ("mod", "lib", "main") else stem
            yield from self._first(posixpath.join(folder, match["child"]), (".rs", "/mod.rs"))
            return
        root = line.path.partition("src/")[0] + "src"
        parts = match["spec"].split("::")
        for size in range(len(parts), 0, -1):
            found = list(self._first("/".join([root, *parts[:size]]), (".rs", "/mod.rs")))
            if found:
                yield from found
                return


def _beside(path: str, spec: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), spec))
