"""Markdown: tables, and rates that never stand without their interval and their count."""

from collections.abc import Iterable, Mapping, Sequence

from inspection.learning.intervals import Interval, find_exact_interval, find_wilson_interval

NONE = "–"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [join_cells(columns), join_cells("---" for _ in columns)]
    lines += [join_cells(NONE if cell is None else str(cell) for cell in row) for row in rows]
    return "\n".join(lines) + "\n"


def join_cells(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def percent(value_0_1: float | None, digits: int = 2) -> str:
    return NONE if value_0_1 is None else f"{100 * value_0_1:.{digits}f} %"


def printed(value: float | None) -> str:
    """Theirs, in percent already, with the digits that they print but for zeros at the end."""
    return NONE if value is None else f"{value:g} %"


def bounded(value_0_1: float | None, interval: Mapping[str, float] | None) -> str:
    """A figure that no count gives, with the interval that its card tells, if it does."""
    if value_0_1 is None or interval is None:
        return percent(value_0_1)
    return f"{percent(value_0_1)} ({100 * interval['low']:.1f} to {100 * interval['high']:.1f})"


def rate(successes: int, trials: int) -> str:
    """With Wilson's interval: right on average."""
    return spell(successes, trials, find_wilson_interval(successes, trials))


def exact_rate(events: int, trials: int) -> str:
    """With Clopper and Pearson's interval: for errors that cost, one that is never too narrow."""
    interval = find_exact_interval(events, trials)
    if interval is None:
        return NONE
    return f"{events} of {trials:,} ({percent(interval.low)} to {percent(interval.high)})"


def spell(successes: int, trials: int, interval: Interval | None) -> str:
    if interval is None:
        return NONE
    return f"{percent(successes / trials)} ({100 * interval.low:.2f} to {100 * interval.high:.2f}, n = {trials:,})"
