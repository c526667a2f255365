"""inspect: pictures in, verdicts out."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, print_json, results, show_path, show_progress
from inspection.commands.record_keeping import Keeper
from inspection.errors import PictureRefused
from inspection.types import Inspection, Precision


def inspect_pictures(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures to inspect.")],
    line: Annotated[str, typer.Option(help="The production line.")],
    model: Annotated[str | None, typer.Option(help="A model of the line; its champion by default.")] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="int8 is fastest, f32 the reference; int8 where this machine can."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a picture, one a line.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Add each inspection to the records.")] = False,
    part: Annotated[str, typer.Option(help="With --keep: the number of the part that is shown.")] = "",
) -> None:
    """Inspect pictures: verdict, class, probabilities, box and timings.

    Exit status 1 where a picture was refused, or an inspection could not be kept.
    """
    if part and not keep:
        raise typer.BadParameter(
            "Expected it with --keep, got it alone: the number of a part stands in its record, and nothing is recorded. "
            "Add --keep, or leave it out.",
            param_hint="--part",
        )
    from inspection.images import read_picture
    from inspection.loading import load_inspector

    with show_progress("loading the line") as _:
        inspector = load_inspector(line, model, precision)
    troubles = 0
    with Keeper(inspector, wanted=keep, part=part) as keeper, show_progress("inspecting") as tick:
        for index, path in enumerate(pictures):
            try:
                inspection = inspector.inspect(read_picture(path))
            except PictureRefused as error:
                troubles += 1
                print_refusal(path, error, as_json=as_json)
            else:
                kept = keeper.keep(inspection, path)
                troubles += "not_kept" in kept
                print_inspection(inspection, path, kept=kept, as_json=as_json)
            tick(index + 1, len(pictures))
    raise typer.Exit(Exit.FOUND_PROBLEMS if troubles else Exit.OK)


def print_inspection(
    inspection: Inspection, path: Path, *, kept: dict[str, dict[str, object]], as_json: bool
) -> None:
    """kept: empty where nobody asked; else "record" or "not_kept"."""
    if as_json:
        print_json({**inspection.as_dict(), "picture": str(path), **kept})
        return
    label = inspection.engine
    record = f"  record {kept['record']['code']}" if "record" in kept else ""
    results.print(
        f"{show_path(path)}  {inspection.verdict.words}  "
        f"({inspection.model}, {label.name} {label.precision}, {inspection.timings_ms.total:.1f} ms){record}"
    )
    if "not_kept" in kept:
        notes.print(f"{show_path(path)}  not kept: {kept['not_kept']['message']}")


def print_refusal(path: Path, error: PictureRefused, *, as_json: bool) -> None:
    if as_json:
        print_json({"picture": str(path), "error": {"kind": error.kind, "message": str(error)}})
    else:
        results.print(f"{show_path(path)}  refused: {error}")
