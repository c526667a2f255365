"""What is read from disk is what lies there, and what cannot be learnt from is refused by name."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.annotated import read_coco, read_voc
from inspection.learning.data import Dataset, Sample, hash_dataset, read_csv, read_folder
from inspection.types import Box

OBJECT = """<object><name>{name}</name><bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""


def write_picture(path: Path, *, shade: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((20, 30, 3), shade, np.uint8))
    return path


def write_voc(path: Path, *objects: tuple[str, tuple[int, int, int, int]], head: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(OBJECT.format(*edges, name=name) for name, edges in objects)
    path.write_text(f"{head}<annotation>{body}</annotation>", encoding="utf-8")


def test_a_folder_gives_one_class_a_sub_folder(tmp_path: Path) -> None:
    write_picture(tmp_path / "ok" / "b.png")
    write_picture(tmp_path / "ok" / "a.jpg")
    write_picture(tmp_path / "cracked" / "belt 2" / "c.BMP")
    write_picture(tmp_path / ".cache" / "d.png")
    (tmp_path / "ok" / ".hidden.png").write_bytes(b"")
    (tmp_path / "ok" / "notes.txt").write_text("none")
    (tmp_path / "readme.md").write_text("none")
    dataset = read_folder(tmp_path)
    assert dataset.class_names == ("cracked", "ok")
    assert dataset.keys == ("cracked/belt 2/c.BMP", "ok/a.jpg", "ok/b.png")
    assert dataset.labels == (0, 1, 1)
    assert [path.name for path in dataset.ignored] == ["notes.txt", "readme.md"]


def test_a_link_back_is_passed_over(tmp_path: Path) -> None:
    for name in ("ok", "bad"):
        write_picture(tmp_path / "set" / name / "1.png")
    write_picture(tmp_path / "elsewhere" / "2.png")
    (tmp_path / "set" / "ok" / "up").symlink_to("..")
    (tmp_path / "set" / "ok" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "set" / "ok")
    dataset = read_folder(tmp_path / "set")
    assert dataset.keys == ("bad/1.png", "ok/1.png", "ok/more/2.png")
    assert [path.name for path in dataset.ignored] == ["back", "up"]


def test_a_name_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ok").mkdir()
    name = os.fsdecode(b"r\xf6hre.png")  # an archive packed where names were Latin-1
    write_picture(tmp_path / "ok" / "a.png").rename(tmp_path / "ok" / name)
    with pytest.raises(DataInvalid, match=r"UTF-8, got .*r\\udcf6hre"):
        read_folder(tmp_path)


def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> Iterator[Path]:
        raise PermissionError("not yours")

    write_picture(tmp_path / "ok" / "a.png")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataInvalid, match="not yours"):
        read_folder(tmp_path)


def test_parts_and_new_names(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write_picture(tmp_path / part / "def_front" / "1.png")
        write_picture(tmp_path / part / "ok_front" / "1.png")
    dataset = read_folder(
        tmp_path,
        parts=("train", "test"),
        rename={"def_front": "defective", "ok_front": "ok"},
        class_names=("ok", "defective"),
    )
    assert dataset.class_names == ("ok", "defective")
    assert dataset.keys[0] == "test/def_front/1.png"
    assert dataset.labels == (1, 0, 1, 0)


def test_a_sample_is_found_again_by_its_key(tmp_path: Path) -> None:
    write_picture(tmp_path / "ok" / "a.png")
    dataset = read_folder(tmp_path)
    assert dataset.select(("ok/a.png",)) == dataset.samples
    with pytest.raises(DataInvalid, match="ok/gone.png"):
        dataset.select(("ok/gone.png",))


def test_key_of_a_sample_outside_the_root() -> None:
    dataset = Dataset("loose", ("a",), (Sample(Path("elsewhere/x.png"), "a"),), Path("root"))
    assert dataset.keys == ("elsewhere/x.png",)


@pytest.mark.parametrize("layout", ["absent", "no class folder", "no pictures"])
def test_a_folder_without_pictures_is_refused(tmp_path: Path, layout: str) -> None:
    root = tmp_path / "set"
    if layout != "absent":
        root.mkdir()
    if layout == "no pictures":
        (root / "ok").mkdir()
    with pytest.raises(DataInvalid, match="Expected"):
        read_folder(root)


def test_a_class_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "odd" / "a.png")
    with pytest.raises(DataInvalid, match="got also odd"):
        read_folder(tmp_path, class_names=("ok",))


def test_voc_counts_from_one_and_includes_the_last_pixel(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "patches_1.png")
    write_voc(tmp_path / "xml" / "patches_1.xml", ("patches", (1, 2, 30, 20)))
    sample = read_voc(tmp_path / "images", tmp_path / "xml").samples[0]
    assert sample.boxes[0].box == Box(0, 1, 30, 20)
    assert sample.class_name == "patches"


