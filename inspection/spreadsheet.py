"""What a spreadsheet would run, it is to show."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guard_cell(text: str) -> str:
    """A spreadsheet runs a cell that starts like a formula; an apostrophe keeps a file's name a text."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
