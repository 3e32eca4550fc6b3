"""Which repositories are one project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.memory.project import normalised_remote
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from tests.memory.events import open_service

ROOT, OTHER_ROOT = "a" * 40, "b" * 40
TOKEN = "user:" + "s3cr" + "et"


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where) as service:
        yield service


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/team/app.git", "example.org/team/app"),
        ("https://example.org/team/app/", "example.org/team/app"),
        (f"https://{TOKEN}@example.org/team/app.git", "example.org/team/app"),
        (f"https://example.org/team/app.git?private_token={TOKEN}", "example.org/team/app"),
        (f"https://example.org/team/app#{TOKEN}", "example.org/team/app"),
        (f"https://example.org?token={TOKEN}/x", None),
        ("ssh://git@Example.org:2222/team/app.git", "example.org/team/app"),
        ("git@example.org:team/app.git", "example.org/team/app"),
        ("example.org:team/app", "example.org/team/app"),
        ("git://example.org/team/app.git/", "example.org/team/app"),
        ("/srv/git/app.git", None),
        ("../app", None),
        ("file:///srv/git/app.git", None),
        ("C:/work/app", None),
        ("C:\\work\\app", None),
        ("", None),
        (None, None),
    ],
)
def test_remotes(url: str | None, expected: str | None) -> None:
    assert normalised_remote(url) == expected


HTTPS, SSH, FORK = "https://example.org/team/app.git", "git@example.org:team/app", "https://example.org/ada/app.git"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("/a", ROOT, HTTPS), ("/a", ROOT, HTTPS), True),
        (("/a", ROOT, HTTPS), ("/a", OTHER_ROOT, FORK), True),  # the same git directory is the same project
        (("/a", ROOT, HTTPS), ("/b", ROOT, SSH), True),
        (("/a", ROOT, HTTPS), ("/b", ROOT, FORK), False),
        (("/a", ROOT, HTTPS), ("/b", ROOT, None), True),
        (("/a", ROOT, HTTPS), ("/b", ROOT, "/a"), True),  # cloned from the clone
        (("/a", ROOT, None), ("/b", ROOT, HTTPS), True),
        (("/a", ROOT, None), ("/b", ROOT, None), True),
        (("/a", ROOT, HTTPS), ("/b", OTHER_ROOT, HTTPS), False),
        (("/a", None, None), ("/b", None, None), False),  # two unborn repositories
        (("/a", None, None), ("/a", ROOT, HTTPS), True),  # its first commit
        (("/a", None, HTTPS), ("/b", ROOT, HTTPS), False),
    ],
)
def test_identity(
    service: Service, first: tuple[str, str | None, str | None], second: tuple[str, str | None, str | None], same: bool
) -> None:
    found = [
        service.projects.find_or_create(common_dir=clone, root_commit=root, remote=remote, name="app")
        for clone, root, remote in (first, second)
    ]
    assert (found[0].id == found[1].id) is same
    assert len(service.projects.all()) == (1 if same else 2)


def test_what_was_unknown_is_filled_in(service: Service) -> None:
    service.projects.find_or_create(common_dir="/a", root_commit=None, remote=None, name="app")
    project = service.projects.find_or_create(common_dir="/a", root_commit=ROOT, remote=SSH, name="ignored")
    assert (project.root_commit, project.remote, project.name) == (ROOT, "example.org/team/app", "app")
    other = service.projects.find_or_create(common_dir="/b", root_commit=ROOT, remote=HTTPS, name="app2")
    assert other.id == project.id
    assert service.projects.clones(project.id) == [Path("/a"), Path("/b")]


def test_the_right_one_of_two_forks(service: Service) -> None:
    original = service.projects.find_or_create(common_dir="/a", root_commit=ROOT, remote=HTTPS, name="app")
    fork = service.projects.find_or_create(common_dir="/b", root_commit=ROOT, remote=FORK, name="app")
    again = service.projects.find_or_create(common_dir="/c", root_commit=ROOT, remote=FORK, name="app")
    assert (again.id, original.id == fork.id) == (fork.id, False)


def test_credentials_are_not_kept(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        service.projects.find_or_create(
            common_dir="/a", root_commit=ROOT, remote=f"https://{TOKEN}@example.org/app", name="app"
        )
        service.store.sync()
        assert TOKEN.partition(":")[2].encode() not in (tmp_path / "memory.db").read_bytes()


def test_name_and_settings(service: Service) -> None:
    project = service.projects.find_or_create(common_dir="/a", root_commit=ROOT, remote=None, name="app")
    assert service.projects.rename(project.id, " New name ").name == "New name"
    with pytest.raises(UsageError):
        service.projects.rename(project.id, " ")
    service.projects.set_setting(project.id, "auto_learn", False)
    assert service.projects.set_setting(project.id, "exclude", ["*.md"]).settings == {
        "auto_learn": False,
        "exclude": ["*.md"],
    }
    assert service.projects.set_setting(project.id, "auto_learn", None).settings == {"exclude": ["*.md"]}
    with pytest.raises(NotFound):
        service.projects.rename("nope", "x")
    assert service.projects.of_clone("/nowhere") is None
