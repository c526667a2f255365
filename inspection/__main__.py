"""python -m inspection …"""

import os
import sys

import typer

from inspection.commands.bench import run_bench
from inspection.commands.check_data import check_folders
from inspection.commands.evaluate import evaluate_folder
from inspection.commands.fine_tune import fine_tune_line
from inspection.commands.folds import run_folds
from inspection.commands.inspect import inspect_pictures
from inspection.commands.judge_more import calibrate_parts, judge_more_parts
from inspection.commands.listing import show_lines, show_models
from inspection.commands.make_data import make_data
from inspection.commands.measure_boxes import measure_boxes
from inspection.commands.measure_times import measure_times
from inspection.commands.new_line import create_line
from inspection.commands.novelty import fit_novelty
from inspection.commands.output import Exit, notes
from inspection.commands.release import release_run
from inspection.commands.results import write_results
from inspection.commands.robustness import worsen_pictures
from inspection.commands.set_on_belts import set_parts_on_belts
from inspection.commands.splits import store_splits
from inspection.commands.train import train_model
from inspection.commands.trial import try_line
from inspection.commands.verify import verify_records, write_signed_checkpoint
from inspection.errors import AssayError
from models.errors import ModelsError

app = typer.Typer(
    name="inspection",
    help="Inspects surfaces in manufacturing: a picture in; a verdict, its reason, its evidence and its cost out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("inspect")(inspect_pictures)
app.command("bench")(run_bench)
app.command("evaluate")(evaluate_folder)
app.command("train")(train_model)
app.command("release")(release_run)
app.command("fine-tune")(fine_tune_line)
app.command("folds")(run_folds)
app.command("robustness")(worsen_pictures)
app.command("measure-boxes")(measure_boxes)
app.command("measure-times")(measure_times)
app.command("trial")(try_line)
app.command("judge-more")(judge_more_parts)
app.command("calibrate")(calibrate_parts)
app.command("results")(write_results)
app.command("novelty")(fit_novelty)
app.command("new-line")(create_line)
app.command("check-data")(check_folders)
app.command("make-data")(make_data)
app.command("splits")(store_splits)
app.command("set-on-belts")(set_parts_on_belts)
app.command("verify")(verify_records)
app.command("checkpoint")(write_signed_checkpoint)
app.command("lines")(show_lines)
app.command("models")(show_models)


def main() -> int:
    """Typer itself ends with 0, with a command's own status, with 2 for wrong usage, with 130 when interrupted and quietly
    where whoever reads the output has gone."""
    try:
        app()
    except AssayError as error:
        notes.print(f"{error.kind}: {error}")
    except ModelsError as error:
        notes.print(f"{type(error).__name__}: {error}")
    except (
        OSError
    ) as error:  # a full disk, a folder without rights: of the machine, and a person can act on it
        let_go_of_output()
        notes.print(f"{type(error).__name__}: {say_system_error(error)}")
    return Exit.CANNOT


def say_system_error(error: OSError) -> str:
    places = " and ".join(str(each) for each in (error.filename, error.filename2) if each is not None)
    return (
        f"Expected to read and write {places or 'what was asked for'}, got: {error.strerror or error}. "
        "See to its rights and its room, or name another place."
    )


def let_go_of_output() -> None:
    """What stdout did not take would be tried once more at the very end, and change the exit status to 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
