"""Reports put together: a model that is handed in, and limits that are said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contox_hooks import report
from contox_hooks.assembly import Assembly
from contox_hooks.domain.error import Error, RemoteError, SpendRefused
from contox_hooks.model.chat import Answer, ModelBusy, ModelRefused, ModelUnavailable, Question
from contox_hooks.report import Reports
from tests.cli.world import begin, commit, learn
from tests.gitrepo import Repo


class Fake:
    """An Asker that says what it is told to, and keeps what it was asked."""

    name = "fake/model"

    def __init__(self, said: str | Error) -> None:
        self._said = said
        self.asked: list[tuple[Question, str]] = []

    def ask(self, question: Question, *, purpose: str) -> Answer:
        self.asked.append((question, purpose))
        if isinstance(self._said, Error):
            raise self._said
        return Answer(self._said, self.name, 300, 40)


def cites(number: int) -> str:
    return json.dumps({"sentences": [{"text": "It is so.", "sources": [number]}, {"text": "I think.", "sources": []}]})


@pytest.fixture
def reports(repo: Repo) -> Reports:
    begin(repo)
    for number in range(3):
        commit(repo, f"feat: add paging of orders, part {number}", name=f"orders{number}.py")
    learn(repo)
    parts = Assembly(repo.repository)
    return Reports(parts.service, parts.project, parts.repo, parts.settings)


def test_an_answer_over_the_passages(reports: Reports) -> None:
    asker = Fake(cites(1))
    answer = reports.ask("paging of orders", asker=asker)
    assert [purpose for _, purpose in asker.asked] == ["ask"]
    assert answer.passages[0].item.title in asker.asked[0][0].user
    assert answer.prose is not None
    assert (answer.prose.text(), answer.prose.dropped, answer.trouble) == ("It is so. [1]", 1, "")
    wire = answer.to_wire()
    assert wire["answer"].startswith("It is so. [Source 1]\n\n[Source 1] **")
    assert (wire["model"], wire["usage"]["totalTokens"], wire["dropped"], wire["trouble"]) == (
        "fake/model",
        340,
        1,
        None,
    )


def test_a_model_is_sent_nothing_about_files_that_are_excluded_now(reports: Reports) -> None:
    narrowed = replace(reports, settings=replace(reports.settings, exclude=("orders*.py",)))
    asker = Fake(cites(1))
    assert reports.ask("paging of orders").passages
    assert narrowed.ask("paging of orders", asker=asker).passages == ()
    assert asker.asked == []
    assert not [item for item in narrowed.items() if any("orders" in path for path in item.files)]
    assert narrowed.ask("paging of orders").passages == reports.ask("paging of orders").passages


def test_without_passages_nothing_is_asked(reports: Reports) -> None:
    asker = Fake(cites(1))
    assert reports.ask("kubernetes ingress annotations", asker=asker).passages == ()
    assert reports.prose(asker, "changelog", "task", ()) == (None, "")
    assert asker.asked == []


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (ModelUnavailable("fake/model gave no answer"), "fake/model gave no answer"),
        (ModelBusy("too many requests"), "too many requests"),
        (ModelRefused("no such model"), "no such model"),
        (SpendRefused("today's tokens are used up"), "today's tokens are used up"),
        (cites(9), "fake/model: it cited no source"),
        ("Sure! SQLite.", "fake/model: its answer was not what was asked for"),
    ],
)
def test_a_model_that_fails_leaves_the_passages(reports: Reports, said: str | Error, trouble: str) -> None:
    answer = reports.ask("paging of orders", asker=Fake(said))
    assert answer.passages == reports.ask("paging of orders").passages
    assert (answer.prose, answer.trouble) == (None, trouble)
    assert (answer.to_wire()["model"], answer.to_wire()["trouble"]) == ("offline", trouble)


def test_our_own_mistakes_are_not_hidden(reports: Reports) -> None:
    with pytest.raises(Error):
        reports.ask("paging of orders", asker=Fake(Error("a bug")))
    assert not issubclass(SpendRefused, RemoteError)


def test_more_commits_than_are_looked_at_is_said(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    now = reports.service.store.now()
    span = {"since": now - 86_400, "until": now + 86_400}
    for most, cut, told in ((2, True, "more than 2 commits"), (3, False, "3 commits")):
        monkeypatch.setattr(report, "MAX_COMMITS", most)
        changelog, impact = reports.changelog(**span), reports.impact(since=span["since"])
        if most == 2:
            assert (changelog.commits, impact.commits) == (2, 2)
        assert (changelog.to_wire()["commitsCut"], impact.to_wire()["commitsCut"]) == (cut, cut)
        assert f"\n{told}, " in changelog.markdown("work")
        assert f"\n{told} changed " in impact.markdown("work", 1)
