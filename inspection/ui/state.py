"""What one browser tab holds while it works: its choice, and the pictures of its last batch. Bounded, and nobody else's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from inspection.types import Inspection, Precision
from inspection.ui.uploads import Refusal, Upload

_BATCH = "inspect.batch"


@dataclass(frozen=True, slots=True)
class Choice:
    """What does the judging."""

    line: str
    model: str
    precision: Precision


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    data: bytes  # as they came; the uploader's own object, not a copy
    outcome: Inspection | Refusal | None = None  # None: not yet inspected
    thumbnail: bytes | None = None  # JPEG
    preview: bytes | None = None  # JPEG, the picture as it is, small enough for a screen
    size: tuple[int, int] = (0, 0)  # width and height of the picture itself

    @property
    def inspection(self) -> Inspection | None:
        return self.outcome if isinstance(self.outcome, Inspection) else None


@dataclass(slots=True)
class Batch:
    """One batch of one session. Opening another drops this one, so memory stays within the limits of one upload."""

    choice: Choice
    source: tuple[str, ...]  # the ids of what was given
    entries: list[Entry] = field(default_factory=list)
    opened: int | None = None  # the entry that is looked at
    stopped: bool = False

    @property
    def waiting(self) -> list[int]:
        return [index for index, entry in enumerate(self.entries) if entry.outcome is None]

    @property
    def from_samples(self) -> bool:
        return self.source[0] == "sample"

    def settle(self, index: int, entry: Entry) -> None:
        self.entries[index] = entry

    def outcomes(self) -> Iterator[tuple[int, Entry]]:
        return ((index, entry) for index, entry in enumerate(self.entries) if entry.outcome is not None)


def open_batch(
    choice: Choice, source: Sequence[str], load: Callable[[], Sequence[Upload | Refusal]]
) -> Batch:
    """This session's batch of these inputs; `load` is called only when they are new.

    Pictures that lay in the batch before, because others were added to them or taken away, are not judged again.
    """
    held = st.session_state.get(_BATCH)
    if isinstance(held, Batch) and held.source == tuple(source):
        if held.choice != choice:
            held.choice, held.stopped = choice, False
            held.entries = [_judge_again(entry) for entry in held.entries]
        return held
    known: dict[tuple[str, bytes], list[Entry]] = {}
    if isinstance(held, Batch) and held.choice == choice:
        for entry in held.entries:
            known.setdefault((entry.name, entry.data), []).append(entry)
    batch = Batch(choice, tuple(source), [_admit(item, known) for item in load()])
    st.session_state[_BATCH] = batch
    return batch


def drop_batch() -> None:
    st.session_state.pop(_BATCH, None)


def held_batch() -> Batch | None:
    held = st.session_state.get(_BATCH)
    return held if isinstance(held, Batch) else None


def _admit(item: Upload | Refusal, known: dict[tuple[str, bytes], list[Entry]]) -> Entry:
    """Each known entry once: a picture that is given twice is judged twice."""
    if isinstance(item, Refusal):
        return Entry(item.name, b"", item)
    before = known.get((item.name, item.data))
    return before.pop(0) if before else Entry(item.name, item.data)


def _judge_again(entry: Entry) -> Entry:
    """Another model judges the same picture; what is no picture stays refused."""
    return entry if isinstance(entry.outcome, Refusal) else replace(entry, outcome=None, thumbnail=None)
