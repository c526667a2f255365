"""Rates on the command line: never without what they are of, nor without how far the true one may be."""

from inspection.wording import round_percent


def say_share(share_0_1: float | None, n: int) -> str:
    """With Wilson's interval: right on average."""
    from inspection.learning.intervals import find_wilson_interval

    if share_0_1 is None:
        return "–"
    interval = find_wilson_interval(round(share_0_1 * n), n)
    assert interval is not None  # a share is of something
    return f"{round_percent(share_0_1, 2)}% (95 %: {interval.low:.2%} to {interval.high:.2%})"


def say_errors(count: int, n: int) -> str:
    """With Clopper and Pearson's interval: an error that costs money is not told too rare."""
    from inspection.learning.intervals import find_exact_interval

    interval = find_exact_interval(count, n)
    between = "" if interval is None else f" (95 %: {interval.low:.2%} to {interval.high:.2%})"
    return f"{count} of {n:,}{between}"
