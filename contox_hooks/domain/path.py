"""What a path is, and whether the user wants it left out. Decided from the name alone.

Must not know git or the file's content. Invariant: `Exclusions` says the same as `git check-ignore` of the same
patterns, for files in git's own spelling (relative, `/` between parts); but `?` is a character, where git means a byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

PathKind = Literal[
    "source", "test", "doc", "config", "ci", "migration", "lock", "generated", "asset", "other"
]  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOCK_NAMES: Final = _words(
    """
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock poetry.lock uv.lock
    pdm.lock pipfile.lock conda-lock.yml pixi.lock cargo.lock go.sum go.work.sum composer.lock gemfile.lock mix.lock
    rebar.lock pubspec.lock podfile.lock package.resolved cartfile.resolved flake.lock packages.lock.json
    gradle.lockfile buildscript-gradle.lockfile paket.lock stack.yaml.lock cabal.project.freeze elm-stuff.json
    shard.lock manifest.toml.lock .terraform.lock.hcl chart.lock module.bazel.lock
    """
)
_CI_NAMES: Final = _words(
    """
    .gitlab-ci.yml .travis.yml azure-pipelines.yml jenkinsfile appveyor.yml .appveyor.yml bitbucket-pipelines.yml
    .drone.yml .cirrus.yml .woodpecker.yml codecov.yml .codecov.yml .pre-commit-config.yaml .pre-commit-hooks.yaml
    renovate.json .renovaterc dependabot.yml tox.ini noxfile.py .readthedocs.yml .readthedocs.yaml
    """
)
_CONFIG_NAMES: Final = _words(
    """
    dockerfile containerfile makefile gnumakefile cmakelists.txt rakefile gemfile podfile procfile vagrantfile
    justfile build.gradle settings.gradle pom.xml go.mod go.work build.bazel workspace setup.py conftest.toml
    requirements.txt meson.build package.json cargo.toml pyproject.toml codeowners .gitignore .gitattributes
    .gitmodules .editorconfig .mailmap
    """
)
_DOC_NAMES: Final = _words(
    """
    readme changelog changes history news license licence copying copyright notice authors contributors contributing
    maintainers todo install security code_of_conduct roadmap upgrading
    """
)
_SOURCE: Final = _words(
    """
    py pyi pyx pxd ipynb js jsx mjs cjs ts tsx mts cts vue svelte astro go rs c h cc cpp cxx hh hpp hxx m mm java kt
    kts scala sc groovy clj cljs cljc edn cs fs fsi fsx vb swift rb erb rake php phtml pl pm t raku lua r jl ex exs
    erl hrl hs lhs elm ml mli re rei nim zig d dart v sv vhd vhdl f f90 f95 f03 for pas pp ada adb ads cob cbl lisp
    el scm rkt sh bash zsh fish ksh ps1 psm1 bat cmd awk sed sql graphql gql proto thrift avdl css scss sass less
    styl html htm xhtml haml pug jade hbs mustache ejs jinja jinja2 j2 tmpl tpl liquid twig tf hcl nix dhall sol vy
    cu cuh cl glsl vert frag wgsl hlsl metal asm s wat gd cr coffee tcl vim ahk applescript prisma rego bzl star
    cmake mk y l yy ll g4 po
    """
)
_DOC: Final = _words(
    """
    md markdown mdx rst adoc asciidoc txt org tex texi texinfo man pod rdoc wiki
    """
)
_CONFIG: Final = _words(
    """
    toml yaml yml json json5 jsonc ini cfg conf config properties env xml plist in ac am gradle cabal gemspec
    podspec csproj fsproj vbproj sln props targets editorconfig dockerfile service socket timer desktop rc
    """
)
_ASSET: Final = _words(
    """
    png jpg jpeg gif webp avif bmp ico icns tif tiff svg psd ai eps mp3 wav ogg flac m4a mp4 mov avi webm mkv ttf
    otf woff woff2 eot pdf zip gz tgz bz2 xz zst 7z rar tar jar war whl egg exe dll so dylib a o class bin dat db
    sqlite csv tsv parquet npy npz onnx pt safetensors pickle pkl wasm xlsx docx pptx
    """
)

_GENERATED: Final = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|vendored|third_party|_vendor|dist|__snapshots__|__generated__|"
    r"generated|\.next|\.nuxt|__pycache__|\.yarn)/"
    r"|\.(?:min|bundle|generated|g|pb|designer)\.[a-z]+$|\.pb\.(?:go|cc|h)$|_pb2(?:_grpc)?\.pyi?$|\.snap$|\.map$|"
    r"\.freezed\.dart$|_generated\.[a-z]+$|(?:^|/)zz_generated[^/]*$|\.pbxproj$|\.xcworkspacedata$"
)
_MIGRATION: Final = re.compile(r"(?:^|/)(?:migrations?|alembic/versions|db/migrate|flyway|liquibase)/")
_TEST: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|specs?|__tests__|__mocks__|e2e|fixtures|testdata|cypress|t)/"
    r"|(?:^|/)(?:test_[^/]*|conftest)\.py$|_test\.[a-z]+$|[._-](?:test|spec)\.[a-z]+$|_spec\.rb$|"
    r"(?:^|/)[^/]*tests?\.(?:java|kt|cs|swift|scala|php)$"
)
_CI: Final = re.compile(r"(?:^|/)\.(?:github/(?:workflows|actions)|gitlab|circleci|buildkite|woodpecker|ci|azure)/")
_DOC_PLACE: Final = re.compile(r"(?:^|/)(?:docs?|documentation)/")


_SCRIPTS: Final = _words("install uninstall configure bootstrap deploy")
"""In lower case and without a suffix: programs, where `INSTALL` is a text."""


@lru_cache(maxsize=4096)
def path_kind(path: str) -> PathKind:
    """What a file most likely is. Where two answers fit, the one that tells more about its worth as memory wins:
    a lock file is not configuration, a test is not source."""
    lower = path.lower()
    name = lower.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, ""
    if path.rpartition("/")[2] in _SCRIPTS:
        return "source"
    if name in _LOCK_NAMES:
        return "lock"
    if _GENERATED.search(lower):
        return "generated"
    if suffix in _ASSET:
        return "asset"
    if name in _CI_NAMES or _CI.search(lower):
        return "ci"
    if suffix in _SOURCE or not suffix:
        if _MIGRATION.search(lower):
            return "migration"
        if _TEST.search(lower):
            return "test"
    if suffix in _DOC and name not in _CONFIG_NAMES and not name.startswith("requirements"):
        return "doc"
    if (stem if suffix in _DOC else name) in _DOC_NAMES:
        return "doc"
    if name in _CONFIG_NAMES or name.startswith((".env", "dockerfile", "requirements")):
        return "config"
    if suffix in _SOURCE:
        return "source"
    if _TEST.search(lower):
        return "test"
    if suffix in _CONFIG or (name.startswith(".") and not stem):
        return "config"
    return "doc" if _DOC_PLACE.search(lower) else "other"


class Exclusions:
    """gitignore patterns, compiled once. Comments and blank lines are passed over, as in the file."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        rules = [rule for pattern in self.patterns if (rule := rule_of(pattern)) is not None]
        self._one: re.Pattern[str] | None = None
        self._each: list[tuple[bool, bool, re.Pattern[str]]] = []
        if any(rule.negated for rule in rules):
            self._each = [(rule.negated, rule.folder, re.compile(rule.whole, re.DOTALL)) for rule in rules]
        elif rules:
            # Without negation a path is out as soon as any leading part of it is.
            bodies = (rule.whole + ("/" if rule.folder else r"(?:/|\Z)") for rule in rules)
            self._one = re.compile("|".join(f"(?:{body})" for body in bodies), re.DOTALL)

    def __repr__(self) -> str:
        return f"Exclusions({self.patterns!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Exclusions) and other.patterns == self.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)

    def __bool__(self) -> bool:
        return self._one is not None or bool(self._each)

    def matches(self, path: str) -> bool:
        """Whether a file is left out."""
        if self._one is not None:
            return self._one.match(path) is not None
        return bool(self._each) and self._matches_in_turn(path)

    def _matches_in_turn(self, path: str) -> bool:
        """The last pattern that fits decides; nothing inside a folder that is out comes in again."""
        end = path.find("/")
        while end >= 0:
            if self._last_says(path[:end], is_folder=True):
                return True
            end = path.find("/", end + 1)
        return self._last_says(path, is_folder=False)

    def _last_says(self, part: str, *, is_folder: bool) -> bool:
        for negated, folder, pattern in reversed(self._each):
            if (is_folder or not folder) and pattern.fullmatch(part):
                return not negated
        return False


