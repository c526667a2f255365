"""results: RESULTS.md, from the evaluations that ship."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, results
from inspection.config import ROOT, load_settings
from inspection.errors import DataInvalid

PAGE = "RESULTS.md"


def write_results(
    out: Annotated[Path, typer.Option(help="Where it goes.")] = ROOT / PAGE,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit status 1 where it is stale.")
    ] = False,
) -> None:
    """Set our figures beside every table of the documents."""
    from inspection.learning.results import render_results
    from inspection.writing import write_atomically

    if not out.parent.is_dir():
        raise DataInvalid(
            f"Expected a folder to write {out.name} into, found none at {out.parent}. Make it first."
        )
    if out.is_dir():
        raise DataInvalid(
            f"Expected a file to write into, got the folder {out}. Name one below it: {out / PAGE}."
        )
    page = render_results(load_settings())
    if check:
        current = out.is_file() and out.read_text(encoding="utf-8") == page
        if not current:
            notes.print(f"{out.name} is not what the evaluations say: run `make results`.")
        raise typer.Exit(Exit.OK if current else Exit.FOUND_PROBLEMS)
    write_atomically(out, page.encode())
    results.print(str(out))
    raise typer.Exit(Exit.OK)
