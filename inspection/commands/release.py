"""release: what a training left in its folder, perhaps on another machine, becomes weights with their card here."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.commands.naming import tell_released
from inspection.commands.output import Exit
from inspection.commands.training_options import Side, Turns
from inspection.commands.training_runs import load_classes, release_learnt
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning.left_run import LeftRun, read_run
from inspection.lines import SYNTHETIC, Line, load_line

if TYPE_CHECKING:
    from inspection.learning.line_data import LineData


def release_run(
    line: Annotated[str, typer.Argument(help="The production line.")],
    run: Annotated[Path, typer.Option(help="The folder of a finished training.")],
    data: Annotated[Path, typer.Option(help="The line's pictures: they calibrate, choose and judge.")],
    mean_with: Annotated[
        list[Path] | None,
        typer.Option(
            help="Another finished training of the same model, from the same start or gone on with: released is the mean of the "
            "weights. May be given several times."
        ),
    ] = None,
    small: Annotated[bool, typer.Option("--small", help="Store eight bits a channel.")] = False,
    turns: Turns = None,
    side: Side = None,
    note: Annotated[
        list[str] | None, typer.Option(help="What the card is to say besides; may be given several times.")
    ] = None,
) -> None:
    """Calibrate, evaluate and write the weights of a classifier that `train --later` left, with their card."""
    from inspection.learning.looks import override
    from inspection.learning.mean_run import average_runs, check_mixable, tell_mean

    settings, definition = load_settings(), load_line(line)
    left, others = read_run(run), [read_run(each) for each in mean_with or ()]
    for each in (left, *others):
        check_run(each, line, definition.classes)
    check_mixable(left, others, turns=turns, side=side)
    config, looks = left.config, override(left.looks, left.config.model, turns=turns, side=side)
    sets = load_classes(definition, config, data, settings, side=looks.side)
    for each in (left, *others):
        check_taught(each, definition, sets)
    said = (tell_mean(left, others),) if others else ()
    with TemporaryDirectory(prefix="assay-mean-") as scratch:
        released = average_runs(left, others, Path(scratch)) if others else left
        card = release_learnt(
            definition,
            config,
            released.folder,
            sets,
            settings,
            small=small,
            said=(*said, *(note or ())),
            looks=looks,
        )
    tell_released(definition, card, settings)
    raise typer.Exit(Exit.OK)


def check_run(left: LeftRun, line: str, classes: tuple[str, ...]) -> None:
    from models.registry import find_spec

    config = left.config
    if left.state != "finished":
        raise DataInvalid(
            f"Expected a finished training in {left.folder}, got one that is {left.state}. Start it again; it goes on."
        )
    if (config.line, config.class_names) != (line, classes) or find_spec(config.model).task != "classify":
        raise DataInvalid(
            f"Expected in {left.folder} a classifier of {line} that knows {', '.join(classes)}, got {config.model} of {config.line} "
            f"with {', '.join(config.class_names)}. Name its line, or another folder."
        )


def check_taught(left: LeftRun, line: Line, sets: "LineData") -> None:
    """What taught must not judge. Where parts were made meanwhile none of the folder taught; where the pictures are
    synthesised another processor rounds otherwise, and the split says which they are."""
    named = ["split"] if line.name in SYNTHETIC else ["split", "sha256"]
    if not left.config.made and any(left.facts.get(name) != sets.facts[name] for name in named):
        raise DataInvalid(
            f"Expected the pictures and the split that the training in {left.folder} began with, got others: what judges might have "
            "taught. Name the folder it was trained from."
        )
