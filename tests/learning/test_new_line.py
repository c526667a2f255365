"""What new-line decides, and that what it leaves behind is a whole line or none."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.commands import new_line as command
from inspection.config import Settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.learning import new_line, pace
from inspection.learning.new_line import (
    NewLine,
    check_pictures,
    count_least,
    count_minutes,
    draft_files,
    draft_line,
    order_classes,
    plan_epochs,
    publish_line,
    refuse_empty_sides,
    refuse_layout,
    refuse_weights,
    say_plan,
)
from inspection.learning.pace import count_work
from inspection.learning.recipes import make_config as make_run_config
from inspection.learning.recipes import plan_sizes
from inspection.lines import Line, list_lines, load_line
from tests.learning.staged import put_staged
from tests.learning.toy import register_toys
from tests.models.cards import make_card

register_toys()


def put_weights(settings: Settings, line: str, model: str, accuracy: float | None) -> Path:
    folder = settings.weights_dir / line
    folder.mkdir(parents=True, exist_ok=True)
    figures = {} if accuracy is None else {"validation": {"f32": {"accuracy": accuracy}}}
    (folder / f"{model}.json").write_text(json.dumps({"figures": figures}))
    (folder / f"{model}.safetensors").write_bytes(b"")
    return folder / f"{model}.safetensors"


@pytest.mark.parametrize(
    ("pictures", "seconds_a_picture", "minutes", "epochs"),
    [
        (1050, 0.001, 20, 40),  # a fast machine: no more than is worth it
        (85, 0.001, 20, 120),  # few pictures: more rounds for as many steps
        (1050, 10.0, 20, 8),  # a slow one: no fewer than teach anything
        (85, 10.0, 20, 98),
        (10, 0.001, 20, 120),
    ],
)
def test_epochs_fit_the_pictures(
    pictures: int, seconds_a_picture: float, minutes: float, epochs: int
) -> None:
    assert plan_epochs("mobilenetv2", pictures, seconds_a_picture, minutes) == epochs


def test_epochs_fit_the_time() -> None:
    """1,500 pictures at the pace of one core of the machine in the log: 20 minutes are kept, with the allowance."""
    seconds_a_picture = 1 / 17.2
    epochs = plan_epochs("mobilenetv2", 1050, seconds_a_picture, 20)
    assert 20 < epochs < 40
    spent = count_work(1050, plan_sizes(epochs, 224)) * seconds_a_picture
    assert 0.9 * 20 * 60 < 1.35 * spent <= 20 * 60
    # these networks take one size only: the same rounds cost more
    assert plan_epochs("vit_small", 1050, seconds_a_picture, 20) < epochs


def test_a_time_that_cannot_be_kept_is_said_before_the_training() -> None:
    """24 pictures, 17 of which teach, at a picture a second: two minutes were asked for."""
    epochs = plan_epochs("mobilenetv2", 17, 1.0, 2)
    needed = count_minutes("mobilenetv2", 17, 1.0, epochs)
    assert epochs == count_least(17) == 120 and 20 < needed < 50
    said = say_plan(epochs, needed, 2)
    assert "2 min are too short" in said and f"It takes them, about {needed:.0f} min" in said
    assert say_plan(40, 12.2, 20) == "40 epochs, about 12 of 20 min"


def make_pictures(folder: Path, count: int = 12) -> Path:
    rng = np.random.default_rng(1)
    for name in ("fine", "torn"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = cv2.resize(
                rng.integers(0, 255, (10, 10, 3), np.uint8), (80, 80), interpolation=cv2.INTER_CUBIC
            )
            cv2.imwrite(str(folder / name / f"{number}.png"), pixels)
    return folder


def test_two_names_of_flawless_parts_are_asked_about() -> None:
    with pytest.raises(DataInvalid, match="got good and ok: by their names both are. Say which by --good"):
        order_classes(("bent", "good", "ok"), None)
    assert order_classes(("bent", "good", "ok"), "ok") == ("ok", "bent", "good")
    assert order_classes(("bent", "good"), None) == ("good", "bent")


def test_a_line_is_published_whole_and_only_once(settings: Settings, tmp_path: Path) -> None:
    plan = NewLine("cloth", make_pictures(tmp_path / "data"))
    report = check_pictures(plan.data)
    table = draft_line(plan, champion="mobilenetv2")
    line = draft_files(plan, table, report, tmp_path / "drafts")
    assert line.classes == ("fine", "torn") and line.good == "fine"
    assert list_lines(settings) == ()  # nobody sees it before it is ready
    assert publish_line(line, table, tmp_path / "drafts", plan.data, settings) == 4
    found = load_line("cloth", settings)
    assert found.champion == "mobilenetv2" and len(found.samples()) == 4
    assert Path(found.data.groups or "").read_text().startswith("key,group,sha256\n")
    before = (settings.lines_dir / "cloth.toml").read_bytes()
    with pytest.raises(LineInvalid, match="exists"):
        publish_line(line, {**table, "title": "Other"}, tmp_path / "drafts", plan.data, settings)
    assert (settings.lines_dir / "cloth.toml").read_bytes() == before


def test_a_line_shows_no_samples_of_one_that_is_gone(settings: Settings, tmp_path: Path) -> None:
    plan = NewLine("cloth", make_pictures(tmp_path / "data"))
    table = draft_line(plan, champion="mobilenetv2")
    line = draft_files(plan, table, check_pictures(plan.data), tmp_path / "drafts")
    former = settings.lines_dir / "cloth"
    for name in ("fine-1.jpg", "old-3.bmp", "masks/fine-1.png", "notes.txt"):
        (former / name).parent.mkdir(parents=True, exist_ok=True)
        (former / name).write_bytes(b"old")
    assert publish_line(line, table, tmp_path / "drafts", plan.data, settings) == 4
    shown = load_line("cloth", settings).samples()
    assert len(shown) == 4 and all(path.suffix == ".png" for path in shown)
    assert not (former / "masks" / "fine-1.png").exists() and (former / "notes.txt").exists()


def test_the_slower_of_two_does_not_overwrite(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both saw that the name was free; the other came first between the look and the write."""
    plan = NewLine("cloth", make_pictures(tmp_path / "data"))
    table = draft_line(plan, champion="mobilenetv2")
    line = draft_files(plan, table, check_pictures(plan.data), tmp_path / "drafts")
    monkeypatch.setattr(new_line, "refuse_name", lambda name, settings: None)
    settings.lines_dir.mkdir()
    (settings.lines_dir / "cloth.toml").write_text("the other's")
    with pytest.raises(LineInvalid, match="exists"):
        publish_line(line, table, tmp_path / "drafts", plan.data, settings)
    assert (settings.lines_dir / "cloth.toml").read_text() == "the other's"
    assert not (settings.lines_dir / ".cloth.toml").exists()


