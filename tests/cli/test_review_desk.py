"""The interactive review: a conversation by lines that saves at once, can take back, and fits a small dumb terminal."""

from __future__ import annotations

import codecs
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.cli.clean import clean
from contox_hooks.cli.review_card import card
from contox_hooks.cli.review_desk import Desk
from contox_hooks.domain.item import Draft, Evidence, Item
from contox_hooks.memory.service import Service
from tests.cli.conftest import Call
from tests.gitrepo import Repo
from tests.memory.items import item as an_item


class Scripted:
    """Answers in order; then the end of input, or what `then` says."""

    def __init__(self, *answers: str, then: type[BaseException] = EOFError) -> None:
        self.answers = list(answers)
        self.then = then

    def __call__(self, prompt: str) -> str:
        if not self.answers:
            raise self.then
        return self.answers.pop(0)


@pytest.fixture
def parts(learnt: Repo) -> Iterator[Assembly]:
    found = Assembly(learnt.repository)
    with found.service:
        yield found


@pytest.fixture
def service(parts: Assembly) -> Service:
    return parts.service


def add(parts: Assembly, title: str) -> str:
    draft = Draft(
        type="decision", title=title, facts="- said once", schema_key="root/decisions", confidence=0.4, importance=3,
        evidence=(Evidence(parts.repo.text("rev-parse", "HEAD"), "orders are paged"),), files=("api/orders.py",),
    )  # fmt: skip
    return parts.service.items.add(parts.project.id, None, draft)


@pytest.fixture
def three(parts: Assembly) -> list[str]:
    return [add(parts, title) for title in ("Orders wait in a queue", "Clients keep a cache", "Pages have fifty rows")]


def talk(parts: Assembly, queue: list[str], *answers: str, then: type[BaseException] = EOFError) -> None:
    Desk(parts.service, parts.repo, queue, Scripted(*answers, then=then)).run()


def told(item: Item) -> dict[str, object]:
    return {name: value for name, value in asdict(item).items() if name != "updated_at"}


