"""The part that lies on the desk of the Review page, and how far its answer has come. No Streamlit here."""

from dataclasses import dataclass
from enum import StrEnum

from inspection.records.decisions import Answer
from inspection.records.leases import Lease
from inspection.records.queue import Reason
from inspection.records.record import Record
from inspection.records.review_rules import read_rules
from inspection.records.store import RecordStore
from inspection.types import VerdictKind


class Stage(StrEnum):
    BLIND = "blind"
    SHOWN = "shown"
    DONE = "done"
    AGAIN = "again"


@dataclass(slots=True)
class Sheet:
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

    @property
    def stands(self) -> bool:
        """The map was shown, the answer is as it was before it, and nobody has to say why: to go on confirms it."""
        return self.stage is Stage.SHOWN and self.chosen is not None and not self.needs_reason


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
