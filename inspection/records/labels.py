"""What people say a part is: the answer that holds for each picture, and where they disagree.

Blind answers do not count: the person had not yet seen what the model saw. A correction settles what was said before
it; after it, and where there is none, each person's last answer counts, and all of them must say the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inspection.lines import Line
from inspection.records.record import Kind, Record
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.types import VerdictKind

CONFLICT = "people disagree"
UNNAMED = "no class of the line is named"
NOT_FOUND = "no part was found on it, so nothing can be cut out"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of one person."""

    id: int  # the record of the answer
    subject_id: int  # the inspection that it is about
    picture_sha256: str
    person: str
    class_name: str | None  # None: it names no class of the line
    settles: bool  # a correction
    model_class: str | None  # what the model had called the part
    found: bool  # the model had found a part: there is a box to cut


@dataclass(frozen=True, slots=True)
class Label:
    picture_sha256: str
    class_name: str
    subject_id: int  # the newest inspection that was answered: its box is the part's
    answers: tuple[int, ...]  # the records that hold
    people: tuple[str, ...]
    model_class: str | None

    @property
    def agrees(self) -> bool:
        return self.class_name == self.model_class


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that was answered and yet is of no use, with the reason in words."""

    picture_sha256: str
    answers: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Labels:
    line: str
    held: tuple[Label, ...]  # by picture hash
    left_out: tuple[LeftOut, ...]
    last_answer: int  # the newest answer that was read; 0 where there is none

    def since(self, answer: int) -> tuple[Label, ...]:
        """Those that something after this record was said about."""
        return tuple(label for label in self.held if max(label.answers) > answer)


def read_labels(store: RecordStore, line: Line) -> Labels:
    answers = list_answers(store, line)
    pictures: dict[str, list[Said]] = {}
    for said in answers:
        pictures.setdefault(said.picture_sha256, []).append(said)
    held: list[Label] = []
    left_out: list[LeftOut] = []
    for sha256 in sorted(pictures):
        found = settle(pictures[sha256])
        (held if isinstance(found, Label) else left_out).append(found)  # type: ignore[arg-type]
    return Labels(line.name, tuple(held), tuple(left_out), max((said.id for said in answers), default=0))


def find_last_answer(store: RecordStore, line: str) -> int:
    """Changes when anybody answers: what was read of the labels is fresh until then."""
    return store.find_last(Search(kinds=(Kind.DECISION, Kind.CORRECTION), lines=(line,)))


def list_answers(store: RecordStore, line: Line) -> list[Said]:
    """In the order of the chain."""
    chosen = Search(kinds=(Kind.DECISION, Kind.CORRECTION), lines=(line.name,))
    said = [
        answer for record in store.walk(chosen) if (answer := read_answer(store, record, line)) is not None
    ]
    return said


def read_answer(store: RecordStore, record: Record, line: Line) -> Said | None:
    """None where it says nothing of the class: a blind decision, or another part number."""
    body, subject_id = record.body, record.of_id
    assert subject_id is not None  # decisions and corrections are about a record
    if record.kind is Kind.DECISION:
        if not body["saw_map"]:
            return None
        named, model = record.class_name, body["model_said"]
    else:
        changed = body["changed"]
        if not {"verdict", "class"} & set(changed):
            return None
        # a class that was not touched is the old one: it says nothing where only the verdict was corrected
        named, model = body["new"]["class"] if "class" in changed else None, _ask_model(store, body)
    settled = record.kind is Kind.CORRECTION
    verdict = record.verdict if not settled or "verdict" in body["changed"] else None
    return Said(
        id=record.id,
        subject_id=subject_id,
        picture_sha256=body["subject_picture_sha256"],
        person=record.person,
        class_name=name_class(line, verdict, named),
        settles=settled,
        model_class=model["class"],
        found=model["verdict"] != VerdictKind.NO_PART,
    )


def _ask_model(store: RecordStore, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verdict and class of the inspection itself, before any correction."""
    old: Mapping[str, Any] = body["old"]
    return old if old["record"] == body["about"]["of"]["id"] else store.get(body["about"]["of"]["id"]).about


def name_class(line: Line, verdict: str | None, named: str | None) -> str | None:
    """The class of the line that an answer means; None where it means none, or two."""
    defects = [name for name in line.classes if name != line.good]
    if named is not None:
        passes_a_defect = verdict == VerdictKind.PASS and line.good is not None and named != line.good
        rejects_a_good = verdict == VerdictKind.REJECT and named == line.good
        return None if named not in line.classes or passes_a_defect or rejects_a_good else named
    if verdict == VerdictKind.PASS:
        return line.good
    return defects[0] if verdict == VerdictKind.REJECT and len(defects) == 1 else None


def settle(answers: Iterable[Said]) -> Label | LeftOut:
    """answers: all about one picture, in the order of the chain."""
    said = list(answers)
    settling = max((place for place, each in enumerate(said) if each.settles), default=0)
    standing = {each.person: each for each in said[settling:]}  # the last of each person
    holding = sorted(standing.values(), key=lambda each: each.id)
    names = {each.class_name for each in holding}
    ids = tuple(each.id for each in holding)
    picture, newest = said[0].picture_sha256, said[-1]
    if len(names) > 1:
        words = ", ".join(f"{each.person}: {each.class_name or 'no class'}" for each in holding)
        return LeftOut(picture, ids, f"{CONFLICT} ({words})")
    name = names.pop()
    if name is None:
        return LeftOut(picture, ids, UNNAMED)
    if not newest.found:
        return LeftOut(picture, ids, NOT_FOUND)
    return Label(
        picture_sha256=picture,
        class_name=name,
        subject_id=newest.subject_id,
        answers=ids,
        people=tuple(sorted(standing)),
        model_class=newest.model_class,
    )
