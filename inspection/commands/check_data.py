"""check-data: what is wrong with a folder of pictures, before anything is learnt from it."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, print_json, results, show_share


def check_folders(
    folders: Annotated[
        list[Path], typer.Argument(help="One sub-folder a class; several folders are sides of a split.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Copies, near copies within and across folders, label conflicts, thin classes, unreadable files."""
    from inspection.learning.check_data import check_data
    from inspection.learning.data_report import render_report

    with show_share("checking") as tick:
        report = check_data(folders, progress=tick)
    if as_json:
        print_json(report.to_dict())
    else:
        for line in render_report(report):
            results.print(line)
    raise typer.Exit(Exit.OK if report.sound else Exit.FOUND_PROBLEMS)
