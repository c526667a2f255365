"""Weights that ship are worked on; those that were promoted are not: what the gate judged stays as it was."""

from inspection.config import Settings
from inspection.errors import WeightsRefused
from inspection.lines import Line


def choose_shipped(line: Line, model: str | None, settings: Settings, *, instead: str) -> str:
    """The model as asked for, by default the one that runs. instead: what to do where its weights were promoted."""
    from inspection.records.champions import find_serving_champion

    champion = find_serving_champion(line, settings)
    chosen = model or champion.model
    if champion.release is not None and champion.model == chosen:
        raise WeightsRefused(
            f"Expected weights of {chosen} that ship, but record {champion.record_id} promoted those that run line {line.name}, "
            f"and a release never changes. {instead}"
        )
    return chosen
