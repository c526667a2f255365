"""One person at the review queue, in one tab: which part lies there, what was said of it, what came before. No Streamlit here.

A part is shown without its verdict first (BLIND). The answer is kept, and only then verdict and map are shown (SHOWN);
the person confirms or changes the answer, and that is kept too (DONE). AGAIN opens a part that was done: the new
answer is a record that names the old one, which stays. A blind answer alone names no class, and the queue has its part
as answered: to go on from SHOWN confirms, and what was left there is opened before anything else.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inspection.records.decisions import Answer
from inspection.records.leases import Leases, PartTaken
from inspection.records.opinions import list_unconfirmed
from inspection.records.record import Kind, Record
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from inspection.ui.review_sheet import Sheet, Stage, read_answer

ASKED = "The model asked a person."
# A key that is held down repeats: what was revealed a moment ago was not looked at
BLINK_S = 0.4


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
    unconfirmed: list[int] = field(default_factory=list)  # answered before the map and not after it
    zoomed: bool = False

    @property
    def leases(self) -> Leases:
        return Leases(self.store.database, self.store.appender.clock)

    @property
    def skipped(self) -> list[int]:
        return [part for part in self.trail if part not in self.answered]

    def open_next(self) -> None:
        """Forward in the trail; at its end, another part from the queue. After the map, what stands is confirmed."""
        sheet = self.sheet
        if sheet is not None and sheet.stage is Stage.SHOWN:
            if not sheet.stands or sheet.chosen is None or not self._was_seen(sheet):
                return
            self._answer_shown(sheet, sheet.chosen)
        self._go_forward()

    def leave_unconfirmed(self) -> None:
        """On from a part that cannot be shown: nobody confirms what they cannot see. It comes again another time."""
        if self.sheet is not None and self.sheet.record.id in self.unconfirmed:
            self.unconfirmed.remove(self.sheet.record.id)
        self._go_forward()

    def _go_forward(self) -> None:
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
        elif self._was_seen(sheet):
            self._answer_shown(sheet, sheet.chosen)
            self._go_on()

    def undo(self) -> None:
        """Opens the last answer again; pressed there, the one before it."""
        sheet = self.sheet
        known = self.answered
        if sheet is not None and sheet.stage is Stage.AGAIN:
            known = known[: known.index(sheet.record.id)] if sheet.record.id in known else known
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

    def _was_seen(self, sheet: Sheet) -> bool:
        return self.clock() - sheet.started >= BLINK_S

    def _answer_blind(self, sheet: Sheet, answer: Answer) -> None:
        if sheet.lease is None:
            raise PartTaken("This part was not taken from the queue. Go on to the next.")
        sheet.lease = self.leases.renew(sheet.lease)
        sheet.blind = self._decide(sheet, answer, saw_map=False)
        self.answered.append(sheet.record.id)
        self.unconfirmed.append(sheet.record.id)
        sheet.stage, sheet.started = Stage.SHOWN, self.clock()

    def _answer_shown(self, sheet: Sheet, answer: Answer) -> None:
        again = sheet.stage is Stage.AGAIN
        sheet.settled = self._decide(sheet, answer, saw_map=True)
        sheet.stage = Stage.DONE
        if sheet.record.id in self.unconfirmed:
            self.unconfirmed.remove(sheet.record.id)
        if again:
            self._note_answer(sheet.record.id)

    def _note_answer(self, part: int) -> None:
        """As the last one. It may be none of this tab's: answered in another, it was opened again here."""
        if part in self.answered:
            self.answered.remove(part)
        self.answered.append(part)

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
        """To what was left unconfirmed, to the part that was interrupted, or to the next of the queue."""
        last = self.trail[-1] if self.trail else None
        if self.unconfirmed or last is None or last in self.answered or not self._visit(last):
            self._draw()

    def _draw(self) -> None:
        if not self.trail:
            self.unconfirmed = list(
                list_unconfirmed(self.store.database, person=self.person, lines=self.lines)
            )
        if self._take_up():
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
        """A part that was answered and whose map was left unconfirmed, in this sitting or where a tab was lost."""
        while self.unconfirmed:
            part = self.unconfirmed[0]
            if self._visit(part) and self.sheet is not None and self.sheet.stage is Stage.SHOWN:
                for known in (self.trail, self.answered):
                    if part not in known:
                        known.append(part)
                return True
            self.unconfirmed.pop(0)  # confirmed in another tab meanwhile
        return False

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
