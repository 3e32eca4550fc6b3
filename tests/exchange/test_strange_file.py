"""Files of somebody else's: refused whole, or taken without what they must not bring (contox_hooks/exchange)."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.error import Refused
from contox_hooks.exchange.line import Malformed
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.memory.undo import copy_of
from tests.exchange.filled import Whole, bring, changed, empty, export_of, totals
from tests.memory.events import HOUR, Clock, commit

PLANTED = "gh" + "p_" + "A1b2C3d4" * 4 + "Zz9x"


def test_what_comes_in_is_redacted(whole: Whole, tmp_path: Path) -> None:
    text = changed(whole[2], "item", title=f"use {PLANTED}", facts=f"token = {PLANTED}", tags=[PLANTED])
    text = changed(text, "context", content=f"key {PLANTED}")
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        if line["kind"] == "event":
            payload = line["row"]["payload"]
            payload["body" if line["row"]["type"] == "commit" else "said"] = f"{PLANTED}"
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with empty(tmp_path) as store:
        bring(store, text)
        assert PLANTED.encode() not in export_of(store, whole[1])
        found = store.row("SELECT * FROM context WHERE content LIKE 'key %'")
        assert found is not None
        assert found["size"] == len(found["content"])
    for file in tmp_path.iterdir():
        assert PLANTED.encode() not in file.read_bytes()


def test_settings_that_widen_do_not_come_along(whole: Whole, tmp_path: Path) -> None:
    project = json.loads(whole[2].splitlines()[0])["project"]
    widening = {"model": "medium", "model_url": "https://evil.example", "diff_budget": 100_000, "exclude": ["!*.env"]}
    text = changed(whole[2], "contox-export", project=project | {"settings": widening | {"diffs": False, "no": 1}})
    with empty(tmp_path) as store:
        brought = bring(store, text)
        assert brought.settings_left == ("diff_budget", "model", "model_url", "no")
        settings = Service(store).projects.get(project["id"]).settings
        assert settings["diffs"] is False
        assert "*.env" in settings["exclude"]
        assert "!*.env" not in settings["exclude"]


def test_another_repositorys_memory_needs_a_word(whole: Whole, nothing: Store, tmp_path: Path) -> None:
    project = json.loads(whole[2].splitlines()[0])["project"]
    text = changed(whole[2], "contox-export", project=project | {"root_commit": "e" * 40, "visibility": "public"})
    with empty(tmp_path) as store:
        assert bring(store, text).settings_left == ("visibility",)
        assert store.row("SELECT visibility FROM project")["visibility"] == "private"  # type: ignore[index]
        with pytest.raises(Refused, match="another repository"):
            bring(store, whole[2])
        assert totals(bring(store, whole[2], is_any_repository=True), "new") == 0


ORIGIN = {
    "title": "t", "facts": "f", "rationale": None, "impact": None, "commit_range": None, "importance": 1,
    "confidence": 1, "files": [], "tags": [], "at_utc": 1,
}  # fmt: skip


def with_other_ids(text: bytes) -> bytes:
    """Another project that holds the same."""
    return re.sub(rb'"01([0-9A-Z]{24})"', rb'"02\1"', text)


def test_what_names_another_projects_rows_is_refused(whole: Whole, tmp_path: Path) -> None:
    text = with_other_ids(whole[2])
    rows = [json.loads(line) for line in whole[2].splitlines()]
    ids = {kind: next(row["row"]["id"] for row in rows if row["kind"] == kind) for kind in ("item", "event", "run")}
    item = next(json.loads(line)["row"] for line in text.splitlines() if b'"kind":"item"' in line)
    origin = next(row["row"]["origin"] for row in rows if row["kind"] == "item" and row["row"]["origin"])
    drafts = [{**dict.fromkeys(("title", "facts", "schema_key"), "x"), "type": "todo", "confidence": 1, "importance": 1,
               "evidence": [{"commit_sha": "a" * 40, "quote": "q", "path": None, "event_id": ids["event"]}]}]  # fmt: skip
    result = {"drafts": drafts, "summary": None, "dropped": 0, "commits": 0, "branch": None}
    with empty(tmp_path) as store:
        bring(store, whole[2])
        bring(store, text, dry_run=True)
        for kind, fields in [
            ("item", {"merged_from": [ids["item"]]}),
            ("item", {"superseded_by": ids["item"]}),
            ("item", {"deduped_run": ids["run"]}),
            ("item", {"evidence": [item["evidence"][0] | {"event_id": ids["event"]}]}),
            ("item", {"origin": origin | {"evidence": [["a" * 40, "q", None, ids["event"]]]}}),
            ("event", {"processed_run": ids["run"]}),
            ("chunk", {"stored_run": ids["run"]}),
            ("chunk", {"result": result}),
        ]:
            with pytest.raises(Malformed, match="neither in the file nor"):
                bring(store, changed(text, kind, **fields), dry_run=True)
        # However it came about, a merge does not take it along.
        other = bring(store, text).project_id
        items = Service(store).items
        mine, more = [each.id for each in items.page(other)[:2]]
        with store.transaction():
            store.run("UPDATE item SET merged_from = :ids WHERE id = :id", ids=json.dumps([ids["item"]]), id=mine)
        for merge in (
            lambda: items.merge(more, mine, "x"), lambda: items.merge(more, ids["item"], "x"),
            lambda: copy_of(store, [mine]),
        ):  # fmt: skip
            with pytest.raises(Refused, match="another project's"):
                merge()


def test_a_file_makes_nothing_run(whole: Whole, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    for line in lines:
        if line["kind"] == "job":
            line["row"] |= {"status": "failed" if line["row"]["stage"] == "embed" else "queued", "finished_at_ms": None}
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with empty(tmp_path) as store:
        bring(store, text)
        jobs = Service(store).jobs
        assert not jobs.pending()
        assert not jobs.all_failed()
        assert totals(bring(store, text), "kept") == 0
    with empty(tmp_path / "done") as store:
        bring(store, whole[2])
        for line in lines:
            for name in ("processed_run", "chunk_no", "stored_run", "deepened_run", "deduped_run"):
                if (
                    line["kind"] != "end"
                    and line.get("row", {}).get(name) is not None
                    and (line["kind"], name) != ("chunk", "chunk_no")
                ):
                    line["row"][name] = None
        bring(store, b"".join(json.dumps(line).encode() + b"\n" for line in lines), replace=True)
        assert export_of(store, whole[1]) == whole[2]


def test_todays_work_joins_no_session_of_a_file(whole: Whole, tmp_path: Path) -> None:
    text = changed(whole[2], "session", source="git-hooks", status="active", ended_at=None, end_reason=None)
    first = next(json.loads(line)["row"] for line in text.splitlines() if b'"kind": "session"' in line)
    now = first["started_at"] + HOUR
    with Store.open(tmp_path / "memory.db", clock=Clock(now)) as store, Service(store) as here:
        project_id = bring(store, text).project_id
        sessions = {receipt.session_id for receipt in here.ingest(project_id, [commit(77, now - 60)])}
        assert not sessions & {
            row["row"]["id"] for row in map(json.loads, text.splitlines()) if row["kind"] == "session"
        }
        assert bring(store, text, replace=True).counts["session"].replaced == 0


@pytest.mark.parametrize("where", ["key", "name"])
def test_a_secret_in_a_key_or_a_name_does_not_come_in(whole: Whole, tmp_path: Path, where: str) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    row = next(line["row"] for line in lines if line["kind"] == ("chunk" if where == "name" else "event")
               and (where == "name" or line["row"]["type"] == "mcp_save"))  # fmt: skip
    if where == "name":
        row["result"]["dropped"] = {PLANTED: 1}
    else:
        row["key"] = f"mcp_save:{PLANTED}"
    with empty(tmp_path) as store:
        bring(store, b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        assert PLANTED.encode() not in export_of(store, whole[1])


def test_a_number_that_no_json_holds_is_refused(whole: Whole, nothing: Store) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    note = next(line for line in lines if line["kind"] == "event" and line["row"]["type"] == "mcp_save")
    note["row"]["payload"]["x"] = "HERE"
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines).replace(b'"HERE"', b"1e999")
    with pytest.raises(Malformed, match="no JSON"):
        bring(nothing, text)


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        ("item", {"status": "gone"}, "item.status is one of"),
        ("item", {"confidence": 2}, "item.confidence is from 0 to 1"),
        ("item", {"importance": True}, "item.importance is a whole number"),
        ("item", {"session_id": "01AAAAAAAAAAAAAAAAAAAAAAAA"}, "names no session"),
        ("item", {"evidence": [{"x": 1}]}, "evidence.commit_sha is missing"),
        ("item", {"origin": {"title": 1}}, "item.origin"),
        ("item", {"origin": ORIGIN | {"evidence": [["a" * 40, "q", None, [1]]]}}, "item.origin"),
        ("item", {"more": 1}, "has no field 'more'"),
        ("item", {"superseded_by": "01AAAAAAAAAAAAAAAAAAAAAAAA"}, "neither in the file"),
        ("item", {"merged_from": ["01AAAAAAAAAAAAAAAAAAAAAAAA"]}, "neither in the file"),
        ("item", {"id": "' OR 1=1 --"}, "item.id is an id"),
        ("session", {"started_at": 2**70}, "session.started_at is a whole number"),
        ("session", {"status": "active\n"}, "session.status is one of"),
        ("event", {"payload": {"sha": 1}}, "event.payload is not that commit's digest"),
        ("event", {"key": "landed:x"}, "another type"),
        ("chunk", {"result": {"drafts": [{"type": "x"}]}}, "chunk.result"),
        ("job", {"stage": "rm"}, "job.stage is one of"),
        ("context", {"parent_id": "nowhere"}, "no context nowhere"),
        ("contox-export", {"version": 2}, "version 2 of the format"),
        ("contox-export", {"version": True}, "version True"),
        ("end", {"lines": 3}, "lines are here"),
        ("relation", {"reason": 7}, "relation.reason is a text"),
    ],
)
def test_a_hostile_line_is_named_and_nothing_is_done(
    whole: Whole, nothing: Store, kind: str, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(Malformed, match=r"^line \d+: .*") as caught:
        bring(nothing, changed(whole[2], kind, **fields))
    assert why in caught.value.message
    assert nothing.count("SELECT COUNT(*) FROM project") == 0


@pytest.mark.parametrize(
    ("spoilt", "number"),
    [
        (lambda text: b"", 1),
        (lambda text: b"\x00\xff", 1),
        (lambda text: b'{"kind":"item","row":{}}\n', 1),
        (lambda text: text[: len(text) // 2], None),
        (lambda text: text[: text.rindex(b"{")], None),
        (lambda text: text + b"\n", None),
        (lambda text: text.split(b"\n", 1)[0] + b"\n" + b"[" * 500_000 + b"\n", 2),
        (lambda text: text.split(b"\n", 1)[0] + b'\n{"kind":"item","row":"' + b"x" * 17_000_000, 2),
        (lambda text: text.split(b"\n", 1)[0] + b'\n{"kind":"person","row":{}}\n', 2),
        (lambda text: text.split(b"\n", 1)[0] + b'\n{"kind":"session","row":{"x":NaN}}\n', 2),
        (lambda text: b"\n".join([text.split(b"\n")[0], text.split(b"\n")[1], text.split(b"\n")[1]]), 3),
    ],
)
def test_a_spoilt_file_is_refused_whole(whole: Whole, nothing: Store, spoilt: Any, number: int | None) -> None:
    with pytest.raises(Malformed) as caught:
        bring(nothing, spoilt(whole[2]))
    assert number in (None, caught.value.number)
    assert nothing.count("SELECT COUNT(*) FROM project") == 0


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_any_field_is_refused_or_can_be_stored(whole: Whole, nothing: Store, data: st.DataObject) -> None:
    lines = [json.loads(line) for line in whole[2].splitlines()]
    line = data.draw(st.sampled_from(lines))
    fields = line.get("row", line)
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(ANYTHING)
    text = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    with contextlib.suppress(Malformed):
        assert totals(bring(nothing, text, dry_run=True), "new") == len(lines) - 2
