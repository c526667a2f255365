"""verify: the record chain, from its first link to its last."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, print_json, results, show_progress


def verify_records(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A signed checkpoint to hold the chain against; may be repeated."),
    ] = None,
    pictures: Annotated[float, typer.Option(min=0, max=1, help="The share of pictures to read again.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Walk the record chain and read the pictures again. Exit status 1 where anything does not fit."""
    from inspection.records.checkpoints import read_checkpoint
    from inspection.records.store import open_store
    from inspection.records.verify import verify

    store = open_store()
    try:
        with show_progress("verifying") as tick:
            report = verify(
                store,
                checkpoints=[read_checkpoint(path.read_text(encoding="utf-8")) for path in checkpoint or []],
                picture_share_0_1=pictures,
                progress=tick,
            )
    finally:
        store.close()
    if as_json:
        print_json(
            {
                "holds": report.holds,
                "records": report.records,
                "last_id": report.last_id,
                "last_hash": report.last_hash,
                "broken": report.broken,
                "first_break": None if report.first_break is None else report.first_break.words,
                "files_checked": report.files_checked,
                "checkpoint_faults": list(report.checkpoint_faults),
                "seconds": round(report.seconds, 3),
            }
        )
    else:
        results.print(report.words)
    raise typer.Exit(Exit.OK if report.holds else Exit.FOUND_PROBLEMS)
