"""What `train` says before hours are spent on what was not meant."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from inspection.commands import train as command
from inspection.commands.doubts import find_doubts, find_share_doubts
from inspection.commands.stages import check_epochs, parse_layers
from inspection.commands.train import plan_run, train_model
from inspection.commands.training_runs import train_classification
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning.looks import Looks
from inspection.lines import Line, load_line
from models.card import Card, write_card
from tests.models.cards import make_card


def doubts(line: Line, model: str, *sizes: tuple[int, int]) -> str:
    config = plan_run(line, model, recipe=None, epochs=6, changes={"sizes": sizes} if sizes else {})
    return " ".join(find_doubts(line, config))


@pytest.mark.parametrize(("line", "model"), [("steel", "resnet18_cbam"), ("aluminium", "yolov5n")])
def test_a_usual_training_is_not_doubted(line: str, model: str) -> None:
    assert doubts(load_line(line), model) == ""


def test_a_last_stage_of_another_size_than_the_model_is_judged_at_is_told() -> None:
    said = doubts(load_line("casting"), "mobilenetv2", (2, 224), (4, 160))
    assert "shows 160 px" in said and "judged at 224" in said and "End with a stage of 224 px" in said


def test_a_restart_that_changes_nothing_is_told() -> None:
    casting = load_line("casting")
    for sizes, told in ((((4, 224),), True), (((3, 128), (1, 224)), False)):
        config = plan_run(
            casting, "mobilenetv2", recipe=None, epochs=4, changes={"sizes": sizes, "restart": True}
        )
        assert any("--restart changes nothing" in doubt for doubt in find_doubts(casting, config)) is told


def test_a_detector_that_would_learn_the_part_alone_is_told() -> None:
    steel = replace(load_line("steel"), defect_detector=None)
    assert "one class, the part" in doubts(steel, "yolov5n")
    assert doubts(replace(steel, defect_detector="yolov5n"), "yolov5n") == ""


def test_a_detector_whose_classes_would_be_balanced_is_told() -> None:
    aluminium = load_line("aluminium")
    for model, told in (("yolov5n", True), ("resnet18_cbam", False)):
        config = plan_run(aluminium, model, recipe=None, epochs=6, changes={"class_balance": "weights"})
        assert any("balance changes nothing" in doubt for doubt in find_doubts(aluminium, config)) is told


@pytest.mark.parametrize(
    ("text", "stages"), [("3xall,3x103", ((3, -1), (3, 103))), ("6x0", ((6, 0),)), ("6x-1", ((6, -1),))]
)
def test_layers_that_learn_are_named_by_stages(text: str, stages: tuple[tuple[int, int], ...]) -> None:
    assert parse_layers(text) == stages
    config = plan_run(
        load_line("aluminium"), "resnet50", recipe=None, epochs=6, changes={"trainable": stages}
    )
    assert config.trainable_layers(5) == stages[-1][1] and not find_doubts(load_line("aluminium"), config)


@pytest.mark.parametrize("text", ["", "3", "3x", "0x5", "3x-2", "3xsome", "3x5,", "3x5x6"])
def test_layers_that_nobody_can_read_are_refused(text: str) -> None:
    with pytest.raises(DataInvalid, match="EPOCHSxLAYERS"):
        parse_layers(text)


def test_masks_that_a_detector_does_not_learn_from_are_told() -> None:
    aluminium = load_line("aluminium")
    for model, recipe, told in (
        ("yolov5n", "guided", True),
        ("yolov5n", "detect", False),
        ("resnet50", "guided", False),
    ):
        config = plan_run(aluminium, model, recipe=recipe, epochs=6, changes={})
        assert any("masks and the windows" in doubt for doubt in find_doubts(aluminium, config)) is told


def test_layers_that_change_nothing_are_told() -> None:
    aluminium = load_line("aluminium")
    for model, stages, told in (
        ("yolov5n", ((6, 10),), "all of a finder of boxes learns"),
        ("resnet50", ((4, 10),), "4 epochs (--layers) and the training has 6: the last that is named holds"),
        ("resnet50", ((9, 10),), "9 epochs (--layers) and the training has 6: what lies beyond"),
    ):
        config = plan_run(aluminium, model, recipe=None, epochs=6, changes={"trainable": stages})
        assert told in " ".join(find_doubts(aluminium, config))


@pytest.mark.parametrize(
    ("pictures", "share", "said"),
    [
        (1000, 0.01, "10 pictures of 1000, less than one batch: an epoch shows 32 pictures in one step"),
        (20, 0.5, "10 pictures of 20, less than one batch: an epoch shows 20 pictures in one step"),
        (1000, 0.5, ""),
        (20, 1.0, ""),
    ],
)
def test_a_share_smaller_than_a_batch_is_told(pictures: int, share: float, said: str) -> None:
    config = plan_run(
        load_line("casting"), "mobilenetv2", recipe=None, epochs=6, changes={"share": share, "batch_size": 32}
    )
    doubts = find_share_doubts(pictures, config)
    assert len(doubts) == bool(said) and said in " ".join(doubts)


@pytest.mark.parametrize(
    ("line", "recipe", "turns", "told"),
    [("steel", None, 2, True), ("steel", None, 1, False), ("aluminium", "guided", 2, False)],
)
def test_looks_from_sides_that_were_never_learnt_are_told(
    line: str, recipe: str | None, turns: int, told: bool
) -> None:
    config = plan_run(load_line(line), "resnet50", recipe=recipe, epochs=6, changes={})
    said = " ".join(find_doubts(load_line(line), config, looks=Looks(turns)))
    assert ("look once (--turns 1)" in said) is told


def test_epochs_that_a_recipe_does_not_take_are_told() -> None:
    casting = load_line("casting")
    for recipe, told in (("seed002", True), ("line", False)):
        config = plan_run(casting, "mobilenetv2", recipe=recipe, epochs=40, changes={})
        said = " ".join(find_doubts(casting, config, epochs=40))
        assert ("its own 25 epochs: --epochs 40" in said and "--sizes 40x224" in said) is told
        assert not find_doubts(casting, config), "nobody asked for a number"
    staged = plan_run(casting, "mobilenetv2", recipe="seed002", epochs=40, changes={"sizes": ((40, 224),)})
    assert not find_doubts(casting, staged, epochs=40), "the stages decide"


@pytest.mark.parametrize(
    ("model", "arguments", "said"),
    [
        ("mobilenetv2", ("--epochs", "6", "--sizes", "2x128,5x224"), "make the 6 of --epochs, got 7"),
        ("yolov5n", ("--patches",), "got yolov5n, which finds boxes"),
        ("yolov5n", ("--teacher", "resnet50"), "a classifier with --teacher, got yolov5n"),
        ("yolov5n", ("--turns", "2"), "a classifier with --turns, got yolov5n"),
        ("vit_small", ("--sizes", "2x128,4x224"), "the only size that vit_small takes, got 128"),
        (
            "mobilevit_xxs",
            ("--sizes", "2x96,4x256"),
            "multiples, as mobilevit_xxs takes them, got 96. Say 128",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_in_words(
    model: str, arguments: tuple[str, ...], said: str
) -> None:
    app = typer.Typer()
    app.command()(train_model)
    told = ["casting", "--model", model, "--data", "nowhere", *arguments]
    with pytest.raises(DataInvalid, match=said):
        CliRunner().invoke(app, told, catch_exceptions=False)


def test_epochs_and_stages_that_agree_are_taken_and_either_may_be_left_out() -> None:
    for epochs, sizes in ((6, ((2, 128), (4, 224))), (None, ((2, 128), (4, 224))), (6, None), (None, None)):
        check_epochs(epochs, sizes)


def test_what_the_card_is_to_say_besides_comes_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    def train(*_: object, small: bool, said: tuple[str, ...], looks: Looks) -> Card:
        assert looks == Looks()
        told.append(said)
        return make_card()

    monkeypatch.setattr(command, "train_classification", train)
    app = typer.Typer()
    app.command()(train_model)
    call = ["steel", "--model", "compact_cnn", "--data", "nowhere"]  # a line without groups: nothing is read
    for notes in ((), ("Too little training.", "Eight epochs.")):
        arguments = [word for note in notes for word in ("--note", note)]
        done = CliRunner().invoke(app, [*call, *arguments], catch_exceptions=False)
        assert done.exit_code == 0
    assert told == [(), ("Too little training.", "Eight epochs.")]


def test_looks_that_come_with_the_weights_it_starts_from_are_doubted_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A recipe that turns nothing had been let go on from weights that look twice without a word."""
    told_looks: list[int] = []

    def train(*_: object, looks: Looks, **__: object) -> Card:
        told_looks.append(looks.turns)
        return make_card()

    monkeypatch.setattr(command, "train_classification", train)
    start = tmp_path / "compact_cnn.safetensors"
    write_card(make_card(line="steel", model="compact_cnn", turns=2), start.with_suffix(".json"))
    app = typer.Typer()
    app.command()(train_model)
    call = ["steel", "--model", "compact_cnn", "--data", "nowhere", "--warm-start", str(start)]
    told = [CliRunner().invoke(app, [*call, *more]).output for more in ([], ["--turns", "1"])]
    assert told_looks == [2, 1]
    assert ["as 2 looks go" in " ".join(words.split()) for words in told] == [True, False]


