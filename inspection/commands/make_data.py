"""make-data: the pictures of the synthetic line, made here."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, results, show_path, show_progress
from inspection.config import count_cores
from inspection.errors import DataInvalid
from inspection.lines import SYNTHETIC


def make_data(
    line: Annotated[str, typer.Argument(help="A line whose pictures are synthesised: aluminium.")],
    out: Annotated[Path, typer.Option(help="Gets train/, validation/ and test/.")],
    train: Annotated[int, typer.Option(min=10, help="Pictures that teach.")] = 6000,
    validation: Annotated[int, typer.Option(min=10, help="Pictures that choose.")] = 700,
    test: Annotated[
        int, typer.Option(min=10, help="Pictures that judge, of designs that never teach.")
    ] = 1200,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
) -> None:
    """Render the line's pictures with boxes and masks. The same numbers give the same bytes on processors with the same instructions, and the
    same pictures but for rounding on others; started again, it goes on."""
    from inspection.learning.synthesis.making import make_side, plan_sides

    require_synthetic(line)

    def tell_wait() -> None:
        notes.print(f"another process makes pictures in {show_path(out)}: waiting until it has ended")

    for side in plan_sides(train=train, validation=validation, test=test):
        with show_progress(side.name) as tick:
            folder = make_side(
                out, side, workers=workers or count_cores(), on_progress=tick, on_wait=tell_wait
            )
        notes.print(f"{side.name}: {side.count} pictures, seed {side.seed}, {len(side.designs)} designs")
        results.print(str(folder))
    raise typer.Exit(Exit.OK)


def require_synthetic(line: str) -> None:
    if line not in SYNTHETIC:
        raise DataInvalid(
            f"Expected a line whose pictures are synthesised ({', '.join(SYNTHETIC)}), got {line!r}. "
            "The pictures of the others must be fetched; the line's licence says from whom."
        )
