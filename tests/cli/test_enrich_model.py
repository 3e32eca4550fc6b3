"""`enrich` with a model set: what a dry run shows, and that it sends and writes nothing; what a run says it did."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from contox_hooks.memory.chunk import Chunks
from contox_hooks.model.ledger import Ledger
from contox_hooks.pipeline.prompt import SYSTEM
from contox_hooks.place import memory_path
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain, parts_of
from tests.gitrepo import Repo
from tests.model.server import ModelServer, fails, says
from tests.model.server import model_server as model_server
from tests.net.client import no_proxies as no_proxies
from tests.pipeline.answers import answer
from tests.pipeline.wire import data_of, honest, item_for


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
        "session_id", "chunk_no", "commits", "refused", "known_items", "left_out", "prompt_tokens", "answer_tokens",
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


# -- what is in force now ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("EXCLUDE", "m.py"), ("DIFFS", "false")])
def test_narrower_settings_hold_for_what_was_captured_before(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    model_server.respond = lambda asked: says(honest(asked))
    assert "def f" in call("enrich", "--dry-run", "--json").json["prompts"][0]["user"]
    monkeypatch.setenv(f"CONTOX_{name}", value)
    (prompt,) = call("enrich", "--dry-run", "--json").json["prompts"]
    assert call("enrich").code == 0
    (asked,) = model_server.asked
    assert asked.user == prompt["user"]
    assert "def f" not in asked.user
    assert ("m.py" in asked.user) is (name == "DIFFS")


def test_known_items_of_excluded_files_are_not_sent(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.respond = lambda asked: says(answer(item_for(data_of(asked)["commits"][0], files=["m.py"])))
    call("enrich")
    captured.commit("fix: keep jobs in SQLite after a crash", {"m.py": "x = 1\n", "n.py": "y = 1\n"}, now=True)
    drain(captured)
    (prompt,) = call("enrich", "--dry-run", "--json").json["prompts"]
    assert len(prompt["known_items"]) == 1
    monkeypatch.setenv("CONTOX_EXCLUDE", "m.py")
    call("enrich")
    assert data_of(model_server.asked[-1])["known_items"] == []


# -- a dry run tells what would not be sent ------------------------------------------------------------------------------


def only(call: Call) -> tuple[int, str]:
    """Calls that a dry run counts, and why the one chunk would not be one."""
    shown = call("enrich", "--dry-run", "--json").json
    (prompt,) = shown["prompts"]
    return shown["calls"], prompt["refused"]


def test_a_dry_run_knows_of_caps_keys_and_claims(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert only(call) == (1, None)
    monkeypatch.setenv("CONTOX_TOKENS_A_DAY", "0")
    assert only(call)[0] == 0
    assert only(call)[1].startswith("tokens_a_day: 0 of 0 tokens used today")
    assert "1 chunk by rules (tokens_a_day" in call("enrich", "--dry-run").out.splitlines()[-1]
    monkeypatch.delenv("CONTOX_TOKENS_A_DAY")
    monkeypatch.setenv("CONTOX_MODEL_PRICE", "1/1")
    service, project_id = parts_of(captured)
    with service:
        (session_id,) = service.jobs.unprocessed_sessions(project_id)
        Chunks(service.store).assign(session_id, size=10)
        Ledger(service.store, project_id).claim(session_id, 1)
    assert only(call) == (0, "custom/tiny was asked about them before and may have been paid")
    monkeypatch.setenv("CONTOX_MODEL_PROVIDER", "mistral")
    assert only(call) == (0, "there is no API key for mistral (api.mistral.ai)")
    assert model_server.asked == []


def test_a_dry_run_knows_what_an_amended_commit_carries(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_MODEL_PRICE", "1/1")
    model_server.respond = lambda asked: says(honest(asked))
    call("enrich")
    captured.git("commit", "--amend", "-q", "-m", "feat: keep jobs in SQLite, as said")
    drain(captured)
    assert call("enrich", "--dry-run", "--json").json["prompts"] == []
    call("enrich")
    assert len(model_server.asked) == 1


# -- read again -----------------------------------------------------------------------------------------------------------


def titles(call: Call) -> list[str]:
    return [item["title"] for item in call("memory", "--json").json["items"]]


def test_what_rules_read_for_want_of_a_model_is_told_and_read_again(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_MODEL_PRICE", "1/1")
    model_server.respond = lambda asked: fails(401)
    told = call("enrich")
    hint = "1 commit was read by rules for want of the model: contox-hooks enrich --again"
    assert told.out.splitlines()[-1] == hint
    assert hint in call("status").out
    (by_rules,) = titles(call)
    assert not by_rules.startswith("So it is")
    assert call("enrich", "--dry-run", "--again", "--json").json["calls"] == 1
    model_server.respond = lambda asked: says(honest(asked))
    again = call("enrich", "--again")
    assert again.code == 0, again.err
    assert titles(call) == ["So it is: feat: keep jobs in SQLite"]
    assert len(model_server.asked) == 2
    assert "for want of" not in call("status").out
    assert call("enrich", "--again").out == "nothing to do: every commit is in memory\n"


def test_what_may_have_been_paid_is_not_read_again(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_MODEL_PRICE", "1/1")
    model_server.respond = lambda asked: fails(503)
    assert "for want of" not in call("enrich").out
    call("enrich", "--again")
    assert len(model_server.asked) == 1


def test_what_a_cap_would_leave_to_the_rules_again_stays_as_it_is(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_TOKENS_A_DAY", "0")
    call("enrich")
    before = call("memory", "--json").json["items"]
    told = call("enrich", "--again")
    assert told.code == 13
    assert "tokens_a_day: 0 of 0 tokens used today" in told.err
    assert call("memory", "--json").json["items"] == before
    assert model_server.asked == []


def test_nothing_is_opened_where_no_model_can_be_asked(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.respond = lambda asked: fails(401)
    call("enrich")
    before = titles(call)
    monkeypatch.setenv("CONTOX_MODEL", "offline")
    told = call("enrich", "--again")
    assert "there is no model to read them" in told.err
    assert titles(call) == before


def test_memory_that_is_lost_is_not_paid_for_again(
    captured: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_MODEL_PRICE", "1/1")
    model_server.respond = lambda asked: says(honest(asked))
    call("enrich")
    used = call("settings", "--json").json["spend"]["tokens_today"]
    assert used > 0
    memory_path().write_bytes(b"damaged" * 1000)
    for beside in memory_path().parent.glob("memory.db-*"):
        beside.unlink()
    call("status")
    told = call("enrich", "--all", "--json").json
    assert "may have been paid" in told["runs"][0]["jobs"][0]["detail"]
    assert len(model_server.asked) == 1
    assert call("settings", "--json").json["spend"]["tokens_today"] == used


# -- history --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [("init", "--no-hooks"), ("backfill",)])
def test_history_is_for_rules_unless_asked(
    repo: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    repo.commit("feat: page the orders", {"old.py": "def page():\n    return 1\n" * 4}, at=1_600_000_000)
    if verb[0] == "backfill":
        call("init", "--no-hooks", "--no-history")
    model_on(monkeypatch, model_server)
    told = call(*verb, "--json")
    assert told.code == 0, told.err
    assert (told.json["history"] if verb[0] == "init" else told.json)["spent"] is None
    assert model_server.asked == []
    assert "history is for the model when asked for" in call("jobs").out
    assert "1 commit was read by rules for want of the model: contox-hooks enrich --again" in call(*verb).out
    assert titles(call)
    model_server.respond = lambda asked: says(honest(asked))
    call("enrich", "--again")
    assert titles(call) == ["So it is: feat: page the orders"]


def model_on(monkeypatch: pytest.MonkeyPatch, model_server: ModelServer) -> None:
    for name, value in (
        ("MODEL", "small"), ("MODEL_PROVIDER", "custom"), ("MODEL_URL", model_server.url), ("MODEL_SMALL", "tiny"),
        ("MODEL_PRICE", "1/1"),
    ):  # fmt: skip
        monkeypatch.setenv(f"CONTOX_{name}", value)


@pytest.mark.parametrize("agrees", [True, False])
def test_on_a_terminal_a_person_is_asked_with_the_estimate(
    repo: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, agrees: bool
) -> None:
    repo.commit("feat: page the orders", {"old.py": "def page():\n    return 1\n" * 4}, at=1_600_000_000)
    model_on(monkeypatch, model_server)
    questions: list[str] = []

    def confirm(question: str) -> bool:
        questions.append(question)
        return agrees

    monkeypatch.setattr("contox_hooks.cli.connect_ask.can_ask", lambda: True)
    monkeypatch.setattr("contox_hooks.cli.connect_ask.confirm", confirm)
    model_server.respond = lambda asked: says(honest(asked))
    assert call("init", "--no-hooks", "--model").code == 0
    assert [question.startswith("1 call to custom/tiny: about ") for question in questions] == [True]
    assert "at most $0." in questions[0]
    assert len(model_server.asked) == int(agrees)
    assert titles(call)


def test_history_with_a_model_tells_what_it_took(
    repo: Repo, call: Call, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("feat: page the orders", {"old.py": "def page():\n    return 1\n" * 4}, at=1_600_000_000)
    assert "there is no model to read history" in call("init", "--no-hooks", "--model").err
    model_on(monkeypatch, model_server)
    model_server.respond = lambda asked: says(honest(asked), prompt_tokens=900, completion_tokens=100)
    told = call("backfill", "--model")
    assert told.code == 0, told.err
    assert len(model_server.asked) == 1
    assert "1 request to the model (1,000 tokens, $0.0010)" in told.out
