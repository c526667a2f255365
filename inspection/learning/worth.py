"""Whether a model is shown to know more than which class is the most common."""

from collections.abc import Mapping
from typing import Any

from inspection.wording import round_percent


def say_doubt(figures: Mapping[str, Any]) -> str | None:
    """figures: a card's, of the test pictures at one precision. None: it is shown to be better than that."""
    confusion, names, interval = (
        figures.get(key) for key in ("confusion", "class_names", "accuracy_interval")
    )
    if not (confusion and names and interval):
        return None
    counts = [sum(row) for row in confusion]
    most = max(range(len(counts)), key=counts.__getitem__)
    share = counts[most] / sum(counts)
    if interval["low"] > share:
        return None
    return (
        f"That is not shown to be better than to call every part “{names[most]}”, which would be right for {round_percent(share, 0)}%. "
        "Do not let it decide yet: add pictures of more different parts, and train again."
    )
