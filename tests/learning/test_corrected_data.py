"""Answers become parts with labels under one hash; who judges is decided by the picture and never teaches."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection.config import Settings
from inspection.errors import DataInvalid
from inspection.images import decode
from inspection.learning import corrected_data
from inspection.learning.arrays import ArraySet
from inspection.learning.copies import find_copies_of
from inspection.learning.corrected_data import (
    MANIFEST,
    build_corrected_data,
    check_crops,
    choose_side,
    read_corrected_data,
)
from inspection.learning.lesson import choose_replay, mix, prepare_lesson
from inspection.letterbox import crop_box
from inspection.records.store import RecordStore, open_store
from inspection.types import Box
from tests.learning.copies import brighten, make_surface, warp
from tests.records.answering import (
    answer_many,
    decide,
    find_picture,
    inspect_picture,
    make_line,
    make_picture,
)
from tests.records.contenders import make_settings

LINE = make_line()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def store(settings: Settings):
    opened = open_store(settings=settings)
    yield opened
    opened.close()


def test_a_part_is_cut_as_it_was_served(store: RecordStore, settings: Settings) -> None:
    picture, box = make_picture(1), Box(8, 8, 80, 72)
    decide(store, inspect_picture(store, picture, box=box), "torn")
    data = build_corrected_data(store, LINE, settings)
    loaded = data.load(data.parts, size=32)
    pixels = decode(picture, name="p").pixels
    assert np.array_equal(loaded.pixels[0], crop_box(pixels, box, margin=LINE.locate.margin, size=32))
    assert loaded.labels.tolist() == [2] and data.counts() == {"fine": 0, "bent": 0, "torn": 1}
    assert data.folder == settings.var_dir / "corrected" / "toy" / data.sha256


def test_the_same_answers_are_the_same_data_and_another_answer_is_other_data(
    store: RecordStore, settings: Settings
) -> None:
    records = answer_many(store, 3)
    first, again = (build_corrected_data(store, LINE, settings) for _ in range(2))
    assert first == again and len(list(first.folder.parent.iterdir())) == 1
    decide(store, records[0], "torn")
    assert build_corrected_data(store, LINE, settings).sha256 != first.sha256
    assert read_corrected_data(first.folder) == first, "the older one stays"


def test_answers_that_teach_nothing_are_told_though_the_data_are_the_same(
    store: RecordStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told ends in the signed record of a promotion: it must be of the answers that are there now."""
    answer_many(store, 3)
    first = build_corrected_data(store, LINE, settings)
    torn = inspect_picture(store, make_picture(71))
    decide(store, torn, "bent")
    last = decide(store, torn, "torn", person="ben")
    monkeypatch.setattr(corrected_data, "write_crop", lambda *_: pytest.fail("cut anew"))
    again = build_corrected_data(store, LINE, settings)
    assert again.sha256 == first.sha256 and again.parts == first.parts
    assert (len(first.left_out), len(again.left_out), again.last_answer) == (0, 1, last.id)
    check_crops(again)


def test_what_cannot_be_used_is_named(store: RecordStore, settings: Settings) -> None:
    answer_many(store, 2)
    lost = inspect_picture(store, make_picture(70))
    decide(store, lost, "bent")
    assert lost.picture_sha256 is not None
    Path(store.pictures.path_of(lost.picture_sha256)).unlink()
    torn = inspect_picture(store, make_picture(71))
    decide(store, torn, "bent")
    decide(store, torn, "torn", person="ben")
    data = build_corrected_data(store, LINE, settings)
    reasons = {each.picture_sha256: each.reason for each in data.left_out}
    assert len(data.parts) == 2 and "PictureMissing" in reasons[lost.picture_sha256]
    assert torn.picture_sha256 is not None and "ann: bent, ben: torn" in reasons[torn.picture_sha256]


def test_without_answers_there_is_nothing_to_build(store: RecordStore, settings: Settings) -> None:
    with pytest.raises(DataInvalid, match="review queue"):
        build_corrected_data(store, LINE, settings)


@pytest.mark.parametrize("attack", ["label", "pixels"])
def test_a_changed_label_or_crop_is_found(store: RecordStore, settings: Settings, attack: str) -> None:
    answer_many(store, 2)
    data = build_corrected_data(store, LINE, settings)
    if attack == "label":
        told = json.loads((data.folder / MANIFEST).read_text())
        told["parts"][0]["class_name"] = "torn"
        (data.folder / MANIFEST).write_text(json.dumps(told))
        with pytest.raises(DataInvalid, match="was changed"):
            read_corrected_data(data.folder)
    else:
        (data.folder / data.parts[0].file).write_bytes((data.folder / data.parts[1].file).read_bytes())
        with pytest.raises(DataInvalid, match="was changed"):
            check_crops(data)


