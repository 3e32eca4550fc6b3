"""The section in Markdown: between its marks and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.agent.insertion import Unparsable, put_in, take_out
from contox_hooks.agent.section import END, START, Section
from contox_hooks.agent.wanted import brief_in, section_of

FORM = Section("---\nx: y\n---\n\n")
SECTION = section_of(None)
prose = st.text(alphabet="ab# \n\r\té<!->`\udc80", max_size=40)


@settings(max_examples=100, deadline=None)
@given(prose)
def test_apply_then_remove_is_the_identity(text: str) -> None:
    after, done = put_in(text, FORM.pieces(text, SECTION))
    assert FORM.found(after) == SECTION
    assert take_out(after, done) == text
    other = section_of("- **Tabs** (convention)")
    changed = FORM.changed(after, other)
    assert FORM.found(changed) == other
    assert FORM.changed(changed, SECTION) == after
    left = FORM.without(f"{after}mine\n", prune=False)
    assert START not in left
    assert left.replace("\r", "").rstrip("\n").endswith("mine")


@pytest.mark.parametrize(
    "text",
    [f"{START}\n", f"{END}\n{START}\n", f"{START}\n{START}\n{END}\n", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"],
)
def test_marks_that_do_not_fit_and_conflicts_are_refused(text: str) -> None:
    with pytest.raises(Unparsable, match=r"^line 1: "):
        FORM.found(text)


def test_a_byte_order_mark_before_our_mark() -> None:
    """The section was moved to the file's top, in an editor that keeps the mark of its encoding."""
    text = f"\ufeff{SECTION}\n# Here\n"
    assert FORM.found(text) == SECTION
    assert FORM.without(text, prune=False) == "\ufeff# Here\n"


def test_marks_in_a_sentence_are_none() -> None:
    assert FORM.found(f"We keep `{START}` and `{END}` here.\n") is None


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab`~\n<!-> ", max_size=60))
def test_no_brief_ends_its_frame(brief: str) -> None:
    section = section_of(f"{START}\n{brief}\n{END}\n")
    assert FORM.found(section + "\n") == section
    shown = brief_in(section)
    assert shown is not None
    assert section_of(shown) == section
    fence = section.splitlines()[-2]
    assert set(fence) == {"`"}
    assert fence not in shown


def test_line_ends_are_the_files() -> None:
    after, _ = put_in("a\r\n", FORM.pieces("a\r\n", SECTION))
    assert after.count("\n") == after.count("\r\n")
    assert FORM.found(after) == SECTION
