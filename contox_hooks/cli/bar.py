"""The progress bar of long verbs, for terminals: done, rate, estimate. Imported only where one is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from contox_hooks.cli.clean import clean


class _Rate(TextColumn):
    def __init__(self, unit: str) -> None:
        super().__init__("")
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(self._unit if not speed else f"{self._unit} {speed:,.0f}/s")


class _RichBar:
    def __init__(self, shown: Progress, task: TaskID) -> None:
        self._shown = shown
        self._task = task

    def advance(self, done: int = 1) -> None:
        self._shown.advance(self._task, done)

    def tell(self, text: str) -> None:
        self._shown.update(self._task, description=escape(clean(text)))


@contextmanager
def rich_bar(total: int | None, unit: str) -> Iterator[_RichBar]:
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as shown:
        yield _RichBar(shown, shown.add_task("", total=total))
