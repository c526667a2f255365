"""What each kind of job does. Only this runs in the job's own process, so only here is torch loaded."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.config import Settings, load_settings
from inspection.jobs.fine_tuning import teach_corrections
from inspection.jobs.job import Job
from inspection.jobs.pictures import resolve_folder, stamp_folder
from inspection.jobs.supervise import Report, Work

if TYPE_CHECKING:
    from inspection.learning.config import TrainConfig
    from inspection.lines import Line
    from models.card import Card

STAGED = "weights"  # in the job's folder: a trained model that is not installed yet


def check_pictures(job: Job, report: Report) -> dict[str, Any]:
    """arguments: data."""
    from inspection.learning.check_data import check_data

    folder = resolve_folder(job.asked.arguments["data"], load_settings())
    stamp = stamp_folder(folder)
    found = check_data([folder], progress=lambda share, words: report("Checking the pictures", share, words))
    return {"stamp": stamp, **found.to_dict()}


def train_rival(job: Job, report: Report) -> dict[str, Any]:
    """arguments: data, line, model, epochs, recipe, warm_start, seed.

    What is trained lies apart until it is installed; it is installed at once where the line had no such model.
    """
    from inspection.commands.training_runs import train_classification, train_detection
    from inspection.learning.install import Staged, add_rival, install
    from inspection.lines import load_line
    from models.registry import find_spec

    asked, settings = job.asked.arguments, load_settings()
    line = load_line(asked["line"], settings)
    folder = resolve_folder(asked["data"], settings)
    take_in_added(line, folder, settings, report)
    report("Reading the pictures", None, "")
    config = plan_rival(line, asked, settings, job.run_dir)
    apart = replace(settings, weights_dir=job.folder / STAGED)
    train = train_detection if find_spec(config.model).task == "detect" else train_classification
    card = train(line, config, folder, job.run_dir, apart, small=False)
    staged = Staged(line.name, config.model, apart.weights_dir / line.name)
    place = settings.weights_dir / line.name / f"{config.model}.json"
    if not place.is_file():
        install(staged, settings)
    installed = runs_already(place, card)
    if installed:  # asked of the files: it may have been killed when it was installed, and named by nobody
        add_rival(line.name, config.model, settings)
    return {"line": line.name, "model": card.model, "installed": installed}


def take_in_added(line: "Line", folder: Path, settings: Settings, report: Report) -> None:
    """Before anything is split: pictures without a group would be refused."""
    from inspection.commands.output import notes
    from inspection.learning.added import take_in

    phase = "Finding the groups of added pictures"
    said = take_in(line, folder, settings, progress=lambda share, words: report(phase, share, words))
    if said is not None:
        notes.print(said)


def runs_already(place: Path, card: "Card") -> bool:
    """place: the card of what is in use. A damaged one is of something else."""
    from models.card import CardInvalid, read_card

    try:
        return read_card(place).weights_sha256 == card.weights_sha256
    except CardInvalid:
        return False


def plan_rival(line: "Line", asked: dict[str, Any], settings: Settings, run_dir: Path) -> "TrainConfig":
    """Gone on with, it starts from what it began with: better weights of ours may have come since."""
    from inspection.commands.train import plan_run
    from inspection.learning.starts import AUTOMATIC, find_start, read_begun

    begun = read_begun(run_dir)
    if begun is not None and asked["warm_start"] == AUTOMATIC:
        start = begun.warm_start
    else:
        found = find_start(asked["model"], asked["warm_start"], settings)
        start = None if found is None else str(found)
    changes: dict[str, object] = {"seed": asked["seed"], "warm_start": start}
    return plan_run(line, asked["model"], recipe=asked["recipe"], epochs=asked["epochs"], changes=changes)


def found_line(job: Job, report: Report) -> dict[str, Any]:
    """arguments: data, name, good, model, epochs, minutes, recipe, warm_start, seed."""
    from inspection.commands.new_line import make_line
    from inspection.learning.new_line import NewLine

    told = dict(job.asked.arguments)
    settings = load_settings()
    plan = NewLine(**{**told, "data": resolve_folder(told["data"], settings)})
    card, samples = make_line(plan, job.run_dir, settings, report=report)
    return {"line": card.line, "model": card.model, "installed": True, "samples": samples}


def find_run(job: Job) -> Path | None:
    """Where the training writes its epochs, once it does."""
    found = sorted(job.run_dir.glob("**/status.json"), key=lambda path: path.stat().st_mtime)
    return found[-1].parent if found else None


WORKS: dict[str, Work] = {
    "check": check_pictures,
    "train": train_rival,
    "new-line": found_line,
    "fine-tune": teach_corrections,
}
