"""`enrich` with a model set: what a dry run shows, and that it sends and writes nothing; what a run says it did."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from contox_hooks.pipeline.prompt import SYSTEM
from contox_hooks.place import memory_path
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain
from tests.gitrepo import Repo
from tests.model.server import ModelServer, fails, says
from tests.model.server import model_server as model_server
from tests.net.client import no_proxies as no_proxies
from tests.pipeline.wire import data_of, honest


@pytest.fixture
def captured(repo: Repo, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> Repo:
    """One commit that waits, and a model on this machine."""
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    commit(repo, "feat: keep jobs in SQLite")
    drain(repo)
    monkeypatch.setenv("CONTOX_MODEL", "small")
    monkeypatch.setenv("CONTOX_MODEL_PROVIDER", "custom")
    monkeypatch.setenv("CONTOX_MODEL_URL", model_server.url)
    monkeypatch.setenv("CONTOX_MODEL_SMALL", "tiny")
    return repo


def dump() -> list[str]:
    with closing(sqlite3.connect(memory_path())) as store:
        return list(store.iterdump())


def test_a_dry_run_shows_the_prompt_and_sends_and_writes_nothing(
    captured: Repo, call: Call, model_server: ModelServer
) -> None:
    before = dump()
    told = call("enrich", "--dry-run")
    assert told.code == 0, told.err
    assert SYSTEM.split("\n")[0] in told.out
    assert '"subject": "feat: keep jobs in SQLite"' in told.out
    last = told.out.splitlines()[-1]
    assert last.startswith("1 call to custom/tiny: about ")
    assert last.endswith("nothing is paid; each may be repaired once. Nothing was sent.")
    assert model_server.asked == []
    assert dump() == before


def test_what_a_dry_run_shows_is_what_is_sent(captured: Repo, call: Call, model_server: ModelServer) -> None:
    shown = call("enrich", "--dry-run", "--json").json
    assert (shown["model"], shown["calls"], shown["micro_dollars"]) == ("custom/tiny", 1, 0)
    (prompt,) = shown["prompts"]
    assert set(prompt) == {
        "session_id", "chunk_no", "commits", "known_items", "left_out", "prompt_tokens", "answer_tokens",
        "micro_dollars", "system", "user", "schema",
    }  # fmt: skip
    model_server.respond = lambda asked: says(honest(asked), model="tiny")
    told = call("enrich", "--json")
    assert told.code == 0, told.err
    (asked,) = model_server.asked
    assert (asked.system, asked.user) == (prompt["system"], prompt["user"])
    detail = told.json["runs"][0]["jobs"][0]["detail"]
    assert detail == "1 item from 1 commit by custom/tiny"
    assert call("memory", "--json").json["items"][0]["title"] == "So it is: feat: keep jobs in SQLite"
    assert call("enrich", "--dry-run", "--json").json["prompts"] == []
    assert "nothing would be sent" in call("enrich", "--dry-run").out


def test_a_priced_model_says_what_it_may_cost(captured: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_MODEL_PRICE", "0.15/0.60")
    shown = call("enrich", "--dry-run", "--json").json
    most = -(-(shown["prompt_tokens"] * 150_000 + shown["answer_tokens"] * 600_000) // 1_000_000)
    assert shown["micro_dollars"] == most > 0
    assert "at most $0.0" in call("enrich", "--dry-run").out


def test_offline_a_dry_run_is_one_line(
    captured: Repo, call: Call, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer
) -> None:
    monkeypatch.setenv("CONTOX_MODEL", "offline")
    told = call("enrich", "--dry-run")
    assert told.out == "rules on this machine would read 1 commit: there is no prompt, nothing is sent or paid\n"
    assert call("enrich", "--dry-run", "--all", "--json").json == {
        "model": "offline", "calls": 0, "prompt_tokens": 0, "answer_tokens": 0, "micro_dollars": 0, "prompts": [],
    }  # fmt: skip
    assert model_server.asked == []


def test_an_endpoint_that_fails_loses_no_memory(captured: Repo, call: Call, model_server: ModelServer) -> None:
    model_server.respond = lambda asked: fails(503)
    told = call("enrich", "--json").json["runs"][0]
    assert told["status"] == "done"
    assert "; chunk 1 by rules: custom/tiny failed (503)" in told["jobs"][0]["detail"]
    assert call("memory", "--json").json["total"] == 1
    assert "by rules" in call("jobs").out


def test_a_key_that_is_missing_loses_no_memory(captured: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_MODEL_PROVIDER", "mistral")
    monkeypatch.delenv("CONTOX_MODEL_SMALL")
    told = call("enrich", "--json").json["runs"][0]
    assert told["status"] == "done"
    assert "by offline; chunk 1 by rules: there is no API key for mistral" in told["jobs"][0]["detail"]
    assert call("memory", "--json").json["total"] == 1


def test_a_second_look_at_a_file_shows_what_is_known_of_it(
    captured: Repo, call: Call, model_server: ModelServer
) -> None:
    model_server.respond = lambda asked: says(honest(asked))
    call("enrich")
    known = call("memory", "--json").json["items"][0]["id"]
    commit(captured, "fix: keep jobs in SQLite after a crash", 5)
    drain(captured)
    (prompt,) = call("enrich", "--dry-run", "--json").json["prompts"]
    assert prompt["known_items"] == [known]
    call("enrich")
    assert [shown["id"] for shown in data_of(model_server.asked[-1])["known_items"]] == [known]


def test_nothing_is_sent_but_what_is_stored_redacted(captured: Repo, call: Call, model_server: ModelServer) -> None:
    token = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    captured.commit(
        f"feat: call the service\n\nWith {token} for now.\n\nSigned-off-by: Grace Example <grace@example.org>",
        {"service.py": f'TOKEN = "{token}"\nurl = "https://example.org"\n', ".env": "SECRET=1\n"},
        now=True,
    )
    drain(captured)
    model_server.respond = lambda asked: says(honest(asked))
    assert call("enrich").code == 0
    sent = "".join(asked.raw.decode() for asked in model_server.asked)
    assert "feat: call the service" in sent
    assert "service.py" in sent
    assert "[redacted:" in sent
    machine = (token, str(captured.path), str(captured.path.parent), "example.org>", "Ada Example", "Grace", ".env")
    assert [word for word in machine if word in sent] == []
