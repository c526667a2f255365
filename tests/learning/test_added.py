"""Pictures that come to a line's folder are taken in, and nothing that judged or taught changes its side."""

import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.commands import train as command
from inspection.config import ROOT, Settings, load_settings
from inspection.errors import DataInvalid
from inspection.jobs import works
from inspection.learning.added import take_in
from inspection.learning.known_split import find_known_split
from inspection.learning.line_sides import split_line
from inspection.learning.new_line import NewLine, check_pictures, draft_files, draft_line, publish_line
from inspection.learning.split_store import store_split
from inspection.learning.splits import Split, hash_split, make_split
from inspection.lines import Line, load_line
from models.card import write_card
from tests.models.cards import make_card

SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Founded:
    line: Line
    data: Path
    settings: Settings

    @property
    def split(self) -> Split:
        return split_line(self.line, self.data).split

    def take_in(self) -> str | None:
        return take_in(self.line, self.data, self.settings)

    def keys(self, side: str) -> list[str]:
        return list(getattr(self.split, side))


def draw(seed: int) -> np.ndarray:
    """A part: no two are alike."""
    coarse = np.random.default_rng(seed).integers(0, 255, (10, 10, 3), np.uint8)
    return cv2.resize(coarse, (80, 80), interpolation=cv2.INTER_CUBIC)


