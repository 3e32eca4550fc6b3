"""Which commits are trivial, said by git's whole diff alone: the judge of `junk.py`, which owes nothing to the package.

A commit is trivial when
* merge: it is a merge whose combined diff (`--cc`) is empty, or it changes no file at all;
* generated: it changes only lock files, generated files, or the file that holds the version;
* changelog: it changes only the changelog or release notes, and perhaps the above: they tell again what others did;
* routine: its subject is a release, a version, or a routine move of dependencies, and no more than COSMETIC_LINES
  telling lines of code changed with it, and it does not speak of what the project needs or supports;
* cosmetic: its subject says typo, spelling … before all else, or white space, formatting … as all that it did, or is
  nothing but a linter's name; or it says typo … somewhere, and no more than COSMETIC_LINES telling lines changed;
* comment: of files that are no documents nothing but comment lines and white space changed (docstrings count as code);
* small: fewer than FEW_LINES telling lines changed, and nothing is said past its subject: no issue, fewer than
  BODY_WORDS words of a body without trailers, no such words in the merge that brought it, and, where code changed, no
  subject of BODY_WORDS words that says what was done to it. The number of the pull
  request itself is no explanation: where every commit is squashed from one, every commit has it. (One-line fixes that
  are explained are not trivial: the projects' own changelogs speak of them.)
Tests and documents are work like any other: a commit that changes nothing else is judged by the same rules, and
`junk.py` counts the items that stand on such commits alone.
Telling lines: added and removed ones of all files that are not generated, without blank lines, comments, and lines that
stand on both sides but for white space.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FEW_LINES = 3
COSMETIC_LINES = 20
BODY_WORDS = 5

_COMMENT_BY_SUFFIX = {
    **dict.fromkeys(("py", "pyi", "sh", "bash", "rb", "pl", "pm", "toml", "yml", "yaml", "cfg", "cmake", "mk"), r"#"),
    **dict.fromkeys(("c", "h", "cc", "cpp", "hpp", "js", "jsx", "ts", "tsx", "go", "rs", "java", "kt", "css", "scss",
                     "php", "swift", "cs", "scala"), r"//|/\*|\*(?:\s|/|$)"),
    **dict.fromkeys(("sql", "lua", "hs"), r"--"),
}  # fmt: skip
_TEST = re.compile(r"(?:^|/)(?:tests?|testing|specs?|__tests__|t)/|(?:^|/)test_[^/]*$|[._-](?:test|spec)\.[a-z]+$")
_DOCUMENT = re.compile(r"(?i:\.(?:md|rst|txt|adoc|html?|tex)$)|(?:^|/)[A-Z]+$")
_GENERATED = re.compile(
    r"(?:^|/)(?:[\w.-]+\.lock|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|bun\.lockb|uv\.lock)$"
    r"|\.min\.(?:js|css)$|_pb2\.pyi?$|\.pb\.go$|\.snap$|(?:^|/)(?:dist|_?vendor(?:ed)?|third_party|node_modules)/"
    r"|(?:^|/)(?:VERSION(?:\.txt)?|_?version\.py|__version__\.py|__about__\.py|[\w-]+-VERSION-GEN(?:\.sh)?)$"
)
_CHANGELOG = re.compile(
    r"(?:^|/)(?:changes|changelog|history|news|release[-_]?notes)(?:\.(?:md|rst|txt|adoc))?$"
    r"|(?:^|/)(?:relnotes|newsfragments|changelog\.d)/",
    re.IGNORECASE,
)
_MANIFEST = re.compile(
    r"(?:^|/)(?:package\.json|cargo\.toml|pyproject\.toml|setup\.(?:cfg|py)|go\.mod|gemfile|pipfile|[^/]*requirements[^/]*"
    r"|dockerfile[^/]*|\.pre-commit-config\.yaml)$|(?:^|/)\.(?:github|gitlab|circleci)/",
    re.IGNORECASE,
)
_PREFIX = r"(?:[\w./*-]+(?:\([^)]*\))?!?: ?|\[[\w. -]+\] ?)?"
_ROUTINE = re.compile(
    rf"{_PREFIX}(?:(?:[\w@/.]+(?:-[\w@/.]+)*[- ])?v?\d+(?:\.\d+)+\S*\W*(?:\(#\d+\))?$|"
    r"(?:(?:re-?)?release|version|prepare|start|bump(?:ed|s|ing)?(?: the)?(?: version)?(?: to)?|tag)"
    r" (?:[\w@/.-]+ )?v?\d+(?:\.\d+)+"
    r"|(?:bump|prepare|prep)\w* (?:for )?(?:the |a |new |next )*release\b"
    r"|(?:bump|upgrade|update|pin)\w* (?:\S+ ){1,4}(?:from \S+ to v?\d|to (?:v\d|\d+\.\d))"
    r"|(?:bump|upgrade)\w* \S+ v?\d+\.\d"
    r"|bump\W*$|bump\w* (?:\S+ ){0,4}versions?\b"
    r"|(?:bump|upgrade|update|pin|refresh)\w* (?:the |all |dev |test )*"
    r"(?:dependenc\w+|requirements|deps|lock ?files?|version|pre-commit)(?: \(#\d+\))?\W*$"
    r"|(?:run )?(?:pre-commit )?auto-?update\W*$)|\[pre-commit\.ci\]|chore\(deps",
    re.IGNORECASE,
)
_BARE_BUMP = re.compile(
    rf"{_PREFIX}bump\w* @?[\w./@-]+(?: (?:from|in|group|across)\b.*)?\W*(?:\(#\d+\))?$", re.IGNORECASE
)
"""Routine where nothing but manifests changed: what was bumped may be a limit."""
_FLOOR = re.compile(r"\b(?:msrv|minim\w+|at least|require\w*|support\w*|drop\w*)\b", re.IGNORECASE)
"""What a project needs is no routine."""
_WORDING = r"typos?|spelling|mis-?spell\w*|grammar|re-?formatted"
_LAYOUT = r"white-? ?space|indentation|(?:re-?)?formatting"
_ALL_IT_DID = r"(?=\W*$|\W+(?:in|and|only|fix\w*|errors?|changes?|issues?|clean-?ups?|\(#\d+\)))"
"""`Fix white space in a.py`; `Fix white space handling` is about behaviour."""
_TOOLS = r"lint(?:ing|er|s)?|flake8|pep ?8|black|isort|prettier|ruff|autoformat\w*|nits?|code style"
_COSMETIC_FIRST = re.compile(
    rf"{_PREFIX}(?:(?:fix\w*|correct\w*|run|apply|more|minor|small|some|few|various|silence|appease|address|a|the|and|in)"
    r"\W+)*"
    rf"(?:(?:{_WORDING})\b|(?:{_LAYOUT}){_ALL_IT_DID}|(?:{_TOOLS})"
    r"(?: (?:fix\w*|errors?|issues?|warnings?|again|code|changes|everything))*\W*(?:\(#\d+\))?$)",
    re.IGNORECASE,
)
_COSMETIC = re.compile(r"(?<![\w.-])(?:typos?|spelling|mis-?spell\w*|grammar|reformatted)\b", re.IGNORECASE)
_OWN_NUMBER = re.compile(r"\W*\((?:#|gh-)\d+\)\W*$|^Merge pull request #\d+ from \S+", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<!\w)(?:#|gh-)\d+\b|/(?:issues|pull)/\d+", re.IGNORECASE)
_TRAILER = re.compile(r"[A-Z][\w-]*(?:-[Bb]y|-[Ii]d|-[Tt]o): |\(cherry picked|Cc: ")


@dataclass
class Change:
    """A commit as git shows it."""

    sha: str
    parents: tuple[str, ...]
    subject: str
    body: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    """Path to changed lines with their marks, `@` before each hunk; a file without lines (binary, mode, pure
    rename) has none."""


def verdicts(repository: Path, shas: Sequence[str]) -> dict[str, str]:
    """Commit to why it is trivial, "" when it is not."""
    found, parents, requested = {}, {}, set()
    for change in read(repository, shas):
        found[change.sha], parents[change.sha] = verdict(change), change.parents
        if len(change.parents) == 2 and explained(change):
            requested.add(change.sha)
    for sha in brought(parents, requested):
        found[sha] = "" if found[sha] == "small" else found[sha]
    return found


def brought(parents: Mapping[str, Sequence[str]], merges: Iterable[str]) -> Iterator[str]:
    """The commits on the merges' second parents' own lines, down to a merge or to what the first parent's line has."""
    for merge in merges:
        main = set()
        at: str | None = parents[merge][0]
        while at in parents and len(main) < 500:
            main.add(at)
            at = next(iter(parents[at]), None)
        at = parents[merge][1]
        while at in parents and at not in main and len(parents[at]) == 1:
            yield at
            at = parents[at][0]


