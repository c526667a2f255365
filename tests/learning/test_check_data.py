"""Each thing that spoils a data set is named, with its files, its weight and its remedy."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.check_data import check_data
from inspection.learning.data_report import Concern, ConcernKind, DataReport, render_report
from tests.learning.copies import U8, make_surface


def write(path: Path, picture: U8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)
    return path


def write_set(home: Path, *, first: int, each: int = 5) -> None:
    for place, name in enumerate(("ok", "bad")):
        for number in range(each):
            seed = first + 50 * place + number
            write(home / name / f"{seed}.png", make_surface(seed, side=96))


def find(report: DataReport, kind: ConcernKind) -> Concern:
    (concern,) = [each for each in report.concerns if each.kind == kind]
    return concern


def kinds(report: DataReport) -> set[str]:
    return {concern.kind for concern in report.concerns}


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    write_set(tmp_path / "train", first=0)
    write_set(tmp_path / "test", first=1000)
    return [tmp_path / "train", tmp_path / "test"]


def test_clean_folders_are_only_thin(two: list[Path]) -> None:
    report = check_data(two)
    assert kinds(report) == {"thin class"} and report.sound
    assert report.pictures == 20 and report.originals == {"bad": 10, "ok": 10}
    assert len(set(report.groups.values())) == 20
    assert render_report(report)[-1] == "Usable, with the reservations above."


def test_a_folder_with_train_and_test_is_taken_as_both(two: list[Path]) -> None:
    assert [Path(each.folder).name for each in check_data([two[0].parent]).folders] == ["test", "train"]


def test_a_set_of_parts_on_belts_is_compared_by_the_parts(tmp_path: Path) -> None:
    """One belt under two parts does not make them one part; masks and empty belts are no classes."""
    belt = make_surface(500, side=200)
    images, annotations = [], []
    for number in range(6):
        scene, name = belt.copy(), ("ok", "bad")[number % 2]
        scene[60:140, 60:140] = make_surface(number, side=80)
        file = write(tmp_path / name / f"{number}.png", scene).relative_to(tmp_path).as_posix()
        write(tmp_path / "masks" / f"{number}.png", np.zeros((200, 200), np.uint8))
        images.append({"id": number, "file_name": file})
        box = {"image_id": number, "category_id": number % 2, "bbox": [60, 60, 80, 80]}
        annotations.append(box)
    write(tmp_path / "no_part" / "6.png", belt)
    images.append({"id": 6, "file_name": "no_part/6.png"})
    categories = [{"id": 0, "name": "ok"}, {"id": 1, "name": "bad"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (tmp_path / "boxes.json").write_text(json.dumps(document))
    report = check_data([tmp_path])
    assert report.originals == {"bad": 3, "ok": 3} and report.sound


def test_pascal_voc_and_lists_are_read_as_they_teach(tmp_path: Path) -> None:
    (tmp_path / "voc/annotations").mkdir(parents=True)
    rows = ["path,class"]
    for number, name in enumerate(("ok", "bad", "ok", "bad")):
        write(tmp_path / "voc/images" / f"{number}.png", make_surface(number, side=96))
        write(tmp_path / "listed" / f"{number}.png", make_surface(number, side=96))
        rows.append(f"{number}.png,{name}")
        (tmp_path / f"voc/annotations/{number}.xml").write_text(
            f"<annotation><object><name>{name}</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax>"
            "</bndbox></object></annotation>"
        )
    (tmp_path / "listed/pictures.csv").write_text("\n".join(rows))
    for home in ("voc", "listed"):
        assert check_data([tmp_path / home]).originals == {"bad": 2, "ok": 2}


def test_copies_across_folders_stop(two: list[Path]) -> None:
    copy = two[1] / "ok" / "again.png"
    copy.write_bytes((two[0] / "ok" / "0.png").read_bytes())
    report = check_data(two)
    concern = find(report, "copies across folders")
    assert concern.examples == ((str(two[0] / "ok" / "0.png"), str(copy)),)
    assert not report.sound and "near copies across folders" not in kinds(report)
    assert report.groups[str(copy)] == report.groups[str(two[0] / "ok" / "0.png")]


def test_variants_across_folders_stop_and_within_warn(two: list[Path]) -> None:
    write(two[1] / "ok" / "turned.png", np.rot90(make_surface(0, side=96)).copy())
    write(two[0] / "bad" / "mirrored.png", make_surface(51, side=96)[:, ::-1].copy())
    report = check_data(two)
    across, within = find(report, "near copies across folders"), find(report, "near copies")
    assert (across.severity, within.severity) == ("stop", "warn")
    assert set(across.examples[0]) == {str(two[0] / "ok" / "0.png"), str(two[1] / "ok" / "turned.png")}
    assert within.count == 1
    assert report.originals == {"bad": 10, "ok": 10} and report.pictures == 22


def test_byte_copies_within_a_folder_warn(two: list[Path]) -> None:
    (two[0] / "ok" / "again.png").write_bytes((two[0] / "ok" / "0.png").read_bytes())
    report = check_data(two)
    assert find(report, "copies").severity == "warn" and report.sound


def test_one_original_under_two_classes_stops(two: list[Path]) -> None:
    write(two[0] / "bad" / "same.png", make_surface(0, side=96)[::-1].copy())
    concern = find(check_data(two), "label conflict")
    assert set(concern.examples[0]) == {str(two[0] / "bad" / "same.png"), str(two[0] / "ok" / "0.png")}


def test_unreadable_files_are_named_with_the_reason(two: list[Path]) -> None:
    broken = two[0] / "ok" / "broken.png"
    broken.write_bytes((two[0] / "ok" / "0.png").read_bytes()[:300])
    concern = find(check_data(two), "unreadable")
    assert concern.count == 1 and concern.examples[0][0] == str(broken) and concern.examples[0][1]


def test_missing_and_uneven_classes(two: list[Path]) -> None:
    (two[1] / "scratched").mkdir()
    (two[0] / "scratched").mkdir()
    write(two[0] / "scratched" / "0.png", make_surface(5000, side=96))
    for number in range(3):
        write(two[1] / "ok" / f"more{number}.png", make_surface(6000 + number, side=96))
    report = check_data(two)
    assert find(report, "missing class").examples == ((str(two[1]), "scratched"),)
    assert find(report, "imbalance").title.endswith("13")


def test_odd_sizes_and_other_files(two: list[Path]) -> None:
    write(two[0] / "ok" / "tiny.png", make_surface(7000, side=40))
    write(two[0] / "ok" / "wide.png", make_surface(7001, side=192)[:96])
    (two[0] / "ok" / "Thumbs.db").write_bytes(b"x")
    report = check_data(two)
    sizes = {Path(file).name: size for file, size in find(report, "odd sizes").examples}
    assert sizes == {"tiny.png": "40 × 40", "wide.png": "192 × 96"}
    assert find(report, "not a picture").examples[0][0].endswith("Thumbs.db")


def test_the_report_as_json_and_as_lines(two: list[Path]) -> None:
    (two[1] / "ok" / "again.png").write_bytes((two[0] / "ok" / "0.png").read_bytes())
    report = check_data(two)
    document = json.loads(json.dumps(report.to_dict()))
    assert document["sound"] is False and document["concerns"][0]["kind"] == "copies across folders"
    assert document["folders"][0]["classes"] == {"bad": 5, "ok": 5}
    lines = render_report(report)
    assert lines[0].endswith("10 pictures (bad 5, ok 5)")
    assert any(line.startswith("[stop] Pictures that stand in more than one folder") for line in lines)
    assert any(line.strip().startswith("What to do: Delete") for line in lines)


def test_long_lists_are_cut(two: list[Path]) -> None:
    for number in range(11):
        (two[0] / "ok" / f"x{number}.png").write_bytes(b"no picture")
    report = check_data(two)
    assert len(find(report, "unreadable").examples) == 8
    assert "    … and 3 more" in render_report(report)


def test_a_set_without_one_readable_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ok").mkdir()
    (tmp_path / "ok" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataInvalid, match="none of 1 files"):
        check_data([tmp_path])
    with pytest.raises(DataInvalid, match="Expected a folder"):
        check_data([tmp_path / "absent"])


def test_progress_is_told(two: list[Path]) -> None:
    told: list[str] = []
    check_data(two, progress=lambda done, words: told.append(words))
    assert any("Comparing 20" in words for words in told)