@pytest.mark.parametrize(
    ("asked", "looks"), [(None, Looks(2, 256)), (Looks(1, 256), Looks(1, 256)), (Looks(4), Looks(4))]
)
def test_what_goes_on_from_the_lines_own_weights_looks_as_often_unless_asked_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: Looks | None, looks: Looks
) -> None:
    """Also on the Train page, which asks nothing."""
    sets = SimpleNamespace(train=[0] * 99, validation=[0], test=[0], split=None, facts={})
    told: list[Looks] = []

    def release(*_: object, looks: Looks, **__: object) -> Card:
        told.append(looks)
        return make_card()

    monkeypatch.setattr("inspection.learning.line_data.load_line_data", lambda *_, **__: sets)
    monkeypatch.setattr(
        "inspection.learning.train.train_classifier", lambda *_, **__: SimpleNamespace(state="finished")
    )
    monkeypatch.setattr("inspection.learning.release.release_classifier", release)
    start, line = tmp_path / "compact_cnn.safetensors", load_line("steel")
    write_card(make_card(line="steel", model="compact_cnn", turns=2), start.with_suffix(".json"))
    config = plan_run(line, "compact_cnn", recipe=None, epochs=6, changes={"warm_start": str(start)})
    train_classification(line, config, tmp_path, tmp_path / "run", load_settings(), small=False, looks=asked)
    assert told == [looks]