class Rule(NamedTuple):
    """One pattern. `body` is a regex (DOTALL), of the path below the pattern's folder if `anchored`, else of a name."""

    negated: bool
    folder: bool
    """It means folders alone."""
    anchored: bool
    body: str

    @property
    def whole(self) -> str:
        return self.body if self.anchored else f"(?:.*/)?{self.body}"


def rule_of(line: str) -> Rule | None:
    """None when the line can match nothing."""
    pattern = _without_trailing_spaces(line.rstrip("\r\n"))
    if not pattern or pattern.startswith("#"):
        return None
    negated = pattern.startswith("!")
    pattern = pattern[1:] if negated else pattern
    folder = pattern.endswith("/")
    pattern = pattern[:-1] if folder else pattern
    anchored = "/" in pattern
    body = _regex(pattern[1:] if pattern.startswith("/") else pattern)
    return Rule(negated, folder, anchored, body) if body else None


def _without_trailing_spaces(line: str) -> str:
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    return line


_CLASSES: Final = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e", "punct": r"!-/:-@\[-`{-~",
    "space": r"\s", "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip


_FOLDERS: Final = "(?:.*/)?"
"""A `**/`."""


def _regex(pattern: str) -> str:
    """git's wildmatch as a regex body; "" when the pattern is broken and so matches nothing.

    A star takes as little as it can and keeps it (an atomic group), except the last one of a part, and so does a `**/`
    except the last one: what `fnmatch` does too, so that a stranger's pattern of many stars costs no exponential time.
    """
    out: list[str] = []
    at, size = 0, len(pattern)
    while at < size:
        char = pattern[at]
        if char == "*":
            end = at
            while end < size and pattern[end] == "*":
                end += 1
            opens = at == 0 or pattern[at - 1] == "/"
            if end - at > 1 and opens and end == size:
                out.append(".+" if at else ".*")
            elif end - at > 1 and opens and pattern[end] == "/":
                if out[-1:] != [_FOLDERS]:
                    out.append(_FOLDERS)
                end += 1
            else:
                out.append("[^/]*")
            at = end
        elif char == "?":
            out.append("[^/]")
            at += 1
        elif char == "[":
            found = _bracket(pattern, at)
            if found is None:
                return ""
            text, at = found
            out.append(text)
        else:
            if char == "\\":
                at += 1
                if at == size:
                    return ""
            out.append(re.escape(pattern[at]))
            at += 1
    return _with_atomic_folders(_with_atomic_stars(out))


def _with_atomic_stars(parts: list[str]) -> list[str]:
    stars = [index for index, part in enumerate(parts) if part == "[^/]*"]
    for here, following in pairwise(stars):
        between = parts[here + 1 : following]
        if between and not any(part in ("/", _FOLDERS, ".+", ".*") for part in between):
            parts[here] = "(?>[^/]*?"
            parts[following - 1] += ")"
    return parts


def _with_atomic_folders(parts: list[str]) -> str:
    """What stands between two `**/` is so many whole parts of a path: where it fits first is as good as any later."""
    for here, following in pairwise([index for index, part in enumerate(parts) if part == _FOLDERS]):
        parts[here] = "(?>(?:.*?/)??"
        parts[following - 1] += ")"
    return "".join(parts)


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """A bracket expression as a regex class, and where it ends; None when it is never closed."""
    at += 1
    negated = at < len(pattern) and pattern[at] in "!^"
    at += negated
    items: list[str] = []
    first = True
    while True:
        if at >= len(pattern):
            return None
        char = pattern[at]
        if char == "]" and not first:
            break
        first = False
        if pattern.startswith("[:", at) and (end := pattern.find(":]", at + 2)) > 0:
            if pattern[at + 2 : end] not in _CLASSES:
                return None
            items.append(_CLASSES[pattern[at + 2 : end]])
            at = end + 2
            continue
        if char == "\\":
            at += 1
            if at >= len(pattern):
                return None
            char = pattern[at]
        at += 1
        if pattern.startswith("-", at) and at + 1 < len(pattern) and pattern[at + 1] != "]":
            at += 1
            if pattern[at] == "\\":
                at += 1
                if at >= len(pattern):
                    return None
            high = pattern[at]
            at += 1
            # A range that ends before it begins is its first character, to git.
            items.append(f"{re.escape(char)}-{re.escape(max(char, high))}")
        else:
            items.append(re.escape(char))
    return f"(?!/)[{'^' if negated else ''}{''.join(items)}]", at + 1
