"""release: what a training left in its folder, perhaps on another machine, becomes weights with their card here."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.naming import name_rival
from inspection.commands.output import Exit, notes, results
from inspection.commands.training_options import Side, Turns
from inspection.commands.training_runs import load_classes, tell_made
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning.config import TrainConfig
from inspection.lines import load_line


def release_run(
    line: Annotated[str, typer.Argument(help="The production line.")],
    run: Annotated[Path, typer.Option(help="The folder of a finished training.")],
    data: Annotated[Path, typer.Option(help="The line's pictures: they calibrate, choose and judge.")],
    small: Annotated[bool, typer.Option("--small", help="Store eight bits a channel.")] = False,
    turns: Turns = None,
    side: Side = None,
    note: Annotated[
        list[str] | None, typer.Option(help="What the card is to say besides; may be given several times.")
    ] = None,
) -> None:
    """Calibrate, evaluate and write the weights of a classifier that `train --later` left, with their card."""
    from inspection.learning.looks import settle_looks
    from inspection.learning.release import release_classifier

    settings, definition = load_settings(), load_line(line)
    config = read_finished(run, line, definition.classes)
    looks = settle_looks(line, config, turns=turns, side=side)
    sets = load_classes(definition, config, data, settings, side=looks.side)
    card = release_classifier(
        definition,
        config,
        run,
        tell_made(sets, config, run),
        settings,
        int8_a_channel=small,
        looks=looks,
        notes=tuple(note or ()),
        split=sets.split,
        tell=notes.print,
    )
    results.print(
        f"{card.model}: {settings.weights_dir / line / card.model}.safetensors, {card.weights_bytes / 1e6:.1f} MB"
    )
    named = name_rival(definition, card.model, settings)
    if named is not None:
        notes.print(named)
    raise typer.Exit(Exit.OK)


def read_finished(run: Path, line: str, classes: tuple[str, ...]) -> TrainConfig:
    from inspection.learning.checkpoint import BEST
    from inspection.learning.run_status import read_status
    from inspection.learning.starts import read_begun
    from models.registry import find_spec

    config, status = read_begun(run), read_status(run)
    if config is None or status is None or not (run / BEST).is_file():
        raise DataInvalid(
            f"Expected in {run} what a training leaves (config.json, status.json, {BEST}), got less. Name another folder, or train."
        )
    if status.state != "finished":
        raise DataInvalid(
            f"Expected a finished training in {run}, got one that is {status.state}. Start it again; it goes on."
        )
    if (config.line, config.class_names) != (line, classes) or find_spec(config.model).task != "classify":
        raise DataInvalid(
            f"Expected in {run} a classifier of {line} that knows {', '.join(classes)}, got {config.model} of {config.line} with "
            f"{', '.join(config.class_names)}. Name its line, or another folder."
        )
    return config