def verdict(change: Change) -> str:
    if not change.lines:
        return "merge" if len(change.parents) > 1 else "empty"
    if all(_GENERATED.search(path) for path in change.lines):
        return "generated"
    if all(_GENERATED.search(path) or _CHANGELOG.search(path) for path in change.lines):
        return "changelog"
    code_lines = sum(
        len(told(path, lines))
        for path, lines in change.lines.items()
        if not any(kind.search(path) for kind in (_GENERATED, _MANIFEST, _CHANGELOG, _DOCUMENT))
    )
    if not _FLOOR.search(change.subject):
        bare = _BARE_BUMP.match(change.subject) and not code_lines
        if bare or (_ROUTINE.match(change.subject) and code_lines <= COSMETIC_LINES):
            return "routine"
    telling = sum(len(told(path, lines)) for path, lines in change.lines.items() if not _GENERATED.search(path))
    if _COSMETIC_FIRST.match(change.subject) or (_COSMETIC.search(change.subject) and telling <= COSMETIC_LINES):
        return "cosmetic"
    code = {path: lines for path, lines in change.lines.items() if not _DOCUMENT.search(path)}
    if code and all(lines and only_comments(path, lines) for path, lines in code.items()):
        return "comment"
    said = explained(change) or (code_lines > 0 and len(_OWN_NUMBER.sub("", change.subject).split()) >= BODY_WORDS)
    if telling < FEW_LINES and all(change.lines.values()) and not said:
        return "small"
    return ""


