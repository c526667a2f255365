"""One training from pictures to a card: what `train`, `new-line` and the dashboard's jobs do alike."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.commands.doubts import find_share_doubts
from inspection.commands.output import notes, show_progress
from inspection.config import Settings, count_cores
from inspection.errors import DataInvalid
from inspection.learning.config import TrainConfig
from inspection.lines import Line
from inspection.writing import write_atomically
from models.card import Card

if TYPE_CHECKING:
    from inspection.learning.epochs import EpochRow, TrainReport
    from inspection.learning.line_data import LineData
    from inspection.learning.looks import Looks


def train_classification(
    line: Line,
    config: TrainConfig,
    data: Path,
    run_dir: Path,
    settings: Settings,
    *,
    small: bool,
    said: tuple[str, ...] = (),
    looks: "Looks | None" = None,
) -> Card:
    """looks: none for those of the line's own weights that it starts from."""
    from inspection.learning.looks import read_own_looks
    from models.registry import find_spec

    looks = looks or read_own_looks(line.name, config)  # before the release replaces what it starts from
    judging = looks.side or find_spec(config.model).input_size
    sets = learn_classes(line, config, data, run_dir, settings)
    if judging != find_teaching_side(config):
        sets = load_classes(line, config, data, settings, side=judging)
    return release_learnt(line, config, run_dir, sets, settings, small=small, said=said, looks=looks)


def release_learnt(
    line: Line,
    config: TrainConfig,
    run_dir: Path,
    sets: "LineData",
    settings: Settings,
    *,
    small: bool,
    said: tuple[str, ...],
    looks: "Looks",
) -> Card:
    """sets: of the pictures as it will judge them."""
    from inspection.learning.release import release_classifier

    return release_classifier(
        line,
        config,
        run_dir,
        tell_made(sets, config, run_dir),
        settings,
        int8_a_channel=small,
        looks=looks,
        notes=said,
        split=sets.split,
        tell=notes.print,
    )


def load_classes(
    line: Line, config: TrainConfig, data: Path, settings: Settings, *, side: int | None
) -> "LineData":
    """side: of the pictures, in pixels; the model's own where none is said."""
    from inspection.learning.line_data import load_line_data
    from models.registry import find_spec

    size = side or find_spec(config.model).input_size
    return load_line_data(line, data, size=size, cache_dir=settings.cache_dir / "arrays")


def find_teaching_side(config: TrainConfig) -> int:
    """Of the pictures that teach and choose, as they are kept: it does not hang on how the network will look."""
    from models.registry import find_spec

    return max(config.final_size, find_spec(config.model).input_size)


def learn_classes(
    line: Line, config: TrainConfig, data: Path, run_dir: Path, settings: Settings
) -> "LineData":
    """What it learnt with; the network waits in the run's folder to be released."""
    from inspection.learning.line_data import load_guided
    from inspection.learning.made_task import train_made
    from inspection.learning.train import teaching_size, train_classifier

    sets = load_classes(line, config, data, settings, side=find_teaching_side(config))
    taught = f"{config.made} parts that are made meanwhile" if config.made else f"{len(sets.train)} pictures"
    notes.print(f"{taught} teach, {len(sets.validation)} choose, {len(sets.test)} judge")
    for doubt in find_share_doubts(config.made or len(sets.train), config):
        notes.print(doubt)
    pin_data(run_dir, sets.facts)
    with show_progress(f"training {config.model}") as tick:

        def show(row: "EpochRow") -> None:
            show_epoch(row, tick)

        if config.made:
            workers = max(1, count_cores() - 1)  # one trains
            report = train_made(config, line, sets.validation, run_dir, workers=workers, on_epoch=show)
        else:
            teach = sets.train
            if config.guide:
                size = teaching_size(config)
                teach = load_guided(line, data, size=size, cache_dir=settings.cache_dir / "arrays")
            report = train_classifier(config, teach, sets.validation, run_dir, on_epoch=show)
    check_finished(report, run_dir)
    return sets