def test_each_key_decides_and_goes_on(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    talk(parts, three, "a", "d", "X", "")
    found = [service.items.get(item_id) for item_id in three]
    assert [item.status for item in found] == ["active", "deprecated", "archived"]
    assert [item.approved_at is not None for item in found] == [True, False, False]
    assert capsys.readouterr().out.endswith("1 approved, 1 deprecated, 1 archived\n")


def test_skipping_and_leaving_decide_nothing(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    talk(parts, three, "s", "", "what?", "q")
    assert all(service.items.get(item_id).approved_at is None for item_id in three)
    out = capsys.readouterr().out
    assert "d  deprecate: not true any more" in out
    assert out.endswith("nothing decided; 1 item left: contox-hooks review\n")


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_whoever_leaves_keeps_what_was_decided(
    parts: Assembly, service: Service, three: list[str], end: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    if end is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            talk(parts, three, "a", then=end)
    else:
        talk(parts, three, "a", then=end)
    assert service.items.get(three[0]).approved_at is not None
    assert "1 approved; 2 items left" in capsys.readouterr().out


@pytest.mark.parametrize("answers", [("a",), ("d",), ("x",), ("m", "1")])
def test_undo_gives_back_all_there_was(
    parts: Assembly, service: Service, three: list[str], answers: tuple[str, ...]
) -> None:
    add(parts, "Orders wait in a long queue")
    everything = [item.id for item in service.items.page(parts.project.id, status=None, limit=1000)]

    def state() -> list[object]:
        return [(told(service.items.get(item_id)), service.items.relations(item_id)) for item_id in everything]

    before = state()
    talk(parts, three, *answers, "q")
    assert state() != before
    talk(parts, three[1:], *answers, "u", "q")  # another decision, taken back: the first one stands
    after_first = state()
    assert after_first != before
    talk(parts, three[2:] + three[1:2], *answers, "u", "u", "q")
    assert state() == after_first


def test_undo_goes_back_to_the_item_and_says_so(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    talk(parts, three, "u", "d", "u", "a", "q")
    assert service.items.get(three[0]).status == "active"
    out = capsys.readouterr().out
    assert "there is nothing to undo" in out
    assert "no longer deprecated" in out
    assert out.endswith("1 approved; 2 items left: contox-hooks review\n")


def test_the_last_decision_can_be_taken_back_too(parts: Assembly, service: Service, three: list[str]) -> None:
    talk(parts, three[:1], "x", "u", "d", "")
    assert service.items.get(three[0]).status == "deprecated"


def test_undo_does_not_overwrite_what_somebody_else_did(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    class Meddling(Scripted):
        def __call__(self, prompt: str) -> str:
            answer = super().__call__(prompt)
            if answer == "u":
                service.items.edit(three[0], title="Told anew elsewhere")
            return answer

    Desk(service, parts.repo, three, Meddling("d", "u", "q")).run()
    item = service.items.get(three[0])
    assert (item.status, item.title) == ("deprecated", "Told anew elsewhere")
    assert f"{three[0]} was changed by something else since" in capsys.readouterr().out


def test_what_changed_while_it_was_shown_is_shown_again(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    class Meddling(Scripted):
        def __call__(self, prompt: str) -> str:
            if len(self.answers) == 2:
                service.items.edit(three[0], title="Told anew elsewhere")
            return super().__call__(prompt)

    service.items.set_status(three[0], "review", reason="for a look")
    Desk(service, parts.repo, three[:1], Meddling("d", "q")).run()
    assert service.items.get(three[0]).status == "review"
    assert "Told anew elsewhere" in capsys.readouterr().out


def test_what_somebody_else_decided_meanwhile_is_passed_over(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    class Meddling(Scripted):
        def __call__(self, prompt: str) -> str:
            if len(self.answers) == 3:
                for item_id in three[:2]:
                    service.reviews.decide(item_id, "deprecated", reason="elsewhere")
            return super().__call__(prompt)

    Desk(service, parts.repo, three, Meddling("a", "a", "q")).run()
    found = [service.items.get(item_id) for item_id in three]
    assert [item.status for item in found] == ["deprecated", "deprecated", "active"]
    assert found[2].approved_at is not None  # the second `a` was for this one
    out = capsys.readouterr().out
    assert f"{three[1]} needs no answer any more (deprecated: elsewhere)" in out


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "superseded", "status_reason": "merged: by hand"}, "superseded: merged: by hand"),
        ({"status": "deprecated"}, "deprecated, no reason given"),
        ({"approved_at": 5}, "active: approved by a person"),
        ({"status": "review", "status_reason": "a.py changed"}, "in review: a.py changed"),
        ({"confidence": 0.4}, "in review: confidence 0.40 only"),
    ],
)
def test_a_card_says_where_the_item_stands(fields: dict[str, object], told: str) -> None:
    assert told in card(an_item(1, "Orders wait", **fields), columns=80, lines=24)


def test_the_whole_card_has_every_quote_uncut() -> None:
    quotes = ("first " * 30 + "end of one", "second " * 30 + "end of two")
    cited = an_item(1, "Orders wait", evidence=tuple(Evidence("a" * 40, quote, "a.py") for quote in quotes))
    whole = " ".join(line.strip() for line in card(cited, columns=80, lines=24, whole=True))
    assert all(quote in whole for quote in quotes)
    assert "1 more quote" in "\n".join(card(cited, columns=80, lines=24))


def test_merging_into_one_that_is_named(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    talk(parts, three, "m", "", "m", "nope", "m", three[0], "m", three[2], "q")
    merged = service.items.get(three[0])
    assert (merged.status, merged.superseded_by) == ("superseded", three[2])
    out = capsys.readouterr().out
    assert "there is no memory item 'nope'" in out
    assert f"{three[0]} cannot be merged into itself" in out


EDITOR = """\
import os, sys
path, script = sys.argv[-1], os.environ["SCRIPT"]
with open(path) as file:
    text = file.read()
with open(script + ".log", "a") as log:
    log.write(text + "\\0")
steps = open(script).read().split("\\n")
old, _, new = steps[0].partition("=>")
with open(script, "w") as file:
    file.write("\\n".join(steps[1:]))
with open(path, "w") as file:
    file.write(text.replace(old, new) if old else "")
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the editor does, a line a start: `old=>new`; an empty line empties the form."""
    program, script = tmp_path / "ed itor.py", tmp_path / "script"
    program.write_text(EDITOR)
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{program}'")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("SCRIPT", str(script))
    return script


def test_editing_in_the_editor(parts: Assembly, service: Service, three: list[str], script: Path) -> None:
    script.write_text("Orders wait in a queue=>Orders wait in two queues")
    talk(parts, three, "e", "q")
    item = service.items.get(three[0])
    assert (item.title, item.facts) == ("Orders wait in two queues", "- said once")
    assert item.approved_at is not None


def test_a_broken_form_is_opened_again_with_nothing_lost(
    parts: Assembly, service: Service, three: list[str], script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text("type: decision=>type: desicion\nsaid once=>said twice\ndesicion=>convention")
    talk(parts, three, "e", "", "", "q")
    item = service.items.get(three[0])
    assert (item.type, item.facts) == ("convention", "- said twice")
    opened = script.with_name("script.log").read_text().split("\0")
    assert opened[1].startswith("#! type 'desicion' is none of decision")
    assert "type: desicion" in opened[1]
    assert "type 'desicion' is none of" in capsys.readouterr().out


def test_what_changed_while_the_editor_was_open_is_not_overwritten(
    parts: Assembly, service: Service, three: list[str], script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The form comes again, with both: what the person typed, and what somebody else did."""
    service.items.set_status(three[0], "review", reason="for a look")
    program = script.with_name("ed itor.py")
    elsewhere = (
        f"import sqlite3, sys, os\nlog = os.environ['SCRIPT'] + '.log'\n"
        f"if not os.path.exists(log):\n"
        f"    with sqlite3.connect({str(service.store.path)!r}) as store:\n"
        f"        store.execute(\"UPDATE item SET title = 'Told anew', facts = '- elsewhere' WHERE id = '{three[0]}'\")\n"
    )
    program.write_text(elsewhere + EDITOR)
    script.write_text("Orders wait in a queue=>Orders wait in two queues\nx=>x")
    talk(parts, three, "e", "", "q")
    opened = script.with_name("script.log").read_text().split("\0")
    assert opened[1].startswith("#! it was changed meanwhile")
    assert "#! title is now: Told anew\n" in opened[1]
    item = service.items.get(three[0])
    assert (item.title, item.facts) == ("Orders wait in two queues", "- elsewhere")


def test_what_changed_before_the_merge_was_named_is_shown_again(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    class Meddling(Scripted):
        def __call__(self, prompt: str) -> str:
            if prompt.startswith("into"):
                service.items.edit(three[2], title="Told anew elsewhere")
            return super().__call__(prompt)

    near = [item.id for item in service.reviews.near(service.items.get(three[0]))]
    assert three[2] in near
    Desk(service, parts.repo, three[:1], Meddling("m", str(near.index(three[2]) + 1), "q")).run()
    assert service.items.get(three[0]).status == "active"


@pytest.mark.parametrize(("steps", "answers"), [("", ()), ("x=>x", ()), ("decision=>desicion", ("n",))])
def test_an_edit_that_is_given_up_changes_nothing(
    parts: Assembly, service: Service, three: list[str], script: Path, steps: str, answers: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = told(service.items.get(three[0]))
    script.write_text(steps)
    talk(parts, three, "e", *answers, "q")
    assert told(service.items.get(three[0])) == before
    assert "nothing was changed" in capsys.readouterr().out


def test_an_editor_that_is_not_there_is_told(
    parts: Assembly, three: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDITOR", "no-such-editor")
    monkeypatch.delenv("VISUAL", raising=False)
    talk(parts, three, "e", "q")
    assert "the editor no-such-editor cannot be started" in capsys.readouterr().out


def test_the_commit_is_shown_without_its_escape_sequences(
    learnt: Repo, parts: Assembly, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = learnt.commit("feat: \x1b[31mred", {"a.txt": "one \x1b[2J two\n"})
    item_id = add(parts, "Orders are red now")
    assert sha == service.items.get(item_id).evidence[0].commit_sha
    talk(parts, [item_id], "o", "q")
    out = capsys.readouterr().out
    assert "+one  two" in out
    assert "\x1b" not in out


def test_a_commit_that_is_gone_is_told(
    parts: Assembly, service: Service, three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.items.set_status(three[0], "review", reason=f"x changed in {'0' * 11}1: no longer has “y”")
    talk(parts, three, "o", "q")
    assert "000000000001 cannot be shown" in capsys.readouterr().out


@pytest.mark.parametrize(("columns", "lines"), [(80, 19), (40, 15), (200, 30)])
def test_a_card_fits(columns: int, lines: int) -> None:
    facts = "\n".join(f"- fact number {number} of `some.module`: " + "word " * 20 for number in range(30))
    long = an_item(
        1, "T" * 200, facts=facts, rationale="r " * 300, status="review", status_reason="because " * 10,
        evidence=(Evidence("a" * 40, "q" * 300, "p/" * 60),),
    )  # fmt: skip
    shown = card(long, columns=columns, lines=lines)
    assert max(map(len, shown)) < columns
    assert len(shown) <= lines
    assert any("more lines (v shows all)" in line for line in shown)
    whole = card(long, columns=columns, lines=lines, whole=True)
    assert not any("v shows all" in line for line in whole)
    assert "fact number 29" in " ".join(whole)


class Terminal:
    """The real program on a dumb terminal of 80 by 24."""

    def __init__(self, repo: Repo, *arguments: str, term: str = "dumb") -> None:
        import fcntl
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": term}
        environment.pop("COLUMNS", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "contox_hooks", *arguments],
            cwd=repo.path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""
        self._text = codecs.getincrementaldecoder("utf-8")()

    def until(self, text: str) -> str:
        """What is shown up to the text, from the last call on."""
        end = time.monotonic() + 60
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self._ours], [], [], 1)[0]:
                try:
                    self.shown += self._text.decode(os.read(self._ours, 65536)).replace("\r", "")
                except OSError:
                    raise AssertionError(f"it ended: {self.shown}") from None
        seen, _, self.shown = self.shown.partition(text)
        return seen + text

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def rest(self) -> None:
        """Until it waits for keys: Python forgets a Ctrl-C that comes between its prompt and its reading (PyOS_Readline
        looks for one only when a read is interrupted)."""
        for _ in range(3):
            while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
                time.sleep(0.01)
            time.sleep(0.02)

    def end(self) -> int:
        code = self.process.wait(60)
        os.close(self._ours)
        return code


@pytest.mark.parametrize(("leave", "code"), [("\x04", 0), ("\x03", 130), ("q\n", 0)])
def test_the_program_on_a_dumb_terminal(learnt: Repo, call: Call, leave: str, code: int) -> None:
    parts = Assembly(learnt.repository)
    with parts.service:
        first = add(parts, "Orders wait in a queue")
        second = add(parts, "Clients keep a cache")
    terminal = Terminal(learnt, "review", "--history")
    shown = terminal.until("\n> ")
    assert "3 items to review: 1 skim it, 2 check the source" in shown
    assert clean(shown, lines=True) == shown
    assert max(map(len, shown.split("\n"))) <= 80
    assert shown.count("\n") < 24
    terminal.type("a\n")
    terminal.until("2 of 3 · ")
    terminal.until("\n> ")
    terminal.type("d\n")
    terminal.until("3 of 3 · ")
    terminal.until("\n> ")
    terminal.rest()
    terminal.type(leave)
    terminal.until("1 approved, 1 deprecated; 1 item left: contox-hooks review")
    assert terminal.end() == code
    statuses = [call("memory", item_id, "--json").json for item_id in (first, second)]
    assert sum(item["status"] == "deprecated" for item in statuses) == 1


def test_bulk_asks_on_a_terminal(learnt: Repo, call: Call) -> None:
    (doubtful,) = call("review", "--history", "--json").json["items"]
    terminal = Terminal(learnt, "review", "archive", "--all", "--history")
    assert "1 item (1 skim it) become archived. Go on? [y/N]: " in terminal.until("]: ")
    terminal.type("n\n")
    assert terminal.end() == 130
    assert call("memory", doubtful["id"], "--json").json["status"] == "review"
    terminal = Terminal(learnt, "review", "archive", "--all", "--history")
    terminal.until("]: ")
    terminal.type("y\n")
    terminal.until("archived: ")
    assert terminal.end() == 0
    assert call("memory", doubtful["id"], "--json").json["status"] == "archived"