def only_comments(path: str, lines: Sequence[str]) -> bool:
    """Whether every hunk says the same before and after, without comments and white space."""
    sides = {"+": "", "-": ""}
    for line in [*lines, "@"]:
        text = "".join(line[1:].split())
        if line[0] == "@" and sides["+"] != sides["-"]:
            return False
        if line[0] in sides and not is_comment(path, text):
            sides[line[0]] += text
    return True


def is_comment(path: str, text: str) -> bool:
    comment = _COMMENT_BY_SUFFIX.get(path.rpartition(".")[2].lower())
    return comment is not None and re.match(comment, text) is not None


def told(path: str, lines: Sequence[str]) -> list[str]:
    """The telling ones of a file's changed lines."""
    sides: dict[str, Counter[str]] = {"+": Counter(), "-": Counter()}
    for line in lines:
        text = "".join(line[1:].split())
        if text and line[0] in sides and not is_comment(path, text):
            sides[line[0]][text] += 1
    return list(((sides["+"] - sides["-"]) + (sides["-"] - sides["+"])).elements())


def explained(change: Change) -> bool:
    body = [line for line in change.body.splitlines() if not _TRAILER.match(line)]
    subject = _OWN_NUMBER.sub("", change.subject)
    return bool(_REFERENCE.search(f"{subject}\n{change.body}")) or len(" ".join(body).split()) >= BODY_WORDS


def is_aside(change: Change) -> bool:
    """Whether it changes nothing but tests and documents."""
    return bool(change.lines) and all(_DOCUMENT.search(path) or _TEST.search(path) for path in change.lines)


def read(repository: Path, shas: Sequence[str], *, context: bool = False) -> Iterator[Change]:
    """The commits with all their changed lines, streamed; of merges what the combined diff shows. With `context`, the
    lines around them too."""
    line = ["git", f"--git-dir={repository}", "log", "--no-walk=unsorted", "--stdin", "--cc", "-p", "-M", "--no-color"]
    line += ["--no-ext-diff", "--no-textconv", "--encoding=UTF-8", "--format=%x00%H%x01%P%x01%s%x01%b%x01"]
    line += ["-C"] if context else ["-U0"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n".join(shas).encode())
        process.stdin.close()
        record: list[str] = []
        for raw in process.stdout:
            text = raw[:2000].decode("utf-8", "replace")
            if text.startswith("\0") and record:
                yield parsed("".join(record))
                record = []
            record.append(text)
        if record:
            yield parsed("".join(record))


def parsed(record: str) -> Change:
    sha, parents, subject, body, diff = record.removeprefix("\0").split("\x01", 4)
    change = Change(sha, tuple(parents.split()), subject, body)
    marks, path, in_hunk = 1, "", False
    for line in diff.split("\n"):
        if line.startswith(("diff --git ", "diff --cc ")):
            path = line.rpartition(" b/")[2] if " b/" in line else line[len("diff --cc ") :]
            change.lines[path.strip('"')] = []
            in_hunk = False
        elif line.startswith("@@"):
            marks, in_hunk = len(line) - len(line.lstrip("@")) - 1, True
            change.lines[path.strip('"')].append("@")
        elif in_hunk and (mark := line[:marks].strip()[:1]) in ("+", "-", "") and line:
            change.lines[path.strip('"')].append((mark or " ") + line[marks:])
    return change
