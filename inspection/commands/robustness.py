"""robustness: a line on worse and worse pictures, kept in the model's card."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.commands.output import Exit, notes, print_json, print_table, results, show_progress
from inspection.errors import DataInvalid
from inspection.lines import load_line
from inspection.types import Precision

if TYPE_CHECKING:
    from inspection.config import Settings
    from inspection.learning.data import Sample
    from inspection.learning.robustness import RobustnessRow
    from inspection.lines import Line
    from inspection.pipeline import Inspector

PICTURES = 300


def worsen_pictures(
    line: Annotated[str, typer.Argument(help="The production line.")],
    data: Annotated[Path, typer.Option(help="The line's pictures; those of the test split are used.")],
    model: Annotated[str | None, typer.Option(help="A model of the line; its champion by default.")] = None,
    precision: Annotated[Precision | None, typer.Option(help="As served by default.")] = None,
    pictures: Annotated[int, typer.Option(min=0, help="A seeded choice of so many; 0: all.")] = PICTURES,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice, and of noise, turns and places.")] = 0,
    dry: Annotated[bool, typer.Option("--dry", help="Measure and print; leave the card alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One object a row.")] = False,
) -> None:
    """Darker, brighter, blurred, noisy, turned, compressed, hidden: the accuracy at five strengths of each."""
    from inspection.config import load_settings
    from inspection.learning.robustness import choose_samples, keep_robustness, measure_robustness
    from inspection.loading import load_inspector

    inspector = load_inspector(line, model, precision)
    card_path = find_card(inspector, load_settings(), dry=dry)
    judged = find_judged(inspector.line, data, card_path.with_suffix(".parquet"))
    chosen = choose_samples(judged, pictures, seed=seed)
    served = inspector.classifier_label.precision
    notes.print(f"{inspector.model} at {served}, {len(chosen)} of {len(judged)} test pictures")
    with show_progress("measuring") as tick:
        rows = measure_robustness(inspector, chosen, seed=seed, tick=tick)
    if not dry:
        keep_robustness(rows, card_path, weights_sha256=inspector.classifying.weights_sha256)
    if as_json:
        for row in rows:
            print_json(row.to_dict())
    else:
        results.print(f"{inspector.line.name}, {inspector.model} at {served}: {len(chosen)} test pictures")
        print_rows(rows)
    raise typer.Exit(Exit.OK)


def find_card(inspector: "Inspector", settings: "Settings", *, dry: bool) -> Path:
    """Of the weights that are measured: a promoted champion's lie in a place of their own, under their hash."""
    from inspection.records.champions import find_serving_champion, find_weights_dir

    champion = find_serving_champion(load_line(inspector.line.name, settings), settings)
    folder = find_weights_dir(inspector.model, champion, settings)
    if folder != settings.weights_dir and not dry:
        raise DataInvalid(
            f"Expected a place that may be written, but {inspector.model} was promoted by record {champion.record_id}: "
            "the chain names its card and all that belongs to it by their hashes. Measure it with --dry."
        )
    return folder / inspector.line.name / f"{inspector.model}.json"


def find_judged(line: "Line", data: Path, evaluations: Path) -> "tuple[Sample, ...]":
    """The pictures that the model's evaluation names: a split made today may hold some that taught it."""
    from inspection.learning.evaluate import read_evaluations
    from inspection.learning.line_sides import split_line

    rows = read_evaluations(evaluations)
    keys = next(each.keys for (split, _), each in rows.items() if split == "test")
    return split_line(line, data).dataset.select(keys)


def print_rows(rows: "list[RobustnessRow]") -> None:
    names = dict.fromkeys(row.condition for row in rows)
    levels = [f"{level}" for level in range(max(row.severity for row in rows) + 1)]
    print_table(
        ("condition", *levels),
        [(name, *(f"{row.right / row.n:.1%}" for row in rows if row.condition == name)) for name in names],
    )
