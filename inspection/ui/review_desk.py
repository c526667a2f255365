"""One person at the review queue, in one tab: which part lies there, what was said of it, what came before. No Streamlit here.

A part is shown without its verdict first (BLIND). The answer is kept, and only then verdict and map are shown (SHOWN);
the person confirms or changes the answer, and that is kept too (DONE). AGAIN opens a part that was done: the new
answer is a record that names the old one, which stays.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from inspection.records.decisions import Answer
from inspection.records.leases import Lease, Leases, PartTaken
from inspection.records.queue import Reason
from inspection.records.record import Kind, Record
from inspection.records.review_rules import read_rules
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.types import VerdictKind

ASKED = "The model asked a person."
# A key that is held down repeats: what was revealed a moment ago was not looked at
BLINK_S = 0.4


class Stage(StrEnum):
    BLIND = "blind"
    SHOWN = "shown"
    DONE = "done"
    AGAIN = "again"


@dataclass(slots=True)
class Sheet:
    """The part that lies on the desk."""

    record: Record
    stage: Stage
    started: float  # when this stage was served
    lease: Lease | None = None
    blind: Record | None = None
    settled: Record | None = None
    chosen: Answer | None = None
    reason: str = ""

    @property
    def said(self) -> Record | None:
        """The last that this person said of it."""
        return self.settled or self.blind

    @property
    def needs_reason(self) -> bool:
        """A changed mind, or another answer than that of a model that was sure."""
        if self.stage is Stage.BLIND or self.chosen is None:
            return False
        changed = self.said is not None and self.chosen != read_answer(self.said)
        overrides = self.record.verdict != VerdictKind.REVIEW and self.chosen != read_answer(self.record)
        return changed or overrides or self.stage is Stage.AGAIN


@dataclass(slots=True)
class Desk:
    store: RecordStore
    person: str
    lines: tuple[str, ...] = ()  # empty: all
    clock: Callable[[], float] = time.monotonic
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    sheet: Sheet | None = None
    trail: list[int] = field(default_factory=list)  # every part that lay here, in order
    answered: list[int] = field(default_factory=list)  # those with an answer, the last one last
    zoomed: bool = False

    @property
    def leases(self) -> Leases:
        return Leases(self.store.database, self.store.appender.clock)

    @property
    def skipped(self) -> list[int]:
        return [part for part in self.trail if part not in self.answered]

    def open_next(self) -> None:
        """Forward in the trail; at its end, another part from the queue."""
        place = self._find_place()
        for part in self.trail[place + 1 :]:
            if self._visit(part):
                return
        self._draw()

    def open_previous(self) -> None:
        place = self._find_place()
        for part in reversed(self.trail[:place]):
            if self._visit(part):
                return

    def choose(self, answer: Answer) -> None:
        if self.sheet is not None and self.sheet.stage is not Stage.DONE:
            self.sheet.chosen = answer

    def confirm(self) -> None:
        """Keeps what was chosen. Before the map: then shows it. After it: goes on to the next part."""
        sheet = self.sheet
        if sheet is None or sheet.stage is Stage.DONE:
            self.open_next()
        elif sheet.chosen is None or (sheet.needs_reason and not sheet.reason.strip()):
            return
        elif sheet.stage is Stage.BLIND:
            self._answer_blind(sheet, sheet.chosen)
        elif self.clock() - sheet.started >= BLINK_S:
            self._answer_shown(sheet, sheet.chosen)

    def undo(self) -> None:
        """Opens the last answer again; pressed there, the one before it."""
        sheet = self.sheet
        known = self.answered
        if sheet is not None and sheet.stage is Stage.AGAIN:
            known = known[: known.index(sheet.record.id)]
        elif sheet is not None and sheet.stage is Stage.DONE:
            known = [sheet.record.id]
        elif sheet is not None and sheet.stage is Stage.SHOWN:
            return  # it is still open: choose another answer
        if known and self._visit(known[-1]) and self.sheet is not None:
            self.sheet.stage = Stage.AGAIN

    def bring_back(self) -> None:
        """The parts that were passed over wait for this person again."""
        self.trail = list(self.answered)
        self._draw()

    def leave(self) -> None:
        self.leases.give_back(self.token)
        self.sheet = None

    def _answer_blind(self, sheet: Sheet, answer: Answer) -> None:
        if sheet.lease is None:
            raise PartTaken("This part was not taken from the queue. Go on to the next.")
        sheet.lease = self.leases.renew(sheet.lease)
        sheet.blind = self._decide(sheet, answer, saw_map=False)
        self.answered.append(sheet.record.id)
        sheet.stage, sheet.started = Stage.SHOWN, self.clock()

    def _answer_shown(self, sheet: Sheet, answer: Answer) -> None:
        again = sheet.stage is Stage.AGAIN
        sheet.settled = self._decide(sheet, answer, saw_map=True)
        sheet.stage = Stage.DONE
        if again:
            self.answered.remove(sheet.record.id)
            self.answered.append(sheet.record.id)
        self._go_on()

    def _decide(self, sheet: Sheet, answer: Answer, *, saw_map: bool) -> Record:
        reason = sheet.reason.strip()
        if saw_map and not reason and sheet.record.verdict == VerdictKind.REVIEW:
            reason = ASKED
        return self.store.decide(
            sheet.record.id,
            answer,
            person=self.person,
            saw_map=saw_map,
            took_ms=1e3 * (self.clock() - sheet.started),
            reason=reason if saw_map else "",
        )

    def _go_on(self) -> None:
        """To the part that was interrupted, or to the next of the queue."""
        last = self.trail[-1] if self.trail else None
        if last is None or last in self.answered or not self._visit(last):
            self._draw()

    def _draw(self) -> None:
        if not self.trail and self._take_up():
            return
        lease = self.leases.take_next(
            token=self.token,
            person=self.person,
            lines=self.lines,
            skipped=self.skipped,
            resume=not self.trail,
        )
        self.sheet = None
        if lease is None:
            return
        record = self.store.get(lease.place.record_id)
        self.sheet = Sheet(record, Stage.BLIND, self.clock(), lease)
        self.trail.append(record.id)

    def _take_up(self) -> bool:
        """The part whose map this person was about to see when the tab was lost: the queue has it as answered, and a
        blind answer alone names no class."""
        mine = Search(kinds=(Kind.DECISION,), persons=(self.person,), lines=self.lines)
        last = next(iter(self.store.search(mine, limit=1).records), None)
        if last is None or last.of_id is None or last.body["saw_map"]:
            return False
        if any(
            record.kind is Kind.DECISION and record.person == self.person and record.body["saw_map"]
            for record in self.store.about(last.of_id)
        ):
            return False  # said by a clock that was put back since
        self.trail.append(last.of_id)
        self.answered.append(last.of_id)
        return self._visit(last.of_id)

    def _visit(self, part: int) -> bool:
        """False: somebody else has it by now; it leaves the trail."""
        own = [
            record
            for record in self.store.about(part)
            if record.kind is Kind.DECISION and record.person == self.person
        ]
        if not own:
            try:
                lease = self.leases.take(part, token=self.token, person=self.person)
            except PartTaken:
                self.trail.remove(part)
                return False
            self.sheet = Sheet(self.store.get(part), Stage.BLIND, self.clock(), lease)
            return True
        self.leases.give_back(self.token)
        blind = next((record for record in own if not record.body["saw_map"]), None)
        settled = next((record for record in reversed(own) if record.body["saw_map"]), None)
        stage = Stage.SHOWN if settled is None else Stage.DONE
        sheet = Sheet(self.store.get(part), stage, self.clock(), blind=blind, settled=settled)
        sheet.chosen = None if sheet.said is None else read_answer(sheet.said)
        self.sheet = sheet
        return True

    def _find_place(self) -> int:
        """In the trail; behind it where nothing lies on the desk."""
        if self.sheet is None or self.sheet.record.id not in self.trail:
            return len(self.trail)
        return self.trail.index(self.sheet.record.id)


def read_answer(record: Record) -> Answer:
    return Answer(VerdictKind(record.verdict), record.class_name)


def find_reason(store: RecordStore, sheet: Sheet) -> Reason:
    """Why the part waited. Of one that was decided the queue no longer knows: by the rules as they are."""
    if sheet.lease is not None:
        return sheet.lease.place.reason
    record, rules = sheet.record, read_rules(store.database)
    if record.verdict == VerdictKind.REVIEW:
        return Reason.REVIEW
    if record.novelty_p is not None and record.novelty_p < rules.novelty_p:
        return Reason.NOVEL
    if record.score_0_1 is not None and record.score_0_1 < rules.confidence_0_1:
        return Reason.UNSURE
    return Reason.SAMPLE
