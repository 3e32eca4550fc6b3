"""`impact`: from a real history, by git and memory."""

from __future__ import annotations

from tests.cli.conftest import Call
from tests.cli.world import begin, learn
from tests.gitrepo import Repo


def changed(repo: Repo) -> Repo:
    repo.commit(
        "feat: start", {"pkg/db.py": "X = 1\n", "pkg/app.py": "from pkg import db\n", "pkg/web/page.py": "Y = 1\n"}
    )
    begin(repo)
    repo.commit(
        "feat!: drop the cursor\n\nBREAKING CHANGE: callers must page.", {"pkg/db.py": "X = 2\nZ = 3\n"}, now=True
    )
    learn(repo)
    return repo


def test_what_changed_and_who_imports_it(repo: Repo, call: Call) -> None:
    changed(repo)
    told = call("impact")
    assert told.code == 0, told.err
    assert "- **pkg/db.py** high: 1 commit; breaking: " in told.out
    assert "- **pkg/app.py** medium: imports pkg/db.py" in told.out


def test_json(repo: Repo, call: Call) -> None:
    changed(repo)
    found = call("impact", "--days", "3", "--json").json
    assert [each["module"] for each in found["modules"]] == ["pkg/db.py", "pkg/app.py"]
    assert (found["totalFilesChanged"], found["rippleCount"], found["changesAnalyzed"]) == (1, 1, 1)
    assert found["modules"][0]["itemIds"]


def test_excluded_files_and_file_contents_stay_where_they_are(repo: Repo, call: Call) -> None:
    changed(repo)
    repo.git("config", "contox.diffs", "false")
    assert call("impact", "--json").json["rippleCount"] == 0
    repo.git("config", "contox.exclude", "pkg/db.py")
    assert "db.py" not in str(call("impact", "--json").json["modules"])


def test_quiet_times_say_how_far_to_look(learnt: Repo, call: Call) -> None:
    assert call("impact").out.startswith("nothing happened in 7 days; the latest was ")
    assert call("impact", "--json").json["modules"] == []
