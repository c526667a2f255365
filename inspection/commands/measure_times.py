"""measure-times: how long a line's classifiers take, measured in turn on this machine and kept beside their cards."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from inspection.commands.output import Exit, print_table, results, show_progress
from inspection.lines import load_line


def measure_times(
    line: Annotated[str, typer.Argument(help="The production line.")],
    data: Annotated[Path, typer.Option(help="The pictures that it was trained from.")],
) -> None:
    """Time all evaluated classifiers of a line in turn, picture by picture, so that their times can be compared; leave the machine
    alone meanwhile. What they answered stays as it was evaluated."""
    from inspection.config import load_settings
    from inspection.learning.evaluate import MEASURED, read_released
    from inspection.learning.timing import time_classifiers

    settings = load_settings()
    with show_progress("timing") as tick:
        cards = time_classifiers(load_line(line), data, settings, tick=tick)
    rows = []
    for model, card in cards.items():
        kept = read_released(card, settings.weights_dir / line / f"{model}.parquet")
        for precision in MEASURED:
            taken = kept["test", precision].classify_ms
            rows.append(
                (model, precision, f"{np.median(taken):.1f}", f"{np.percentile(taken, 95):.1f}", len(taken))
            )
    results.print(f"{line}, one test picture at a time, {settings.threads} threads")
    print_table(("model", "precision", "median, ms", "p95, ms", "pictures"), rows)
    raise typer.Exit(Exit.OK)
