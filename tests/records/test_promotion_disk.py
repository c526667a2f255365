"""What runs a line where the disk takes nothing more, and where many note it at once."""

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings
from inspection.records.champions import ChampionReader, find_champion, pointer_path, remember
from inspection.records.errors import StoreFull, StoreLost
from inspection.records.promotion import list_history, promote
from inspection.records.shelf import Release, keep_release, shelf_dir
from inspection.records.store import RecordStore
from tests.records import promoting
from tests.records.contenders import MANAGER, make_challenge
from tests.records.promoting import LINE

settings, shipped = promoting.settings, promoting.shipped


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def refuse(*_told: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda what: monkeypatch.setattr(what, refuse)


def test_without_room_for_the_weights_nothing_is_promoted(
    store: RecordStore, settings: Settings, shipped: Release, fill: Callable[[str], None]
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    fill("inspection.records.shelf.write_to_disk")
    with pytest.raises(StoreFull, match="Free some space"):
        promote(store, LINE, challenge, MANAGER, settings=settings)
    assert list_history(store, LINE) == [] and list(shelf_dir(settings).glob("*.part")) == []


def test_where_the_turn_of_promoting_cannot_be_taken_nothing_is_promoted(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    pointer_path("toy", settings).with_suffix(".lock").mkdir(parents=True)  # as any error of the disk
    with pytest.raises(StoreLost, match="Is a directory"):
        promote(store, LINE, challenge, MANAGER, settings=settings)
    assert list_history(store, LINE) == []


def test_a_promotion_that_was_kept_does_not_fail_afterwards(
    store: RecordStore, settings: Settings, shipped: Release, fill: Callable[[str], None]
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    fill("inspection.records.champions.write_atomically")
    record = promote(store, LINE, challenge, MANAGER, settings=settings)
    assert find_champion(store, LINE, settings).record_id == record.id


def test_a_machine_without_room_for_a_new_champion_goes_on_with_the_last_one(
    store: RecordStore, settings: Settings, shipped: Release, fill: Callable[[str], None], tmp_path: Path
) -> None:
    elsewhere = replace(settings, var_dir=tmp_path / "another machine")
    reader = ChampionReader(store, elsewhere)
    assert reader.find(LINE).record_id is None
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    fill("inspection.records.shelf.write_to_disk")
    found = reader.find(LINE, fresh=True)
    assert (found.record_id, found.stale) == (None, True)


def test_what_a_killed_process_had_kept_of_a_release_is_brought_to_the_disk(
    store: RecordStore, settings: Settings, shipped: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, sha256 in shipped.files.items():  # and was killed before the flusher's turn
        store.pictures.keep((settings.weights_dir / "toy" / name).read_bytes(), sha256)
    store.pictures.unsynced.clear()
    reached: list[str] = []
    monkeypatch.setattr("inspection.records.flushing._sync", reached.append)
    keep_release(store, shipped, settings.weights_dir)
    assert {store.pictures.path_of(sha256) for sha256 in shipped.files.values()} <= set(reached)


def test_what_a_killed_process_had_begun_of_a_release_goes_with_the_next(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    left = shelf_dir(settings) / ".release-0.part"
    (left / "toy").mkdir(parents=True)
    (left / "toy" / "resnet50.safetensors").write_bytes(bytes(1000))
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    champion = find_champion(store, LINE, settings)
    assert champion.release is not None
    assert sorted(path.name for path in shelf_dir(settings).iterdir()) == sorted(
        [champion.release.sha256, "toy.json", "toy.lock"]
    )


def test_many_note_the_champion_at_once(
    store: RecordStore, settings: Settings, shipped: Release, caplog: pytest.LogCaptureFixture
) -> None:
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    champion = find_champion(store, LINE, settings)
    place = pointer_path("toy", settings)

    def note_anew(turn: int) -> None:
        remember("toy", replace(champion, record_id=turn), settings)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(note_anew, range(200)))
    assert not caplog.records and list(place.parent.glob(f".{place.name}*")) == []
