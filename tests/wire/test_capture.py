from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.digest import FileChange, Person
from contox_hooks.domain.event import Event, digests_of, landed_event, rewrite_event
from contox_hooks.wire.capture import FLOOR_BYTES, Bounds, events_of, fit
from contox_hooks.wire.commit import digest_of_payload
from contox_hooks.wire.cut import utf16_units
from contox_hooks.wire.jsontext import stringify
from tests.wire.sample import EMAIL, commit, digest, events, stored, without_emails

ROOMY = Bounds(events=1000, size_bytes=10_000_000)


def sent(*batch: Event, bounds: Bounds = ROOMY) -> dict[str, Any]:
    fitted = fit(batch, bounds)
    assert fitted.taken == len(batch)
    return dict(json.loads(fitted.text))


def test_the_vendors_fields() -> None:
    capture = sent(commit(1), commit(61, files=(FileChange("src/b.py", "A", 2, 0), FileChange("src/a.py", "M", 1, 1))))
    [first, second] = capture.pop("commits")
    vendors = ("sha", "message", "author", "timestamp", "filesChanged", "insertions", "deletions", "diff")
    assert tuple(first)[: len(vendors)] == vendors
    assert {name: first[name] for name in vendors} == {
        "sha": "0" * 12, "message": "Change 1", "author": "Ada Example", "timestamp": "2026-01-02T04:04:05+01:00",
        "filesChanged": ["src/a.py"], "insertions": 3, "deletions": 1, "diff": digest().diff,
    }  # fmt: skip
    assert first["commitSha"] == f"{1:040x}"
    assert second["filesChanged"] == ["src/b.py", "src/a.py"]
    assert list(capture.items()) == [
        ("type", "vscode_capture"), ("filesModified", ["src/a.py", "src/b.py"]), ("sessionDurationMs", 60_000),
        ("activeEditorFiles", []),
        ("contoxHooks", {"format": 1, "startedAt": "2026-01-02T03:03:21.000Z", "endedAt": "2026-01-02T03:04:21.000Z",
                         "activity": []}),
    ]  # fmt: skip


def test_a_commit_without_a_diff_sends_none() -> None:
    assert "diff" not in sent(commit(diff=""))["commits"][0]


@given(st.lists(events, min_size=1, max_size=6))
def test_comes_back(batch: list[Event]) -> None:
    text = fit(batch, ROOMY).text
    assert events_of(json.loads(text)) == [without_emails(event) for event in batch]
    assert stringify(json.loads(text)) == text
    assert fit([stored(event) for event in batch], ROOMY).text == text


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events, min_size=1, max_size=12), st.integers(1, 5), st.integers(FLOOR_BYTES, 2 * FLOOR_BYTES))
def test_slices_hold_the_bounds_and_cover_all_in_order(batch: list[Event], most: int, size_bytes: int) -> None:
    bounds, rest, keys = Bounds(most, size_bytes), batch, []
    while rest:
        text, taken = fit(rest, bounds)
        assert 1 <= taken <= most
        assert len(text.encode()) <= size_bytes
        assert stringify(json.loads(text)) == text
        keys += [event.key for event in events_of(json.loads(text))]
        rest = rest[taken:]
    assert keys == [event.key for event in batch]


def test_what_stands_beside_the_commits_counts() -> None:
    """Paths stand in `filesModified` once more, and each cut is told."""
    paths = [
        commit(n, files=tuple(FileChange(f"{n}/{'漢' * 60}/{m}", "M") for m in range(5))) for n in range(8)
    ]  # fmt: skip
    cuts = [commit(n, subject="s" * 600, diff="d" * 4000, author=Person("n" * 300, EMAIL, 1)) for n in range(8)]
    for batch in (paths, cuts):
        for size_bytes in range(FLOOR_BYTES, 40_000, 101):
            fitted = fit(batch, Bounds(100, size_bytes))
            assert len(fitted.text.encode()) <= size_bytes


