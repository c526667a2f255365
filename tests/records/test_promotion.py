"""Promotion and return: who may, on what evidence, what the chain says of it, and what runs the line afterwards."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from inspection.config import Settings
from inspection.errors import WeightsMissing, WeightsRefused
from inspection.learning.challenge import judge_challenge, list_challenges
from inspection.records import promotion
from inspection.records.champions import (
    ChampionReader,
    find_champion,
    find_serving_champion,
    find_weights_dir,
    serve_champion,
)
from inspection.records.errors import StoreLost
from inspection.records.promotion import (
    PromotionRefused,
    list_history,
    promote,
    roll_back,
)
from inspection.records.record import Record
from inspection.records.shelf import Release, check_release, read_release
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from tests.records import promoting
from tests.records.contenders import ENGINEER, MANAGER, make_challenge, make_settings, write_release
from tests.records.promoting import LINE
from tests.records.shifts import open_clocked

settings, shipped = promoting.settings, promoting.shipped


def test_a_line_without_promotions_runs_as_shipped(store: RecordStore, settings: Settings) -> None:
    champion = find_champion(store, LINE, settings)
    assert (champion.model, champion.weights_dir, champion.record_id) == (
        "resnet50",
        settings.weights_dir,
        None,
    )
    store.note("challenge at the start of a shift", {"right": 8}, person="mia", line="toy")
    assert find_champion(store, LINE, settings) == champion


def test_a_promotion_is_in_force_at_once_and_tells_all(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    record = promote(store, LINE, challenge, MANAGER, settings=settings)
    champion = find_champion(store, LINE, settings)
    assert champion.record_id == record.id and champion.release is not None
    assert champion.release.weights_sha256 == challenge.weights_sha256
    check_release(champion.weights_dir, champion.release)
    told = record.body["details"]
    assert told["from"]["weights_sha256"] == shipped.weights_sha256
    assert told["signed"] == {"person": "mia", "role": "manager", "name": "Mia M.", "reason": MANAGER.reason}
    assert told["gate"]["passed"] and len(told["gate"]["rules"]) == 5 and told["override"] is False
    assert told["test"] == {"kind": challenge.test_kind, "n": 450, "sha256": "ee" * 32}
    assert told["data"]["corrected_sha256"] == "cc" * 32
    assert verify(store).holds


def test_the_new_weights_are_those_of_the_line_and_no_others(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2, model="compact_cnn")
    promote(store, LINE, challenge, MANAGER, settings=settings)
    champion = find_champion(store, LINE, settings)
    serving = serve_champion(LINE, champion)
    assert (serving.champion, serving.rivals) == ("compact_cnn", ("resnet50",))
    assert find_weights_dir("compact_cnn", champion, settings) == champion.weights_dir
    assert find_weights_dir("resnet50", champion, settings) == settings.weights_dir


def test_back_and_back_again_to_what_was_shipped(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    first = make_challenge(LINE, shipped, settings, seed=2)
    promote(store, LINE, first, MANAGER, settings=settings)
    second = make_challenge(LINE, read_release(first.folder, "toy", "resnet50"), settings, seed=3)
    promote(store, LINE, second, MANAGER, settings=settings)
    write_release(settings.weights_dir, seed=99)  # a later version ships other weights
    for expected in (first.weights_sha256, shipped.weights_sha256):
        record = roll_back(store, LINE, ENGINEER, settings=settings)
        champion = find_champion(store, LINE, settings)
        assert champion.release is not None and champion.release.weights_sha256 == expected
        assert record.body["details"]["to"]["weights_sha256"] == expected
    with pytest.raises(PromotionRefused, match="runs as shipped"):
        roll_back(store, LINE, ENGINEER, settings=settings)
    assert [change.is_return for change in list_history(store, LINE)] == [True, True, False, False]


def test_a_return_counts_though_the_clock_was_put_back_before_it(
    tmp_path: Path, settings: Settings, shipped: Release
) -> None:
    with open_clocked(tmp_path) as (store, clock):
        promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
        clock.now -= timedelta(minutes=4)
        record = roll_back(store, LINE, ENGINEER, settings=settings)
        champion = find_champion(store, LINE, settings)
        assert champion.record_id == record.id and champion.release is not None
        assert champion.release.weights_sha256 == shipped.weights_sha256
        with pytest.raises(PromotionRefused, match="runs as shipped"):
            roll_back(store, LINE, ENGINEER, settings=settings)


def test_a_second_press_does_not_go_back_twice(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    first = make_challenge(LINE, shipped, settings, seed=2)
    promote(store, LINE, first, MANAGER, settings=settings)
    second = make_challenge(LINE, read_release(first.folder, "toy", "resnet50"), settings, seed=3)
    seen = promote(store, LINE, second, MANAGER, settings=settings)
    roll_back(store, LINE, ENGINEER, settings=settings, undoes=seen.id)
    with pytest.raises(PromotionRefused, match="done meanwhile"):
        roll_back(store, LINE, ENGINEER, settings=settings, undoes=seen.id)
    champion = find_champion(store, LINE, settings)
    assert champion.release is not None and champion.release.weights_sha256 == first.weights_sha256


def test_after_a_return_another_challenger_may_come(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    roll_back(store, LINE, MANAGER, settings=settings)
    third = make_challenge(LINE, shipped, settings, seed=4)
    promote(store, LINE, third, MANAGER, settings=settings)
    roll_back(store, LINE, MANAGER, settings=settings)
    champion = find_champion(store, LINE, settings)
    assert champion.release is not None and champion.release.weights_sha256 == shipped.weights_sha256


@pytest.mark.parametrize(
    "signature",
    [
        replace(MANAGER, role="engineer"),
        replace(MANAGER, role=""),
        replace(MANAGER, name=" "),
        replace(MANAGER, reason=""),
    ],
)
def test_without_a_managers_signed_yes_nothing_changes(
    store: RecordStore, settings: Settings, shipped: Release, signature: object
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    with pytest.raises(PromotionRefused):
        promote(store, LINE, challenge, signature, settings=settings)  # type: ignore[arg-type]
    assert find_champion(store, LINE, settings).record_id is None


def test_an_auditor_takes_nothing_back(store: RecordStore, settings: Settings, shipped: Release) -> None:
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    with pytest.raises(PromotionRefused, match="manager or engineer"):
        roll_back(store, LINE, replace(ENGINEER, role="auditor"), settings=settings)


@pytest.mark.parametrize("told", [{"wrong": range(300, 320)}, {"each": 40, "champion_wrong": ()}])
def test_a_gate_that_is_not_passed_stops_it_unless_it_is_overridden(
    store: RecordStore, settings: Settings, shipped: Release, told: dict[str, object]
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2, **told)  # type: ignore[arg-type]
    assert not judge_challenge(challenge, LINE).passed
    with pytest.raises(PromotionRefused, match="Recall of torn"):
        promote(store, LINE, challenge, MANAGER, settings=settings)
    record = promote(store, LINE, challenge, MANAGER, settings=settings, override=True)
    assert record.body["details"]["override"] is True
    assert list_history(store, LINE)[0].overridden


def test_overriding_a_gate_that_is_passed_overrides_nothing(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    record = promote(store, LINE, challenge, MANAGER, settings=settings, override=True)
    assert record.body["details"]["override"] is False


def test_a_comparison_with_a_champion_that_is_gone_is_refused(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    first, second = (make_challenge(LINE, shipped, settings, seed=seed) for seed in (2, 3))
    promote(store, LINE, first, MANAGER, settings=settings)
    with pytest.raises(PromotionRefused, match="Fine-tune again"):
        promote(store, LINE, second, MANAGER, settings=settings)


@pytest.mark.parametrize("deed", ["promote", "return"])
def test_two_machines_cannot_both_replace_the_same_champion(
    any_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """Both have looked, both may; each on its own folders, so that no lock of a machine stands between them."""
    machines = [make_settings(tmp_path / name) for name in ("one", "two")]
    stores = [open_store(any_url, str(tmp_path / "pictures")) for _ in machines]
    shipped = [write_release(settings.weights_dir, seed=1) for settings in machines][0]
    if deed == "return":
        first = make_challenge(LINE, shipped, machines[0], seed=2)
        promote(stores[0], LINE, first, MANAGER, settings=machines[0])
    both_have_looked = threading.Barrier(len(machines), timeout=30)
    before = promotion.open_release

    def wait_for_the_other(*told: object) -> Path:
        folder = before(*told)  # type: ignore[arg-type]
        both_have_looked.wait()
        return folder

    monkeypatch.setattr(promotion, "open_release", wait_for_the_other)

    def change(place: int) -> Record | PromotionRefused:
        store, settings = stores[place], machines[place]
        try:
            if deed == "return":
                return roll_back(store, LINE, MANAGER, settings=settings)
            challenge = make_challenge(LINE, shipped, settings, seed=10 + place)
            return promote(store, LINE, challenge, MANAGER, settings=settings)
        except PromotionRefused as refused:
            return refused

    with ThreadPoolExecutor(len(machines)) as pool:
        said = list(pool.map(change, range(len(machines))))
    done = [each for each in said if isinstance(each, Record)]
    refused = [each for each in said if isinstance(each, PromotionRefused)]
    assert len(done) == len(refused) == 1 and "a moment ago" in str(refused[0])
    for store, settings in zip(stores, machines, strict=True):
        assert find_champion(store, LINE, settings).record_id == done[0].id
        assert len(list_history(store, LINE)) == (2 if deed == "return" else 1) and verify(store).holds
        store.close()


def test_weights_that_were_swapped_after_the_evaluation_are_refused(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    challenge = make_challenge(LINE, shipped, settings, seed=2)
    weights = challenge.folder / "toy" / "resnet50.safetensors"
    weights.write_bytes(b"other")
    with pytest.raises(WeightsRefused, match="of its card"):
        promote(store, LINE, challenge, MANAGER, settings=settings)
    write_release(challenge.folder, seed=77)  # with a card that fits them
    with pytest.raises(PromotionRefused, match="that were evaluated"):
        promote(store, LINE, challenge, MANAGER, settings=settings)
    weights.unlink()
    with pytest.raises(WeightsMissing):
        promote(store, LINE, challenge, MANAGER, settings=settings)
    assert find_champion(store, LINE, settings).record_id is None


def test_a_machine_that_has_no_copy_makes_one_from_the_store(
    store: RecordStore, settings: Settings, shipped: Release, tmp_path: Path
) -> None:
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    elsewhere = replace(settings, var_dir=tmp_path / "another machine")
    champion = find_champion(store, LINE, elsewhere)
    assert champion.weights_dir.is_relative_to(elsewhere.var_dir) and champion.release is not None
    check_release(champion.weights_dir, champion.release)


def test_a_champion_that_was_changed_on_the_disk_is_refused(
    store: RecordStore, settings: Settings, shipped: Release
) -> None:
    promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    champion = find_champion(store, LINE, settings)
    (champion.weights_dir / "toy" / "resnet50.json").write_text("{}")
    with pytest.raises(WeightsRefused, match="changed after it was promoted"):
        find_champion(store, LINE, settings)


def test_another_process_sees_it_through_the_chain(settings: Settings, shipped: Release) -> None:
    assert find_serving_champion(LINE, settings).record_id is None
    assert not (settings.var_dir / "records.sqlite").exists(), "asking founds no store"
    store, other = open_store(settings=settings), open_store(settings=settings)
    reader = ChampionReader(other, settings)
    assert reader.find(LINE).record_id is None
    record = promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)
    assert reader.find(LINE, fresh=True).record_id == record.id
    assert find_serving_champion(LINE, settings).record_id == record.id
    store.close()
    other.close()


def test_a_lost_store_leaves_the_last_champion_in_force(
    store: RecordStore, settings: Settings, shipped: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = promote(store, LINE, make_challenge(LINE, shipped, settings, seed=2), MANAGER, settings=settings)

    def lose(*_: object, **__: object) -> None:
        raise StoreLost("gone")

    reader = ChampionReader(store, settings)
    with monkeypatch.context() as patch:
        patch.setattr(RecordStore, "find_last", lose)
        found = reader.find(LINE)
        assert (found.record_id, found.stale) == (record.id, True)
    assert reader.find(LINE, fresh=True).stale is False


def test_the_newest_challenger_is_listed_first(settings: Settings, shipped: Release) -> None:
    for seed in (2, 3):
        make_challenge(LINE, shipped, settings, seed=seed, created=f"2026-11-20T12:0{seed}:00+00:00")
    (settings.var_dir / "challengers" / "toy" / "resnet50-unfinished").mkdir()
    assert [challenge.folder.name[-1] for challenge in list_challenges("toy", settings)] == ["3", "2"]
