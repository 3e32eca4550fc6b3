"""What a manifest says: the project's name and purpose, what it runs on and needs, how it is started and tested.

Pure over one file's text; one small reader a format. Must not know other files. Invariant: a broken manifest says
nothing, an absurd one holds up nothing. Versions of dependencies are left out: they change with every bump.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from contox_hooks.pipeline.source.outline import clip
from contox_hooks.scan.said import MAX_ROWS, Said, Text, redacted

_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_DEVELOPS: Final = re.compile(r"dev|test|lint|doc|typing|type|check|build|ci\b", re.IGNORECASE)
_TEST_TOOLS: Final = frozenset({
    "pytest", "unittest", "nose2", "tox", "nox", "hypothesis", "jest", "vitest", "mocha", "ava", "tap", "jasmine",
    "karma", "@playwright/test", "cypress", "rspec", "rspec-rails", "minitest", "junit", "junit-jupiter", "testng",
    "mockito-core", "spring-boot-starter-test", "phpunit/phpunit", "pestphp/pest", "borp", "testcontainers",
})  # fmt: skip
_MOST_DOTS: Final = 200
_MOST_ELEMENTS: Final = 200
"""Dependencies of one pom.xml that are looked at."""
_CHECK_TOOLS: Final = frozenset({
    "ruff", "black", "flake8", "isort", "pylint", "mypy", "pyright", "bandit", "pre-commit", "eslint", "prettier",
    "typescript", "standard", "neostandard", "biome", "@biomejs/biome", "rubocop", "husky", "lint-staged", "stylelint",
})  # fmt: skip


def manifest_rows(content: bytes, path: str) -> Iterator[Said]:
    read = _reader_of(path)
    if read is None:
        return
    text = Text(content.decode("utf-8", "replace"))
    try:
        rows = list(read(text))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):  # as its tool would refuse it
        return
    for row in rows:
        yield row
        tool = row.says
        if row.topic in ("needs", "develops with") and tool in _TEST_TOOLS:
            yield row._replace(topic="tests with")
        elif row.topic in ("needs", "develops with") and tool in _CHECK_TOOLS:
            yield row._replace(topic="checks with")


def is_manifest(path: str) -> bool:
    return _reader_of(path) is not None


def _reader_of(path: str) -> Any:
    name = path.rpartition("/")[2].lower()
    if name in _READERS:
        return _READERS[name]
    is_list = name.endswith((".txt", ".in")) and ("requirements" in name or "/requirements/" in f"/{path.lower()}")
    return _requirements if is_list else None


def _toml(text: Text) -> dict[str, Any]:
    """Raises ValueError, also for a line with more dots than any has: a key of n parts costs the parser n * n."""
    if any(line.count(".") > _MOST_DOTS for line in text.lines):
        raise ValueError("too many dots")
    return tomllib.loads(text.content)


def _pyproject(text: Text) -> Iterator[Said]:
    data = _toml(text)
    project, poetry = data.get("project", {}), data.get("tool", {}).get("poetry", {})
    yield from _about(text, project.get("name") or poetry.get("name"), project.get("description") or poetry.get("description"))  # fmt: skip  # noqa: E501
    python = project.get("requires-python") or poetry.get("dependencies", {}).get("python")
    yield from _runs_on(text, "Python", python, ("requires-python", "python"))
    yield from _all(text, "needs", _names(project.get("dependencies", [])))
    yield from _all(text, "needs", [name for name in poetry.get("dependencies", {}) if name != "python"])
    for group, listed in islice(project.get("optional-dependencies", {}).items(), MAX_ROWS):
        yield from _all(text, "develops with" if _DEVELOPS.search(group) else "can use", _names(listed))
    developing = [_names(listed) for listed in data.get("dependency-groups", {}).values()]
    developing.append(poetry.get("dev-dependencies", {}))
    developing += [group.get("dependencies", {}) for group in poetry.get("group", {}).values()]
    for names in developing[:MAX_ROWS]:
        yield from _all(text, "develops with", names)
    for name, target in islice({**poetry.get("scripts", {}), **project.get("scripts", {})}.items(), MAX_ROWS):
        yield from _row(text, "entry", name, f"command `{name}` → {target}")
    for tool in sorted(data.get("tool", {})):
        if tool in _TEST_TOOLS | _CHECK_TOOLS:
            yield from _row(text, "tests with" if tool in _TEST_TOOLS else "checks with", f"tool.{tool}", tool)


def _setup_cfg(text: Text) -> Iterator[Said]:
    for name, quote, number in _settings(text):
        if name in ("name", "description", "python_requires"):
            value = quote.partition("=")[2].strip()
            topic = {"name": "name", "description": "describes"}.get(name, "runs on")
            yield Said(topic, f"Python {value}" if topic == "runs on" else value, quote, number)
    section = ""
    for number, line in enumerate(text.lines, start=1):
        found = _REQUIREMENT.match(line)
        if line[:1] not in (" ", "\t"):
            section = line.partition("=")[0].strip() if line.rstrip().endswith("=") else ""
        elif found and section == "install_requires":
            yield Said("needs", found[1], found[1], number)
        elif found and section == "console_scripts":
            yield Said("entry", f"command `{found[1]}` → {line.partition('=')[2].strip()}", found[1], number)


def _settings(text: Text) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(text.lines, start=1):
        match = re.match(r"(\w+)\s*=\s*\S", line)
        if match:
            yield match[1], line.strip(), number


def _setup_py(text: Text) -> Iterator[Said]:
    name = re.search(r"\bname\s*=\s*['\"]([\w.-]+)['\"]", text.content)
    about = re.search(r"\bdescription\s*=\s*['\"]([^'\"\n]+)['\"]", text.content)
    yield from _about(text, name and name[1], about and about[1])
    found = re.search(r"install_requires\s*=\s*\[", text.content)
    listed = text.content[found.end() :].partition("]")[0] if found else ""
    yield from _all(text, "needs", _names(re.findall(r"['\"]([^'\"\n]+)['\"]", listed)))


def _requirements(text: Text) -> Iterator[Said]:
    for number, line in enumerate(text.lines, start=1):
        name = re.match(r"([A-Za-z0-9][\w.-]*+)\s*+(?:\[[^\]]*+\]\s*+)?(?:[<>=!~;@#]|$)", line)
        if name:
            yield Said("needs", name[1], name[1], number)


def _package_json(text: Text) -> Iterator[Said]:
    data = json.loads(text.content)
    yield from _about(text, data.get("name"), data.get("description"))
    engines = data.get("engines") or {}
    for engine, title in (("node", "Node.js"),):
        yield from _runs_on(text, title, engines.get(engine), ('"node"',))
    yield from _all(text, "needs", data.get("dependencies") or {}, section='"dependencies"')
    yield from _all(text, "needs its user's", data.get("peerDependencies") or {}, section='"peerDependencies"')
    yield from _all(text, "develops with", data.get("devDependencies") or {}, section='"devDependencies"')
    commands = data.get("bin") or {}
    named = {str(data.get("name")): commands} if isinstance(commands, str) else commands
    for name, target in islice(named.items(), MAX_ROWS):
        yield from _row(text, "entry", str(target), f"command `{name.rpartition('/')[2]}` → {target}")
    if isinstance(main := data.get("main"), str):
        yield from _row(text, "main", main)
    for name, command in (data.get("scripts") or {}).items():
        if name in _SCRIPTS and isinstance(command, str):
            yield from _script(text, name, command)


_SCRIPTS: Final = ("start", "dev", "build", "serve", "test", "lint", "format", "typecheck", "check", "migrate")
_MOST_SHOWN: Final = 120


def _script(text: Text, name: str, command: str) -> Iterator[Said]:
    shown = clip(redacted([command])[0], _MOST_SHOWN)
    for number, line in enumerate(text.lines, start=1):
        if re.match(rf'\s*"{re.escape(name)}"\s*:\s*"', line):
            yield Said("script", f"`npm run {name}` runs `{shown}`", line.strip().rstrip(","), number)
            return


def _cargo(text: Text) -> Iterator[Said]:
    data = _toml(text)
    package, workspace = data.get("package", {}), data.get("workspace", {})
    about = package.get("description")
    yield from _about(text, package.get("name"), about if isinstance(about, str) else None)
    version = package.get("rust-version", workspace.get("package", {}).get("rust-version"))
    yield from _runs_on(text, "Rust", version if isinstance(version, str) else None, ("rust-version",))
    yield from _all(text, "needs", data.get("dependencies") or workspace.get("dependencies", {}))
    yield from _all(text, "develops with", data.get("dev-dependencies", {}))
    for each in data.get("bin", [])[:MAX_ROWS]:
        yield from _row(text, "entry", each["name"], f"command `{each['name']}` → {each.get('path', 'src/main.rs')}")


def _go_mod(text: Text) -> Iterator[Said]:
    for number, line in enumerate(text.lines, start=1):
        if match := re.match(r"module\s+(\S+)", line):
            yield Said("name", match[1], line.strip(), number)
        elif match := re.match(r"go\s+(\d\S*)", line):
            yield Said("runs on", f"Go {match[1]}", line.strip(), number)
        elif "// indirect" not in line and (match := re.match(r"\s*(?:require\s+)?([\w.-]+\.[a-z]+/\S+)\s+v\S+", line)):
            yield Said("needs", match[1], match[1], number)


def _pom(text: Text) -> Iterator[Said]:
    own = _of_itself(text.content)
    head = own.partition("<dependencies>")[0]
    for tag, topic in (("artifactId", "name"), ("description", "describes")):
        if (match := re.search(rf"<{tag}>([^<]*+)</{tag}>", head)) and (told := match[1].strip()):
            yield from _row(text, topic, told)
    if match := re.search(r"<(?:java\.version|maven\.compiler\.(?:release|source))>([\d.]+)<", text.content):
        yield from _row(text, "runs on", match[0].strip("<"), f"Java {match[1]}")
    for piece in own.split("<dependency>", _MOST_ELEMENTS + 1)[1 : _MOST_ELEMENTS + 1]:
        inner = piece.partition("</dependency>")[0]
        if name := re.search(r"<artifactId>\s*+([\w.-]++)\s*+</artifactId>", inner):
            yield from _row(text, "develops with" if "<scope>test<" in inner else "needs", name[1])


def _of_itself(content: str) -> str:
    """Without what stands inside of its parent, its build and the like, as far as those are closed."""
    kept, at = [], 0
    for match in re.finditer(r"<(parent|build|profiles|dependencyManagement)>", content):
        if match.start() >= at:
            end = content.find(f"</{match[1]}>", match.end())
            if end < 0:
                break
            kept.append(content[at : match.start()])
            at = end
    return "".join([*kept, content[at:]])


def _gradle(text: Text) -> Iterator[Said]:
    pattern = re.compile(r"\s*(\w*[iI]mplementation|api|compileOnly|runtimeOnly)\b[ (]+['\"]([\w.-]+):([\w.-]+)")
    for number, line in enumerate(text.lines, start=1):
        if match := pattern.match(line):
            yield Said("develops with" if match[1].startswith("test") else "needs", match[3], line.strip(), number)
        elif match := re.match(r"\s*id[ (]+['\"]([\w.-]+)['\"]", line):
            yield Said("builds with", match[1], match[0].strip(), number)


def _gemfile(text: Text) -> Iterator[Said]:
    group = ""
    for number, line in enumerate(text.lines, start=1):
        if line.startswith("group ") and " do" in line:
            group = line.partition(" do")[0]
        elif line.startswith("end"):
            group = ""
        elif match := re.match(r"\s*gem\s+['\"]([\w.-]+)['\"]", line):
            yield Said("develops with" if _DEVELOPS.search(group) else "needs", match[1], match[0].strip(), number)
        elif match := re.match(r"ruby\s+['\"]([^'\"]+)['\"]", line):
            yield Said("runs on", f"Ruby {match[1]}", match[0], number)


def _composer(text: Text) -> Iterator[Said]:
    data = json.loads(text.content)
    yield from _about(text, data.get("name"), data.get("description"))
    yield from _runs_on(text, "PHP", data.get("require", {}).get("php"), ('"php"',))
    for section, topic in (("require", "needs"), ("require-dev", "develops with")):
        names = [name for name in data.get(section, {}) if "/" in name]
        yield from _all(text, topic, names, section=f'"{section}"')


_READERS: Final[Mapping[str, Any]] = {
    "pyproject.toml": _pyproject, "setup.cfg": _setup_cfg, "setup.py": _setup_py, "package.json": _package_json,
    "cargo.toml": _cargo, "go.mod": _go_mod, "pom.xml": _pom, "build.gradle": _gradle, "build.gradle.kts": _gradle,
    "gemfile": _gemfile, "composer.json": _composer,
}  # fmt: skip


def _names(requirements: Iterable[Any]) -> list[str]:
    return [found[1] for each in requirements if isinstance(each, str) and (found := _REQUIREMENT.match(each))]


def _about(text: Text, name: Any, description: Any) -> Iterator[Said]:
    if isinstance(name, str):
        yield from _row(text, "name", name)
    if isinstance(description, str) and len(description.split()) > 1:
        folded = " ".join(description.split())
        yield from _row(text, "describes", description.strip().split("\n")[0], folded)


def _runs_on(text: Text, what: str, version: Any, keys: Iterable[str]) -> Iterator[Said]:
    if not isinstance(version, str):
        return
    for number, line in enumerate(text.lines, start=1):
        if version in line and any(key in line for key in keys):
            yield Said("runs on", f"{what} {version}", line.strip().rstrip(","), number)
            return


def _all(text: Text, topic: str, names: Iterable[str], *, section: str = "") -> Iterator[Said]:
    start = next((at for at, line in enumerate(text.lines, start=1) if section and section in line), 1)
    listed = list(names)
    tools = [name for name in listed[MAX_ROWS:] if name in _TEST_TOOLS or name in _CHECK_TOOLS]
    for name in listed[:MAX_ROWS] + tools[:MAX_ROWS]:
        if row := text.named(topic, name, start=start):
            yield row


def _row(text: Text, topic: str, name: str, says: str = "") -> Iterator[Said]:
    if row := text.named(topic, name, says=says):
        yield row
