"""Every inspection that the dashboard makes is kept; what could not be kept stays on the page and waits in its tab.

Nothing here is drawn while an inspection is being kept: a press of a button ends a script at its next element, and an
inspection that was kept but not noted as such would be kept twice.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from inspection.records.content import Context
from inspection.records.errors import RecordRefused, StoreError
from inspection.records.record import Record
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from inspection.records.surroundings import build_full_context
from inspection.types import Inspection
from inspection.ui.roles import RoleRefused, current_person

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

LEDGER = "keeping.ledger"
SAMPLE = "sample"


@st.cache_resource(max_entries=1, show_spinner=False, on_release=RecordStore.close)
def _open_store() -> RecordStore:
    return open_store()


def get_store() -> RecordStore:
    """One a process. A StoreError says what is wrong; the next call tries again."""
    return _open_store()


def name_person() -> str:
    """How whoever is at the other end stands in the records: by address, because two may share a name."""
    person = current_person()
    if person is None:
        raise RoleRefused("Expected somebody who is logged in. Log in again.")
    return "".join(letter for letter in person.address or person.name if letter.isprintable())[:200]


@dataclass(frozen=True, slots=True)
class Kept:
    record: Record
    took_ms: float


@dataclass(frozen=True, slots=True)
class NotKept:
    """Shown all the same. `picture` is None where too much waits already."""

    inspection: Inspection
    picture: bytes | None
    context: Context
    error: StoreError


@dataclass(slots=True)
class Ledger:
    """One tab's: what became of its inspections. Looked up by identity: the same picture may be inspected twice.

    A live line of the tab writes into it from a thread of its own.
    """

    most_kept: int = 512
    most_lost: int = 512
    most_waiting_bytes: int = 256 * 1024 * 1024
    kept: deque[tuple[Inspection, Kept]] = field(default_factory=deque)
    waiting: list[NotKept] = field(default_factory=list)
    forgotten: int = 0  # had no room to wait, and are too many to be listed
    lock: threading.RLock = field(default_factory=threading.RLock)

    def find(self, inspection: Inspection) -> Kept | NotKept | None:
        with self.lock:
            for known, kept in self.kept:
                if known is inspection:
                    return kept
            return next((held for held in self.waiting if held.inspection is inspection), None)

    def note_kept(self, inspection: Inspection, kept: Kept) -> None:
        with self.lock:
            self.kept.append((inspection, kept))
            while len(self.kept) > self.most_kept:
                self.kept.popleft()

    def note_waiting(self, held: NotKept) -> None:
        with self.lock:
            total = sum(len(one.picture) for one in self.waiting if one.picture is not None)
            if held.picture is not None and total + len(held.picture) > self.most_waiting_bytes:
                held = replace(held, picture=None)
            self.waiting.append(held)
            lost = [one for one in self.waiting if one.picture is None]
            if len(lost) > self.most_lost:
                self.waiting = [one for one in self.waiting if one is not lost[0]]
                self.forgotten += 1

    def take_in(self, other: "Ledger") -> None:
        """What another one holds, by the limits of this one."""
        if other is self:
            return
        with other.lock:
            kept, waiting, forgotten = list(other.kept), list(other.waiting), other.forgotten
        for inspection, known in kept:
            self.note_kept(inspection, known)
        for held in waiting:
            self.note_waiting(held)
        with self.lock:
            self.forgotten += forgotten

    @property
    def keepable(self) -> list[NotKept]:
        with self.lock:
            return [held for held in self.waiting if held.picture is not None]

    @property
    def lost(self) -> int:
        with self.lock:
            return len(self.waiting) - len(self.keepable) + self.forgotten

    def drop_lost(self) -> None:
        with self.lock:
            self.waiting, self.forgotten = self.keepable, 0


def open_ledger() -> Ledger:
    """This tab's."""
    ledger: Ledger = st.session_state.setdefault(LEDGER, Ledger())
    return ledger


def turn_to_ledger(ledger: Ledger) -> None:
    """One that a thread of this tab writes into, from now on; what this tab's own holds goes with it."""
    ledger.take_in(open_ledger())
    st.session_state[LEDGER] = ledger


def keep(
    inspection: Inspection,
    picture: bytes,
    *,
    inspector: "Inspector",
    source: str,
    part: str = "",
    person: str | None = None,
) -> Kept:
    """Once an inspection. person: where no browser is at the other end. Raises a StoreError when it is not kept."""
    context = build_full_context(inspector, person=person or name_person(), source=source, part=part)
    return _add(inspection, picture, context)


def keep_or_hold(
    inspection: Inspection,
    picture: bytes,
    *,
    inspector: "Inspector",
    source: str,
    person: str | None = None,
    ledger: Ledger | None = None,
) -> StoreError | None:
    """For a page: what cannot be kept now is marked so and waits in this tab. Returns why.

    person, ledger: for a thread beside the page, which cannot ask who is there.
    """
    ledger = ledger or open_ledger()
    context = build_full_context(inspector, person=person or name_person(), source=source)
    try:
        ledger.note_kept(inspection, _add(inspection, picture, context))
    except StoreError as error:
        held = replace(context, inspected_at=datetime.now(UTC))
        ledger.note_waiting(NotKept(inspection, picture, held, error))
        return error
    return None


def keep_waiting(ledger: Ledger, wanted: list[NotKept]) -> None:
    """Tries again, oldest first, and stops where the store fails: one that the store refuses for what it says itself does
    not keep those behind it from being kept."""
    for held in wanted:
        if held.picture is None:
            continue
        with ledger.lock:
            place = next((index for index, one in enumerate(ledger.waiting) if one is held), None)
            if place is None:
                continue  # a second press of the same button
            try:
                kept = _add(held.inspection, held.picture, held.context)
            except StoreError as error:
                ledger.waiting[place] = replace(held, error=error)
                if isinstance(error, RecordRefused):
                    continue
                return
            ledger.waiting.pop(place)
            ledger.note_kept(held.inspection, kept)


def find_known_sample(store: RecordStore, inspection: Inspection) -> Record | None:
    """Every visit to the page judges its first sample. The same picture by the same weights to the same verdict is no
    news, and a hundred of them would tell Watch and Review of parts that never came."""
    same = Search(
        models=(inspection.model,),
        verdicts=(inspection.verdict.kind.value,),
        picture_sha256=inspection.sha256,
    )
    told = (inspection.model_sha256, inspection.engine.precision)
    found = store.search(same, limit=20).records
    return next((each for each in found if (each.body["model_sha256"], each.body["precision"]) == told), None)


def _add(inspection: Inspection, picture: bytes, context: Context) -> Kept:
    store = get_store()  # the first of a process opens it: that is no part of what keeping costs
    started = time.perf_counter()
    known = find_known_sample(store, inspection) if context.source == SAMPLE else None
    if known is not None:
        return Kept(known, (time.perf_counter() - started) * 1e3)
    record = store.add(inspection, picture, context=context)
    return Kept(record, (time.perf_counter() - started) * 1e3)
