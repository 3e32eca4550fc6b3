"""Projects, their settings, members, keys and secret (server/page/project.py …), as browsers ask for them."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from contox_hooks.domain.access import Role, Scope
from contox_hooks.domain.phrase import short_id
from contox_hooks.server.page.project import MOST
from tests.gitrepo import Repo
from tests.server.conftest import Running
from tests.server.page.browsing import Visitor, plain, values_of, visitor, words
from tests.server.page.reading import read


@pytest.fixture(autouse=True)
def plan(running: Running) -> None:
    with running.service() as service:
        service.access.set_plan("small")


@pytest.fixture
def boss(running: Running) -> Visitor:
    return visitor(running, running.person("boss", is_owner=True))


@pytest.fixture
def admin(running: Running, project_id: str) -> Visitor:
    return visitor(running, running.person("ada", {project_id: Role.ADMIN}))


@pytest.fixture
def viewer(running: Running, project_id: str) -> Visitor:
    return visitor(running, running.person("vi", {project_id: Role.VIEWER}))


def pages(project_id: str) -> list[str]:
    return [f"/dashboard/projects/{project_id}/{name}" for name in ("settings", "members", "access", "connect")]


def was(visitor: Visitor, project_id: str) -> list[str]:
    """What the two forms were made with."""
    return values_of(visitor.get(f"/dashboard/projects/{project_id}/settings"), "was")


def settings_of(running: Running, project_id: str) -> dict[str, object]:
    with running.service() as service:
        return dict(service.projects.get(project_id).settings)


def test_a_project_is_made_and_is_its_makers(running: Running) -> None:
    maker = visitor(running, running.person("ada"))
    assert "No project yet" in maker.text("/dashboard/projects")
    told = maker.told("/dashboard/projects", name=" <b>Shop</b> ", description="Takes orders", visibility="public")
    assert told == "<b>Shop</b> is made: this is how clients find it"
    text = maker.text("/dashboard/projects")
    for word in ("<b>Shop</b>", "Takes orders", "public", "you: admin"):
        assert word in text
    with running.service() as service:
        [project] = service.projects.all()
    assert (project.name, project.visibility) == ("<b>Shop</b>", "public")


def test_a_key_of_one_project_makes_no_other(running: Running, project_id: str) -> None:
    bound = visitor(running, running.person("ada", {project_id: Role.ADMIN}, project_id=project_id))
    assert 'name="visibility"' not in bound.get("/dashboard/projects").text
    assert bound.post("/dashboard/projects", name="x").status_code == 403


def test_general_settings_are_kept(running: Running, admin: Visitor, project_id: str) -> None:
    path = f"/dashboard/projects/{project_id}/settings"
    form = {"name": "Shop", "description": "one\r\ntwo", "visibility": "public", "repo_url": "https://git.example/shop"}
    assert admin.told(path, **form) == "Saved"
    with running.service() as service:
        project = service.projects.get(project_id)
    assert (project.name, project.description, project.visibility, project.repo_url) == (
        "Shop",
        "one\ntwo",
        "public",
        "https://git.example/shop",
    )
    assert admin.told(path, **{**form, "was": was(admin, project_id)[0], "description": "", "repo_url": ""}) == "Saved"
    with running.service() as service:
        project = service.projects.get(project_id)
    assert (project.description, project.repo_url) == (None, None)
    assert admin.post(path, **{**form, "visibility": "everyone"}).status_code == 400


def test_learning_is_changed_by_what_differs(running: Running, admin: Visitor, project_id: str) -> None:
    page, path = (f"/dashboard/projects/{project_id}/{name}" for name in ("settings", "learning"))
    untouched = {
        "auto_learn": "",
        "model": "",
        "min_interval_s": "",
        "tokens_a_day": "",
        "exclude": "",
        "deep_enrich": "",
    }
    assert admin.told(path, **untouched) == "Nothing was changed"
    asked = {
        **untouched,
        "auto_learn": "false",
        "model": "small",
        "min_interval_s": "900",
        "exclude": "*.sql\r\ndocs/**",
    }
    assert admin.told(path, **asked) == "Changed auto_learn, exclude, min_interval_s, model"
    assert settings_of(running, project_id) == {
        "auto_learn": False, "model": "small", "min_interval_s": 900, "exclude": ["*.sql", "docs/**"],
    }  # fmt: skip
    shown = was(admin, project_id)[1]
    assert admin.told(path, **asked, was=shown) == "Nothing was changed"
    assert 'value="900"' in admin.get(page).text
    assert admin.told(path, **untouched, was=shown) == "Changed auto_learn, exclude, min_interval_s, model"
    assert settings_of(running, project_id) == {}


def test_what_cannot_be_taken_stays_beside_what_is_wrong(running: Running, admin: Visitor, project_id: str) -> None:
    base = f"/dashboard/projects/{project_id}"
    typed = {"min_interval_s": "soon", "tokens_a_day": "-5", "exclude": "*.sql\r\ndocs/**", "model": "small"}
    refused = admin.post(f"{base}/learning", was=was(admin, project_id)[1], **typed)
    page = read(refused)
    assert refused.status_code == 400
    assert "must be a whole number" in page.one("p", id="min_interval_s-error").text
    assert "must be between" in page.one("p", id="tokens_a_day-error").text
    assert page.one("input", id="min_interval_s").attributes["value"] == "soon"
    assert page.one("textarea", id="exclude").text.strip() == "*.sql\ndocs/**"
    assert "checked" in page.one("input", id="model-small").attributes
    assert page.one("input", id="tokens_a_day").attributes["min"] == "0"
    assert settings_of(running, project_id) == {}
    mended = {**typed, "min_interval_s": "900", "tokens_a_day": ""}
    said = admin.told(f"{base}/learning", was=values_of(refused, "was")[1], **mended)
    assert said == "Changed exclude, min_interval_s, model"
    for path in (f"{base}/settings", "/dashboard/projects"):
        shown = was(admin, project_id)[0]
        refused = admin.post(path, was=shown, name=" ", description="Takes orders", visibility="public")
        page = read(refused)
        assert refused.status_code == 400
        assert page.one("p", id="name-error").text == "a project's name cannot be empty"
        assert page.one("textarea", id="description").text.strip() == "Takes orders"
        assert "selected" in page.one("option", value="public").attributes
    for field, most in MOST.items():
        assert admin.post(f"{base}/settings", **{"name": "Shop", field: "x" * (most + 1)}).status_code == 400


def test_a_page_that_was_open_for_long_undoes_nothing(running: Running, admin: Visitor, project_id: str) -> None:
    base = f"/dashboard/projects/{project_id}"
    with running.service() as service:
        service.projects.change(project_id, description="a\u200bb\rc")  # shown, and sent back, as something else
    page = read(admin.get(f"{base}/settings"))
    [general, learning] = was(admin, project_id)
    shown = page.one("textarea", id="description").text[1:].replace("\n", "\r\n")
    assert admin.told(f"{base}/learning", was=learning, min_interval_s="900") == "Changed min_interval_s"
    assert admin.told(f"{base}/learning", was=learning, tokens_a_day="5000") == "Changed tokens_a_day"
    assert settings_of(running, project_id) == {"min_interval_s": 900, "tokens_a_day": 5000}
    first = {"was": general, "name": "demo", "description": shown, "visibility": "private"}
    assert admin.told(f"{base}/settings", **first) == "Nothing was changed"
    assert admin.told(f"{base}/settings", **{**first, "visibility": "public"}) == "Saved"
    assert admin.told(f"{base}/settings", **{**first, "name": "Shop"}) == "Saved"
    for nonsense in ("[", "[1]", "[" * 5000, '{"name": 7}'):
        assert admin.post(f"{base}/settings", **{**first, "name": "Shop", "was": nonsense}).status_code == 303
    with running.service() as service:
        project = service.projects.get(project_id)
    assert (project.name, project.visibility) == ("Shop", "private")  # private: to nonsense everything is touched


def test_projects_of_one_name_are_told_apart(running: Running, boss: Visitor) -> None:
    ids = [running.project("twin") for _ in range(2)]
    page = read(boss.get(f"/dashboard/sessions?project={ids[0]}"))
    switch = [link.text.strip() for link in page.all("a") if link.text.startswith("twin (")]
    cards = [card.children[0].text.strip() for card in read(boss.get("/dashboard/projects")).all("article")]
    assert sorted(switch) == sorted(cards)
    assert len({*cards}) == 2
    assert {name[len("twin (") : -1] for name in cards} == {short_id(one, ids) for one in ids}


def test_what_the_plan_forbids_is_shown_and_refused(running: Running, admin: Visitor, project_id: str) -> None:
    page = admin.get(f"/dashboard/projects/{project_id}/settings")
    [medium] = re.findall(r'<input type="radio" id="model-medium"[^>]*>', page.text)
    assert "disabled" in medium
    assert "Not within this server's plan, which allows small at most" in words(page)
    assert admin.post(f"/dashboard/projects/{project_id}/learning", model="medium").status_code == 403
    assert settings_of(running, project_id) == {}


def test_money_is_the_owners(running: Running, boss: Visitor, admin: Visitor, project_id: str) -> None:
    path = f"/dashboard/projects/{project_id}/learning"
    assert 'name="cents_a_day"' not in admin.get(f"/dashboard/projects/{project_id}/settings").text
    assert admin.post(path, cents_a_day="9").status_code == 403
    assert boss.told(path, cents_a_day="9") == "Changed cents_a_day"
    assert settings_of(running, project_id) == {"cents_a_day": 9}


def test_a_clone_is_linked_by_an_owner_alone(
    running: Running, boss: Visitor, admin: Visitor, project_id: str, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "clone")
    repo.commit("start", {"a.py": "a = 1\n"})
    page, path = (f"/dashboard/projects/{project_id}/{name}" for name in ("settings", "clones"))
    assert admin.post(path, path=str(repo.path)).status_code == 403
    assert "there is no folder" in boss.told(path, path=str(tmp_path / "nowhere"))
    for wrong in ("", "clone", "../clone", "/proc/self\nx", str(tmp_path)):
        assert boss.told(path, path=wrong)
        assert not linked(running, project_id)
    assert "Linked" in boss.told(path, path=str(repo.path / "."))
    [found] = linked(running, project_id)
    assert found == repo.path / ".git"
    assert str(found) in boss.text(page)
    assert str(found) not in admin.text(page)
    other = running.project("other")
    assert "is captured as project" in boss.told(f"/dashboard/projects/{other}/clones", path=str(repo.path))
    assert "is not linked" in boss.told(f"/dashboard/projects/{other}/clones/unlink", path=str(found))
    assert linked(running, project_id), "another project's form does not unlink it"
    assert admin.post(f"{path}/unlink", path=str(found)).status_code == 403
    assert "No longer linked" in boss.told(f"{path}/unlink", path=str(found))
    assert not linked(running, project_id)


def test_an_owners_key_of_one_project_is_no_owners_elsewhere(running: Running, project_id: str, tmp_path: Path) -> None:
    running.person("ada stranger")
    bound = visitor(running, running.person("olga", is_owner=True, project_id=project_id))
    base = f"/dashboard/projects/{project_id}"
    assert bound.post(f"{base}/clones", path=str(tmp_path)).status_code == 403
    assert "/clones" not in bound.text(f"{base}/settings")
    assert "ada stranger" not in bound.text(f"{base}/access")


def test_another_repository_is_no_clone_of_a_known_project(running: Running, boss: Visitor, tmp_path: Path) -> None:
    with running.service() as service:
        project = service.projects.find_or_create(
            common_dir="/gone/.git", root_commit="a" * 40, remote=None, name="known"
        )
    repo = Repo(tmp_path / "clone")
    repo.commit("start", {"a.py": "a = 1\n"})
    assert "is another repository" in boss.told(f"/dashboard/projects/{project.id}/clones", path=str(repo.path))


def linked(running: Running, project_id: str) -> list[Path]:
    with running.service() as service:
        return service.projects.clones(project_id)


def test_members_come_change_and_go(running: Running, boss: Visitor, admin: Visitor, project_id: str) -> None:
    running.person("bob")
    path = f"/dashboard/projects/{project_id}/members"
    assert admin.told(path, name="bob", role="viewer") == "bob is viewer now"
    assert admin.told(path, name="nobody", role="viewer") == "Person not found"
    assert admin.post(path, name="new", role="viewer", is_new="true").status_code == 403, (
        "people are the owners' to add"
    )
    assert "without a key nobody comes in" in boss.told(path, name="<i>new</i>", role="editor", is_new="true")
    with running.service() as service:
        members = {member.person.name: member for member in service.access.members(project_id)}
    bob = members["bob"].person.id
    assert (members["bob"].role, members["<i>new</i>"].role) == (Role.VIEWER, Role.EDITOR)
    assert admin.told(f"{path}/{bob}", role="editor") == "Saved"
    assert admin.post(f"{path}/{bob}", role="king").status_code == 400
    assert "bob" in admin.text(path)
    assert admin.told(f"{path}/{bob}/remove") == "No longer a member"
    assert admin.told(f"{path}/{bob}/remove") == "Member not found"


def test_a_key_is_shown_once_listed_and_revoked(running: Running, admin: Visitor, project_id: str) -> None:
    path = f"/dashboard/projects/{project_id}"
    made = admin.post(f"{path}/keys", name="laptop", scope=["ingest", "read"], reach="project")
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    found = re.search(r'id="made"[^>]*>([^<]+)<', made.text)
    assert found is not None
    text = plain(found[1])
    client = running.client(text)
    assert client.get(f"/api/projects/{project_id}/hmac-secret").status_code == 200
    listing = admin.get(f"{path}/access")
    assert text not in listing.text
    assert text[:14] in listing.text
    assert not any("laptop" in cookie for cookie in admin.client.cookies.values())
    with running.service() as service:
        key = next(one for one in service.access.keys(project_id=project_id) if one.name == "laptop")
    assert (key.scopes, key.project_id) == ({Scope.INGEST, Scope.READ}, project_id)
    assert admin.told(f"{path}/keys/{key.id}/revoke") == "Revoked: it opens nothing from now on"
    assert client.get(f"/api/projects/{project_id}/hmac-secret").status_code == 401
    assert "revoked" in admin.text(f"{path}/access")
    for form in ({"name": " ", "scope": "read"}, {"name": "x"}):
        assert admin.told(f"{path}/keys", **form) == "a key needs a name and a scope"
    assert admin.post(f"{path}/keys", name="x", scope="everything").status_code == 400


def test_keys_of_others_are_the_owners(running: Running, boss: Visitor, admin: Visitor, project_id: str) -> None:
    running.person("bob", {project_id: Role.WRITER})
    path = f"/dashboard/projects/{project_id}"
    with running.service() as service:
        bob = service.access.named("bob")
        [key] = service.access.keys(person_id=bob.id)
    assert "bob" in boss.text(f"{path}/access")
    assert "bob" not in admin.text(f"{path}/access")
    assert admin.told(f"{path}/keys/{key.id}/revoke") == "Key not found"
    refused = admin.post(f"{path}/keys", name="x", scope="read", person=bob.id)
    assert refused.status_code == 404
    assert boss.post(f"{path}/keys", name="x", scope="read", person=bob.id).status_code == 200


def test_the_secret_is_shown_on_request_and_made_new_when_one_is_sure(
    running: Running, admin: Visitor, viewer: Visitor, project_id: str
) -> None:
    path = f"/dashboard/projects/{project_id}"
    with running.service() as service:
        secret = service.access.ensure_secret(project_id)
    assert secret not in admin.get(f"{path}/access").text
    assert secret in admin.text(f"{path}/access?show=secret")
    assert viewer.get(f"{path}/access?show=secret").status_code == 403
    assert "the secret stays" in admin.told(f"{path}/secret")
    assert viewer.post(f"{path}/secret", sure="true").status_code == 403
    assert "There is a new secret" in admin.told(f"{path}/secret", sure="true")
    with running.service() as service:
        assert service.access.signing_secret(project_id) not in (None, secret)


def test_clients_are_told_what_to_set(running: Running, viewer: Visitor, project_id: str) -> None:
    text = viewer.text(f"/dashboard/projects/{project_id}/connect")
    with running.service() as service:
        team_id, secret = service.access.team().id, service.access.ensure_secret(project_id)
    url = running.site.options.base_url
    assert f"contox-hooks connect --url {url} --team {team_id} --project {project_id}" in text
    assert f'"CONTOX_API_URL": "{url}"' in text
    assert secret not in text


def test_viewers_look_and_strangers_do_not(running: Running, viewer: Visitor, project_id: str) -> None:
    stranger = visitor(running, running.person("eve"))
    forms: list[tuple[str, dict[str, str]]] = [
        ("settings", {"name": "x"}), ("learning", {"auto_learn": "false"}), ("clones", {"path": "/"}),
        ("clones/unlink", {"path": "/"}), ("members", {"name": "vi", "role": "admin"}), ("members/x", {"role": "admin"}),
        ("members/x/remove", {}), ("secret", {"sure": "true"}),
    ]  # fmt: skip
    for path in pages(project_id):
        main = viewer.get(path).text.partition("<main")[2]
        posts = [form for form in re.findall(r'<form[^>]*method="post"[^>]*>', main) if "/keys" not in form]
        assert (path, posts) == (path, [])
        assert stranger.get(path).status_code == 404
    for name, form in forms:
        path = f"/dashboard/projects/{project_id}/{name}"
        assert (name, viewer.post(path, **form).status_code) == (name, 403)
        assert (name, without_effect(stranger.post(path, **form))) == (name, True)
        assert (name, viewer.post(path, origin="http://evil.example", **form).status_code) == (name, 403)
    assert stranger.get("/dashboard/projects/nonesuch/settings").status_code == 404


def without_effect(answer: httpx.Response) -> bool:
    """A form about what is not there leads back to a page that is not there either."""
    return answer.status_code in (303, 404) and "Saved" not in values_of(answer, "flash")
