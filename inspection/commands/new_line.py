"""new-line: a folder that nobody has seen → a line that inspects."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, results, show_share
from inspection.commands.train import plan_run, train_classification
from inspection.config import load_settings
from inspection.lines import load_line

EPOCHS = 40


def create_line(
    name: Annotated[str, typer.Argument(help="Small letters, digits and dashes.")],
    data: Annotated[Path, typer.Option(help="One sub-folder a class.")],
    good: Annotated[
        str | None, typer.Option(help="The class that passes; guessed from its name otherwise.")
    ] = None,
    model: Annotated[str, typer.Option(help="The champion's architecture.")] = "mobilenetv3_large",
    epochs: Annotated[int, typer.Option(min=1, help="Rounds over the training pictures.")] = EPOCHS,
) -> None:
    """Check the pictures, split them so that copies stay together, train, calibrate, evaluate, and write the line."""
    from inspection.learning.data_report import render_report
    from inspection.learning.new_line import (
        check_pictures,
        copy_samples,
        find_start,
        found_line,
        refuse_layout,
        refuse_name,
    )

    settings = load_settings()
    refuse_name(name, settings)
    refuse_layout(data, model)
    with show_share("checking the pictures") as tick:
        report = check_pictures(data, progress=tick)
    for told in render_report(report):
        notes.print(told)
    path = found_line(name, data, report, good=good, champion=model, settings=settings)
    line = load_line(name, settings)
    notes.print(f"classes {', '.join(line.classes)}; good: {line.good or 'none'}; written to {path.name}")
    start = find_start(model, settings)
    notes.print(
        "starts from random weights"
        if start is None
        else f"starts from the weights of line {start.parent.name}"
    )
    changes: dict[str, object] = {"warm_start": None if start is None else str(start)}
    config = plan_run(line, model, recipe=None, epochs=epochs, changes=changes)
    run_dir = settings.var_dir / "runs" / name / model
    try:
        card = train_classification(line, config, data, run_dir, settings, small=False)
    except BaseException:
        path.unlink()  # a line without weights is none; the run itself is kept, and the same command goes on with it
        raise
    copied = copy_samples(line, data, settings=settings)
    figures = card.figures["test"]["int8"]
    low, high = (figures["accuracy_interval"][edge] for edge in ("low", "high"))
    results.print(
        f"Line {name} is ready: {figures['accuracy']:.2%} right on {figures['n']} test pictures "
        f"(95 %: {low:.2%} to {high:.2%}) at int8; {copied} sample pictures. "
        f"Try: python -m inspection inspect PICTURE --line {name}"
    )
    raise typer.Exit(Exit.OK)
