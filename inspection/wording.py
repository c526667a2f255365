"""Numbers in sentences, as they are said of one thing and of many; and words that a sentence and a record can hold."""

import math

LONGEST_LINE = 200


def is_one_line(word: str) -> bool:
    return len(word) <= LONGEST_LINE and word.isprintable()


def is_text(name: str) -> bool:
    """Whether a file's name is UTF-8: where it is not, os.fsdecode leaves halves in it that no page can show."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def say_number(count: int, one: str, many: str | None = None) -> str:
    """ "1 file", "3 files". many: where it is not `one` with an s, or where the verb changes too."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def say_looks(turns: int, *, side: int, own_side: int) -> str:
    """How a network looks at a part, as what follows its name; nothing of one that looks as its architecture usually does:
    once, at its own side in pixels."""
    if turns == 1 and side == own_side:
        return ""
    often = "looks once" if turns == 1 else f"looks {turns} times, turned by a quarter from look to look"
    return often if side == own_side else f"{often}, at {side} px instead of {own_side}"


def say_work(turns: int, *, side: int, own_side: int) -> str:
    """What such looks take: the work of a look grows with its pixels."""
    return f"about {turns * (side / own_side) ** 2:.2g} times the work of one look at {own_side} px"


def round_percent(value_0_1: float, digits: int) -> str:
    """In percent, without the sign: never "100" for what is not all, never "0" for what is not nothing."""
    rounded, step = f"{value_0_1 * 100:.{digits}f}", 10.0**-digits
    if value_0_1 < 1 and float(rounded) >= 100:
        return f"> {100 - step:.{digits}f}"
    if value_0_1 > 0 and float(rounded) == 0:
        return f"< {step:.{digits}f}"
    return rounded


def round_bound_up(bound_0_1: float) -> str:
    """What a rate may be at most, in percent without the sign: two digits, and never less than the bound."""
    percent = bound_0_1 * 100
    if percent <= 0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(percent)) - 1)
    return f"{min(100.0, math.ceil(percent / step - 1e-9) * step):.6g}"


def say_limit(limit_0_1: float) -> str:
    """As it was set: "80%", "92.5%". Rounded to whole percent another limit would be told."""
    return f"{limit_0_1 * 100:.6g}%"


def say_apart(value_0_1: float, limit_0_1: float, *, digits: int = 1) -> str:
    """A value that is not the limit, with as many decimals as it takes to see on which side of it."""
    side = math.copysign(1, value_0_1 - limit_0_1)
    for more in range(digits, 7):
        told = f"{value_0_1 * 100:.{more}f}"
        if side * (float(told) - limit_0_1 * 100) > 1e-9:
            return f"{told}%"
    return f"{value_0_1 * 100!r}%"
