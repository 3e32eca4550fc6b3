"""`projects`, `keys`, `team`: a server's administration, on the store itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.domain.access import Role, Scope
from contox_hooks.memory.service import Service
from tests.cli.conftest import Call, Told
from tests.gitrepo import Repo


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "server.db"


@pytest.fixture
def do(call: Call, where: Path, tmp_path: Path) -> Call:
    """A verb on the store at `where`, as JSON."""

    def done(*arguments: str) -> Told:
        return call(*arguments, "--database", f"sqlite:{where}", "--json", at=tmp_path)

    return done


def test_a_project_from_its_making_to_its_secret(do: Call, call: Call, where: Path, tmp_path: Path) -> None:
    made = do("projects", "create", "Web shop", "--description", "sells").json
    assert [project["id"] for project in do("projects", "list").json["projects"]] == [made["id"]]
    assert made["description"] == "sells"
    assert do("projects", "rename", made["id"][:12], "Shop").json["name"] == "Shop"
    shown = do("projects", "show", "Shop").json
    assert (shown["sessions"], shown["items"]) == (0, {})
    first = do("projects", "secret", "Shop").json["hmac_secret"]
    assert do("projects", "secret", "Shop").json["hmac_secret"] == first
    assert do("projects", "secret", "Shop", "--rotate").json["hmac_secret"] != first
    told = call("projects", "show", "Shop", "--database", str(where), at=tmp_path)
    assert "name         Shop\n" in told.out


def test_a_clone_is_linked_to_one_project(do: Call, repo: Repo) -> None:
    project = do("projects", "create", "Shop").json
    (repo.path / "api").mkdir()
    linked = do("projects", "link", "Shop", str(repo.path / "api")).json
    assert linked["clones"] == [str(repo.path / ".git")]
    assert do("projects", "link", project["id"], str(repo.path)).json == linked
    do("projects", "create", "Other")
    refused = do("projects", "link", "Other", str(repo.path))
    assert (refused.code, refused.error["message"]) == (9, f"{repo.path / '.git'} is captured as project 'Shop'")
    assert do("projects", "link", "Other", str(repo.path.parent)).code == 3
    assert "there is no folder" in do("projects", "link", "Other", str(repo.path / "nowhere")).error["message"]


def test_what_is_named_twice_or_not_at_all_is_said(do: Call) -> None:
    do("projects", "create", "Shop")
    do("projects", "create", "Shop")
    told = do("projects", "show", "Shop")
    assert (told.code, told.error["message"]) == (2, "2 projects are called 'Shop': name one by its id")
    assert do("projects", "show", "nonesuch").error == {
        "code": "not_found",
        "message": "there is no project 'nonesuch'",
        "hint": "contox-hooks projects",
    }
    assert do("team", "remove", "").code == 4
    assert do("projects", "create", " ").code == 2


def test_a_key_from_its_making_to_its_end(do: Call, where: Path) -> None:
    project = do("projects", "create", "Shop").json
    do("team", "add", "Ada")
    made = do("keys", "create", "laptop", "--person", "Ada", "--project", "Shop", "--scope", "read").json
    assert made["key"].startswith(made["prefix"])
    assert (made["person"], made["project_id"], made["scopes"]) == ("Ada", project["id"], ["read"])
    with Service.open(where) as service:
        found = service.access.of_text(made["key"])
        assert found is not None
        assert found.scopes == {Scope.READ}
    [listed] = do("keys", "list").json["keys"]
    assert "key" not in listed
    assert do("keys", "revoke", made["prefix"]).json == {"id": made["id"], "already_revoked": False}
    assert do("keys", "revoke", "laptop").json["already_revoked"]
    with Service.open(where) as service:
        assert service.access.of_text(made["key"]) is None


def test_the_first_key_makes_the_owner(do: Call, call: Call, where: Path, tmp_path: Path) -> None:
    told = call("keys", "create", "script", "--database", str(where), at=tmp_path)
    key, line = told.out.splitlines()
    assert line == "  owner's, admin ingest read; shown this once"
    assert do("keys", "create", "second").json["person"] == "owner"
    with Service.open(where) as service:
        found = service.access.of_text(key)
        assert found is not None
        assert found.is_owner
    [owner] = do("team", "list").json["people"]
    assert do("team", "remove", owner["id"]).code == 9


def test_a_person_from_coming_to_leaving(do: Call, where: Path) -> None:
    project_id = do("projects", "create", "Shop").json["id"]
    do("team", "add", "root", "--owner")
    ada = do("team", "add", "Ada").json
    assert do("team", "add", "Ada").code == 9
    do("team", "role", "Ada", "Shop", "viewer")
    assert do("team", "role", "Ada", "Shop", "editor").json["role"] == "editor"
    people = {person["name"]: person for person in do("team", "list").json["people"]}
    assert people["Ada"]["projects"] == [{"id": project_id, "name": "Shop", "role": "editor"}]
    assert people["root"]["is_owner"]
    assert do("team", "role", "Ada", "Shop", "king").code == 2
    text = do("keys", "create", "laptop", "--person", "Ada").json["key"]
    assert do("team", "leave", "Ada", "Shop").json["was_member"]
    assert not do("team", "leave", "Ada", "Shop").json["was_member"]
    with Service.open(where) as service:
        assert service.access.role(project_id, person_id=ada["id"], is_owner=False) is None
        service.access.set_member(project_id, ada["id"], Role.ADMIN)
    do("team", "remove", "Ada")
    with Service.open(where) as service:
        assert service.access.of_text(text) is None
        assert service.access.members(project_id) == []


@pytest.mark.parametrize("verb", ["projects", "keys", "team"])
def test_an_empty_store_says_what_comes_first(verb: str, call: Call, where: Path, tmp_path: Path) -> None:
    told = call(verb, "--database", str(where), at=tmp_path)
    assert told.code == 0
    assert "contox-hooks" in told.out


def test_tables_show_names_and_no_secrets(do: Call, call: Call, where: Path, tmp_path: Path) -> None:
    do("projects", "create", "Shop")
    do("team", "add", "Ada")
    do("team", "role", "Ada", "Shop", "writer")
    text = do("keys", "create", "laptop", "--person", "Ada", "--project", "Shop").json["key"]
    out = "".join(call(verb, "--database", str(where), at=tmp_path).out for verb in ("projects", "keys", "team"))
    assert {"Shop", "Ada", "laptop"} <= set(out.split())
    assert "Shop: writer" in out
    assert text not in out
