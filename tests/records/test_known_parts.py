"""Where known parts come from: samples, a folder of master parts, and what people confirmed."""

from dataclasses import replace
from pathlib import Path

import pytest

from inspection.errors import PictureRefused
from inspection.records.decisions import Answer
from inspection.records.known_parts import name_class, read_confirmed_parts, read_folder_parts
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from tests.records.makers import CONTEXT, make_inspection
from tests.records.shifts import Clock
from tests.ui.fakes import CLASSES, code_of, make_line, make_png


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("05-cracked-l-bracket", "cracked"),
        ("cracked-01", "cracked"),
        ("11-empty-belt", None),
        ("crackedish", None),
        ("Rolled-In_Scale 3", "rolled-in_scale"),
        ("3 rolled", "rolled"),
    ],
)
def test_a_sample_is_known_by_its_name(stem: str, name: str | None) -> None:
    assert name_class(stem, ("flawless", "cracked", "rolled", "rolled-in_scale")) == name


def test_master_parts_lie_in_a_folder_a_class(tmp_path: Path) -> None:
    for name in ("flawless", "cracked", "rusty"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "master.png").write_bytes(make_png(0))
    (tmp_path / "cracked" / "notes.txt").write_text("the third tooth")
    parts = read_folder_parts(tmp_path, CLASSES)
    assert [(part.name, part.expected) for part in parts] == [
        ("master.png", "flawless"),
        ("master.png", "cracked"),
    ]
    assert read_folder_parts(tmp_path / "absent", CLASSES) == ()


def test_a_master_part_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cracked" / "old.png").mkdir(parents=True)  # a folder is no part, whatever it is called
    (tmp_path / "cracked" / "master.png").write_bytes(make_png(0))
    assert [part.name for part in read_folder_parts(tmp_path, CLASSES)] == ["master.png"]
    (tmp_path / "cracked" / "gone.png").symlink_to("nowhere.png")
    with pytest.raises(PictureRefused, match="gone.png: expected a picture file that can be read"):
        read_folder_parts(tmp_path, CLASSES)


def test_parts_that_people_confirmed_can_challenge(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    line = replace(make_line(), name="aluminium")
    for number in range(5):
        picture = make_png(code_of("cracked"), seed=number)
        record = store.add(make_inspection(picture), picture, context=CONTEXT)
        store.decide(
            record.id, Answer(VerdictKind.REJECT, "cracked"), person="ada", saw_map=True, took_ms=1.0
        )
    picture = make_png(code_of("dented"))
    record = store.add(make_inspection(picture), picture, context=CONTEXT)
    store.correct(record.id, {"class": "dented"}, person="ada", reason="a dent", good="flawless")
    parts = read_confirmed_parts(store, line)
    assert [part.expected for part in parts] == ["dented", "cracked", "cracked", "cracked"]
    assert parts[0].name == f"record {record.id}" and parts[0].data == picture


def test_a_picture_that_was_inspected_twice_has_one_class(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    line, picture = replace(make_line(), name="aluminium"), make_png(code_of("cracked"))
    first, second = (store.add(make_inspection(picture), picture, context=CONTEXT) for _ in range(2))
    said = {"person": "ada", "saw_map": True, "took_ms": 1.0, "reason": "looked"}
    store.decide(first.id, Answer(VerdictKind.REJECT, "cracked"), **said)
    changes = {"verdict": "PASS", "class": "flawless"}
    store.correct(second.id, changes, person="bea", reason="a hair on it", good="flawless")
    assert [part.expected for part in read_confirmed_parts(store, line)] == ["flawless"]


def test_one_picture_that_is_gone_or_changed_stops_no_challenge(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    line, records = replace(make_line(), name="aluminium"), []
    for number in range(3):
        picture = make_png(code_of("cracked"), seed=number)
        records.append(store.add(make_inspection(picture), picture, context=CONTEXT))
        answer = Answer(VerdictKind.REJECT, "cracked")
        store.decide(records[-1].id, answer, person="ada", saw_map=True, took_ms=1.0)
    gone, changed = (Path(store.pictures.path_of(str(each.picture_sha256))) for each in records[1:])
    gone.unlink()
    changed.write_bytes(b"swapped")
    assert [part.name for part in read_confirmed_parts(store, line)] == [f"record {records[0].id}"]


def test_a_class_that_was_answered_long_ago_is_found(clocked: tuple[RecordStore, Clock]) -> None:
    """Mostly rejects are looked at: the good parts lie behind hundreds of them."""
    store, _ = clocked
    line = replace(make_line(), name="aluminium")

    def answer(name: str, seed: int, *, person: str = "ada", saw_map: bool = True) -> int:
        picture = make_png(code_of(name), seed=seed)
        record = store.add(make_inspection(picture), picture, context=CONTEXT)
        kind = VerdictKind.PASS if name == "flawless" else VerdictKind.REJECT
        said = {"person": person, "saw_map": saw_map, "took_ms": 1.0, "reason": "looked"}
        store.decide(record.id, Answer(kind, name), **said)
        return record.id

    good = answer("flawless", 1)
    for seed in range(250):
        answer("cracked", seed)
    blind = answer("dented", 2, saw_map=False)
    doubted = answer("dented", 3)
    store.decide(
        doubted,
        Answer(VerdictKind.PASS, "flawless"),
        person="bea",
        saw_map=True,
        took_ms=1.0,
        reason="a shadow",
    )
    names = {part.name: part.expected for part in read_confirmed_parts(store, line)}
    assert names[f"record {good}"] == "flawless" and list(names.values()).count("cracked") == 3
    assert f"record {blind}" not in names, "nobody had seen what the model saw"
    assert f"record {doubted}" not in names, "people disagree"
