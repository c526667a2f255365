"""verify: the record chain, from its first link to its last. checkpoint: signs where it ends now."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, print_json, results, show_progress
from inspection.wording import say_number


def verify_records(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A signed checkpoint to hold the chain against; may be repeated."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The public key (hex) that the checkpoints must be signed with.")
    ] = None,
    pictures: Annotated[float, typer.Option(min=0, max=1, help="The share of pictures to read again.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Walk the record chain and read the pictures again. Exit status 1 where anything does not fit."""
    if key is not None and not checkpoint:
        raise typer.BadParameter(
            "Expected it beside --checkpoint FILE, got it alone: the key is what checkpoints are held against. "
            "Name a checkpoint, or leave the key out.",
            param_hint="--key",
        )
    from inspection.records.checkpoint_files import read_checkpoint_file
    from inspection.records.store import open_store
    from inspection.records.verify import verify

    checkpoints = [read_checkpoint_file(path, trusted_key=key) for path in checkpoint or []]
    store = open_store()
    try:
        with show_progress("verifying") as tick:
            report = verify(store, checkpoints=checkpoints, picture_share_0_1=pictures, progress=tick)
    finally:
        store.close()
    if as_json:
        print_json(report.as_dict())
    else:
        results.print(report.words)
        if report.clock_went_back:
            results.print(
                f"{say_number(report.clock_went_back, 'record is', 'records are')} dated before the one in front: "
                "the clock went back."
            )
    raise typer.Exit(Exit.OK if report.holds else Exit.FOUND_PROBLEMS)


def write_signed_checkpoint(
    folder: Annotated[Path, typer.Argument(help="Where the file goes; best on another machine's disk.")],
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Sign how many records there are and what the last one's hash is: verify finds later what was cut off."""
    from inspection.records.checkpoints import sign_checkpoint, write_checkpoint
    from inspection.records.keys import load_or_create_key
    from inspection.records.store import open_store

    store = open_store()
    try:
        signed = sign_checkpoint(store.database, load_or_create_key())
    finally:
        store.close()
    path = write_checkpoint(signed, folder)
    if as_json:
        print_json({"path": str(path), "records": signed.record_id, "public_key": signed.public_key})
    else:
        results.print(
            f"{path}: {say_number(signed.record_id, 'record')}, signed with the key {signed.public_key}."
        )
