"""What every command prints with: results on stdout, progress and complaints on stderr, plain when piped."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

# names of files are printed as they are: [x] is no markup and :x: no emoji
results = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
notes = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

Tick = Callable[[int, int], None]


class Exit(IntEnum):
    OK = 0
    FOUND_PROBLEMS = 1  # a refused picture, faulty data, a broken chain, a gate that is not passed
    CANNOT = 2  # a named error: unknown line, missing weights, wrong usage
    INTERRUPTED = 130


def print_json(value: Mapping[str, object]) -> None:
    """One object, one line, at once: a reader at the other end of a pipe may be waiting."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")  # ASCII: a file name may be no valid UTF-8
    sys.stdout.flush()


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None
) -> None:
    """Columns that hold numbers only are set flush right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) or row[index] == "–" for row in rows)
        table.add_column(column, justify="right" if numeric and rows else "left")
    for row in rows:
        table.add_row(*(show(cell) for cell in row))
    results.print(table)


def show(cell: object) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)


def show_path(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()


@contextmanager
def show_progress(title: str) -> Iterator[Tick]:
    """A bar with the time left on a terminal; nothing at all when stderr is piped."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def show_share(title: str) -> Iterator[Callable[[float, str], None]]:
    """The same for work that tells its share done, 0…1, and what it is at."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share, words: progress.update(task, completed=share, description=words or title)
