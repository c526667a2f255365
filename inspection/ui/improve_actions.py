"""Everything that the Improve page writes. Each asks for the role first: the menu hides pages, this refuses deeds."""

from inspection.config import load_settings
from inspection.jobs.job import Job, JobRefused
from inspection.jobs.pictures import resolve_folder
from inspection.learning.challenge import Challenge
from inspection.lines import Line, load_line
from inspection.records.promotion import (
    MAY_PROMOTE,
    MAY_RETURN,
    PromotionRefused,
    Signature,
    promote,
    roll_back,
)
from inspection.records.record import Record
from inspection.ui import resources
from inspection.ui.job_deeds import get_desk
from inspection.ui.keeping import get_store, name_person
from inspection.ui.roles import Person, Role, current_person, require

KIND = "fine-tune"


def list_fine_tunings(line: str) -> list[Job]:
    """The newest first."""
    jobs = get_desk().list_jobs()
    return [job for job in jobs if job.asked.kind == KIND and job.asked.arguments["line"] == line]


def start_fine_tuning(line: Line, model: str, *, data: str, epochs: int) -> Job:
    """data: the name of a data set, or empty."""
    person = require(Role.ENGINEER)
    if data:
        resolve_folder(data, load_settings())
    if any(job.active for job in list_fine_tunings(line.name)):
        raise JobRefused(f"Expected no other fine-tuning of {line.name}, but one waits or runs. Follow it.")
    arguments = {"line": line.name, "model": model, "data": data, "epochs": epochs}
    return get_desk().hand_in(KIND, f"Fine-tune {model} for {line.name}", arguments, by=person.name)


def sign_promotion(line: Line, challenge: Challenge, *, name: str, reason: str, override: bool) -> Record:
    person = require(*(Role(role) for role in MAY_PROMOTE))
    check_name(person, name)
    signature = Signature(name_person(), choose_role(person, MAY_PROMOTE), name, reason)
    record = promote(
        get_store(), load_line(line.name), challenge, signature, settings=load_settings(), override=override
    )
    resources.get_champion(line.name, fresh=True)
    return record


def go_back(line: Line, *, undoes: int, reason: str = "") -> Record:
    """undoes: the promotion that the page showed."""
    person = require(*(Role(role) for role in MAY_RETURN))
    signature = Signature(name_person(), choose_role(person, MAY_RETURN), person.name, reason)
    record = roll_back(get_store(), load_line(line.name), signature, settings=load_settings(), undoes=undoes)
    resources.get_champion(line.name, fresh=True)
    return record


def check_name(person: Person, name: str) -> None:
    """A typed name is a signature only where it is one's own. The local user has none to be held to."""
    if not person.local and name.strip().casefold() != person.name.strip().casefold():
        raise PromotionRefused(f"Expected your own name, {person.name}, as the signature. Type it.")


def choose_role(person: Person, allowed: tuple[str, ...]) -> str:
    return next(role for role in allowed if Role(role) in person.roles)


def may(roles: tuple[str, ...]) -> bool:
    person = current_person()
    return person is not None and bool(person.roles & {Role(role) for role in roles})
