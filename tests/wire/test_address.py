from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.digest import FileChange, Person
from contox_hooks.wire.address import digest_without_addresses, without_addresses
from tests.wire.sample import digest


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Signed-off-by: Ada <ada@example.org>", "Signed-off-by: Ada <[e-mail]>"),
        ("ada.b+c@mail.example.co.uk, x@163.com", "[e-mail], [e-mail]"),
        ("grüße@bücher.example", "[e-mail]"),
        ("bump lodash@4.17.21 and @types/node@20", "bump lodash@4.17.21 and @types/node@20"),
        ("icon@2x.png, HEAD@{1}, @app.route, a @ b.c", "icon@2x.png, HEAD@{1}, @app.route, a @ b.c"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_messages(text: str, clean: str) -> None:
    assert without_addresses(text) == clean


def test_a_diff_and_paths_lose_the_commits_own_only() -> None:
    person = Person("ada@example.org", "ada@example.org", 1)
    found = digest_without_addresses(
        digest(
            author=person,
            committer=person,
            diff="+ada@example.org x@other.example\n",
            files=(FileChange("a/ada@example.org", "M"), FileChange("icon@hi.png", "R", old_path="ada@example.org")),
        )
    )
    assert found.author == found.committer == Person("[e-mail]", "", 1)
    assert found.diff == "+[e-mail] x@other.example\n"
    assert [file.path for file in found.files] == ["a/[e-mail]", "icon@hi.png"]
    assert found.files[1].old_path == "[e-mail]"


@pytest.mark.parametrize("email", ["", "@", "a", "  "])
def test_an_address_that_is_none_takes_nothing_out(email: str) -> None:
    person = Person("Ada", email, 1)
    assert digest_without_addresses(digest(author=person, committer=person)).diff == digest().diff


@given(st.text(st.sampled_from("ab@.-_<>é2x \n"), max_size=60))
def test_is_final(text: str) -> None:
    once = without_addresses(text)
    assert without_addresses(once) == once
    assert once.count("@") <= text.count("@")


@pytest.mark.parametrize("part", ["a", "a.", "a@", "a@a.", "-", "a@a-"])
def test_long_odd_texts_are_read_once(part: str) -> None:
    """A rule that tried each start anew would take hours over a megabyte."""
    without_addresses("@" + part * (1_000_000 // len(part)))
