"""Tables on a terminal, with rich. Imported only where there is one.

Invariant: nothing is lost, however narrow it is: the last column goes below its row, then every cell on a line.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_LEAST_LAST = 24
"""A last column with less room than this goes below its row."""


def print_table(columns: Sequence[str], texts: Sequence[Sequence[str]], right: Sequence[bool]) -> None:
    """`texts` are clean; `right` says which columns stand to the right."""
    console = Console(highlight=False)
    last = len(columns) - 1
    widths = [max(map(cell_len, (name, *(line[n] for line in texts)))) for n, name in enumerate(columns)]
    room = console.width - sum(widths[:last]) - 2 * last
    if last > 0 and room < -2:
        _print_stacked(console, columns, texts)
        return
    below = last > 0 and room < min(widths[last], _LEAST_LAST)
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for n, name in enumerate(columns[:last] if below else columns):
        shown.add_column(name, justify="right" if right[n] else "left", no_wrap=n != last, overflow="fold")
    for line in texts:
        shown.add_row(*(Text(text) for text in (line[:last] if below else line)))
    if not below:
        console.print(shown)
        return
    with console.capture() as rendered:
        console.print(shown)
    for row, text in zip(rendered.get().splitlines(), ["", *(line[last] for line in texts)], strict=False):
        sys.stdout.write(f"{row.rstrip()}\n")
        sys.stdout.flush()
        if text:
            console.print(Padding(Text(text), (0, 0, 0, 2)))


def _print_stacked(console: Console, columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    for line in texts:
        console.print(Text(line[0], overflow="fold"))
        for name, text in zip(columns[1:], line[1:], strict=True):
            if text:
                console.print(Padding(Text(f"{name}: {text}", overflow="fold"), (0, 0, 0, 2)))
