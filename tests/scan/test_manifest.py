"""What manifests say, each in its format: names and the lines that show them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.scan.manifest import is_manifest, manifest_rows
from contox_hooks.scan.said import clean

CASES = {
    "pyproject.toml": (
        '[project]\nname = "a"\ndescription = """Some\ntool"""\nrequires-python = ">=3.11"\ndependencies = ["x>=1", "y"]\n'
        '[project.optional-dependencies]\nfast = ["orjson"]\ndev = ["nox"]\n[dependency-groups]\nmisc = ["ruff"]\n'
        '[project.scripts]\na = "a.cli:main"\n[tool.mypy]\nstrict = true\n',
        {
            "name": ["a"], "describes": ["Some tool"], "runs on": ["Python >=3.11"], "needs": ["x", "y"],
            "can use": ["orjson"], "develops with": ["nox", "ruff"], "entry": ["command `a` → a.cli:main"],
            "tests with": ["nox"], "checks with": ["ruff", "mypy"],
        },
    ),
    "package.json": (
        '{\n  "name": "web",\n  "description": "A web app",\n  "engines": {"node": ">=20"},\n  "bin": {"web": "cli.js"},\n'
        '  "scripts": {\n    "test": "vitest run",\n    "postinstall": "x"\n  },\n  "dependencies": {\n    "test": "1",\n'
        '    "react": "^19"\n  },\n  "devDependencies": {"vitest": "3"}\n}\n',
        {
            "name": ["web"], "describes": ["A web app"], "runs on": ["Node.js >=20"], "needs": ["test", "react"],
            "develops with": ["vitest"], "tests with": ["vitest"], "entry": ["command `web` → cli.js"],
            "script": ["`npm run test` runs `vitest run`"],
        },
    ),
    "Cargo.toml": (
        '[package]\nname = "c"\nrust-version = "1.80"\n[dependencies]\nserde = "1"\n[dev-dependencies]\ninsta = "1"\n'
        '[[bin]]\nname = "c-run"\n',
        {
            "name": ["c"], "runs on": ["Rust 1.80"], "needs": ["serde"], "develops with": ["insta"],
            "entry": ["command `c-run` → src/main.rs"],
        },
    ),
    "go.mod": (
        "module example.org/m\n\ngo 1.23\n\nrequire (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v1.0.0 // indirect\n)\n",
        {"name": ["example.org/m"], "runs on": ["Go 1.23"], "needs": ["github.com/a/b"]},
    ),
    "pom.xml": (
        "<project>\n<parent><artifactId>up</artifactId></parent>\n<artifactId>shop</artifactId>\n<dependencies>\n"
        "<dependency><artifactId>jdbc</artifactId></dependency>\n"
        "<dependency><artifactId>junit</artifactId><scope>test</scope></dependency>\n</dependencies></project>\n",
        {"name": ["shop"], "needs": ["jdbc"], "develops with": ["junit"], "tests with": ["junit"]},
    ),
    "Gemfile": (
        'ruby "3.3"\ngem "rails", "~> 8"\ngroup :development, :test do\n  gem "rspec"\nend\ngem "pg"\n',
        {"runs on": ["Ruby 3.3"], "needs": ["rails", "pg"], "develops with": ["rspec"], "tests with": ["rspec"]},
    ),
    "requirements-dev.txt": (
        "-r base.txt\n# no\nflask==3.0\npytest[x]>=8 ; python_version > '3'\n",
        {"needs": ["flask", "pytest"], "tests with": ["pytest"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_manifest_says_what_it_names_with_the_text_that_shows_it(name: str) -> None:
    text, wanted = CASES[name]
    rows = clean(manifest_rows(text.encode(), f"some/{name}"))
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.topic, []).append(row.says)
    assert found == wanted
    for row in rows:
        assert row.quote in text.split("\n")[row.line - 1].strip()


def test_a_dependency_is_quoted_without_its_version() -> None:
    [row] = manifest_rows(b'{\n  "dependencies": {\n    "react": "^19.1.0"\n  }\n}\n', "package.json")
    assert (row.says, row.quote, row.line) == ("react", '"react"', 3)


@pytest.mark.parametrize("name", ["pyproject.toml", "package.json", "Cargo.toml", "composer.json"])
@pytest.mark.parametrize("content", ["", "{", "[[[", "[]", "1", '"x"', '{"dependencies": 3}', '{"name": []}', "\xff\0"])
def test_a_broken_manifest_says_nothing(name: str, content: str) -> None:
    assert list(manifest_rows(content.encode(), name)) == []


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(CASES)), st.binary(max_size=60), st.integers(0, 400))
def test_whatever_stands_in_one_nothing_raises(name: str, junk: bytes, at: int) -> None:
    text = CASES[name][0].encode()
    for row in clean(manifest_rows(text[:at] + junk + text[at:], name)):
        assert row.says
    assert is_manifest(name)


def test_deep_json_is_passed_over() -> None:
    assert list(manifest_rows(json.dumps({"a": 1}).encode() + b"[" * 100_000, "package.json")) == []
    assert list(manifest_rows(b'{"dependencies":' * 50_000, "package.json")) == []