def tell_made(sets: "LineData", config: TrainConfig, run_dir: Path) -> "LineData":
    """The card must not leave it at the folder's pictures where parts taught that were made meanwhile."""
    from inspection.learning.shipping import read_curves
    from inspection.learning.synthesis.supply import plan_supply

    if not config.made:
        return sets
    side = plan_supply(config.made, config.made_seed, free_forms=config.free_forms)
    parts = max(int(row["parts_made"]) for row in read_curves(run_dir) if row["is_best"])
    made = {"parts": parts, "seed": side.seed, "designs": list(dict.fromkeys(side.designs))}
    return replace(sets, facts={**sets.facts, "made": made})


def train_patches(line: Line, config: TrainConfig, data: Path, run_dir: Path, settings: Settings) -> Path:
    from inspection.learning.checkpoint import BEST
    from inspection.learning.line_data import load_patches
    from inspection.learning.train import train_classifier

    sets = load_patches(line, data, size=config.final_size, cache_dir=settings.cache_dir / "arrays")
    notes.print(f"{len(sets.train)} patches teach, {len(sets.validation)} choose")
    pin_data(run_dir, sets.facts)
    with show_progress(f"training {config.model} on patches") as tick:
        report = train_classifier(
            config, sets.train, sets.validation, run_dir, on_epoch=lambda row: show_epoch(row, tick)
        )
    check_finished(report, run_dir)
    return run_dir / BEST


def train_detection(
    line: Line,
    config: TrainConfig,
    data: Path,
    run_dir: Path,
    settings: Settings,
    *,
    small: bool,
    said: tuple[str, ...] = (),
) -> Card:
    from inspection.learning.line_data import load_line_boxes
    from inspection.learning.release_detector import release_detector
    from inspection.learning.train_detector import train_detector
    from models.registry import find_spec

    size = find_spec(config.model).input_size
    sets = load_line_boxes(
        line,
        data,
        size=size,
        cache_dir=settings.cache_dir / "arrays",
        one_class=config.class_names == ("part",),
    )
    notes.print(f"{len(sets.train)} pictures teach, {len(sets.validation)} choose, {len(sets.test)} judge")
    for doubt in find_share_doubts(len(sets.train), config):
        notes.print(doubt)
    pin_data(run_dir, sets.facts)
    with show_progress(f"training {config.model}") as tick:
        report = train_detector(
            config, sets.train, sets.validation, run_dir, on_epoch=lambda row: show_epoch(row, tick)
        )
    check_finished(report, run_dir)
    return release_detector(
        line,
        config,
        run_dir,
        sets,
        settings,
        int8_a_channel=small,
        notes=said,
        split=sets.split,
        tell=notes.print,
    )


def pin_data(run_dir: Path, facts: dict[str, Any]) -> None:
    """A run that goes on must go on with the pictures that it began with: the card tells of one set only."""
    path = run_dir / "data.json"
    if path.is_file() and json.loads(path.read_text()) != facts:
        raise DataInvalid(
            f"Expected the pictures and the split that the run in {run_dir} began with, got others. "
            "Move that folder away to train anew."
        )
    run_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(facts, sort_keys=True).encode())


def show_epoch(row: "EpochRow", tick: object) -> None:
    figures = ", ".join(f"{name} {value:.4f}" for name, value in row.metrics.items() if name != "score")
    mark = " *" if row.is_best else ""
    notes.print(
        f"epoch {row.epoch}/{row.epochs} at {row.size} px: loss {row.train_loss:.4f}, {figures or 'not validated'}, "
        f"{row.seconds:.0f} s, {row.seconds_left / 60:.0f} min left{mark}"
    )
    if callable(tick):
        tick(row.epoch, row.epochs)


def check_finished(report: "TrainReport", run_dir: Path) -> None:
    if report.state != "finished":
        raise DataInvalid(
            f"Expected a finished run in {run_dir}, got one that is {report.state}. Start it again."
        )