def test_halves_of_a_pair_count_as_one_character() -> None:
    capture = sent(commit(subject="\ud83d\ude00" * 400))
    assert capture["contoxHooks"]["cut"][0]["total"] == 400


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=8), st.integers(FLOOR_BYTES, 20_000))
def test_no_event_is_left_behind_that_would_have_fitted(lengths: list[int], size_bytes: int) -> None:
    batch = [commit(number, body="x" * length) for number, length in enumerate(lengths)]
    taken = fit(batch, Bounds(100, size_bytes)).taken
    if taken < len(batch):
        slack = 64  # the frame's numbers and commas are counted at their longest
        assert len(fit(batch[: taken + 1], ROOMY).text.encode()) > size_bytes - slack


huge = st.text(st.sampled_from('a\n😀é\x01"漢\ud83d'), min_size=1, max_size=40).map(lambda text: text * 700)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(huge, st.integers(FLOOR_BYTES, 30_000))
def test_one_event_over_the_size_is_cut_to_it(text: str, size_bytes: int) -> None:
    batch = [
        commit(1, diff=text), commit(2, body=text), commit(3, subject=text), commit(4, branch=text),
        commit(5, files=tuple(FileChange(f"{n}{text[:1000]}", "M") for n in range(40)), files_total=90),
        commit(6, parents=("ab" * 20,) * 5000, body=text, subject=text, diff=text, branch=text),
        Event("stash", "stash:1", "git-hooks", 5, {"a": [text] * 3, "b": {"c": text}}),  # type: ignore[arg-type]
    ]  # fmt: skip
    for event in batch:
        fitted = fit([event], Bounds(1, size_bytes))
        assert len(fitted.text.encode()) <= size_bytes
        assert stringify(json.loads(fitted.text)) == fitted.text
        assert fit([event], Bounds(1, size_bytes)) == fitted
        [back] = events_of(json.loads(fitted.text))
        assert (back.key, back.at_utc) == (event.key, event.at_utc)
        whole = fit([event], ROOMY).text
        assert len(whole.encode()) > size_bytes or fitted.text == whole
        cuts = json.loads(fitted.text)["contoxHooks"].get("cut", [])
        assert cuts or fitted.text == whole
        assert all(cut["key"] == event.key and cut["kept"] < cut["total"] for cut in cuts)


def test_what_goes_first_is_what_is_least_missed() -> None:
    files = tuple(FileChange(f"{'d' * 50}/{number}", "M", 1, 1) for number in range(500))
    whole = commit(1, files=files, files_total=777, diff="+line\n" * 500, body="why\n" * 5000, subject="s" * 400)
    sizes = (200_000, 100_000, 60_000, 20_000, FLOOR_BYTES)
    seen = [events_of(json.loads(fit([whole], Bounds(1, size)).text))[0] for size in sizes]
    found = [digest_of_payload(event.payload) for event in seen]
    assert len(found[0].files) == 500
    for one in found:
        assert one.subject == "s" * 400
        assert one.files_total == 777
        if len(one.body) < len("why\n" * 5000):
            assert not one.files
        if len(one.files) < 500:
            assert "+line" not in one.diff
            assert one.diff_cut
    assert [len(one.files) for one in found] == sorted((len(one.files) for one in found), reverse=True)
    assert len(found[-1].body) < FLOOR_BYTES
    assert "characters not sent]" in found[-1].body


def test_the_cut_is_told() -> None:
    capture = sent(commit(1, diff="+line\n" * 1000, subject="s" * 600), commit(2))
    [cut_diff, cut_subject] = capture["contoxHooks"]["cut"]
    diff = capture["commits"][0]["diff"]
    assert utf16_units(diff) <= 3000
    assert diff.endswith(f"\n[… {6000 - cut_diff['kept']} characters not sent]\n")
    assert cut_diff == {"key": commit(1).key, "what": "diff", "kept": diff.index("\n[…"), "total": 6000}
    assert cut_subject["what"] == "subject"
    assert len(capture["commits"][0]["message"]) == 500
    assert capture["commits"][0]["diffCut"] is True
    assert capture["commits"][1]["diffCut"] is False


