"""The shift-start challenge: no known part may come out wrong before a line opens.

Wrong is a bad part that passes, a good part that is rejected, and a part that is not found. A part that goes to a person
(REVIEW) is not decided: of a bad one that is right, because the person will catch it, and of a good one it is a nuisance,
not a danger. So it closes no line; but where every part of a kind goes to a person the challenge shows nothing about that
kind, which is said, and where every part does, it shows nothing at all and does not open the line.

What came out is an event in the chain, passed or not; so is a manager's word that opens a line without it. A challenge
speaks for one day and for the weights that were challenged: another day or another model asks for another. The parts do
not become inspections of their own, since they would be counted among those of the line.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from inspection.images import decode
from inspection.lines import Line
from inspection.records.errors import PictureMissing, RecordRefused
from inspection.records.labels import Label, read_answer, settle
from inspection.records.record import Kind, Record
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.types import Inspection, VerdictKind

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

EVENT, OVERRIDE = "challenge", "challenge overridden"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MOST_A_CLASS = 3  # of parts that people confirmed
MOST_LOOKED = 500  # pictures of a class, where people disagree on most of them
_A_PAGE, _A_CLASS_PAGE = 200, 20
_SHORTEST_REASON = 5
State = Literal["open", "closed", "not challenged"]
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class KnownPart:
    name: str
    data: bytes
    expected: str  # a class of the line


@dataclass(frozen=True, slots=True)
class Outcome:
    part: str
    sha256: str
    expected: str
    verdict: str
    class_name: str | None
    score_0_1: float
    right: bool

    @property
    def undecided(self) -> bool:
        return self.verdict == VerdictKind.REVIEW

    @property
    def wrong(self) -> bool:
        return not self.right and not self.undecided

    @property
    def words(self) -> str:
        named = "" if self.class_name is None else f": {self.class_name}, {self.score_0_1:.0%}"
        return f"expected {self.expected}, came out {self.verdict}{named}"


@dataclass(frozen=True, slots=True)
class ShiftChallenge:
    line: str
    model: str
    model_sha256: str
    precision: str
    source: str
    good: str | None  # the line's good class
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        wrong = any(outcome.wrong for outcome in self.outcomes)
        return not wrong and any(outcome.right for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line stands today."""

    state: State
    words: str
    since: datetime | None = None
    record: int | None = None  # what it rests on
    wrong: tuple[str, ...] = ()  # the parts for which it is closed, in words


def run_challenge(
    inspector: "Inspector", parts: Sequence[KnownPart], *, source: str, tick: Tick | None = None
) -> ShiftChallenge:
    line = inspector.line
    check_parts(line, parts)
    outcomes: list[Outcome] = []
    seen: Inspection | None = None
    for done, part in enumerate(parts, start=1):
        seen = inspector.inspect(decode(part.data, name=part.name))
        verdict = seen.verdict
        outcomes.append(
            Outcome(
                part.name,
                hashlib.sha256(part.data).hexdigest(),
                part.expected,
                verdict.kind.value,
                verdict.class_name,
                float(verdict.score_0_1),
                is_right(line, part.expected, seen),
            )
        )
        if tick is not None:
            tick(done, len(parts))
    assert seen is not None  # there is at least one part
    return ShiftChallenge(
        line.name,
        seen.model,
        seen.model_sha256,
        seen.engine.precision,
        source,
        line.good,
        tuple(outcomes),
    )


def check_parts(line: Line, parts: Sequence[KnownPart]) -> None:
    named = {part.expected for part in parts}
    unknown = sorted(named - set(line.classes))
    if unknown:
        raise RecordRefused(
            f"Expected parts of {', '.join(line.classes)}, got {', '.join(unknown)}. Leave those out."
        )
    if not named:
        raise RecordRefused("Expected known parts to challenge the line with, got none. Choose some.")
    if line.good is not None and (line.good not in named or named == {line.good}):
        missing = "good" if line.good not in named else "bad"
        raise RecordRefused(f"Expected known good and known bad parts, got no {missing} one. Add one.")


