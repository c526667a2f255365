"""The shift-start challenge: no known part may come out wrong before a line opens.

Wrong is a bad part that passes, a good part that is rejected, and a part that is not found. A part that goes to a person
(REVIEW) is not decided: of a bad one that is right, because the person will catch it, and of a good one it is a nuisance,
not a danger. So it closes no line; but where every part of a kind goes to a person the challenge shows nothing about that
kind, which is said, and where every part does, it shows nothing at all and does not open the line.

What came out is an event in the chain, passed or not; so is a manager's word that opens a line without it. The parts do not
become inspections of their own, since they would be counted among those of the line.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from inspection.images import decode
from inspection.lines import Line
from inspection.records.content import list_thresholds
from inspection.records.errors import RecordRefused
from inspection.records.known_parts import KnownPart
from inspection.records.record import Kind, Record
from inspection.records.search import Search, read_back
from inspection.records.store import RecordStore
from inspection.types import Inspection, VerdictKind
from inspection.wording import round_percent

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

EVENT, OVERRIDE = "challenge", "challenge overridden"
_SHORTEST_REASON = 5
Tick = Callable[[int, int], None]


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
        named = "" if self.class_name is None else f": {self.class_name}, {round_percent(self.score_0_1, 0)}%"
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
    judged_by: Mapping[str, object] = field(default_factory=dict)  # what decides beside the weights

    @property
    def passed(self) -> bool:
        wrong = any(outcome.wrong for outcome in self.outcomes)
        return not wrong and any(outcome.right for outcome in self.outcomes)

    @property
    def untold(self) -> tuple[str, ...]:
        return find_untold(self.outcomes, self.good)


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
        read_deciders(inspector),
    )


def read_deciders(inspector: "Inspector") -> dict[str, object]:
    """Of what is loaded, and not of what lies on the disk by now."""
    novelty = inspector.classifying.novelty
    return name_deciders(
        inspector.line,
        detector_sha256=inspector.detector_sha256.get("locates"),
        temperature=inspector.classifying.temperature,
        novelty_sha256=None if novelty is None else novelty.sha256,
    )


def name_deciders(
    line: Line, *, detector_sha256: str | None, temperature: float | None, novelty_sha256: str | None
) -> dict[str, object]:
    """What a verdict rests on beside the weights that name the defect. Where any of it is another one, what was shown to the
    line was shown to another judge."""
    return {
        "detector_sha256": detector_sha256 if line.locate.mode == "detector" else None,
        "temperature": temperature,
        "novelty_sha256": novelty_sha256 if line.policy.novelty_0_1 else None,
        "thresholds": list_thresholds(line),
    }


def find_untold(outcomes: Sequence[Outcome], good: str | None) -> tuple[str, ...]:
    """The kinds, "good" and "bad", of which not one part was decided. A line that names defects knows no kinds."""
    if good is None:
        return ()
    known = {"good" if outcome.expected == good else "bad" for outcome in outcomes}
    told = {"good" if each.expected == good else "bad" for each in outcomes if not each.undecided}
    return tuple(sorted(known - told, reverse=True))


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
            "shows_nothing_about": [f"{kind} parts" for kind in challenge.untold],
            "judged_by": dict(challenge.judged_by),
            "parts": [asdict(outcome) for outcome in challenge.outcomes],
        },
        person=person,
        line=challenge.line,
        model=challenge.model,
    )


def override_challenge(
    store: RecordStore,
    line: str,
    model: str,
    *,
    model_sha256: str,
    person: str,
    reason: str,
    seen: int | None,
) -> Record:
    """seen: the newest challenge or override that the decision rests on. Another window may have added one meanwhile."""
    if len(reason.strip()) < _SHORTEST_REASON:
        raise RecordRefused("Expected a reason for opening the line without a passed challenge. Say why.")

    def check_seen(connection: Connection) -> None:
        newest = next(filter(_is_challenge, read_back(connection, _events_of(line, None))), None)
        if newest is not None and newest.id != seen:
            raise RecordRefused(
                f"Expected the line as it was shown, but record {newest.id} ({newest.body['event']}) came since. "
                "Nothing was opened. Look at it, and decide again."
            )

    return store.note(
        OVERRIDE,
        {"model_sha256": model_sha256, "reason": reason.strip(), "overrides": seen},
        person=person,
        line=line,
        model=model,
        check=check_seen,
    )


def find_newest(store: RecordStore, line: str) -> int | None:
    newest = next(walk_challenges(store, line), None)
    return None if newest is None else newest.id


def list_challenges(
    store: RecordStore, line: str, *, since: datetime | None = None, most: int = 20
) -> tuple[Record, ...]:
    """Challenges and overrides, newest first."""
    return tuple(islice(walk_challenges(store, line, since=since), most))


def walk_challenges(store: RecordStore, line: str, *, since: datetime | None = None) -> Iterator[Record]:
    """The last of the chain first: a failed challenge counts though the clock was put back before it."""
    return filter(_is_challenge, store.walk_back(_events_of(line, since)))


def _events_of(line: str, since: datetime | None) -> Search:
    return Search(since=since, kinds=(Kind.EVENT,), lines=(line,))


def _is_challenge(record: Record) -> bool:
    return record.body["event"] in (EVENT, OVERRIDE)


def read_outcomes(record: Record) -> tuple[Outcome, ...]:
    return tuple(Outcome(**stored) for stored in record.body["details"].get("parts", ()))