def test_sides_depend_on_the_picture_alone_and_have_their_shares() -> None:
    sides = [choose_side(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(4000)]
    assert sides.count("held out") / 4000 == pytest.approx(0.20, abs=0.02)
    assert sides.count("validate") / 4000 == pytest.approx(0.15, abs=0.02)


def to_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def test_copies_of_what_judges_are_found_turned_brightened_or_equal() -> None:
    frozen = [to_rgb(make_surface(seed)) for seed in range(4)]
    turned = to_rgb(brighten(warp(make_surface(2), degrees=7, zoom=1.05)))
    fresh = [to_rgb(make_surface(seed)) for seed in range(50, 54)]
    assert find_copies_of(frozen, [fresh[0], turned, frozen[1], *fresh[1:]]) == {1, 2}
    assert find_copies_of([], fresh) == find_copies_of(frozen, []) == frozenset()


def write_originals(folder: Path, extra: dict[str, bytes]) -> None:
    """Three classes of twelve; the split is the line's own."""
    for place, name in enumerate(LINE.classes):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            (folder / name / f"{number:02d}.png").write_bytes(make_picture(500 + 100 * place + number))
    for name, data in extra.items():
        (folder / name).write_bytes(data)


def test_pictures_of_the_test_side_never_teach(
    store: RecordStore, settings: Settings, tmp_path: Path
) -> None:
    line = make_line(detector=False)
    folder = tmp_path / "originals"
    write_originals(folder, {})
    whole = Box(0, 0, 96, 96)
    for number in range(8):
        decide(store, inspect_picture(store, make_picture(900 + number), box=whole), "bent")
    known = {}
    for path in sorted(folder.rglob("*.png")):
        data = path.read_bytes()
        known[hashlib.sha256(data).hexdigest()] = path.relative_to(folder).as_posix()
        decide(store, inspect_picture(store, data, box=whole), path.parent.name)
    corrected = build_corrected_data(store, line, settings)
    told: list[str] = []
    lesson = prepare_lesson(line, corrected, folder, size=32, seed=0, settings=settings, tell=told.append)
    judging = set(lesson.judging(32)["test"].keys) | set(lesson.validation.keys)
    taught = {known.get(part.picture_sha256) for part in lesson.taught}
    assert not taught & judging and taught - {None}, "pictures of the training side may teach again"
    assert lesson.left_out["the same picture as one that judges"] >= 1
    held_out = lesson.judging(32).get("held-out corrections")
    assert held_out is None or not {part.key for part in lesson.taught} & set(held_out.keys)
    assert lesson.replayed > 0 and "original pictures" in lesson.notes[0]


def test_without_the_originals_a_share_judges_and_the_risk_is_said(
    store: RecordStore, settings: Settings
) -> None:
    for side in ("held out", "validate"):
        decide(store, inspect_picture(store, find_picture(side, 1)), "torn")  # type: ignore[arg-type]
    answer_many(store, 14)
    corrected = build_corrected_data(store, LINE, settings)
    lesson = prepare_lesson(LINE, corrected, None, size=32, seed=0, settings=settings, tell=lambda _: None)
    assert "may forget" in lesson.notes[0] and lesson.replayed == 0
    judged = set(lesson.judging(32)["test"].keys)
    assert judged == {part.key for part in corrected.side("held out")}
    assert not judged & {part.key for part in lesson.taught} and len(lesson.teach) == len(lesson.taught)
    assert lesson.judging(48)["test"].pixels.shape[1:3] == (48, 48)


def test_too_few_parts_are_refused(store: RecordStore, settings: Settings) -> None:
    decide(store, inspect_picture(store, find_picture("teach", 1)), "torn")
    corrected = build_corrected_data(store, LINE, settings)
    with pytest.raises(DataInvalid, match="--data"):
        prepare_lesson(LINE, corrected, None, size=32, seed=0, settings=settings, tell=lambda _: None)


def test_corrections_for_other_classes_are_refused(store: RecordStore, settings: Settings) -> None:
    answer_many(store, 4)
    corrected = build_corrected_data(store, LINE, settings)
    other = replace(LINE, classes=("fine", "bent"))
    with pytest.raises(DataInvalid, match="classes"):
        prepare_lesson(other, corrected, None, size=32, seed=0, settings=settings, tell=lambda _: None)


def make_set(count: int, classes: int = 3, *, name: str = "o") -> ArraySet:
    labels = np.sort(np.arange(count) % classes)
    pixels = np.zeros((count, 8, 8, 3), np.uint8) + labels[:, None, None, None].astype(np.uint8)
    return ArraySet(pixels, labels, tuple(f"{name}{place}" for place in range(count)))


def test_replay_gives_each_class_its_share_and_is_seeded() -> None:
    train = make_set(900)
    chosen = choose_replay(train, 60, seed=3)
    assert len(chosen) == 240 and np.bincount(chosen.labels).tolist() == [80, 80, 80]
    assert chosen.keys == choose_replay(train, 60, seed=3).keys != choose_replay(train, 60, seed=4).keys
    assert len(choose_replay(make_set(30), 60, seed=0)) == 30


def test_a_few_corrections_are_shown_often_enough_to_count() -> None:
    mixed = mix(make_set(10, name="c"), make_set(200))
    share = sum(key.startswith("c") for key in mixed.keys) / len(mixed)
    assert share == pytest.approx(0.2) and len(set(mixed.keys)) == len(mixed)
    assert (mixed.pixels[:, 0, 0, 0] == mixed.labels).all()
