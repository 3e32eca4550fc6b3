"""One item's page: how it stands to others, from both sides."""

from __future__ import annotations

from contox_hooks.assembly import Assembly
from tests.cli.conftest import Call
from tests.gitrepo import Repo


def test_an_item_tells_its_relations_from_both_sides(learnt: Repo, call: Call) -> None:
    parts = Assembly(learnt.repository)
    newer, older = (item.id for item in parts.service.items.page(parts.project.id, limit=2))
    parts.service.items.relate(newer, older, "contradicts", "it says\x1b[2J no")
    told = call("memory", newer, "--json").json["relations"]
    assert [(found["from_id"], found["to_id"], found["kind"]) for found in told] == [(newer, older, "contradicts")]
    assert call("memory", older, "--json").json["relations"] == told
    assert f"\n  contradicts {older}: it says" in call("memory", newer).out
    assert f"\n  contradicted by {newer}: it says" in call("memory", older).out
    assert "\x1b" not in call("memory", older).out


def test_an_item_without_relations_has_an_empty_list(learnt: Repo, call: Call) -> None:
    item = call("memory", "--json").json["items"][0]
    assert "relations" not in item
    assert call("memory", item["id"], "--json").json["relations"] == []
    assert "Relations:" not in call("memory", item["id"]).out


def test_the_id_of_a_merged_item_tells_where_it_went(learnt: Repo, call: Call) -> None:
    parts = Assembly(learnt.repository)
    survivor, absorbed = (item.id for item in parts.service.items.page(parts.project.id, limit=2))
    parts.service.items.merge(survivor, absorbed, "same title")
    out = call("memory", absorbed).out
    assert f"superseded: merged: same title\nsuperseded by {survivor}\n" in out
    assert f"\n  reinforces {survivor}: same title\n" in out
    assert f"\n  reinforced by {absorbed}: same title\n" in call("memory", survivor).out
