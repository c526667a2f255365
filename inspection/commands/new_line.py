"""new-line: a folder that nobody has seen → a line that inspects."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, results, show_share
from inspection.commands.train import plan_run
from inspection.commands.training_runs import train_classification
from inspection.config import Settings, load_settings
from inspection.learning.config import TrainConfig
from inspection.learning.new_line import NewLine
from inspection.learning.starts import AUTOMATIC
from inspection.learning.worth import say_doubt
from inspection.lines import Line, load_line
from models.card import Card

CHECKING, MEASURING, TRAINING = "Checking the pictures", "Measuring this machine", "Training"
Report = Callable[[str, float | None, str], None]  # the stage, the share of it that is done (0…1), words


def create_line(
    name: Annotated[str, typer.Argument(help="Small letters, digits and dashes.")],
    data: Annotated[Path, typer.Option(help="One sub-folder a class.")],
    good: Annotated[
        str | None, typer.Option(help="The class that passes; guessed from its name otherwise.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="The champion's architecture; by default one that starts from weights of ours."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Rounds over the training pictures; by default what --minutes allows."),
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=1, help="For the training, where --epochs is not given.")
    ] = 20.0,
    warm_start: Annotated[
        str, typer.Option(help="Weights to start from as LINE/MODEL; none: random ones; automatic: the best.")
    ] = AUTOMATIC,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice of the training.")] = 0,
) -> None:
    """Check the pictures, split them so that copies stay together, train, calibrate, evaluate, and write the line."""
    settings = load_settings()
    plan = NewLine(
        name, data, good, model, epochs, minutes, None if warm_start == "none" else warm_start, seed=seed
    )
    with show_share("checking the pictures") as tick:
        card, copied = make_line(
            plan,
            settings.var_dir / "runs" / name,
            settings,
            report=lambda stage, share, words: tick(share or 0.0, words or stage.lower()),
        )
    results.print(say_ready(card, copied))
    variants = say_test_variants(load_line(name, settings), data)
    if variants is not None:
        notes.print(variants)
    doubt = say_doubt(card.served_test)
    if doubt is not None:
        notes.print(doubt)
        notes.print(say_again(card, data, settings.var_dir / "runs" / name))
    raise typer.Exit(Exit.OK)


def make_line(plan: NewLine, home: Path, settings: Settings, *, report: Report) -> tuple[Card, int]:
    """The line's card and how many sample pictures it has. Started again with the same plan and home, it goes on.

    Each stage names itself before it begins; the training's own status takes over with its first epoch.

    The line's file is written last: a line that is listed has its weights, and one that failed leaves no trace of its
    name outside `home`.
    """
    from inspection.learning.data_report import render_for_training
    from inspection.learning.install import Staged, install
    from inspection.learning.new_line import (
        check_pictures,
        draft_files,
        draft_line,
        publish_line,
        refuse_empty_sides,
        refuse_layout,
        refuse_name,
        refuse_weights,
    )
    from inspection.learning.starts import pick_model

    refuse_name(plan.name, settings)
    model = plan.model or pick_model(settings)
    refuse_layout(plan.data, model)
    staged = Staged(plan.name, model, home / "weights" / plan.name)
    went_so_far = staged.card.is_file()  # killed while the line was put together: what is there is ours
    if not went_so_far:
        refuse_weights(plan.name, settings)
    report(CHECKING, None, "")
    found = check_pictures(plan.data, progress=lambda share, words: report(CHECKING, share, words))
    for told in render_for_training(found, plan.data):
        notes.print(told)
    table = draft_line(plan, champion=model)
    line = draft_files(plan, table, found, home / "line")
    refuse_empty_sides(line, plan.data, found)
    passes = line.good or "none, so no part passes; name it with --good"
    notes.print(f"classes {', '.join(line.classes)}; good: {passes}")
    report(MEASURING, None, "in which precision, and how fast, it trains this model")
    config = plan_training(plan, line, model, found.pictures, home / model, settings)
    report(TRAINING, None, "reading the pictures")
    apart = replace(settings, weights_dir=home / "weights")
    card = train_classification(line, config, plan.data, home / model, apart, small=False)
    install(staged, settings, replace=went_so_far)
    copied = publish_line(line, table, home / "line", plan.data, settings)
    shutil.rmtree(staged.folder.parent)  # left here, weights under the name would be taken for ours for ever
    return card, copied


def plan_training(
    plan: NewLine, line: Line, model: str, pictures: int, run_dir: Path, settings: Settings
) -> TrainConfig:
    """The same plan as before where the run has begun: how fast the machine is today must not change it."""
    from inspection.learning.new_line import (
        EPOCHS,
        FEW,
        count_minutes,
        count_taught,
        list_names,
        plan_epochs,
        say_plan,
    )
    from inspection.learning.pace import measure_pace, settle_precision
    from inspection.learning.starts import find_start, read_begun

    begun = read_begun(run_dir)
    if begun is not None and plan.warm_start == AUTOMATIC:
        start = begun.warm_start
    else:
        found = find_start(model, plan.warm_start, settings, pictures=list_names(plan.data))
        start = None if found is None else str(found)
    notes.print(f"starts from {'random weights' if start is None else start}")
    changes: dict[str, object] = {"warm_start": start, "seed": plan.seed}
    if count_taught(pictures) < FEW:
        changes["batch_size"] = 16  # twice the steps for the same work
    plain = plan_run(line, model, recipe=plan.recipe, epochs=EPOCHS, changes={})
    settled = settle_precision(plain, run_dir, tell=notes.print) if begun is None else begun
    changes["bf16"] = settled.bf16
    epochs = plan.epochs
    if epochs is None and begun is not None:
        epochs = begun.epochs
        notes.print(
            f"goes on with the {epochs} epochs of the run in {run_dir}; --minutes changes nothing. "
            "Move that folder away to plan anew"
        )
    elif epochs is None:
        pace = measure_pace(settled)
        taught = count_taught(pictures)
        epochs = plan_epochs(model, taught, pace, plan.minutes, recipe=plan.recipe)
        notes.print(f"this machine trains {1 / pace:.1f} pictures a second at 224 px")
        needed = count_minutes(model, taught, pace, epochs, recipe=plan.recipe)
        notes.print(say_plan(epochs, needed, plan.minutes))
    return plan_run(line, model, recipe=plan.recipe, epochs=epochs, changes=changes)


def say_ready(card: Card, copied: int) -> str:
    figures, precision = card.served_test, f"f32, since {card.withheld}" if card.withheld else "int8"
    low, high = (figures["accuracy_interval"][edge] for edge in ("low", "high"))
    return (
        f"Line {card.line} is ready: {figures['accuracy']:.2%} right on {figures['n']} test pictures "
        f"(95 %: {low:.2%} to {high:.2%}) at {precision}; {copied} sample pictures. "
        f"Try: python -m inspection inspect PICTURE --line {card.line}"
    )


def say_test_variants(line: Line, data: Path) -> str | None:
    """The interval that was told counts pictures."""
    from inspection.learning.line_sides import read_line_groups, split_line
    from inspection.learning.parts import say_variants

    return say_variants(split_line(line, data).split.test, read_line_groups(line) or {})


def say_again(card: Card, data: Path, home: Path) -> str:
    """A run goes on with the pictures that it began with, so this one makes room first."""
    return (
        f"To train again: add the pictures to {data}, move {home / card.model} away, then "
        f"python -m inspection train {card.line} --model {card.model} --data {data}"
    )
