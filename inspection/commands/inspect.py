"""inspect: pictures in, verdicts out."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, print_json, results, show_path, show_progress
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
) -> None:
    """Inspect pictures: verdict, class, probabilities, box and timings. Exit status 1 where a picture was refused."""
    from inspection.images import read_picture
    from inspection.pipeline import load_inspector

    with show_progress("loading the line") as _:
        inspector = load_inspector(line, model, precision)
    refused = 0
    with show_progress("inspecting") as tick:
        for index, path in enumerate(pictures):
            try:
                inspection = inspector.inspect(read_picture(path))
            except PictureRefused as error:
                refused += 1
                print_refusal(path, error, as_json=as_json)
            else:
                print_inspection(inspection, path, as_json=as_json)
            tick(index + 1, len(pictures))
    raise typer.Exit(Exit.FOUND_PROBLEMS if refused else Exit.OK)


def print_inspection(inspection: Inspection, path: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({**inspection.as_dict(), "picture": str(path)})
        return
    label = inspection.engine
    results.print(
        f"{show_path(path)}  {inspection.verdict.words}  "
        f"({inspection.model}, {label.name} {label.precision}, {inspection.timings_ms.total:.1f} ms)"
    )


def print_refusal(path: Path, error: PictureRefused, *, as_json: bool) -> None:
    if as_json:
        print_json({"picture": str(path), "error": {"kind": error.kind, "message": str(error)}})
    else:
        results.print(f"{show_path(path)}  refused: {error}")