def test_voc_class_is_the_file_name_before_the_boxes(tmp_path: Path) -> None:
    big, small = (1, 1, 30, 20), (1, 1, 4, 4)
    write_picture(tmp_path / "images" / "rolled-in_scale_10.png")
    write_voc(
        tmp_path / "xml" / "rolled-in_scale_10.xml",
        ("rolled-in_scale", small),
        ("patches", big),
        ("patches", big),
    )
    write_picture(tmp_path / "images" / "17.png")
    write_voc(tmp_path / "xml" / "17.xml", ("patches", small), ("patches", small), ("rolled-in_scale", big))
    write_picture(tmp_path / "images" / "18.png")
    write_voc(tmp_path / "xml" / "18.xml", ("patches", small), ("rolled-in_scale", big))
    write_picture(tmp_path / "images" / "unmarked.png")
    write_picture(tmp_path / "images" / "19.png")
    write_voc(tmp_path / "xml" / "19.xml")
    dataset = read_voc(tmp_path / "images", tmp_path / "xml")
    assert {sample.path.stem: sample.class_name for sample in dataset.samples} == {
        "rolled-in_scale_10": "rolled-in_scale",
        "17": "patches",
        "18": "rolled-in_scale",  # one box each: the larger area decides
        "19": "empty",
    }
    assert [path.stem for path in dataset.ignored] == ["unmarked"]
    assert dataset.box_class_names == ("patches", "rolled-in_scale")


@pytest.mark.parametrize("annotation", ["crazing/1.xml", "1.xml", "1.XML"])
def test_voc_annotations_lie_at_the_same_place_or_all_in_one(tmp_path: Path, annotation: str) -> None:
    write_picture(tmp_path / "images" / "crazing" / "1.png")
    write_voc(tmp_path / "annotations" / annotation, ("crazing", (1, 1, 9, 9)))
    dataset = read_voc(tmp_path / "images", tmp_path / "annotations")
    assert dataset.keys == ("crazing/1.png",) and dataset.class_names == ("crazing",)


def test_voc_pictures_without_any_annotation_of_their_name_are_told(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "1.png")
    write_voc(tmp_path / "annotations" / "one.xml", ("crazing", (1, 1, 9, 9)))
    with pytest.raises(DataInvalid, match="got 1 picture and 1 annotation, none of the same name"):
        read_voc(tmp_path / "images", tmp_path / "annotations")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "document type"),
        ("<!doctype a><annotation/>", "document type"),
        ("<annotation>", "Pascal VOC"),
        ("<annotation><object><bndbox/></object></annotation>", "no name"),
        ("<annotation>" + OBJECT.format(9, 9, 3, 12, name="a") + "</annotation>", "no area"),
        ("<annotation>" + OBJECT.format(1, "one", 3, 12, name="a") + "</annotation>", "one"),
        ("<annotation>" + OBJECT.format("-inf", 1, 3, 12, name="a") + "</annotation>", "finite"),
        ("<annotation>" + OBJECT.format(1, 1, "1e999", 12, name="a") + "</annotation>", "finite"),
        (
            "<annotation><size><width>30</width><height>20</height></size>"
            + OBJECT.format(2, 22, 9, 29, name="a")
            + "</annotation>",
            "outside its picture of 30 × 20",
        ),
    ],
)
def test_bad_annotations_are_refused(tmp_path: Path, text: str, words: str) -> None:
    write_picture(tmp_path / "images" / "a.png")
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(DataInvalid, match=words):
        read_voc(tmp_path / "images", tmp_path)


def write_coco(path: Path, **changes: object) -> Path:
    document = {
        "categories": [{"id": 3, "name": "dent"}, {"id": 7, "name": "stain"}],
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "annotations": [
            {"image_id": 1, "category_id": 7, "bbox": [2, 3, 10, 5]},
            {"image_id": 1, "category_id": 3, "bbox": [0, 0, 30, 20], "iscrowd": 1},
        ],
    } | changes
    path.write_text(json.dumps(document))
    return path


