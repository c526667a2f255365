"""Who may read which records: auditors and managers all of them, everybody else what they made themselves."""

from collections.abc import Sequence
from dataclasses import replace

from inspection.lines import Line
from inspection.records.record import Kind, Record
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui import resources
from inspection.ui.keeping import name_person
from inspection.ui.roles import Person, Role, RoleRefused, current_person, require

READERS = frozenset({Role.AUDITOR, Role.MANAGER})


def reads_all(person: Person) -> bool:
    return bool(person.roles & READERS)


def limit_search(search: Search, person: Person) -> Search:
    return search if reads_all(person) else replace(search, persons=(name_person(),))


def open_record(store: RecordStore, code: str, person: Person) -> Record:
    record = store.find(code)
    if not _reads(record, person):
        raise RoleRefused(
            f"Record {record.id} was made by somebody else. Expected the role auditor or manager to read it."
        )
    return record


def may_open(record: Record) -> bool:
    """For what is drawn; opening it asks again."""
    person = current_person()
    return person is not None and _reads(record, person)


def _reads(record: Record, person: Person) -> bool:
    return reads_all(person) or record.person == name_person()


def correct_record(
    store: RecordStore, record: Record, *, changes: dict[str, str], reason: str, seen: int
) -> Record:
    """By an auditor, whose name it carries. seen: the record that held when the auditor looked."""
    require(Role.AUDITOR)
    return store.correct(
        record.id, changes, person=name_person(), reason=reason, good=find_good(record), seen=seen
    )


def find_good(record: Record) -> str | None:
    """The good class of the record's line; None: it has none, or the line is gone."""
    line = _find_line(record)
    return None if line is None else line.good


def list_classes(record: Record) -> tuple[str, ...]:
    """Those that its network told apart; where no part was found none was asked, and the line's are those it would tell."""
    line = _find_line(record)
    named: Sequence[str] = record.body["class_names"]
    return tuple(named) or (() if line is None else line.classes)


def _find_line(record: Record) -> Line | None:
    return resources.get_line(record.line) if record.line in resources.find_lines().sound else None


def is_correctable(record: Record, person: Person) -> bool:
    return record.kind is Kind.INSPECTION and Role.AUDITOR in person.roles
