"""Which weights run a line now: those of the line's file, unless the chain's newest promotion or return says otherwise."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from inspection.config import Settings, load_settings
from inspection.lines import Line
from inspection.records.errors import StoreDamaged, StoreError
from inspection.records.record import Kind, Record
from inspection.records.search import Search, read_back
from inspection.records.shelf import Release, check_release, open_release, shelf_dir
from inspection.records.store import RecordStore, open_store
from inspection.writing import write_atomically

PROMOTION, RETURN = "promotion", "return to an earlier champion"
FRESH_S = 0.2  # a page asks many times while it is drawn; after so long the chain is asked again
_log = logging.getLogger("assay.champions")
RETRY_S = 5.0  # after a store that cannot be reached


@dataclass(frozen=True, slots=True)
class Champion:
    model: str
    weights_dir: Path  # laid out like models/weights
    release: Release | None  # None: as shipped
    record_id: int | None  # what made it champion
    stale: bool = False  # the chain could not be read; this is what it said last


def serve_champion(line: Line, champion: Champion) -> Line:
    """The line with this champion; the one before it becomes a rival."""
    if champion.model == line.champion:
        return line
    rivals = tuple(name for name in (line.champion, *line.rivals) if name != champion.model)
    return replace(line, champion=champion.model, rivals=rivals)


def find_weights_dir(model: str, champion: Champion, settings: Settings) -> Path:
    """Where a model's weights lie: a promoted champion has a place of its own, the others are as shipped."""
    return champion.weights_dir if model == champion.model else settings.weights_dir


def list_changes(store: RecordStore, line: str) -> Iterator[Record]:
    """Promotions and returns of a line, the newest first; what nobody asks for is not read.

    Newest is what stands last in the chain: by the clock, a return after the clock was put right would not count.
    """
    return filter(_is_change, store.walk_back(_events_of(line)))


def find_newest_change(connection: Connection, line: str) -> int | None:
    """Inside a writer's transaction, so that it is still the newest when the transaction commits."""
    return next((record.id for record in read_back(connection, _events_of(line)) if _is_change(record)), None)


def find_newest_event(store: RecordStore, line: str) -> int:
    return store.find_last(_events_of(line))


def _events_of(line: str) -> Search:
    return Search(kinds=(Kind.EVENT,), lines=(line,))


def _is_change(record: Record) -> bool:
    return record.body["event"] in (PROMOTION, RETURN)


def read_release_of(told: Mapping[str, Any], line: str) -> Release:
    """told: what an event names as the champion before or after it."""
    release = Release(line, told["model"], told["weights_sha256"], told["files"])
    if release.sha256 != told["release_sha256"]:
        raise StoreDamaged(f"Expected the promoted files of line {line} to add up to their hash. Run verify.")
    return release


@dataclass(slots=True)
class _Known:
    event_id: int  # the newest event that was looked at
    champion: Champion
    until: float  # monotonic


@dataclass(slots=True)
class ChampionReader:
    """One a process; safe to call from many threads."""

    store: RecordStore
    settings: Settings = field(default_factory=load_settings)
    _known: dict[str, _Known] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, line: Line, *, fresh: bool = False) -> Champion:
        """fresh: ask the chain even where it was asked a moment ago."""
        with self._lock:
            known = self._known.get(line.name)
            now = time.monotonic()
            if known is not None and now < known.until and not fresh:
                return known.champion
            try:
                found = self._read(line, known)
            except StoreError:
                # a line must not stop because its records cannot be reached; the inspection is marked as not kept
                champion = (
                    replace(known.champion, stale=True) if known else find_without_store(line, self.settings)
                )
                found = _Known(known.event_id if known else 0, champion, now + RETRY_S)
                self._known[line.name] = found
                return found.champion
            found.until = now + FRESH_S
            self._known[line.name] = found
            return found.champion

    def _read(self, line: Line, known: _Known | None) -> _Known:
        newest = find_newest_event(self.store, line.name)
        if known is not None and known.event_id == newest and not known.champion.stale:
            # where nothing was promoted the line's file names it, and that may have been changed
            if known.champion.release is not None or known.champion.model == line.champion:
                return _Known(newest, known.champion, 0.0)
        return _Known(newest, find_champion(self.store, line, self.settings), 0.0)


