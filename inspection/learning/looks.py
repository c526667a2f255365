"""How a network looks at a part once it is released: what it learnt says little of either."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.learning.checkpoint import CONFIG
from inspection.learning.config import TrainConfig
from inspection.learning.recipes import check_side
from inspection.learning.starts import read_document
from inspection.writing import write_atomically

LOOKS = "looks.json"  # beside what a training leaves that is released later


@dataclass(frozen=True, slots=True)
class Looks:
    turns: int = 1  # turned by a quarter from look to look; the answer is their mean
    side: int | None = None  # pixels; none: the model's own


ONE_LOOK = Looks()


def settle_looks(line: str, config: TrainConfig, *, turns: int | None, side: int | None) -> Looks:
    """What is not asked for is as the line's own weights that the training starts from look: in which poses the parts of
    another line lie, and how fine its defects are, says nothing of this line's."""
    return override(read_own_looks(line, config), config.model, turns=turns, side=side)


def override(looks: Looks, model: str, *, turns: int | None, side: int | None) -> Looks:
    settled = Looks(turns or looks.turns, side or looks.side)
    if settled.side is not None:
        check_side(model, settled.side, "--side")
    return settled


def read_own_looks(line: str, config: TrainConfig) -> Looks:
    if config.warm_start is None:
        return ONE_LOOK
    card = read_document(Path(config.warm_start).with_suffix(".json"))
    if (card.get("line"), card.get("model")) != (line, config.model):
        return ONE_LOOK
    return Looks(int(card.get("turns", 1)), card.get("input_size"))


def keep_looks(looks: Looks, run_dir: Path) -> None:
    """Settled where the training begins: what it starts from may lie elsewhere, or be others, where it is released. A training
    that lies there keeps its own: another that is refused a moment later must not change how it is released."""
    if (run_dir / LOOKS).is_file() and (run_dir / CONFIG).is_file():
        kept = read_kept_looks(run_dir)
        if kept != looks:
            raise DataInvalid(
                f"Expected {say_looks(kept)}, as the training in {run_dir} has it, got {say_looks(looks)}. Say --turns and --side as "
                "it has them, or move that folder away to train anew; `release` takes others."
            )
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(run_dir / LOOKS, (json.dumps(asdict(looks)) + "\n").encode())


def say_looks(looks: Looks) -> str:
    side = "the model's own side" if looks.side is None else f"--side {looks.side}"
    return f"--turns {looks.turns} and {side}"


def read_kept_looks(run_dir: Path) -> Looks:
    told = json.loads((run_dir / LOOKS).read_text(encoding="utf-8"))
    return Looks(int(told["turns"]), None if told["side"] is None else int(told["side"]))
