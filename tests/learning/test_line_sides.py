"""Which pictures teach, choose and judge: by the folder and the line's rules, and no part on two sides."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.commands.new_line import say_test_variants
from inspection.errors import DataInvalid
from inspection.learning.known_split import list_known_splits
from inspection.learning.line_sides import SplitSamples, split_line
from inspection.lines import DataRules, Line
from tests.fakes import make_line

CLASSES = ("fine", "torn")
OBJECT = "<annotation><object><name>{0}</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"


@pytest.fixture
def line() -> Line:
    return replace(make_line(), classes=CLASSES, good="fine", data=DataRules({}))


def write_picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((12, 12), shade % 256, np.uint8))


def write_classes(home: Path, each: int) -> None:
    for place, name in enumerate(CLASSES):
        for number in range(each):
            write_picture(home / name / f"{number}.png", 40 * place + number)


def list_shared(found: SplitSamples, groups: dict[str, str]) -> set[str]:
    sides = [
        {groups[key] for key in side}
        for side in (found.split.train, found.split.validation, found.split.test)
    ]
    return sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]


def name_parts(each: int, shots: int, pattern: str) -> dict[str, str]:
    return {
        pattern.format(name, part * shots + shot): f"{name}-{part}"
        for name in CLASSES
        for part in range(each)
        for shot in range(shots)
    }


def write_groups(path: Path, groups: dict[str, str]) -> str:
    path.write_text("key,group\n" + "".join(f"{key},{group}\n" for key, group in groups.items()))
    return str(path)


def test_voc_pictures_of_one_part_stay_on_one_side(tmp_path: Path, line: Line) -> None:
    groups = name_parts(8, 3, "{}_{}.png")
    for number, key in enumerate(groups):
        write_picture(tmp_path / "images" / key, number)
        annotation = tmp_path / "annotations" / f"{Path(key).stem}.xml"
        annotation.parent.mkdir(exist_ok=True)
        annotation.write_text(OBJECT.format(key.split("_")[0]))
    assert split_line(line, tmp_path).split.kind == "stratified"
    grouping = replace(line, data=replace(line.data, groups=write_groups(tmp_path / "groups.csv", groups)))
    found = split_line(grouping, tmp_path)
    assert found.split.kind == "grouped" and found.split.test and not list_shared(found, groups)
    judged = found.split.test
    told = say_test_variants(grouping, tmp_path)
    assert told is not None and told.startswith(f"The {len(judged)} pictures show {len(judged) // 3} parts.")
    assert say_test_variants(line, tmp_path) is None


@pytest.mark.parametrize("name", ["validation", "valid", "val"])
def test_a_publishers_validation_pictures_choose(tmp_path: Path, line: Line, name: str) -> None:
    for side, each in (("train", 5), (name, 2), ("test", 3)):
        write_classes(tmp_path / side, each)
    found = split_line(line, tmp_path)
    sides = (found.split.train, found.split.validation, found.split.test)
    assert [{key.split("/")[0] for key in side} for side in sides] == [{"train"}, {name}, {"test"}]
    assert [len(side) for side in sides] == [10, 4, 6]


def test_two_folders_of_validation_are_refused(tmp_path: Path, line: Line) -> None:
    for side in ("train", "validation", "val", "test"):
        write_classes(tmp_path / side, 2)
    with pytest.raises(DataInvalid, match="got validation and val"):
        split_line(line, tmp_path)


def test_a_list_of_pictures_divides_by_its_groups(tmp_path: Path, line: Line) -> None:
    groups = name_parts(8, 3, "shots/{}-{}.png")
    for number, key in enumerate(groups):
        write_picture(tmp_path / key, number)
    rows = [f"{key},{group.split('-')[0]},{group}" for key, group in groups.items()]
    (tmp_path / "pictures.csv").write_text("\n".join(["path,class,group", *rows]))
    found = split_line(line, tmp_path)
    assert found.split.kind == "grouped" and not list_shared(found, groups)
    (tmp_path / "pictures.csv").write_text(
        "\n".join(["path,class,group", rows[0].rsplit(",", 1)[0] + ",", *rows[1:]])
    )
    with pytest.raises(DataInvalid, match=r"got none for shots/fine-0\.png"):
        split_line(line, tmp_path)
    (tmp_path / "pictures.csv").write_text(
        "\n".join(["path,class", *(row.rsplit(",", 1)[0] for row in rows)])
    )
    assert split_line(line, tmp_path).split.kind == "stratified"


def test_groups_that_speak_of_other_pictures_do_not_hide_the_rule_of_before(
    tmp_path: Path, line: Line
) -> None:
    write_classes(tmp_path / "parts", 6)
    file = write_groups(tmp_path / "groups.csv", {"fine/0.png": "a"})
    grouping = replace(line, data=replace(line.data, groups=file))
    ((ruled, found),) = list_known_splits(grouping, tmp_path / "parts")
    assert ruled.data.groups is None and found.split.kind == "stratified"
    with pytest.raises(DataInvalid, match="one sub-folder a class"):
        list_known_splits(grouping, tmp_path / "parts" / "fine")