def find_champion(store: RecordStore, line: Line, settings: Settings) -> Champion:
    """As the chain says now."""
    change = next(list_changes(store, line.name), None)
    if change is None:
        return as_shipped(line, settings)
    release = read_release_of(change.body["details"]["to"], line.name)
    folder = open_release(store, release, settings)
    check_release(folder, release)
    champion = Champion(release.model, folder, release, change.id)
    remember(line.name, champion, settings)
    return champion


def find_former(
    store: RecordStore,
    line: Line,
    model: str,
    weights_sha256: str,
    settings: Settings,
    *,
    fits: Callable[[str | None], bool] = lambda novelty_sha256: True,
) -> Champion | None:
    """Weights that ran the line once, for whoever must judge a part again as it was judged then.

    fits: whether a novelty model, or none, will do: the same weights may have run with several. Where none does, the
    newest release with these weights.
    """
    newest: tuple[Release, int] | None = None
    for change in list_changes(store, line.name):
        for told in (change.body["details"]["to"], change.body["details"]["from"]):
            if (told["model"], told["weights_sha256"]) != (model, weights_sha256):
                continue
            release = read_release_of(told, line.name)
            if fits(release.novelty_sha256):
                return _open_former(store, release, change.id, settings)
            newest = newest or (release, change.id)
    return None if newest is None else _open_former(store, *newest, settings)


def _open_former(store: RecordStore, release: Release, record_id: int, settings: Settings) -> Champion:
    folder = open_release(store, release, settings)
    check_release(folder, release)
    return Champion(release.model, folder, release, record_id)


def as_shipped(line: Line, settings: Settings) -> Champion:
    return Champion(line.champion, settings.weights_dir, None, None)


def find_serving_champion(line: Line, settings: Settings) -> Champion:
    """For a process that has no store open. Where there never was a store, nothing was promoted, and none is made."""
    if not os.environ.get("ASSAY_DATABASE_URL") and not (settings.var_dir / "records.sqlite").is_file():
        return as_shipped(line, settings)
    try:
        store = open_store(settings=settings)
    except StoreError:
        return find_without_store(line, settings)
    try:
        return ChampionReader(store, settings).find(line)
    finally:
        store.close()


def find_without_store(line: Line, settings: Settings) -> Champion:
    """What the chain said last on this machine, where it cannot be asked."""
    return replace(read_last_known(line, settings), stale=True)


def remember(line: str, champion: Champion, settings: Settings) -> None:
    """What the chain said last, for the time when it cannot be asked. The chain, where it can be read, is what counts: what
    it says is in force, and neither the line nor the promotion that was just kept fails because this could not be noted."""
    assert champion.release is not None
    told = {"record": champion.record_id, **champion.release.to_dict()}
    path = pointer_path(line, settings)
    data = json.dumps(told, sort_keys=True).encode()
    try:
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
    except OSError as error:
        _log.warning("What runs line %s could not be noted in %s: %s", line, path, error)


def read_last_known(line: Line, settings: Settings) -> Champion:
    path = pointer_path(line.name, settings)
    if not path.is_file():
        return as_shipped(line, settings)
    told = json.loads(path.read_text(encoding="utf-8"))
    release = Release(line.name, told["model"], told["weights_sha256"], told["files"])
    folder = shelf_dir(settings) / release.sha256
    check_release(folder, release)
    return Champion(release.model, folder, release, told["record"])


def pointer_path(line: str, settings: Settings) -> Path:
    return shelf_dir(settings) / f"{line}.json"
