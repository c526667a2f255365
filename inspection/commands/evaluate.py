"""evaluate: a folder of known parts through the whole line, and what the line made of them."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from inspection.commands.output import Exit, notes, print_json, print_table, results, show_progress
from inspection.commands.rates import say_errors, say_share
from inspection.errors import PictureRefused
from inspection.types import Precision
from inspection.wording import round_percent, say_number

UNFOUND = "(no part)"


def evaluate_folder(
    folder: Annotated[Path, typer.Argument(help="One sub-folder a class.")],
    line: Annotated[str, typer.Option(help="The production line.")],
    model: Annotated[str | None, typer.Option(help="A model of the line; its champion by default.")] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="int8 is fastest, f32 the reference; int8 where this machine can."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Inspect every picture of a labelled folder: accuracy, escapes, false rejects and each class, by the likeliest class,
    whatever was decided; with 95 % intervals, in JSON that of the accuracy alone."""
    from inspection.images import read_picture
    from inspection.learning.data import read_folder
    from inspection.loading import load_inspector

    inspector = load_inspector(line, model, precision)
    definition = inspector.line
    dataset = read_folder(folder, rename=definition.data.rename, class_names=definition.classes)
    labels: list[int] = []
    called: list[int] = []
    probabilities: list[list[float]] = []
    refused: list[str] = []
    unfound = len(definition.classes)
    with show_progress("evaluating") as tick:
        for done, (sample, label) in enumerate(zip(dataset.samples, dataset.labels, strict=True), start=1):
            tick(done, len(dataset.samples))
            try:
                found = inspector.inspect(read_picture(sample.path), explain=False)
            except PictureRefused as error:
                refused.append(f"{sample.path}: {error}")
                continue
            labels.append(label)
            row = [found.probabilities.get(name, 0.0) for name in definition.classes]
            called.append(int(np.argmax(row)) if found.box is not None else unfound)
            probabilities.append([*row, 1.0 - sum(row)])
    result = {
        "line": definition.name,
        "model": inspector.model,
        "precision": inspector.classifier_label.precision,
        **summarise(labels, called, probabilities, classes=definition.classes, good=definition.good),
    }
    if as_json:
        print_json(result)
    else:
        print_evaluation(result, good=definition.good, unfound=called.count(unfound))
    for complaint in refused:
        notes.print(f"refused: {complaint}")
    raise typer.Exit(Exit.FOUND_PROBLEMS if refused else Exit.OK)


def summarise(
    labels: list[int],
    called: list[int],
    probabilities: list[list[float]],
    *,
    classes: tuple[str, ...],
    good: str | None,
) -> dict[str, Any]:
    """A part that was not found counts as called wrongly: as a miss of its class, never as an escape or a false reject."""
    from inspection.learning.metrics import average, measure_figures

    figures = measure_figures(
        labels,
        np.clip(np.array(probabilities).reshape(-1, len(classes) + 1), 0, 1),
        class_names=(*classes, UNFOUND),
        good_class=good,
        called=called,
    )
    own = [each for each in figures.per_class if each.name != UNFOUND]
    good_unfound = 0 if good is None else figures.confusion[classes.index(good)][len(classes)]
    return {
        "n": figures.n,
        "accuracy": figures.accuracy,
        "accuracy_interval": None
        if figures.accuracy_interval is None
        else figures.accuracy_interval.as_list(),
        "macro_f1": average([each.f1 for each in own]),
        "escapes": None if figures.decision is None else figures.decision.escapes,
        "false_rejects": None if figures.decision is None else figures.decision.false_rejects - good_unfound,
        "per_class": {
            each.name: {
                "precision": each.precision,
                "recall": each.recall,
                "f1": each.f1,
                "support": each.support,
            }
            for each in own
        },
    }


def print_evaluation(result: dict[str, Any], *, good: str | None, unfound: int) -> None:
    if not result["n"]:
        results.print("No picture could be inspected.")
        return
    of_class = result["per_class"]
    results.print(
        f"{result['line']}, {result['model']} at {result['precision']}: {say_number(result['n'], 'picture')}, "
        f"accuracy {say_share(result['accuracy'], result['n'])}, macro-F1 {result['macro_f1']:.4f}"
    )
    if good is not None:
        shown = of_class[good]["support"]
        escapes = say_errors(result["escapes"], result["n"] - shown)
        results.print(f"escapes {escapes}, false rejects {say_errors(result['false_rejects'], shown)}")
    if unfound:
        results.print(f"on {say_number(unfound, 'picture')} no part was found, which counts as wrong")
    print_table(
        ("class", "precision", "recall (95 %)", "F1", "pictures"),
        [
            (
                name,
                "–" if row["precision"] is None else f"{round_percent(row['precision'], 2)}%",
                say_share(row["recall"], row["support"]),
                "–" if row["f1"] is None else f"{row['f1']:.4f}",
                row["support"],
            )
            for name, row in of_class.items()
        ],
    )