def test_coco_boxes_and_empty_pictures(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    write_picture(tmp_path / "b.png")
    dataset = read_coco(write_coco(tmp_path / "set.json"), tmp_path)
    assert [sample.class_name for sample in dataset.samples] == ["stain", "empty"]
    assert dataset.samples[0].boxes[0].box == Box(2, 3, 12, 8)
    assert dataset.class_names == ("empty", "stain") and dataset.box_class_names == ("stain",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": [{"id": 1, "file_name": "../a.png"}]}, "inside"),
        ({"images": [{"id": 1, "file_name": "gone.png"}], "annotations": []}, "there is none"),
        ({"annotations": [{"image_id": 9, "category_id": 7, "bbox": [0, 0, 1, 1]}]}, "KeyError"),
        ({"annotations": [{"image_id": 1, "category_id": 7, "bbox": [0, 0, 0, 1]}]}, "no area"),
        ({"categories": None}, "TypeError"),
        ({"annotations": [{"image_id": 1, "category_id": 7, "bbox": [1, 2, math.inf, 4]}]}, "finite"),
        ({"annotations": [{"image_id": 1, "category_id": 7, "bbox": [math.nan, 2, 3, 4]}]}, "finite"),
        ({"annotations": [{"image_id": 1, "category_id": 7, "bbox": [1e308, 2, 1e308, 4]}]}, "finite"),
        ({"annotations": [[1, 7]]}, "AttributeError"),
        ({"images": [{"id": math.inf, "file_name": "a.png"}]}, "OverflowError"),
        ({"images": [{"id": 1, "file_name": "a\0.png"}], "annotations": []}, "null byte"),
        ({"images": [{"id": 1, "file_name": "a" * 300 + ".png"}], "annotations": []}, "too long"),
    ],
)
def test_bad_coco_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    (tmp_path / "set").mkdir()
    write_picture(tmp_path / "a.png")
    write_picture(tmp_path / "set" / "a.png")
    with pytest.raises(DataInvalid, match=words):
        read_coco(write_coco(tmp_path / "set.json", **changes), tmp_path / "set")


def test_json_too_deep_to_parse_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text("[" * 100_000)
    with pytest.raises(DataInvalid, match="RecursionError"):
        read_coco(tmp_path / "set.json", tmp_path)


@pytest.mark.parametrize(
    ("bbox", "told", "outside"),
    [
        ([30, 5, 4, 4], {"width": 30, "height": 20}, True),
        ([5, 20, 4, 4], {"width": 30, "height": 20}, True),
        ([-9, 5, 9, 4], {"width": 30, "height": 20}, True),
        ([-9, 5, 9, 4], {}, True),  # left of every picture
        ([29, 19, 40, 40], {"width": 30, "height": 20}, False),  # it begins on the last pixel
        ([-9, -9, 10, 10], {"width": 30, "height": 20}, False),
        ([30, 5, 4, 4], {"width": 0, "height": 0}, False),  # the size is not known
        ([30, 5, 4, 4], {"width": None}, False),
    ],
)
def test_a_box_beside_its_picture_is_refused(
    tmp_path: Path, bbox: list[int], told: dict[str, object], outside: bool
) -> None:
    write_picture(tmp_path / "a.png")
    changes = {
        "images": [{"id": 1, "file_name": "a.png", **told}],
        "annotations": [{"image_id": 1, "category_id": 7, "bbox": bbox}],
    }
    source = write_coco(tmp_path / "set.json", **changes)
    if not outside:
        assert len(read_coco(source, tmp_path).samples[0].boxes) == 1
        return
    with pytest.raises(DataInvalid, match="class stain lies outside its picture"):
        read_coco(source, tmp_path)


def test_csv_carries_groups(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    write_picture(tmp_path / "b.png")
    (tmp_path / "set.csv").write_text(
        "path,class,group\na.png,ok,part 1\nb.png,dented,\n", encoding="utf-8-sig"
    )
    dataset = read_csv(tmp_path / "set.csv")
    assert [(s.class_name, s.group) for s in dataset.samples] == [("ok", "part 1"), ("dented", None)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("file,label\na.png,ok\n", "file, label"),
        ("file,label\na.png,ok,odd\n", "file, label"),
        ("path,class\na.png,\n", "line 2"),
        ("path,class\na.png,ok\na.png,bad\n", "more than once"),
        ("path,class\n/etc/hostname,ok\n", "inside"),
        ("path,class\n" + "a" * 140_000 + ",ok\n", "field"),
        ("path,class\na\0.png,ok\n", "null byte"),
    ],
)
def test_bad_csv_is_refused(tmp_path: Path, text: str, words: str) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(DataInvalid, match=words):
        read_csv(tmp_path / "set.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataInvalid, match="UTF-8"):
        read_csv(tmp_path / "set.csv")


def test_the_hash_follows_contents_and_labels_not_names(tmp_path: Path) -> None:
    for home, name in (("one", "a.png"), ("two", "z.png")):
        write_picture(tmp_path / home / "ok" / name, shade=10)
        write_picture(tmp_path / home / "bad" / "b.png", shade=20)
    same = hash_dataset(read_folder(tmp_path / "one"))
    assert same == hash_dataset(read_folder(tmp_path / "two"))
    assert same != hash_dataset(read_folder(tmp_path / "two", rename={"bad": "worse"}))
    write_picture(tmp_path / "two" / "ok" / "z.png", shade=11)
    assert same != hash_dataset(read_folder(tmp_path / "two"))
