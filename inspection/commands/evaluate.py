"""evaluate: a folder of known parts through the whole line, and what the line made of them."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from inspection.commands.output import Exit, notes, print_json, print_table, results, show_progress
from inspection.errors import PictureRefused
from inspection.types import Precision
from inspection.wording import say_number

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
    """Inspect every picture of a labelled folder: accuracy, escapes, false rejects and each class, with intervals."""
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
        print_evaluation(result, unfound=called.count(unfound))
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
    """A part that was not found counts as called wrongly: as a miss of its class, never as an escape."""
    from inspection.learning.metrics import average, measure_figures

    figures = measure_figures(
        labels,
        np.clip(np.array(probabilities).reshape(-1, len(classes) + 1), 0, 1),
        class_names=(*classes, UNFOUND),
        good_class=good,
        called=called,
    )
    own = [each for each in figures.per_class if each.name != UNFOUND]
    return {
        "n": figures.n,
        "accuracy": figures.accuracy,
        "accuracy_interval": None
        if figures.accuracy_interval is None
        else figures.accuracy_interval.as_list(),
        "macro_f1": average([each.f1 for each in own]),
        "escapes": None if figures.decision is None else figures.decision.escapes,
        "false_rejects": None if figures.decision is None else figures.decision.false_rejects,
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


def print_evaluation(result: dict[str, Any], *, unfound: int) -> None:
    low, high = result["accuracy_interval"] or (None, None)
    if low is None:
        results.print("No picture could be inspected.")
        return
    results.print(
        f"{result['line']}, {result['model']} at {result['precision']}: {say_number(result['n'], 'picture')}, "
        f"accuracy {result['accuracy']:.2%} (95 %: {low:.2%} to {high:.2%}), macro-F1 {result['macro_f1']:.4f}"
    )
    if result["escapes"] is not None:
        results.print(f"escapes {result['escapes']}, false rejects {result['false_rejects']}")
    if unfound:
        results.print(f"on {say_number(unfound, 'picture')} no part was found, which counts as wrong")
    print_table(
        ("class", "precision", "recall", "F1", "pictures"),
        [
            (name, *("–" if value is None else value for value in row.values()))
            for name, row in result["per_class"].items()
        ],
    )
