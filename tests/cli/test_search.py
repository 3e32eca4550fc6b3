"""`search`: by words and meaning, explained, and honest about finding nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.domain.error import Error
from contox_hooks.pipeline import embedding
from tests.cli.conftest import Call
from tests.gitrepo import Repo


def test_words_find_and_say_where_it_stands(learnt: Repo, call: Call) -> None:
    told = call("search", "why", "sqlite")
    assert told.code == 0
    first = told.out.splitlines()[0]
    assert "SQLite" in first
    sha = learnt.git("log", "--format=%H", "--grep", "SQLite").split()[0]
    assert sha[:12] in told.out
    assert "  score" not in told.out


def test_fields_and_explanation(learnt: Repo, call: Call) -> None:
    found = call("search", "unknown orders", "--json").json
    assert set(found) == {"query", "hits"}
    assert found["query"] == "unknown orders"
    hit = found["hits"][0]
    assert set(hit) == {"score", "matched_by", "similarity", "parts", "item"}
    assert hit["item"]["evidence"]
    assert 0 < hit["score"] <= 1
    parts = hit["parts"]
    assert set(parts) == {"words", "meaning", "files", "matched"}
    assert (parts["words"], parts["files"]) == (1.0, 0.0)
    assert set(parts["matched"]) == {"unknown", "order"}
    told = call("search", "unknown orders", "--explain").out
    assert f"  score {hit['score']:.2f}, found by {hit['matched_by']}" in told
    assert f"    words 1.00 (unknown {parts['matched']['unknown']:.2f}, order " in told
    assert f"    meaning {parts['meaning']:.2f}, files 0.00\n" in told


def test_limit_and_type(learnt: Repo, call: Call) -> None:
    assert len(call("search", "orders store", "-n", "1", "--json").json["hits"]) == 1
    everything = call("search", "orders", "--json").json["hits"]
    kind = everything[-1]["item"]["type"]
    found = call("search", "orders", "--type", kind, "--json").json["hits"]
    assert found
    assert {hit["item"]["type"] for hit in found} == {kind}
    assert call("search", "orders", "--type", "bugs", "--json").error["hint"] == "did you mean bug?"


def test_filters(learnt: Repo, call: Call) -> None:
    def found(*arguments: str) -> set[str]:
        return {hit["item"]["files"][0] for hit in call("search", "orders store", *arguments, "--json").json["hits"]}

    assert found() >= {"api/orders.py", "store/events.py"}
    assert (
        found("--file", "api") == found("--file", "api/orders.py") == found("--file", "orders.*") == {"api/orders.py"}
    )
    assert found("--file", "./store/") == {"store/events.py"}
    assert found("--status", "archived") == found("--key", "root/nothing") == found("--since", "1 second ago") == set()
    assert found("--since", "2001-01-01") == found()
    told = call("search", "orders", "--status", "archived")
    assert told.out == "nothing found for 'orders' that fits these filters\n"
    assert call("search", "orders", "--status", "new", "--json").error["code"] == "usage"
    assert "no date in the past" in call("search", "orders", "--since", "gibberish", "--json").error["message"]


def test_what_is_worked_on_comes_first(learnt: Repo, call: Call) -> None:
    def parts(*arguments: str, at: Path | None = None) -> dict[str, float]:
        hits = call("search", "orders sqlite", *arguments, "--json", at=at).json["hits"]
        return {hit["item"]["files"][0]: hit["parts"]["files"] for hit in hits}

    assert set(parts().values()) == {0.0}
    for lifted in (
        parts("--for", "api/orders.py"),
        parts("--for", "./api/orders.py"),
        parts("--for", "orders.py", at=learnt.path / "api"),
    ):
        assert (lifted["api/orders.py"], lifted["store/events.py"]) == (1.0, 0.0)
    assert set(parts("--changed").values()) == {0.0}
    (learnt.path / "store/events.py").write_text("changed\n")
    for at in (learnt.path, learnt.path / "api"):
        lifted = parts("--changed", at=at)
        assert (lifted["api/orders.py"], lifted["store/events.py"]) == (0.0, 1.0)


def test_nothing_found_is_no_failure(learnt: Repo, call: Call) -> None:
    told = call("search", "zzzqqq xyzzy")
    assert (told.code, told.out) == (0, "nothing found for 'zzzqqq xyzzy'; what there is: contox-hooks memory\n")
    assert call("search", "\"AND ( * NEAR '", "--json").code == 0
    assert call("search", "", "--json").json["hits"] == []


def test_without_the_model_words_still_find(learnt: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise Error("the embedding model is not installed")

    monkeypatch.setattr(embedding, "default_embedder", gone)
    told = call("search", "sqlite", "--json")
    assert [hit["matched_by"] for hit in told.json["hits"]] == ["words"] * len(told.json["hits"])
    assert told.json["hits"]
    assert told.err == "contox-hooks: searching by words only: the embedding model is not installed\n"


def test_a_query_is_needed(learnt: Repo, call: Call) -> None:
    assert call("search", "--json").error["code"] == "usage"