def test_a_large_rewrite_is_cut_to_whole_pairs() -> None:
    pairs = [(f"{number:040x}", f"{number + 1:040x}") for number in range(5000)]
    event = rewrite_event(pairs, command="rebase", at_utc=5)
    capture = sent(event, bounds=Bounds())
    [back] = events_of(capture)
    assert (back.type, back.payload["command"]) == ("rewrite", "rebase")
    kept = len(back.payload["pairs"])
    assert back.payload["pairs"] == [list(pair) for pair in pairs[:kept]]
    assert 2500 < kept < 5000
    assert capture["contoxHooks"]["cut"] == [{"key": event.key, "what": "payload", "kept": kept, "total": 5000}]


def test_files_modified_are_the_first_500_of_the_batch() -> None:
    batch = [
        commit(number, files=tuple(FileChange(f"{number}/{n}", "M") for n in range(300))) for number in range(3)
    ]  # fmt: skip
    modified = sent(*batch)["filesModified"]
    assert modified == [f"{number}/{n}" for number in range(2) for n in range(300)][:500]


def test_no_e_mail_address_is_sent() -> None:
    trailer = f"Fix it\n\nSigned-off-by: Ada Example <{EMAIL}>\nCo-authored-by: B <b.c+d@sub.example.co.uk>"
    batch = [
        commit(1, subject=f"Ask {EMAIL}", body=trailer, diff=f"+{EMAIL}\n", branch=f"wip/{EMAIL}",
               files=(FileChange(f"mail/{EMAIL}", "R", old_path=f"{EMAIL}.old"),)),
        commit(2, author=Person(EMAIL, "", 1)),
        landed_event(how="pull", ref=f"refs/heads/{EMAIL}", old=None, new="a" * 40, count=1, at_utc=3),
        Event("note", "note:1", "git-hooks", 3, {"email": "x", "who": {"Email": "y", "name": EMAIL, EMAIL: 1}}),  # type: ignore[arg-type]
    ]  # fmt: skip
    text = fit(batch, ROOMY).text
    assert "example." not in text
    assert json.loads(text)["contoxHooks"]["activity"][1]["payload"] == {"who": {"name": "[e-mail]", "[e-mail]": 1}}
    assert "Signed-off-by: Ada Example <[e-mail]>" in json.loads(text)["commits"][0]["body"]


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None, exclude_categories=[]), max_size=6)
    | st.sampled_from([10**400, "1", "\ud83d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.sampled_from(["0", "10", "2"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.sampled_from(["commit", "landed", "stash"]), st.sampled_from([*digest().to_payload(), "extra"]), odd, odd)
def test_whatever_the_store_holds_can_be_sent(kind: str, field: str, value: object, other: object) -> None:
    key = f"{kind}:{'ab' * 20}"
    payloads: list[Any] = [
        digest().to_payload() | {field: value}, {field: value}, other, {"files": [other, {"path": value}, {"path": "p", field: value}]},
        {"author": {"name": value, "at_utc": other}},
    ]  # fmt: skip
    batch = [Event(kind, key, "git-hooks", 7, payload) for payload in payloads]  # type: ignore[arg-type]
    text = fit(batch, ROOMY).text
    back = events_of(json.loads(text))
    assert [(event.type, event.key, event.at_utc) for event in back] == [(kind, key, 7)] * len(batch)
    assert len(digests_of(back)) == (len(batch) if kind == "commit" else 0)
    assert events_of(json.loads(fit(back, ROOMY).text)) == back


@pytest.mark.parametrize(
    ("at_utc", "offset_min", "timestamp"),
    [
        (0, 0, "1970-01-01T00:00:00+00:00"), (0, -90, "1969-12-31T22:30:00-01:30"), (-5, 0, "1970-01-01T00:00:00+00:00"),
        (10**15, 840, "9999-12-31T14:00:00+14:00"), (5, 100_000, "1970-01-01T00:00:05+00:00"),
    ],
)  # fmt: skip
def test_dates_that_no_calendar_has(at_utc: int, offset_min: int, timestamp: str) -> None:
    capture = sent(commit(author=Person("Ada", EMAIL, at_utc, offset_min)))
    assert capture["commits"][0]["timestamp"] == timestamp
    assert digests_of(events_of(capture))[0].author == Person("Ada", "", at_utc, offset_min)


def test_a_missing_id_is_read_from_the_key() -> None:
    [event] = events_of(sent(Event("commit", f"commit:{'ab' * 20}", "git-hooks", 7, {})))
    assert event.payload["sha"] == "ab" * 20


def test_numbers_and_depths_that_javascript_cannot_hold() -> None:
    deep: object = "bottom"
    for _ in range(900):
        deep = [deep]
    payload = {"10": 1, "b": float("nan"), "2": 2, "c": 2.0, "d": 1e-7, "e": 2**60, "f": deep}
    [event] = events_of(sent(Event("stash", "stash:1", "git-hooks", 7, payload)))  # type: ignore[arg-type]
    assert json.dumps(event.payload).count("[") < 20
    assert {**event.payload, "f": None} == {
        "10": 1,
        "b": "nan",
        "2": 2,
        "c": 2,
        "d": "1e-07",
        "e": hex(2**60),
        "f": None,
    }


@given(st.dictionaries(st.sampled_from(["type", "commits", "contoxHooks"]), odd), st.lists(odd, max_size=3), odd)
def test_whatever_a_server_is_sent_can_be_read(capture: dict[str, object], rows: list[object], value: object) -> None:
    events_of(capture)
    names = ["sha", "key", "at", "order", "message", "author", "timestamp", "filesChanged", "changes", "committer"]
    shapes = [*rows, *({"key": "k", name: value} for name in names)]
    found = events_of(
        {"commits": shapes, "contoxHooks": {"activity": [*rows, {"type": value, "key": "k", "payload": value}]}}
    )
    digests_of(found)
    assert all(isinstance(event.at_utc, int) for event in found)


def test_a_capture_of_the_vendors_extension_is_read() -> None:
    capture = {
        "type": "vscode_capture",
        "commits": [{"sha": "abcdef012345", "message": "Fix", "author": "Ada", "timestamp": "2026-01-02T04:04:05+01:00",
                     "filesChanged": ["a.ts"], "insertions": 1, "deletions": 2, "diff": "+x \ud83d"}],
        "filesModified": ["a.ts", "b.ts"], "sessionDurationMs": 5, "activeEditorFiles": [],
    }  # fmt: skip
    [event] = events_of(capture)
    assert (event.type, event.key, event.at_utc) == ("commit", "commit:abcdef012345", 1_767_323_045)
    [found] = digests_of([event])
    assert (found.subject, found.author.name, found.insertions, found.deletions) == ("Fix", "Ada", 1, 2)
    assert [file.path for file in found.files] == ["a.ts"]
    assert found.files_total == 1


def test_a_commit_cannot_pose_as_activity() -> None:
    assert events_of({"contoxHooks": {"activity": [{"type": "commit", "key": "commit:1", "payload": {}}]}}) == []


def test_no_events() -> None:
    with pytest.raises(ValueError):
        fit([], Bounds())


@pytest.mark.parametrize("events_count", [0, -1])
def test_at_least_one_is_taken(events_count: int) -> None:
    assert fit([commit(1), commit(2)], Bounds(events=events_count)).taken == 1
    assert fit([commit(1), commit(2)], Bounds(size_bytes=1)).taken == 1


def test_each_event_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []

    def counting(value: object) -> str:
        written.append(value)
        return stringify(value)

    monkeypatch.setattr("contox_hooks.wire.capture.stringify", counting)
    assert fit([commit(number) for number in range(300)], Bounds(events=200, size_bytes=10**7)).taken == 200
    assert len(written) == 200
