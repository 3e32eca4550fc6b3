from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.pipeline.message import read_message
from contox_hooks.pipeline.quote import fold_message


@pytest.mark.parametrize(
    ("subject", "title", "kind", "scope", "breaking"),
    [
        ("feat(api)!: add paging", "Add paging", "feat", "api", True),
        ("fix: crash on empty file (#12)", "Crash on empty file", "fix", "", False),
        ("Add `Client.get` (#3699)", "Add `Client.get`", "", "", False),
        ("Convert builder into class (fixes #12)", "Convert builder into class", "", "", False),
        (":bug: stop leaking handles [skip ci]", "Stop leaking handles", "", "", False),
        ("iPhone: works", "iPhone: works", "", "", False),
        ("fixup! feat: add paging", "Add paging", "feat", "", False),
        ("docs: explain hooks.", "Explain hooks", "docs", "", False),
        ("", "", "", "", False),
        (
            "Fix crash of the \U0001f469\u200d\U0001f4bb avatar in the header",
            "Fix crash of the avatar in the header",
            "",
            "",
            False,
        ),
        ("Use \x1b[31mRedis\x1b[0m for\x07 the queue", "Use Redis for the queue", "", "", False),
        (
            "\u0645\u06cc\u200c\u0634\u0648\u062f in Persian",
            "\u0645\u06cc\u200c\u0634\u0648\u062f in Persian",
            "",
            "",
            False,
        ),
        ("Show the \U000105c9 of to\u00admorrow", "Show the \U000105c9 of to\u00admorrow", "", "", False),
    ],
)
def test_subjects(subject: str, title: str, kind: str, scope: str, breaking: bool) -> None:
    message = read_message(subject, "")
    assert (message.title, message.kind, message.scope, message.breaking) == (title, kind, scope, breaking)


def test_body_is_parted_into_prose_reasons_points_and_trailers() -> None:
    message = read_message(
        "Store paths relative",
        "The cache kept absolute paths. Two clones shared nothing because of that.\n\n"
        "* read the old form too\n* drop the index instead of migrating it\n\n"
        '    code that is quoted\n\nTraceback (most recent call last):\n  File "x.py", line 3\nValueError: no such thing\n\n'
        "BREAKING CHANGE: old caches are read once\n\n"
        "Closes #12\nSigned-off-by: Ada Example <ada@example.org>",
    )
    assert message.prose == ()
    assert message.why == (
        "The cache kept absolute paths. Two clones shared nothing because of that.",
        "drop the index instead of migrating it",
    )
    assert message.bullets == ("read the old form too",)
    assert (message.breaking, message.breaking_note) == (True, "old caches are read once")
    assert (message.closes, message.issues) == (("12",), ("12",))


def test_pull_request_merge_takes_its_title_from_the_body() -> None:
    message = read_message("Merge pull request #12 from ada/paths", "Store paths relative\n\nIt was needed for moving.")
    assert (message.is_merge, message.request, message.title) == (True, "12", "Store paths relative")
    assert message.issues == ()


@pytest.mark.parametrize(
    ("subject", "body", "title", "sha"),
    [
        ('Revert "Add paging"', "This reverts commit 0123456789abcdef.", "Add paging", "0123456789abcdef"),
        ('Revert "Revert "Add paging""', "", 'Revert "Add paging"', None),
        ("revert: add paging", "This reverts commit 01234567.", None, "01234567"),
    ],
)
def test_reverts(subject: str, body: str, title: str | None, sha: str | None) -> None:
    message = read_message(subject, body)
    assert (message.reverts, message.reverts_sha) == (title, sha)


@given(st.text(max_size=300), st.text(max_size=600))
def test_pieces_stand_in_the_message(subject: str, body: str) -> None:
    message = read_message(subject, body)
    text = fold_message(f"{subject}\n\n{body}")
    for piece in (message.subject, message.breaking_note, *message.prose, *message.why, *message.bullets):
        assert fold_message(piece) == piece
        assert piece in text
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in piece)


def test_a_body_without_spaces_between_words_is_read() -> None:
    message = read_message(
        "修复登录页面崩溃的问题",
        "用户在登录时会看到白屏。原因是缓存没有被清除！他说「不要这样做。」然后离开了。\n\n* 清空启动缓存\n* 好",
    )
    assert message.prose == (
        "用户在登录时会看到白屏。", "原因是缓存没有被清除！", "他说「不要这样做。」然后离开了。"
    )  # fmt: skip
    assert message.bullets == ("清空启动缓存",)
