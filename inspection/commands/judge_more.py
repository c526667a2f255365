"""judge-more and calibrate: a classifier of a synthetic line on parts that are made for it."""

from typing import TYPE_CHECKING, Annotated

import typer

from inspection.commands.make_data import require_synthetic
from inspection.commands.output import Exit, notes, print_table, results, show_progress
from inspection.commands.shipped import choose_shipped
from inspection.lines import load_line

if TYPE_CHECKING:
    from inspection.learning.more_parts import Purpose

LineName = Annotated[str, typer.Argument(help="A line whose pictures are synthesised: aluminium.")]
Model = Annotated[str | None, typer.Option(help="A classifier; the line's champion by default.")]
Parts = Annotated[int, typer.Option(min=10, help="So many, as many of each class.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")]


def judge_more_parts(
    line: LineName, model: Model = None, parts: Parts = 4000, workers: Workers = None
) -> None:
    """Judge stored weights by more parts than the test side holds, for rates that few parts cannot show; the rows are kept
    beside the model's card."""
    from inspection.learning.more_parts import JUDGING

    _measure(line, model, parts, workers, JUDGING, "parts of designs that never teach")
    raise typer.Exit(Exit.OK)


def calibrate_parts(
    line: LineName, model: Model = None, parts: Parts = 4000, workers: Workers = None
) -> None:
    """Fit the temperature of stored weights to more parts than the validation side holds, of the designs that teach; how sure
    the model says it is changes, not what it says. A trial of the whole line has to be run again."""
    from inspection.learning.more_parts import CALIBRATING

    _measure(line, model, parts, workers, CALIBRATING, "parts that the temperature was fitted to")
    raise typer.Exit(Exit.OK)


def _measure(
    line: str, model: str | None, parts: int, workers: int | None, purpose: "Purpose", said: str
) -> None:
    from inspection.config import count_cores, load_settings
    from inspection.learning.evaluate import MEASURED
    from inspection.learning.more_parts import measure_more

    require_synthetic(line)
    definition, settings = load_line(line), load_settings()
    model = choose_shipped(
        definition,
        model,
        settings,
        instead="Name another model with --model, or return to the weights that ship, on the Improve page.",
    )
    with show_progress("rendering parts") as tick:
        card = measure_more(
            definition,
            model,
            parts,
            settings,
            purpose,
            workers=workers or count_cores(),
            tick=tick,
            on_wait=lambda: notes.print(
                "another process makes parts of this line: waiting until it has ended"
            ),
        )
    rows = []
    for precision in MEASURED:
        told = card.figures[purpose.split][precision]
        low, high = (told["accuracy_interval"][end] for end in ("low", "high"))
        rows.append(
            (
                precision,
                told["n"],
                f"{told['accuracy']:.2%} ({low:.2%} to {high:.2%})",
                f"{told['calibration_error']:.2%}",
            )
        )
    results.print(f"{line}, {model}, temperature {card.temperature:.3f}: {said}")
    print_table(("precision", "parts", "accuracy (95 %)", "calibration error"), rows)