def test_two_of_one_name_write_one_line(settings: Settings, tmp_path: Path) -> None:
    """Groups and samples are those of the one that was first, whose line it is."""
    drafted = []
    for name in ("one", "other"):
        plan = NewLine("cloth", make_pictures(tmp_path / name))
        table = {**draft_line(plan, champion="mobilenetv2"), "title": name}
        line = draft_files(plan, table, check_pictures(plan.data), tmp_path / f"{name} drafts")
        with (tmp_path / f"{name} drafts" / "cloth.groups.csv").open("a", encoding="utf-8") as groups:
            groups.write(f"{name}.png,{name},0\n")
        drafted.append((line, table, tmp_path / f"{name} drafts", plan.data, settings))
    with ThreadPoolExecutor(2) as pool:
        started = [pool.submit(publish_line, *each) for each in drafted]
    assert sorted(isinstance(each.exception(), LineInvalid) for each in started) == [False, True]
    title = load_line("cloth", settings).title
    assert f"{title}.png" in (settings.lines_dir / "cloth.groups.csv").read_text()


def test_weights_without_a_line_are_somebodys(settings: Settings) -> None:
    refuse_weights("cloth", settings)
    put_weights(settings, "cloth", "resnet50", 0.9)
    with pytest.raises(LineInvalid, match="move them away"):
        refuse_weights("cloth", settings)


def test_files_that_cannot_be_read_are_named_before_anything_is_taught(tmp_path: Path) -> None:
    data = make_pictures(tmp_path / "data")
    (data / "torn" / "spoilt.png").write_bytes(b"<html>")
    with pytest.raises(DataInvalid, match=r"1 cannot be read \(spoilt.png\)"):
        check_pictures(data)


def test_a_class_of_too_few_parts_is_refused_before_anything_is_taught(tmp_path: Path) -> None:
    """Twelve pictures of one torn part: all of them stay on one side."""
    data = make_pictures(tmp_path / "data")
    one = cv2.imread(str(next((data / "torn").iterdir())))
    shutil.rmtree(data / "torn")
    (data / "torn").mkdir()
    for number in range(12):
        cv2.imwrite(
            str(data / "torn" / f"{number}.png"), np.clip(one + np.int16(2 * number), 0, 255).astype(np.uint8)
        )
    plan = NewLine("cloth", data)
    report = check_pictures(data)
    line = draft_files(plan, draft_line(plan, champion="mobilenetv2"), report, tmp_path / "drafts")
    with pytest.raises(
        DataInvalid, match=r"nothing is left to .* torn \(1 part\).* at least 10 different parts"
    ):
        refuse_empty_sides(line, data, report)


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (("train/ok", "train/bad"), r"sides of a split \(train\)"),
        (("train", "test", "ground_truth"), r"sides of a split \(test, train\)"),
        (("empty", "ok", "bad"), "no class called 'empty'.*Rename the folder .*empty"),
        (("images", "annotations"), "got images and annotations: .* a folder of its own"),
        (("set/ok", "set/bad"), "got one, set, which holds bad, ok. Name .*set instead"),
    ],
)
def test_folders_that_are_no_classes_are_refused_before_a_picture_is_read(
    tmp_path: Path, folders: tuple[str, ...], said: str
) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DataInvalid, match=said):
        refuse_layout(tmp_path, "mobilenetv2")


