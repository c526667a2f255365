"""What a spreadsheet would run, it is to show."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guard_cell(value: object) -> object:
    """A spreadsheet runs a text that starts like a formula; an apostrophe keeps a file's name a text. Numbers stay."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