def is_right(line: Line, expected: str, found: Inspection) -> bool:
    """A good part passes and a bad one is rejected; what the defect is called matters where names are all there is.

    One that goes to a person is not right either: nothing was decided. Whether it is wrong Outcome.wrong says.
    """
    verdict = found.verdict
    if expected == line.good:
        return verdict.kind is VerdictKind.PASS
    return verdict.kind is VerdictKind.REJECT and (line.good is not None or verdict.class_name == expected)


def keep_challenge(store: RecordStore, challenge: ShiftChallenge, *, person: str) -> Record:
    return store.note(
        EVENT,
        {
            "passed": challenge.passed,
            "model_sha256": challenge.model_sha256,
            "precision": challenge.precision,
            "source": challenge.source,
            "good": challenge.good,
            "parts": [asdict(outcome) for outcome in challenge.outcomes],
        },
        person=person,
        line=challenge.line,
        model=challenge.model,
    )


def override_challenge(
    store: RecordStore, line: str, model: str, *, model_sha256: str, person: str, reason: str
) -> Record:
    if len(reason.strip()) < _SHORTEST_REASON:
        raise RecordRefused("Expected a reason for opening the line without a passed challenge. Say why.")
    return store.note(
        OVERRIDE,
        {"model_sha256": model_sha256, "reason": reason.strip()},
        person=person,
        line=line,
        model=model,
    )


def list_challenges(
    store: RecordStore, line: str, *, since: datetime | None = None, most: int = 20
) -> tuple[Record, ...]:
    """Challenges and overrides, newest first."""
    return tuple(islice(walk_challenges(store, line, since=since), most))


def walk_challenges(store: RecordStore, line: str, *, since: datetime | None = None) -> Iterator[Record]:
    search, cursor = Search(since=since, kinds=(Kind.EVENT,), lines=(line,)), None
    while True:
        page = store.search(search, after=cursor, limit=_A_PAGE)
        yield from (record for record in page.records if record.body["event"] in (EVENT, OVERRIDE))
        cursor = page.next
        if cursor is None:
            return