@pytest.mark.parametrize("name", ["pictures.csv", "boxes.json"])
def test_lists_are_refused_before_a_picture_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "ok").mkdir()
    (tmp_path / name).write_text("path,class\n")
    with pytest.raises(DataInvalid, match=f"got {name}"):
        refuse_layout(tmp_path, "mobilenetv2")


def test_each_stage_names_itself_before_it_begins(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page shows the last word that was said: nothing may run under the name of what came before."""
    told: list[tuple[str, float | None, str]] = []
    begun: dict[str, str] = {}

    def measure(config: object, run: Path, *, tell: object) -> object:
        begun["measuring"] = told[-1][0]
        return config

    def train(*_: object, **__: object) -> None:
        begun["training"] = told[-1][0]
        raise DataInvalid("Far enough.")

    monkeypatch.setattr(pace, "settle_precision", measure)
    monkeypatch.setattr(command, "train_classification", train)
    plan = NewLine("cloth", make_pictures(tmp_path / "data"), model="tiny", epochs=1, warm_start=None)
    with pytest.raises(DataInvalid, match="Far enough"):
        command.make_line(
            plan,
            tmp_path / "home",
            settings,
            report=lambda stage, share, words: told.append((stage, share, words)),
        )
    assert begun == {"measuring": "Measuring this machine", "training": "Training"}
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "Checking the pictures",
        "Measuring this machine",
        "Training",
    ]


@pytest.fixture
def untaught(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """new-line without its training: what it would have left lies staged; the weights are the next of the list."""
    weights = ["first", "second"]

    def train(line: Line, config: object, data: Path, run: Path, settings: Settings, *, small: bool) -> None:
        put_staged(settings.weights_dir, weights.pop(0), line=line.name)

    monkeypatch.setattr(pace, "settle_precision", lambda config, run, *, tell: config)
    monkeypatch.setattr(command, "train_classification", train)
    return weights


def found_line(data: Path, home: Path, settings: Settings, **asked: object) -> None:
    plan = NewLine("cloth", data, **{"model": "tiny", "epochs": 1, "warm_start": None, **asked})  # type: ignore[arg-type]
    command.make_line(plan, home, settings, report=lambda *_: None)


def test_weights_that_outlived_their_line_are_not_overwritten(
    settings: Settings, tmp_path: Path, untaught: list[str]
) -> None:
    """The second call took what the first had left for its own, and replaced the weights without a word."""
    data, home = make_pictures(tmp_path / "data"), tmp_path / "home"
    found_line(data, home, settings)
    (settings.lines_dir / "cloth.toml").unlink()
    with pytest.raises(LineInvalid, match="Expected no weights under the name cloth.*move them away"):
        found_line(data, home, settings)
    assert (settings.weights_dir / "cloth" / "tiny.safetensors").read_text() == "first" and untaught


def test_one_that_was_killed_while_its_line_was_put_together_goes_on(
    settings: Settings, tmp_path: Path, untaught: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, home = make_pictures(tmp_path / "data"), tmp_path / "home"
    with monkeypatch.context() as killed:
        killed.setattr(new_line, "publish_line", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            found_line(data, home, settings)
    assert list_lines(settings) == ()
    found_line(data, home, settings)
    assert list_lines(settings) == ("cloth",)
    assert (settings.weights_dir / "cloth" / "tiny.safetensors").read_text() == "second"


def test_a_run_that_goes_on_says_that_the_minutes_change_nothing(
    settings: Settings, tmp_path: Path, untaught: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    data, home = make_pictures(tmp_path / "data"), tmp_path / "home"
    (home / "tiny").mkdir(parents=True)
    begun = make_run_config("cloth", "tiny", ("fine", "torn"), recipe="strip", epochs=3)
    (home / "tiny" / "config.json").write_text(json.dumps(begun.to_dict()))
    found_line(data, home, settings, epochs=None, minutes=5.0)
    told = capsys.readouterr().err
    assert f"goes on with the 3 epochs of the run in {home / 'tiny'}; --minutes changes nothing" in told
    assert "Move that folder away" in told


def test_a_line_that_is_doubted_says_how_it_is_trained_again(tmp_path: Path) -> None:
    said = command.say_again(make_card(line="cloth", model="tiny"), Path("parts"), tmp_path)
    assert f"move {tmp_path / 'tiny'} away" in said
    assert said.endswith("python -m inspection train cloth --model tiny --data parts")
