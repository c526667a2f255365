"""measure-boxes: what a shipped detector finds, measured again and kept in its card."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, print_table, results
from inspection.lines import load_line


def measure_boxes(
    line: Annotated[str, typer.Argument(help="The production line.")],
    model: Annotated[str, typer.Option(help="A detector that has weights.")],
    data: Annotated[Path, typer.Option(help="The pictures that it was trained from.")],
) -> None:
    """Measure a detector's stored weights again on the sides that its card names, and judge anew whether INT8 runs. Weights and
    calibration stay as they are."""
    from inspection.config import load_settings
    from inspection.learning.measure_again import measure_boxes_again

    card = measure_boxes_again(load_line(line), model, data, load_settings(), tell=notes.print)
    rows = []
    for side in ("validation", "test"):
        for precision, told in card.figures[side].items():
            said = [say(told, name) for name in ("map_50", "map_50_95", "recall")]
            rows.append((f"{side}, {precision}", told["boxes"], *said))
    results.print(f"{line}, {model}")
    print_table(("side", "boxes", "mAP@0.5 (95 %)", "mAP@0.5:0.95 (95 %)", "recall (95 %)"), rows)
    results.print(
        "Recall's interval takes each box for itself; where pictures hold several it may be too narrow."
    )
    changed = card.precisions["int8"]["against_f32"]["test"]
    results.print(f"INT8 changes {changed['flipped']} of {changed['n']} test pictures.")
    results.print(f"INT8 is withheld: {card.withheld}" if card.withheld else "INT8 is not withheld.")
    raise typer.Exit(Exit.OK)


def say(told: dict[str, object], name: str) -> str:
    value, interval = told[name], told[f"{name}_interval"]
    if not isinstance(value, float):
        return "–"
    if not isinstance(interval, dict):
        return f"{value:.2%}"
    return f"{value:.2%} ({interval['low']:.1%} to {interval['high']:.1%})"
