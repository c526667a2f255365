"""Everything that the Train page writes. Each asks for the role first: the menu hides pages, this refuses deeds."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from inspection.config import Settings, load_settings
from inspection.errors import DataInvalid, LineInvalid, WeightsRefused
from inspection.jobs.job import Job, JobRefused
from inspection.jobs.pictures import data_root, resolve_folder
from inspection.jobs.works import STAGED
from inspection.learning.install import Staged, install
from inspection.learning.new_line import NewLine, refuse_name, refuse_weights
from inspection.lines import list_lines, load_line
from inspection.ui import resources
from inspection.ui.job_deeds import get_desk
from inspection.ui.keeping import get_store, name_person
from inspection.ui.roles import Role, require
from inspection.ui.train_archive import Progress, Unpacked, unpack_set

if TYPE_CHECKING:
    from models.card import Card


def take_archive(stream: BinaryIO, name: str, progress: Progress) -> Unpacked:
    require(Role.ENGINEER)
    return unpack_set(stream, name, data_root(load_settings()), progress=progress)


def start_check(data: str) -> Job:
    person = require(Role.ENGINEER)
    resolve_folder(data, load_settings())
    return get_desk().hand_in("check", f"Check {data}", {"data": data}, by=person.name)


def start_line(plan: NewLine) -> Job:
    """The plan's data is the name of a data set."""
    person = require(Role.ENGINEER)
    settings = load_settings()
    refuse_line(plan.name, settings)
    resolve_folder(str(plan.data), settings)
    arguments = {name: getattr(plan, name) for name in NewLine.__slots__} | {"data": str(plan.data)}
    return get_desk().hand_in("new-line", f"New line {plan.name}", arguments, by=person.name)


def refuse_line(name: str, settings: Settings) -> None:
    """A name that is taken: by a line, by weights that a line left behind, or by one that is being made."""
    refuse_name(name, settings)
    refuse_weights(name, settings)
    if any(job.active and job.asked.arguments.get("name") == name for job in get_desk().list_jobs()):
        raise LineInvalid(f"Expected a new name, but a line {name} is being made. Choose another.")


def start_rival(
    data: str, line: str, model: str, *, epochs: int, recipe: str | None, warm_start: str | None, seed: int
) -> Job:
    person = require(Role.ENGINEER)
    settings, desk = load_settings(), get_desk()
    resolve_folder(data, settings)
    definition = load_line(line, settings)
    for job in desk.list_jobs():
        asked = job.asked.arguments
        if job.active and (asked.get("line"), asked.get("model")) == (line, model):
            raise JobRefused(
                f"Expected no other training of {model} for {line}, but one waits or runs. Follow it."
            )
    arguments = {
        "data": data,
        "line": definition.name,
        "model": model,
        "epochs": epochs,
        "recipe": recipe,
        "warm_start": warm_start,
        "seed": seed,
    }
    return desk.hand_in("train", f"Train {model} for {line}", arguments, by=person.name)


def take_over(job_id: str) -> Path:
    """The model that was trained again replaces the one in use. Who trains a model does not also let it onto the line:
    for the weights that run it, a manager is needed, as for a promotion.

    It stands in the chain before anything is touched, and again when it is done: a process that is killed in between, or a
    store that takes no more, leaves no weights of which nobody knows who put them there, and what was there before.
    """
    require(Role.ENGINEER)
    staged = find_staged(get_desk().find(job_id))
    if runs_line(staged):
        require(Role.MANAGER)
    store, before = get_store(), resources.get_sound_card(staged.line, staged.model)
    hashes = {"before": before and before.weights_sha256, "after": read_staged(staged).weights_sha256}
    note = partial(store.note, person=name_person(), line=staged.line, model=staged.model)
    note("weights to be replaced", hashes)
    card = install(staged, load_settings(), replace=True)
    note("weights replaced", hashes)
    return card


def read_staged(staged: Staged) -> "Card":
    from models.card import CardInvalid, read_card

    if not staged.card.is_file():
        raise DataInvalid(f"Expected a trained {staged.model} that waits, got none. Train it again.")
    try:
        return read_card(staged.card)
    except CardInvalid as error:
        raise WeightsRefused(str(error)) from error


def runs_line(staged: Staged) -> bool:
    """Whether verdicts rest on what would be replaced: on the detector that finds the part, and on the champion as it was
    shipped; a promoted one has a folder of its own."""
    if staged.model == load_line(staged.line).locate.model:
        return True
    champion = resources.get_champion(staged.line)
    return champion.release is None and champion.model == staged.model


def find_staged(job: Job) -> Staged:
    result = job.read_result()
    if job.asked.kind != "train" or not result:
        raise DataInvalid("Expected a training that finished. Resume it, or start another.")
    line, model = str(result["line"]), str(result["model"])
    return Staged(line, model, job.folder / STAGED / line)


def propose_name(data: str) -> str:
    """A line's name out of a data set's, not taken yet."""
    words = re.sub(r"[^a-z0-9]+", "-", data.rpartition("/")[2].lower()).strip("-")
    stem = re.sub(r"^[^a-z]+", "", words)[:34].strip("-") or "line"
    taken = set(list_lines())
    numbers = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in numbers if name not in taken)
