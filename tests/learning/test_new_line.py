"""What new-line decides, and that what it leaves behind is a whole line or none."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.commands import new_line as command
from inspection.config import Settings, load_settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.learning import new_line, pace
from inspection.learning.install import Staged, add_rival, install
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
from inspection.learning.pace import count_work, estimate_training, list_runs, measure_pace
from inspection.learning.recipes import make_config as make_run_config
from inspection.learning.recipes import plan_recipe, plan_sizes
from inspection.lines import Line, list_lines, load_line
from tests.learning.toy import make_config, register_toys
from tests.models.cards import make_card

register_toys()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(
        load_settings(),
        lines_dir=tmp_path / "lines",
        weights_dir=tmp_path / "weights",
        var_dir=tmp_path / "var",
    )


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


def put_staged(home: Path, text: str, *, line: str = "cloth") -> Staged:
    folder = home / line
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tiny.json", "tiny.safetensors", "tiny.parquet"):
        (folder / name).write_text(text)
    return Staged("cloth", "tiny", folder)


def test_an_installed_model_is_replaced_only_on_demand(settings: Settings, tmp_path: Path) -> None:
    card = install(put_staged(tmp_path / "one", "first"), settings)
    again = put_staged(tmp_path / "two", "second")
    with pytest.raises(DataInvalid, match="Compare the two"):
        install(again, settings)
    assert card.read_text() == "first"
    install(again, settings, replace=True)
    assert {path.read_text() for path in card.parent.iterdir()} == {"second"} and len(
        list(card.parent.iterdir())
    ) == 3


def test_what_was_not_trained_is_not_installed(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="Train it"):
        install(Staged("cloth", "tiny", tmp_path), settings)


TOML = """title = "Cloth" # a remark
part = "cloth"
classes = ["fine", "torn"]

[models]
# the first is the fastest
champion = "resnet50"
rivals = [
    "compact_cnn",
]  # more to come

[policy]
confidence = 0.9
"""


def test_a_rival_is_added_and_nothing_else_changes(settings: Settings) -> None:
    settings.lines_dir.mkdir()
    path = settings.lines_dir / "cloth.toml"
    path.write_text(TOML)
    assert add_rival("cloth", "mobilenetv2", settings)
    assert load_line("cloth", settings).rivals == ("compact_cnn", "mobilenetv2")
    assert path.read_text() == TOML.replace('[\n    "compact_cnn",\n]', '["compact_cnn", "mobilenetv2"]')
    assert not add_rival("cloth", "mobilenetv2", settings) and not add_rival("cloth", "resnet50", settings)


def test_a_line_without_a_row_of_rivals_is_left_alone(settings: Settings) -> None:
    settings.lines_dir.mkdir()
    path = settings.lines_dir / "cloth.toml"
    without = TOML.replace('rivals = [\n    "compact_cnn",\n]', "")
    path.write_text(without)
    with pytest.raises(LineInvalid, match="by hand"):
        add_rival("cloth", "mobilenetv2", settings)
    assert path.read_text() == without


def put_run(folder: Path, model: str, pictures_per_s: float, size: int, **settings: object) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model": model, **settings}))
    row = {"epoch": 1, "size": size, "pictures_per_s": pictures_per_s}
    (folder / "epochs.jsonl").write_text(json.dumps(row) + "\n")


def test_the_time_is_judged_by_earlier_runs_of_the_model(tmp_path: Path) -> None:
    put_run(tmp_path / "runs/a/tiny", "tiny", 40.0, 112)  # a quarter of the area: 10 a second at 224 px
    put_run(tmp_path / "jobs/1/run/tiny", "tiny", 10.0, 224)
    put_run(tmp_path / "runs/a/other", "other", 1.0, 224)
    put_run(tmp_path / "runs/b/tiny", "tiny", 30.0, 224, trainable=[[4, 2]])  # most layers were frozen
    runs = list_runs("tiny", [tmp_path / "runs", tmp_path / "jobs"])
    assert len(runs) == 2
    told = estimate_training("tiny", 100, ((4, 224), (4, 112)), runs)
    assert told is not None and told.low_s < 100 * 5 / 10 * 1.35 < told.high_s
    assert "2 epochs of this model on this machine" in told.source
    rough = estimate_training("mobilenetv2", 100, ((4, 224),), [])
    assert rough is not None and "rough guess" in rough.source and rough.high_s > 2 * rough.low_s
    assert estimate_training("tiny", 100, ((4, 224),), []) is None


def test_the_pace_is_that_of_whole_steps() -> None:
    small, large = (measure_pace(make_config(batch_size=size), steps=3) for size in (4, 16))
    assert 0 < large < 1 and 0 < small < 1  # seconds for a picture of 224 px, scaled up from 24 and 32


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


def test_the_time_is_that_of_the_recipe() -> None:
    """One that keeps to the full size costs more than one that goes from small to large, so fewer epochs fit."""
    staged = plan_epochs("mobilenetv2", 1050, 0.06, 20)
    assert plan_epochs("mobilenetv2", 1050, 0.06, 20, recipe="fine-tune") < staged
    for recipe in (None, "fine-tune", "seed004"):
        config = make_run_config("steel", "mobilenetv2", ("a", "b"), recipe=recipe or "strip", epochs=12)
        assert plan_recipe(recipe, "mobilenetv2", 12, 224) == config.sizes


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
