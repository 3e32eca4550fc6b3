"""CI, make, Docker and pre-commit: what they run, with the line that shows it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.scan.practice import practice_rows
from contox_hooks.scan.said import clean


def said(path: str, text: str, topic: str) -> list[str]:
    rows = clean(practice_rows(text.encode(), path))
    for row in rows:
        assert row.quote in text.split("\n")[row.line - 1]
    return [row.says for row in rows if row.topic == topic]


WORKFLOW = """\
name: "Build and test"
on:
  push:
    branches: [main]
  pull_request:
  workflow_dispatch:
jobs:
  test:
    steps:
      - uses: actions/checkout@v4
      - run: npm ci
      - run: npm run test
      - name: two
        run: |
          # a comment
          cargo test --all
          echo "npm run nothing"
          KEY=1 ./scripts/check.sh
      - run: >-
          uv run --group dev tox
      - with:
          push: true
"""


def test_a_workflow_says_when_it_runs_and_what() -> None:
    [told] = said(".github/workflows/ci.yml", WORKFLOW, "workflow")
    when = "Build and test on push, pull request, dispatch"
    assert told == f"{when}: `npm run test`; `cargo test --all`; `KEY=1 ./scripts/check.sh`; `uv run --group dev tox`"


@pytest.mark.parametrize("on", ["on: [push, pull_request]", "on: push", "'on':\n  - push\n  - release"])
def test_triggers_in_each_of_their_forms(on: str) -> None:
    [told] = said(".github/workflows/x.yaml", f"{on}\njobs:\n  schedule:\n    steps:\n      - run: make\n", "workflow")
    assert told.startswith("x on push")
    assert "schedule" not in told


def test_a_job_called_like_a_trigger_is_none() -> None:
    [told] = said(".github/workflows/x.yaml", "name: N\non: push\njobs:\n  release:\n    run: x\n", "workflow")
    assert told == "N on push"


def test_what_makefiles_dockerfiles_and_hooks_say() -> None:
    assert said("Makefile", "VERSION := 1\ntest: build\n\tgo test\n.PHONY: test\nlint :\n", "task") == [
        "`make test`", "`make lint`",
    ]  # fmt: skip
    assert said("Dockerfile", 'FROM python:3.12 AS base\nCMD ["gunicorn", "app"]\n', "entry") == [
        'Dockerfile starts `CMD ["gunicorn", "app"]`'
    ]
    hooks = "repos:\n- repo: x\n  hooks:\n  - id: ruff\n  -   id: mypy\n"
    assert said(".pre-commit-config.yaml", hooks, "checks with") == ["ruff", "mypy"]
    assert said("tox.ini", "[tox]\nenvlist = py311\n", "tests with") == ["tox"]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([".github/workflows/a.yml", "Makefile", "tox.ini", "Dockerfile", "Jenkinsfile"]),
    st.text(max_size=300),
)
def test_whatever_stands_there_nothing_raises(path: str, text: str) -> None:
    for row in clean(practice_rows(text.encode("utf-8", "replace"), path)):
        assert row.says
