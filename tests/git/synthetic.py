"""A history of any length, the same in every run, with what real histories have: `git fast-import` makes it at once."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

ODD_NAMES = (
    b"with space.txt", b"new\nline.txt", b"tab\there", b'quo"te', b"caf\xc3\xa9.md", b"caf\xe9.md", b"a|b.py", b"-dash",
    b"back\\slash", b":colon", b"\xe6\x97\xa5\xe6\x9c\xac/\xe8\xaa\x9e.py", b" lead", b"7\t8\tcounts",
)  # fmt: skip
_WORDS = [
    "def",
    "return",
    "if",
    "else",
    "for",
    "in",
    "while",
    "yield",
    "value",
    "count",
    "name",
    "path",
    "index",
    "total",
    "open",
    "close",
    "read",
    "write",
    "node",
]


def fast_import_stream(commits: int, seed: int = 7) -> Iterator[bytes]:
    """A script for `git fast-import` that ends with branch `main` at a commit with about `commits` ancestors."""
    made = random.Random(seed)
    files: dict[bytes, list[str]] = {}
    for number in range(1, commits + 1):
        parents: list[int] = [number - 1] if number > 1 else []
        if number > 20 and number % 7 == 0:
            parents += sorted(made.sample(range(max(1, number - 15), number - 1), 3 if number % 49 == 0 else 1))
        elif number > 20 and number % 11 == 0:
            parents = [number - made.randrange(2, 9)]
        message = _message(made, number)
        yield b"commit refs/heads/main\nmark :%d\n" % number
        yield b"committer Ada Example <ada@example.org> %d +0130\n" % (1_600_000_000 + 61 * number)
        yield b"data %d\n%s\n" % (len(message), message)
        for parent, word in zip(parents, [b"from", *[b"merge"] * 9], strict=False):
            yield b"%s :%d\n" % (word, parent)
        if number % 97:
            yield from _changes(made, files, number)
    yield b"done\n"


def _message(made: random.Random, number: int) -> bytes:
    odd = ("fix: a|b", "naïve ☃", "diff --git a/x b/x", ":100644 x", "1\t2\tx", "")
    return f"{made.choice(odd)} {number}\n\n{' '.join(made.choices(_WORDS, k=12))}\n".encode()


def _changes(made: random.Random, files: dict[bytes, list[str]], number: int) -> Iterator[bytes]:
    for _ in range(made.choice((1, 1, 1, 2, 3, 8))):
        names = sorted(files)
        chance = made.random()
        if len(names) < 5 or chance < 0.25:
            name = made.choice(ODD_NAMES) if made.random() < 0.3 else b"d%d/f%d.py" % (made.randrange(9), number)
            if any(each.startswith(name + b"/") for each in names):
                continue
            files[name] = [_line(made) for _ in range(made.randrange(0, 120))]
            yield _modify(name, files[name], b"100644")
        elif chance < 0.65:
            name = made.choice(names)
            at = made.randrange(0, len(files[name]) + 1)
            files[name][at : at + made.randrange(0, 6)] = [_line(made) for _ in range(made.randrange(0, 9))]
            yield _modify(name, files[name], b"100755" if made.random() < 0.1 else b"100644")
        elif chance < 0.75:
            name, new = made.choice(names), b"moved/m%d.py" % number
            files[new] = [*files.pop(name), *([_line(made)] if made.random() < 0.5 else [])]
            yield b"D %s\n" % _quoted(name)
            yield _modify(new, files[new], b"100644")
        elif chance < 0.82:
            name, new = made.choice(names), b"copies/c%d.py" % number
            files[new] = list(files[name])
            files[name].append(_line(made))
            yield _modify(new, files[new], b"100644") + _modify(name, files[name], b"100644")
        elif chance < 0.9:
            name = made.choice(names)
            del files[name]
            yield b"D %s\n" % _quoted(name)
        elif chance < 0.94:
            data = made.randbytes(made.randrange(1, 3000)) + b"\0"
            yield b"M 100644 inline blob%d.bin\ndata %d\n%s\n" % (made.randrange(5), len(data), data)
        elif chance < 0.97:
            target = b"target%d" % made.randrange(99)
            mode = made.choice((b"120000", b"120000", b"100644"))  # now and then a change of type
            yield b"M %s inline links/l%d\ndata %d\n%s\n" % (mode, made.randrange(4), len(target), target)
        else:
            yield b"M 160000 %s sub%d\n" % (made.randbytes(20).hex().encode(), made.randrange(3))


def _line(made: random.Random) -> str:
    return f"{' ' * 4 * made.randrange(3)}{' '.join(made.choices(_WORDS, k=made.randrange(1, 9)))}"


def _modify(name: bytes, lines: list[str], mode: bytes) -> bytes:
    data = "".join(f"{line}\n" for line in lines).encode()
    return b"M %s inline %s\ndata %d\n%s\n" % (mode, _quoted(name), len(data), data)


def _quoted(name: bytes) -> bytes:
    escaped = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\t", b"\\t")
    return b'"' + escaped + b'"'


def make_history(path: Path, commits: int) -> Path:
    """A bare repository with that history."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    subprocess.run(
        ["git", "-C", str(path), "fast-import", "--quiet", "--done"],
        input=b"".join(fast_import_stream(commits)), check=True, capture_output=True,
    )  # fmt: skip
    return path
