"""How a network looks at a part once it is released: what it learnt says little of either."""

from dataclasses import dataclass
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.learning.config import TrainConfig
from inspection.learning.recipes import FIXED_SIZE, find_side_step
from inspection.learning.starts import read_document


@dataclass(frozen=True, slots=True)
class Looks:
    turns: int = 1  # turned by a quarter from look to look; the answer is their mean
    side: int | None = None  # pixels; none: the model's own


ONE_LOOK = Looks()


def settle_looks(line: str, config: TrainConfig, *, turns: int | None, side: int | None) -> Looks:
    """What is not asked for is as the line's own weights that the training starts from look: in which poses the parts of
    another line lie, and how fine its defects are, says nothing of this line's."""
    own = read_own_looks(line, config)
    settled = Looks(turns or own.turns, side or own.side)
    if settled.side is not None:
        check_side(config.model, settled.side)
    return settled


def read_own_looks(line: str, config: TrainConfig) -> Looks:
    if config.warm_start is None:
        return ONE_LOOK
    card = read_document(Path(config.warm_start).with_suffix(".json"))
    if (card.get("line"), card.get("model")) != (line, config.model):
        return ONE_LOOK
    return Looks(int(card.get("turns", 1)), card.get("input_size"))


def check_side(model: str, side: int) -> None:
    from models.registry import find_spec

    own, step = find_spec(model).input_size, find_side_step(model)
    if model in FIXED_SIZE and side != own:
        raise DataInvalid(
            f"Expected --side {own}, the only size that {model} takes, got {side}. Leave it out, or name another model."
        )
    if side % step:
        raise DataInvalid(
            f"Expected a multiple of {step} px as --side, got {side}. Say {max(step, round(side / step) * step)}, for example."
        )