def put(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def brighten(path: Path) -> np.ndarray:
    return np.clip(cv2.imread(str(path)).astype(np.int16) + 9, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A line as new-line leaves it: 40 parts, its groups beside its file."""
    home = tmp_path_factory.mktemp("published")
    data = home / "data"
    for place, name in enumerate(("good", "torn")):
        for number in range(20):
            put(data / name / f"{number:02}.png", draw(1000 * place + number))
    plan = NewLine("mine", data)
    table = draft_line(plan, champion="mobilenetv2")
    draft = draft_files(plan, table, check_pictures(data), home / "drafts")
    publish_line(draft, table, home / "drafts", data, settle(home))
    return home


def settle(home: Path) -> Settings:
    return replace(
        load_settings(), lines_dir=home / "lines", weights_dir=home / "weights", var_dir=home / "var"
    )


@pytest.fixture
def founded(published: Path, tmp_path: Path) -> Founded:
    """Of the test's own: pictures are added and moved there."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    settings = settle(tmp_path)
    return Founded(load_line("mine", settings), tmp_path / "data", settings)


def add_parts(data: Path, count: int = 10) -> list[str]:
    keys = [f"{name}/new{number}.png" for name in ("good", "torn") for number in range(count)]
    for seed, key in enumerate(keys, start=5000):
        put(data / key, draw(seed))
    return keys


def test_added_parts_are_divided_and_nothing_else_moves(founded: Founded) -> None:
    before = founded.split
    assert founded.take_in() is None  # nothing was added
    added = add_parts(founded.data)
    with pytest.raises(DataInvalid, match="`train` finds the groups of added pictures"):
        split_line(founded.line, founded.data)
    said = founded.take_in()
    assert said is not None and "20 pictures were added" in said and "20 new parts" in said
    after = founded.split
    for side in SIDES:
        assert set(getattr(before, side)) <= set(getattr(after, side))
        assert set(getattr(after, side)) & set(added), f"new parts {side} as well"
    assert sorted(after.train + after.validation + after.test) == sorted(
        [*before.train, *before.validation, *before.test, *added]
    )
    assert 38 <= len(after.train) <= 46 and 6 <= len(after.test) <= 12  # of 60: 42 and 9
    assert founded.take_in() is None and founded.split == after


def test_the_card_tells_of_what_was_added(founded: Founded) -> None:
    assert "added" not in split_line(founded.line, founded.data).facts(founded.line, founded.data)["split"]
    add_parts(founded.data)
    founded.take_in()
    told = split_line(founded.line, founded.data).facts(founded.line, founded.data)["split"]
    assert (told["added"], told["left_out"]) == (20, 0)


def test_a_variant_goes_where_its_part_is(founded: Founded) -> None:
    judged, taught = founded.keys("test")[0], founded.keys("train")[0]
    for number, key in enumerate((judged, taught)):
        put(founded.data / key.split("/")[0] / f"again{number}.png", brighten(founded.data / key))
    said = founded.take_in()
    assert said is not None and "2 variants of known pictures" in said
    assert f"{judged.split('/')[0]}/again0.png" in founded.split.test
    assert f"{taught.split('/')[0]}/again1.png" in founded.split.train


def test_a_variant_of_parts_on_two_sides_is_left_out(founded: Founded) -> None:
    """It joins what the line's groups keep apart, as where these were written by hand: on either side it would be known."""
    judged = next(key for key in founded.keys("test") if key.startswith("good"))
    taught = next(key for key in founded.keys("train") if key.startswith("good"))
    shutil.copyfile(founded.data / judged, founded.data / taught)
    put(founded.data / "good" / "between.png", brighten(founded.data / judged))
    said = founded.take_in()
    assert said is not None and "1 is left out, a variant of parts on two sides" in said
    split = founded.split
    assert judged in split.test and taught in split.train
    assert "good/between.png" not in (*split.train, *split.validation, *split.test)
    told = split_line(founded.line, founded.data).facts(founded.line, founded.data)["split"]
    assert (told["added"], told["left_out"]) == (1, 1)


def release(founded: Founded, split: Split, model: str, created: str) -> None:
    home = founded.settings.weights_dir / "mine"
    store_split(split, home)
    facts = {"sha256": "0" * 64, "split": {"sha256": hash_split(split)}}
    write_card(
        make_card(line="mine", model=model, created=created, data=facts, class_names=("good", "torn")),
        home / f"{model}.json",
    )


def test_pictures_stay_where_the_last_release_had_them(founded: Founded) -> None:
    """The rule alone would divide otherwise what is left after some were taken away."""
    rule = founded.split
    swapped = make_split("grouped", 42, (rule.train[3:] + rule.test, rule.validation, rule.train[:3]))
    release(founded, rule, "mobilenetv2", "2026-01-01T00:00:00Z")
    release(founded, swapped, "resnet50", "2026-02-01T00:00:00Z")
    (founded.data / rule.train[-1]).unlink()
    add_parts(founded.data)
    founded.take_in()
    after = founded.split
    assert set(swapped.test) <= set(after.test) and not set(after.test) & set(swapped.train)
    assert set(rule.train[3:-1]) <= set(after.train)


def move(founded: Founded, key: str, name: str | None = None) -> str:
    """To the other class, below the pictures that lie there."""
    own, file = key.split("/")[0], key.split("/")[-1]
    now = f"{'torn' if own == 'good' else 'good'}/corrected/{name or file}"
    (founded.data / now).parent.mkdir(exist_ok=True)
    (founded.data / key).rename(founded.data / now)
    return now


def read_rows(founded: Founded) -> dict[str, dict[str, str]]:
    text = Path(founded.line.data.groups or "").read_text()
    return {row["key"]: row for row in csv.DictReader(text.splitlines())}


@pytest.mark.parametrize("released", [False, True])
def test_a_picture_that_is_moved_to_another_class_keeps_its_side(founded: Founded, released: bool) -> None:
    before, groups = founded.split, read_rows(founded)
    if released:
        release(founded, before, "mobilenetv2", "2026-01-01T00:00:00Z")
    taught = [key for key in before.train if key.startswith("good")][:8]
    judged = [key for key in before.test if key.startswith("good")][:3]
    now = {key: move(founded, key) for key in (*taught, *judged)}
    said = founded.take_in()
    assert said is not None and f"{len(now)} pictures were moved and keep their side" in said
    assert "added" not in said and "new part" not in said
    after, rows = founded.split, read_rows(founded)
    for side in SIDES:
        assert sorted(getattr(after, side)) == sorted(now.get(key, key) for key in getattr(before, side))
    assert not set(now) & set(rows), "the old rows are gone"
    assert all(
        rows[new]["group"] == groups[old]["group"] and not rows[new]["added"] for old, new in now.items()
    )
    assert founded.take_in() is None


def test_a_picture_that_is_renamed_is_known_by_its_content(founded: Founded) -> None:
    """As its SHA-256 stands beside its group; its name may be that of another one by now."""
    before = founded.split
    taught = next(key for key in before.train if key.startswith("good"))
    judged = next(key for key in before.test if key.startswith("torn"))
    renamed, swapped = (
        move(founded, taught, judged.split("/")[-1]),
        move(founded, judged, taught.split("/")[-1]),
    )
    said = founded.take_in()
    assert said is not None and "2 pictures were moved and keep their side" in said
    assert renamed in founded.split.train and swapped in founded.split.test


def test_a_moved_picture_that_may_be_of_two_sides_is_left_out(founded: Founded) -> None:
    """Of a line that was made before contents were noted."""
    groups = Path(founded.line.data.groups or "")
    groups.write_text("".join(f"{row.rpartition(',')[0]}\n" for row in groups.read_text().splitlines()))
    before = founded.split
    name = next(
        key.split("/")[-1]
        for key in before.train
        if key.startswith("good") and key.replace("good", "torn") not in before.train
    )
    now = [move(founded, f"{own}/{name}") for own in ("good", "torn")]
    said = founded.take_in()
    assert said is not None and "2 are left out, which may have been moved from either of two sides" in said
    assert [read_rows(founded)[key]["side"] for key in now] == ["none", "none"]
    put(founded.data / "good" / "again.png", brighten(founded.data / now[0]))  # nor does a variant of it
    founded.take_in()
    assert read_rows(founded)["good/again.png"]["side"] == "none"


def test_a_name_alone_is_not_believed_against_the_picture(founded: Founded) -> None:
    """A picture that taught is gone, and a variant of one that judges comes under its file name."""
    taught = next(key for key in founded.split.train if key.startswith("good"))
    judged = next(key for key in founded.split.test if key.startswith("torn"))
    (founded.data / taught).unlink()
    put(founded.data / "torn" / "late" / taught.split("/")[-1], brighten(founded.data / judged))
    founded.take_in()
    assert read_rows(founded)[f"torn/late/{taught.split('/')[-1]}"]["side"] == "none"


def test_known_pictures_that_no_release_had_get_a_side_too(founded: Founded) -> None:
    rule = founded.split
    without = make_split("grouped", 42, (rule.train[2:], rule.validation, rule.test[1:]))
    release(founded, without, "mobilenetv2", "2026-01-01T00:00:00Z")
    added = add_parts(founded.data, 1)
    said = founded.take_in()
    assert said is not None and "2 pictures were added" in said and "2 new parts" in said
    assert "3 known pictures had no side and got one" in said
    after = founded.split
    assert {*after.train, *after.validation, *after.test} >= {*rule.train[:2], rule.test[0], *added}
    assert all(set(getattr(without, side)) <= set(getattr(after, side)) for side in SIDES)
    assert founded.take_in() is None


def test_what_was_released_before_is_still_found_in_its_own_folder(founded: Founded, tmp_path: Path) -> None:
    former = shutil.copytree(founded.data, tmp_path / "former")
    facts = split_line(founded.line, former).facts(founded.line, former)
    add_parts(founded.data)
    founded.take_in()
    card = make_card(line="mine", data=facts)
    assert find_known_split(card, founded.line, former)[1] == facts


def test_more_may_be_added_later_and_pictures_may_go(founded: Founded) -> None:
    first = add_parts(founded.data, 4)
    founded.take_in()
    before = founded.split
    gone = before.train[0]
    (founded.data / gone).unlink()
    put(founded.data / "torn" / "last.png", draw(9000))
    said = founded.take_in()
    assert said is not None and "1 picture was added" in said
    after = founded.split
    assert {*before.train, *before.validation, *before.test} - {gone} == {
        *after.train,
        *after.validation,
        *after.test,
    } - {"torn/last.png"}
    assert all(set(getattr(before, side)) - {gone} <= set(getattr(after, side)) for side in SIDES)
    assert set(first) <= {*after.train, *after.validation, *after.test}


def test_another_folder_is_no_addition(founded: Founded, tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / "other" / "good" / f"x{number}.png", draw(7000 + number))
    with pytest.raises(DataInvalid, match="got none of those that mine.groups.csv names.*new-line"):
        take_in(founded.line, tmp_path / "other", founded.settings)


def test_sides_that_a_publisher_made_are_completed_by_hand(founded: Founded, tmp_path: Path) -> None:
    for side in ("train", "test"):
        shutil.copytree(founded.data, tmp_path / "published" / side)
    groups = tmp_path / "published.csv"
    groups.write_text("key,group\ntrain/good/00.png,a\n")
    line = replace(founded.line, data=replace(founded.line.data, groups=str(groups)))
    with pytest.raises(DataInvalid, match=r"Add their keys to published\.csv"):
        take_in(line, tmp_path / "published", founded.settings)
    shutil.copytree(founded.data, tmp_path / "published" / "val")  # where this chooses, nothing is divided
    assert take_in(line, tmp_path / "published", founded.settings) is None


def test_the_groups_that_come_with_assay_stay(founded: Founded) -> None:
    add_parts(founded.data, 1)
    ours = replace(founded.settings, lines_dir=ROOT / "models" / "lines")
    before = Path(founded.line.data.groups or "").read_bytes()
    with pytest.raises(DataInvalid, match="comes with Assay, and its groups stay"):
        take_in(replace(founded.line, name="steel"), founded.data, ours)
    assert Path(founded.line.data.groups or "").read_bytes() == before


def test_the_command_and_the_page_say_what_they_took_in(
    founded: Founded, capsys: pytest.CaptureFixture[str]
) -> None:
    add_parts(founded.data, 1)
    command.take_in_added(founded.line, founded.data, founded.settings)
    assert "2 pictures were added since the groups of mine were recovered" in capsys.readouterr().err
    put(founded.data / "good" / "late.png", draw(8000))
    told: list[str] = []
    works.take_in_added(
        founded.line, founded.data, founded.settings, lambda phase, share, words: told.append(phase)
    )
    assert "1 picture was added" in capsys.readouterr().err and founded.take_in() is None
