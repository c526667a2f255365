"""judge-more: a classifier of a synthetic line on freshly made parts of designs that never teach."""

from typing import Annotated

import typer

from inspection.commands.make_data import require_synthetic
from inspection.commands.output import Exit, print_table, results, show_progress
from inspection.lines import load_line


def judge_more_parts(
    line: Annotated[str, typer.Argument(help="A line whose pictures are synthesised: aluminium.")],
    model: Annotated[str | None, typer.Option(help="A classifier; the line's champion by default.")] = None,
    parts: Annotated[int, typer.Option(min=10, help="So many, as many of each class.")] = 4000,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
) -> None:
    """Judge stored weights by more parts than the test side holds, for rates that few parts cannot show; the rows are kept
    beside the model's card."""
    from inspection.config import count_cores, load_settings
    from inspection.learning.evaluate import MORE_PARTS
    from inspection.learning.more_parts import PRECISIONS, judge_more

    require_synthetic(line)
    definition = load_line(line)
    model = model or definition.champion
    with show_progress("rendering parts") as tick:
        card = judge_more(
            definition,
            model,
            parts,
            load_settings(),
            workers=workers or count_cores(),
            tick=tick,
        )
    rows = []
    for precision in PRECISIONS:
        told = card.figures[MORE_PARTS][precision]
        low, high = (told["accuracy_interval"][end] for end in ("low", "high"))
        rows.append(
            (
                precision,
                told["n"],
                f"{told['accuracy']:.2%} ({low:.2%} to {high:.2%})",
                f"{told['calibration_error']:.2%}",
            )
        )
    results.print(f"{line}, {model}: parts of designs that never teach")
    print_table(("precision", "parts", "accuracy (95 %)", "calibration error"), rows)
    raise typer.Exit(Exit.OK)
