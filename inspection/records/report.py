"""What a walk along the chain has found."""

from dataclasses import dataclass

from inspection.records.picture_check import PictureFault
from inspection.wording import say_number


@dataclass(frozen=True, slots=True)
class Break:
    record_id: int
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    records: int
    last_id: int
    last_hash: str  # hex
    first_break: Break | None
    broken: int  # records that do not fit
    clock_went_back: int  # dated before the record in front of them: no break, but worth a question
    tallies_match: bool
    missing_guards: tuple[str, ...]  # triggers that are gone, "(changed)", or not ours: "(added to TABLE)"
    files_checked: int
    picture_share_0_1: float
    picture_faults: tuple[PictureFault, ...]  # the first hundred
    checkpoints: int
    checkpoint_faults: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        faults = (self.first_break, self.missing_guards, self.picture_faults, self.checkpoint_faults)
        return self.tallies_match and not any(faults)

    @property
    def words(self) -> str:
        if self.holds:
            anchor = (
                say_number(self.checkpoints, "checkpoint holds", "checkpoints hold")
                if self.checkpoints
                else "no checkpoint was given"
            )
            return (
                f"The chain holds: {say_number(self.records, 'record')}, "
                f"{say_number(self.files_checked, 'file matches', 'files match')}, {anchor}. "
                "What was cut from its end, or written anew from some record on, shows only against a checkpoint."
            )
        found = [self.first_break.words] if self.first_break else []
        found += [] if self.tallies_match else ["The hourly counts disagree with the records."]
        if self.missing_guards:
            found.append(
                f"The database no longer refuses changes or sends parts to review as it was set up to; gone, changed or added: {', '.join(self.missing_guards)}."
            )
        found += [fault.words for fault in self.picture_faults[:3]]
        return " ".join([*found, *self.checkpoint_faults])

    def as_dict(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "holds": self.holds,
            "words": self.words,
            "records": self.records,
            "last_id": self.last_id,
            "last_hash": self.last_hash,
            "broken": self.broken,
            "first_break": None if self.first_break is None else self.first_break.words,
            "first_break_record": None if self.first_break is None else self.first_break.record_id,
            "missing_guards": list(self.missing_guards),
            "tallies_match": self.tallies_match,
            "clock_went_back": self.clock_went_back,
            "files_checked": self.files_checked,
            "picture_share": self.picture_share_0_1,
            "picture_faults": [
                {"record": fault.record_id, "sha256": fault.sha256, "message": fault.words}
                for fault in self.picture_faults
            ],
            "checkpoints": self.checkpoints,
            "checkpoint_faults": list(self.checkpoint_faults),
            "seconds": round(self.seconds, 3),
        }
