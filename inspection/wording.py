"""Numbers in sentences, as they are said of one thing and of many."""


def say_number(count: int, one: str, many: str | None = None) -> str:
    """ "1 file", "3 files". many: where it is not `one` with an s, or where the verb changes too."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
