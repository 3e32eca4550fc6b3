"""Outlines are made once for each content, and what is kept has a bound."""

from __future__ import annotations

import pytest

from contox_hooks.pipeline.source import kept, language
from contox_hooks.pipeline.source.kept import Kept
from contox_hooks.pipeline.source.outline import NotNow, Outline, Unparsable


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read, outline = [], language.outline

    def counted(content: bytes, path: str) -> Outline:
        read.append(path)
        if content == b"busy":
            raise NotNow("takes longer")
        return outline(content, path)

    monkeypatch.setattr(language, "outline", counted)
    return read


def test_one_content_is_parsed_once_and_another_anew(parsed: list[str]) -> None:
    files = Kept()
    first = files.outline(b"def f(): pass\n", "a.py")
    assert [part.name for part in first.parts] == ["f"]
    assert files.outline(b"def f(): pass\n", "a.py") is first
    assert [part.name for part in files.outline(b"def g(): pass\n", "a.py").parts] == ["g"]
    assert parsed == ["a.py", "a.py"]


def test_the_path_decides_the_reader(parsed: list[str]) -> None:
    files = Kept()
    files.outline(b"x", "a.py")
    with pytest.raises(Unparsable, match="no language"):
        files.outline(b"x", "a.txt")
    assert parsed == ["a.py", "a.txt"]


def test_that_a_file_does_not_parse_is_kept_but_not_that_it_took_too_long(parsed: list[str]) -> None:
    files = Kept()
    for _ in range(2):
        with pytest.raises(Unparsable, match="does not parse"):
            files.outline(b"def", "a.py")
        with pytest.raises(NotNow):
            files.outline(b"busy", "b.py")
    assert parsed == ["a.py", "b.py", "b.py"]


def test_the_latest_asked_for_stay_within_the_bound(parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_PARTS", 35)
    files = Kept()
    for name in ("a.py", "b.py", "c.py", "a.py", "d.py", "a.py", "b.py"):
        files.outline(b"def f(): pass\n", name)
    assert files.parts <= 35
    assert parsed == ["a.py", "b.py", "c.py", "d.py", "b.py"]
