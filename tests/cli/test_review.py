"""`review`: what later commits made doubtful, with their commit and path; deciding about it."""

from __future__ import annotations

import pytest

from contox_hooks.assembly import Assembly
from tests.cli.conftest import Call
from tests.gitrepo import Repo


@pytest.fixture
def doubtful(learnt: Repo, call: Call) -> str:
    """The id of an item that the pipeline put into review: HISTORY's last commit changed what its second had made."""
    (item,) = call("review", "--json").json["items"]
    assert item["files"] == ["api/orders.py"]
    return str(item["id"])


def test_each_is_listed_with_commit_and_path(learnt: Repo, call: Call, doubtful: str) -> None:
    found = call("review", "list", "--json").json
    assert set(found) == {"items", "total"}
    assert found == call("review", "--json").json
    reason = found["items"][0]["status_reason"]
    assert "api/orders.py" in reason
    assert learnt.head()[:7] in reason
    out = call("review").out
    assert reason in out
    assert out.endswith("decide: contox-hooks review approve|deprecate|archive ID\n")


@pytest.mark.parametrize(
    ("verb", "status"), [("approve", "active"), ("deprecate", "deprecated"), ("archive", "archived")]
)
def test_deciding(learnt: Repo, call: Call, doubtful: str, verb: str, status: str) -> None:
    title = call("memory", doubtful, "--json").json["title"]
    told = call("review", verb, doubtful.lower(), "--json").json
    assert told == {"changed": [{"id": doubtful, "title": title, "was": "review", "status": status}]}
    item = call("memory", doubtful, "--json").json
    assert (item["status"], item["status_reason"]) == (status, None)
    assert call("review").out == "nothing to review\n"
    assert call("review", "--json").json == {"items": [], "total": 0}
    assert call("review", verb, doubtful).out == f"already {status}: {title}\n"


def test_a_wrong_id_changes_none(learnt: Repo, call: Call, doubtful: str) -> None:
    told = call("review", "approve", doubtful, "nope")
    assert (told.code, told.out) == (4, "")
    assert call("memory", doubtful, "--json").json["status"] == "review"
    assert call("review", "archive", "nope", "--json").error["code"] == "not_found"
    assert call("review", "aprove", doubtful, "--json").error["code"] == "usage"


def test_what_was_merged_stays_merged(learnt: Repo, call: Call) -> None:
    parts = Assembly(learnt.repository)
    survivor, absorbed = parts.service.items.page(parts.project.id)[:2]
    parts.service.items.merge(survivor.id, absorbed.id, "the same")
    error = call("review", "approve", absorbed.id, "--json").error
    assert (error["code"], error["hint"]) == ("refused", f"contox-hooks memory {survivor.id}")
