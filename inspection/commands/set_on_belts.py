"""set-on-belts: a line's published pictures laid on belts, so that a product detector can learn where the part is."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, print_table, results, show_path, show_progress
from inspection.lines import load_line
from inspection.wording import say_number


def set_parts_on_belts(
    line: Annotated[str, typer.Argument(help="A line whose part is round with a dark middle: casting.")],
    data: Annotated[Path, typer.Option(help="The published pictures, one sub-folder a class.")],
    out: Annotated[Path, typer.Option(help="A new folder for train/, validation/ and test/.")],
    train: Annotated[int, typer.Option(min=1, help="Pictures that teach.")] = 2500,
    validation: Annotated[int, typer.Option(min=1, help="Pictures that choose.")] = 300,
    test: Annotated[
        int, typer.Option(min=1, help="Pictures that judge, of photographs that teach nothing.")
    ] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 77,
) -> None:
    """Cut parts out of their plain ground and lay them on belts, with boxes; some stay as published, some have no part."""
    from inspection.learning.setting import write_set_parts

    counts = {"train": train, "validation": validation, "test": test}
    with show_progress("setting parts on belts") as tick:
        written = write_set_parts(out, data, line=load_line(line), counts=counts, seed=seed, on_progress=tick)
    kinds = sorted({kind for side in written.counts.values() for kind in side})
    rows = [[side, *(of_kind.get(kind, 0) for kind in kinds)] for side, of_kind in written.counts.items()]
    print_table(["side", *kinds], rows)
    results.print(f"{written.faulty} of {written.cuts} cuts failed their own check and were replaced")
    results.print(f"{say_number(sum(counts.values()), 'picture')} in {show_path(out)}")
    raise typer.Exit(Exit.OK)