def read_standing(store: RecordStore, line: str, *, model_sha256: str | None, now: datetime) -> Standing:
    """now: in the zone whose midnight begins a day. model_sha256: the weights that would run; None: nobody can tell.

    A rival that was challenged meanwhile, rightly or wrongly, says nothing of what runs.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    others: Record | None = None
    for record in walk_challenges(store, line, since=midnight):
        if record.body["details"]["model_sha256"] == model_sha256:
            return describe_standing(record)
        others = others or record
    if others is not None and model_sha256 is None and others.body["details"].get("passed") is False:
        return describe_standing(others)  # it may have been what runs
    if others is None:
        return Standing("not challenged", "No known parts were shown to this line today.")
    return Standing(
        "not challenged",
        f"Today's challenge was of other weights ({others.model}); what runs now was not challenged.",
        None,
        others.id,
    )


def describe_standing(record: Record) -> Standing:
    """record: the newest word of today about the weights that run."""
    details = record.body["details"]
    if record.body["event"] == OVERRIDE:
        words = f"Opened by {record.person} without a passed challenge: {details['reason']}"
        return Standing("open", words, record.at, record.id)
    outcomes = read_outcomes(record)
    kinds = " ".join(say_kinds(outcomes, details.get("good")))
    if details["passed"]:
        words = f"{say_passed(outcomes)}, {record.person}.{kinds and f' {kinds}'}"
        return Standing("open", words, record.at, record.id)
    words = f"The challenge failed: {say_failed(outcomes)}.{kinds and f' {kinds}'}"
    wrong = tuple(f"{each.part}: {each.words}" for each in outcomes if each.wrong)
    return Standing("closed", words, record.at, record.id, wrong)


def say_passed(outcomes: Sequence[Outcome]) -> str:
    undecided = sum(each.undecided for each in outcomes)
    if not undecided:
        return f"{len(outcomes)} known parts came out right"
    return (
        f"{len(outcomes) - undecided} of {len(outcomes)} known parts came out right, {undecided} went to a person, "
        "none was judged wrongly"
    )


def say_failed(outcomes: Sequence[Outcome]) -> str:
    wrong, right = sum(each.wrong for each in outcomes), sum(each.right for each in outcomes)
    if wrong:
        return f"{wrong} of {len(outcomes)} known parts {'was' if wrong == 1 else 'were'} judged wrongly"
    if not right:
        return f"all {len(outcomes)} known parts went to a person, which shows nothing"
    return (  # kept before 2026-11-21
        f"{len(outcomes) - right} of {len(outcomes)} known parts went to a person, which counted as wrong when it was made"
    )


def say_kinds(outcomes: Sequence[Outcome], good: str | None) -> Iterator[str]:
    """What came out of good and of bad parts. good: None in a line without a good class, and in older challenges."""
    if good is None:
        return
    for kind in ("good", "bad"):
        parts = [each for each in outcomes if (each.expected == good) == (kind == "good")]
        counts = Counter(each.verdict for each in parts)
        said = ", ".join(f"{n} {_CAME_OUT[VerdictKind(verdict)]}" for verdict, n in counts.most_common())
        yield f"Known {kind} parts: {said}."
        if parts and all(each.undecided for each in parts):
            yield f"So the challenge shows nothing about {kind} parts."


_CAME_OUT = {
    VerdictKind.PASS: "passed",
    VerdictKind.REJECT: "rejected",
    VerdictKind.REVIEW: "to a person",
    VerdictKind.NO_PART: "not found",
}


def read_outcomes(record: Record) -> tuple[Outcome, ...]:
    return tuple(Outcome(**stored) for stored in record.body["details"].get("parts", ()))


def name_class(stem: str, classes: Iterable[str]) -> str | None:
    """The class that a file is named after: "05-cracked-l-bracket" → "cracked"; None where it names none."""
    words = flatten(re.sub(r"^\d+[-_ ]*", "", stem))
    fitting = [name for name in classes if re.match(rf"{re.escape(flatten(name))}(-|$)", words)]
    return max(fitting, key=len, default=None)


def flatten(name: str) -> str:
    return re.sub(r"[-_ ]+", "-", name.lower())


def read_folder_parts(folder: Path, classes: Sequence[str]) -> tuple[KnownPart, ...]:
    """One sub-folder a class."""
    return tuple(
        KnownPart(path.name, path.read_bytes(), name)
        for name in classes
        for path in sorted((folder / name).glob("*"))
        if path.suffix.lower() in SUFFIXES
    )


def read_confirmed_parts(store: RecordStore, line: Line) -> tuple[KnownPart, ...]:
    """Parts whose class people have said and agree on (labels.py), the newest first: of each class a few."""
    parts: list[tuple[int, KnownPart]] = []
    for name in line.classes:
        found = islice(walk_confirmed(store, line, name), MOST_A_CLASS)
        parts += [(number, KnownPart(f"record {number}", data, name)) for number, data in found]
    return tuple(part for _, part in sorted(parts, key=lambda pair: -pair[0]))


def walk_confirmed(store: RecordStore, line: Line, name: str) -> Iterator[tuple[int, bytes]]:
    """(record, picture) of parts of this class. Each class is sought for itself, however many answers name others."""
    search = Search(kinds=(Kind.DECISION, Kind.CORRECTION), lines=(line.name,), class_names=(name,))
    seen: set[str | None] = set()
    cursor = None
    while len(seen) < MOST_LOOKED:
        page = store.search(search, after=cursor, limit=_A_CLASS_PAGE)
        for answer in page.records:
            subject = store.get(int(answer.of_id or 0))
            if subject.picture_sha256 in seen:
                continue
            seen.add(subject.picture_sha256)
            answers = [read_answer(store, record, line) for record in store.about(subject.id)]
            said = [each for each in answers if each is not None]
            label = settle(said) if said else None
            if not isinstance(label, Label) or label.class_name != name:
                continue
            try:
                yield subject.id, store.read_picture(subject)
            except PictureMissing:
                continue  # verify names it; a challenge takes another
        cursor = page.next
        if cursor is None:
            return
